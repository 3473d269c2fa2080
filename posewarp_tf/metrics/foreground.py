"""Which pixels of a true picture are the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from posewarp_tf.conventions import LIMBS
from posewarp_tf.pictures.geometry import segment_distance

# The sides of the torso, which no limb of the drawn skeleton covers.
_TORSO_SIDES = ((2, 8), (5, 11), (8, 11))

# Both lengths are for a picture that is 128 pixels high, as for Market-1501.
_LIMB_RADIUS = 4.0
_REFERENCE_HEIGHT = 128


def foreground_mask(batch: Mapping[str, Any], index: int) -> np.ndarray:
    """bool [H, W] of one target of a NumPy batch: part map > 0, or the body mask where there is no part map."""
    if 'target_parts' in batch:
        return np.asarray(batch['target_parts'][index]) > 0
    return body_mask(batch['target_keypoints'][index], batch['target_image'][index].shape[:2])


def body_mask(keypoints: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """The body around a pose, bool [H, W].

    Pixels within 4 px of a limb or of a side of the torso (a rectangle with a disc at both ends), then closed with
    a 5 x 5 square. Both lengths are for pictures 128 px high and grow with the height.

    Args:
        keypoints: [18, 2] (x, y) in pixels of the picture, missing joints -1.
        image_size: (height, width).
    """
    from skimage.morphology import closing

    keypoints = np.asarray(keypoints, np.float64)
    radius = _LIMB_RADIUS * image_size[0] / _REFERENCE_HEIGHT
    y, x = np.mgrid[: image_size[0], : image_size[1]]
    mask = np.zeros(image_size, bool)
    present = np.all(keypoints >= 0, axis=-1)
    segments = [pair for pair in LIMBS + _TORSO_SIDES if present[list(pair)].all()]
    for start, end in segments + [(joint, joint) for joint in np.flatnonzero(present)]:
        mask |= segment_distance(x, y, keypoints[start], keypoints[end]) <= radius
    side = 2 * round(radius / 2) + 1
    return closing(mask, np.ones((side, side), bool)).astype(bool)


def foreground_protocol(has_part_maps: bool) -> str:
    """How the foreground was found."""
    if has_part_maps:
        return 'part map of the true picture > 0'
    return (
        f'body mask of the target pose: within {_LIMB_RADIUS:.0f} px of limbs and torso sides, closed with a '
        f'5x5 square (for pictures {_REFERENCE_HEIGHT} px high, growing with the height)'
    )
