"""BlazePose's first network: where in a picture people are. Its outputs are decoded here (arXiv:2006.10204).

The network sees 224 x 224 pixels and says for each of 2254 anchors whether a person belongs to it, with a box around
the face and four points relative to the anchor. Of the points the first is the middle of the hips, and the second lies
on a circle around the whole body, above its head: they give the region that the second network looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

INPUT_SIZE = 224
# Two anchors in each cell of a grid for every entry: 2 * (28 * 28 + 14 * 14 + 3 * 7 * 7) = 2254.
_STRIDES = (8, 16, 32, 32, 32)
_ANCHORS_PER_CELL = 2
_LEAST_SCORE = 0.5
# Boxes that overlap by more than this (intersection over union) are of one person.
_SAME_PERSON = 0.3
# Scores are logistic; beyond this the exponential would overflow.
_LARGEST_LOGIT = 100.0


class Detection(NamedTuple):
    """Somebody, in units of the network's input, 0..1.

    score: in 0..1.
    box: float64 [4], left, top, right, bottom of the face.
    points: float64 [4, 2], (u, v): middle of the hips, circle of the body, middle of the shoulders, circle of the
        upper body.
    """

    score: float
    box: np.ndarray
    points: np.ndarray


def anchors() -> np.ndarray:
    """Centres (u, v) of all anchors, float64 [2254, 2], in the order of the network's outputs.

    Entries with one stride are neighbours in it: for each cell, row by row, the anchors of all of them.
    """
    found = []
    for stride in sorted(set(_STRIDES)):
        cells = INPUT_SIZE // stride
        v, u = np.mgrid[:cells, :cells]
        centers = np.stack([u.ravel(), v.ravel()], axis=-1)
        found.append(np.repeat((centers + 0.5) / cells, _ANCHORS_PER_CELL * _STRIDES.count(stride), axis=0))
    return np.concatenate(found)


def network_input(pixels: np.ndarray) -> np.ndarray:
    """Float32 in [-1, 1] of pixels in 0..255."""
    return (pixels / np.float32(127.5) - 1).astype(np.float32)


def decode(boxes: np.ndarray, logits: np.ndarray, least_score: float = _LEAST_SCORE) -> list[Detection]:
    """All that scores at least `least_score`, the best first.

    Args:
        boxes: float32 [2254, 12]: of each anchor the middle of the box (x, y) from the anchor's centre, width and
            height, then the four points from the anchor's centre; all in pixels of the input.
        logits: float32 [2254].
    """
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -_LARGEST_LOGIT, _LARGEST_LOGIT)))
    chosen = np.flatnonzero(scores >= least_score)
    chosen = chosen[np.argsort(-scores[chosen], kind='stable')]
    values = boxes[chosen].astype(np.float64) / INPUT_SIZE
    centers = anchors()[chosen]
    middle, half = values[:, :2] + centers, values[:, 2:4] / 2
    corners = np.concatenate([middle - half, middle + half], axis=-1)
    points = values[:, 4:].reshape(-1, 4, 2) + centers[:, np.newaxis]
    return [Detection(*found) for found in zip(scores[chosen].tolist(), corners, points)]


def merge(detections: Sequence[Detection]) -> list[Detection]:
    """One detection of each person, the best first.

    The best takes all that overlap with it, and becomes their mean, weighted by score (weighted non-maximum
    suppression); so does the best of the rest, until none is left.
    """
    rest = sorted(detections, key=lambda detection: -detection.score)
    merged = []
    while rest:
        best = rest[0]
        same = [other for other in rest if other is best or overlap(best.box, other.box) > _SAME_PERSON]
        rest = [other for other in rest if not any(other is one for one in same)]
        weights = np.array([other.score for other in same])
        weights /= weights.sum()
        box = np.einsum('n,nc->c', weights, np.stack([other.box for other in same]))
        points = np.einsum('n,npc->pc', weights, np.stack([other.points for other in same]))
        merged.append(Detection(best.score, box, points))
    return merged


def overlap(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - common
    return float(common / union) if union > 0 else 0.0
