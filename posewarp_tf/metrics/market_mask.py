"""Which pixels are a person by the pose alone, as the papers on Market-1501 have it."""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import MISSING

_RADIUS = 4
# Pairs of joints, counted from 1 as OpenPose's COCO model numbers them.
_LIMBS = (
    *((2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11), (2, 12), (12, 13), (13, 14)),
    *((2, 1), (1, 15), (15, 17), (1, 16), (16, 18), (2, 17), (2, 18), (9, 12), (12, 6), (9, 3), (17, 18)),
)


def market_mask(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Rectangles of 8 px around limbs and discs of 4 px around joints, closed with a 5x5 square: bool [H, W].

    Args:
        keypoints: [18, 2] (x, y) in pixels of `size` (height, width), missing (-1, -1).
    """
    from skimage.draw import disk, polygon
    from skimage.morphology import dilation, erosion

    mask = np.zeros(size, bool)
    points = np.asarray(keypoints, np.float64)[:, ::-1]
    seen = np.all(points != MISSING, axis=-1)
    for first, second in np.array(_LIMBS) - 1:
        along = points[first] - points[second]
        length = np.hypot(*along)
        if seen[first] and seen[second] and length:
            across = _RADIUS * np.array([-along[1], along[0]]) / length
            corners = np.stack([points[first] + across, points[first] - across, points[second] - across])
            corners = np.concatenate([corners, [points[second] + across]])
            mask[polygon(corners[:, 0], corners[:, 1], shape=size)] = True
    for point in points[seen]:
        mask[disk(point, _RADIUS, shape=size)] = True
    square = np.ones((5, 5), bool)
    return erosion(dilation(mask, square), square)
