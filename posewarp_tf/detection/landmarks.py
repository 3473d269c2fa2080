"""BlazePose's second network: 33 landmarks and a mask of one person. Its outputs are decoded here (arXiv:2006.10204).

The network sees the region of a person, upright, in 256 x 256 pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

INPUT_SIZE = 256
NUM_LANDMARKS = 33
# Behind the landmarks: the middle of the hips and a point of the circle around the body, which give the region for
# the next look.
CENTER, RIM = 33, 34
NUM_POINTS = 39
_HEATMAP_WINDOW = 7
_LEAST_HEAT = 0.5
_LARGEST_LOGIT = 80.0


class Landmarks(NamedTuple):
    """What the network says of a region.

    points: float64 [39, 2], (u, v) in the region, 0..1 inside; 33 landmarks of the body come first.
    visibility: float64 [39] in 0..1, that a landmark is seen, neither hidden nor outside.
    presence: float64 [39] in 0..1, that it lies in the region, hidden or not.
    score: in 0..1, that there is somebody.
    mask: float32 [256, 256] in 0..1, the person.
    """

    points: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    score: float
    mask: np.ndarray


def network_input(pixels: np.ndarray) -> np.ndarray:
    """Float32 in [0, 1] of pixels in 0..255."""
    return (pixels / np.float32(255)).astype(np.float32)


def decode(table: np.ndarray, score: float, mask: np.ndarray, heatmaps: np.ndarray) -> Landmarks:
    """The outputs as landmarks, refined by the heatmaps.

    Args:
        table: float32 [39 * 5], of each point x, y, z in pixels of the input, visibility and presence as logits.
        score: that there is somebody, in 0..1.
        mask: float32 [256, 256], logits.
        heatmaps: float32 [64, 64, 39], logits.
    """
    values = table.reshape(NUM_POINTS, 5).astype(np.float64)
    points = refine(values[:, :2] / INPUT_SIZE, heatmaps)
    visibility, presence = logistic(values[:, 3]), logistic(values[:, 4])
    return Landmarks(points, visibility, presence, float(score), logistic(mask).astype(np.float32))


def refine(points: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Points (u, v) [n, 2] moved to the centre of gravity of their own heatmap [h, w, n] (logits) near them.

    Near are 7 x 7 cells around the cell of the point; one whose heat is below 0.5 in all of them stays, and so does
    one outside.
    """
    height, width = heatmaps.shape[:2]
    refined = points.copy()
    reach = _HEATMAP_WINDOW // 2
    for number, (u, v) in enumerate(points):
        column, row = int(np.floor(u * width)), int(np.floor(v * height))
        if not (0 <= column < width and 0 <= row < height):
            continue
        top, left = max(row - reach, 0), max(column - reach, 0)
        heat = logistic(heatmaps[top : row + reach + 1, left : column + reach + 1, number].astype(np.float64))
        if heat.max() >= _LEAST_HEAT:
            rows, columns = np.indices(heat.shape)
            total = heat.sum()
            refined[number] = (
                ((left + columns) * heat).sum() / width / total,
                ((top + rows) * heat).sum() / height / total,
            )
    return refined


def logistic(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
