"""The pixels of a body around a pose: closely, as metrics count it, or with everything that a person wears."""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, LIMBS, MISSING
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.pictures.geometry import segment_distance

# The sides of the torso, which no limb of the drawn skeleton covers.
_TORSO_SIDES = ((2, 8), (5, 11), (8, 11))

# Both lengths are for a picture that is 128 pixels high, as for Market-1501.
LIMB_RADIUS = 4.0
REFERENCE_HEIGHT = 128

# Lengths between joints in parts of the stature, as anthropometric tables have them.
_LENGTHS = {
    ('neck', 'right_hip'): 0.29, ('neck', 'left_hip'): 0.29,
    ('right_hip', 'right_knee'): 0.245, ('left_hip', 'left_knee'): 0.245,
    ('right_knee', 'right_ankle'): 0.246, ('left_knee', 'left_ankle'): 0.246,
    ('nose', 'neck'): 0.11, ('right_shoulder', 'left_shoulder'): 0.26,
}  # fmt: skip
# Hands and feet: the last joint is not the end. How far it goes on, in parts of the limb before it.
_BEYOND = (
    ('right_elbow', 'right_wrist', 0.45),
    ('left_elbow', 'left_wrist', 0.45),
    ('right_knee', 'right_ankle', 0.25),
    ('left_knee', 'left_ankle', 0.25),
)
_FACE = ('nose', 'right_eye', 'left_eye', 'right_ear', 'left_ear')
# Radius of a head with hair, and how far its middle lies above the face's joints, in parts of the stature.
_HEAD_RADIUS, _HEAD_RISE = 0.085, 0.025
_LARGEST_GRID = 384


def body_mask(keypoints: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """The body around a pose, bool [H, W].

    Pixels within 4 px of a limb or of a side of the torso (a rectangle with a disc at both ends), then closed with
    a 5 x 5 square. Both lengths are for pictures 128 px high and grow with the height.

    Args:
        keypoints: [18, 2] (x, y) in pixels of the picture, missing joints -1.
        image_size: (height, width).
    """
    keypoints = np.asarray(keypoints, np.float64)
    radius = LIMB_RADIUS * image_size[0] / REFERENCE_HEIGHT
    present = np.all(keypoints >= 0, axis=-1)
    mask = _around(keypoints, present, image_size, radius)
    return _closed(mask, radius)


def whole_body(keypoints: np.ndarray, image_size: tuple[int, int], radius: float = 0.05) -> np.ndarray:
    """A person with hair, hands, feet and loose clothes, float32 [H, W] in 0 to 1 with edges that are a little soft.

    Args:
        keypoints: [18, 2] (x, y) in pixels of the picture, missing (-1, -1).
        image_size: (height, width); the mask is made on a coarser grid and stretched, so that large photos take no
            longer.
        radius: of limbs, in parts of the person's stature, by which hands, feet and head follow.
    """
    factor = min(1.0, _LARGEST_GRID / max(image_size))
    size = max(1, round(image_size[0] * factor)), max(1, round(image_size[1] * factor))
    ratio = np.array(size[::-1]) / np.array(image_size[::-1])
    present = np.any(np.asarray(keypoints) != MISSING, axis=-1)
    points = (np.asarray(keypoints, np.float64) + 0.5) * ratio - 0.5
    height = stature(np.where(present[:, np.newaxis], points, MISSING))
    mask = _closed(_around(points, present, size, radius * height), radius * height)
    y, x = np.mgrid[: size[0], : size[1]]
    for before, last, part in _BEYOND:
        start, end = JOINT_NAMES.index(before), JOINT_NAMES.index(last)
        if present[start] and present[end]:
            tip = points[end] + part * (points[end] - points[start])
            mask |= segment_distance(x, y, points[end], tip) <= radius * height
    face = [JOINT_NAMES.index(name) for name in _FACE if present[JOINT_NAMES.index(name)]]
    if face:
        middle, neck = points[face].mean(axis=0), JOINT_NAMES.index('neck')
        upward = middle - points[neck] if present[neck] else np.array([0.0, -1.0])
        middle = middle + _HEAD_RISE * height * upward / max(float(np.linalg.norm(upward)), 1e-6)
        mask |= np.hypot(x - middle[0], y - middle[1]) <= _HEAD_RADIUS / 0.05 * radius * height
    return resize_float(mask.astype(np.float32), image_size)


def stature(keypoints: np.ndarray) -> float:
    """About how high a person would stand, in pixels, by the longest that any part of the pose [18, 2] says."""
    present = np.any(keypoints != MISSING, axis=-1)
    estimates = [1.0]
    for (first, second), part in _LENGTHS.items():
        start, end = JOINT_NAMES.index(first), JOINT_NAMES.index(second)
        if present[start] and present[end]:
            estimates.append(float(np.linalg.norm(keypoints[start] - keypoints[end])) / part)
    if len(estimates) == 1 and present.any():
        estimates.append(float(np.ptp(keypoints[present], axis=0).max()))
    return max(estimates)


def _around(keypoints: np.ndarray, present: np.ndarray, size: tuple[int, int], radius: float) -> np.ndarray:
    """bool [H, W]: within `radius` of a limb, of a side of the torso or of a joint."""
    y, x = np.mgrid[: size[0], : size[1]]
    mask = np.zeros(size, bool)
    segments = [pair for pair in LIMBS + _TORSO_SIDES if present[list(pair)].all()]
    for start, end in segments + [(joint, joint) for joint in np.flatnonzero(present)]:
        mask |= segment_distance(x, y, keypoints[start], keypoints[end]) <= radius
    return mask


def _closed(mask: np.ndarray, radius: float) -> np.ndarray:
    from skimage.morphology import closing

    side = 2 * round(radius / 2) + 1
    return closing(mask, np.ones((side, side), bool)).astype(bool)
