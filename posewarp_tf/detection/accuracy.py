"""How near found joints are to known ones.

PCK@0.2: the share of joints that are found within 0.2 torsos of their place. A torso is the distance from the neck to
the middle of the hips, in the truth. A joint counts if the truth has it; one that is not found is wrong. The mean error
is over the joints that are found, in parts of a torso and in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING

_REACH = 0.2
_NECK, _RIGHT_HIP, _LEFT_HIP = (JOINT_NAMES.index(name) for name in ('neck', 'right_hip', 'left_hip'))
_GROUPS = {
    'nose, eyes, ears': ('nose', 'eye', 'ear'),
    'neck': ('neck',),
    **{f'{part}s': (part,) for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')},
    'all': ('',),
}


class Score(NamedTuple):
    """Of one group of joints.

    num_joints: joints that the truth has.
    found: share of them that was found.
    pck: share of them that was found within 0.2 torsos of its place.
    error: mean error of those found, in torsos; NaN if none was.
    pixels: the same in pixels.
    """

    num_joints: int
    found: float
    pck: float
    error: float
    pixels: float


def scores(truth: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> dict[str, Score]:
    """By group of joints, 'all' last.

    Args:
        truth: of each picture the known keypoints [18, 2], missing (-1, -1). Pictures whose truth has no neck or
            hips have no torso, and are left out.
        found: the same, as found; all missing where nobody was.
    """
    torsos = [torso(known) for known in truth]
    pairs = [(a, b, length) for a, b, length in zip(truth, found, torsos) if length is not None]
    if not pairs:
        return {}
    known, seen, lengths = (np.stack([np.asarray(pair[i], np.float64) for pair in pairs]) for i in range(3))
    is_known, is_seen = (np.any(points != MISSING, axis=-1) for points in (known, seen))
    pixels = np.linalg.norm(known - seen, axis=-1)
    errors = pixels / lengths[:, np.newaxis]
    result = {}
    for group, parts in _GROUPS.items():
        joints = [any(name.endswith(part) for part in parts) for name in JOINT_NAMES]
        counted = is_known & np.array(joints)
        both = counted & is_seen
        count = int(counted.sum())
        if count:
            mean, mean_pixels = (float(e[both].mean()) if both.any() else math.nan for e in (errors, pixels))
            result[group] = Score(
                count, float(both.sum() / count), float((both & (errors <= _REACH)).sum() / count), mean, mean_pixels
            )
    return result


def torso(keypoints: np.ndarray) -> float | None:
    """Distance from the neck to the middle of the hips, in pixels; None if one is missing or they are at one place."""
    points = np.asarray(keypoints, np.float64)[[_NECK, _RIGHT_HIP, _LEFT_HIP]]
    if np.any(points == MISSING):
        return None
    return float(np.linalg.norm(points[0] - points[1:].mean(axis=0))) or None


def table(groups: Mapping[str, Score]) -> list[list[Any]]:
    """Rows of group, joints, found, PCK@0.2, error in torsos, error in pixels; numbers rounded, None for NaN."""
    return [
        [group, score.num_joints, *(None if math.isnan(value) else round(value, 4) for value in score[1:])]
        for group, score in groups.items()
    ]
