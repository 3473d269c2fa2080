"""The photo without the person: what is behind is filled in from around."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.body import stature, whole_body

# What is filled in is found on a photo of at most so many pixels on its longer side.
_LARGEST_GRID = 512
# Of a person's mask: how far it is widened before the person is removed, in parts of the stature.
_WIDENED = 0.02
_STRIP = 256


def person_area(photo_size: tuple[int, ...], keypoints: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Where a person may be seen, generously, float32 [H, W] in 0 to 1: 1 is certainly to be removed.

    Args:
        photo_size: (height, width, ...).
        keypoints: [18, 2] (x, y) in pixels of the photo, missing (-1, -1).
        mask: the person's pixels, [H, W] in 0 to 1, if a segmentation has found them; widened a little. None: a body
            around the joints with hair, hands, feet and loose clothes.
    """
    size = photo_size[0], photo_size[1]
    if mask is None:
        return whole_body(keypoints, size, radius=0.065)
    small = resize_float(np.asarray(mask, np.float32), grid_size(size))
    radius = max(2, round(_WIDENED * stature(keypoints) * small.shape[0] / size[0]))
    return resize_float(ndimage.maximum_filter(small, size=2 * radius + 1), size)


def background_plate(photo: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """The photo uint8 [H, W, 3], filled in from around where `removed` [H, W] is above 0, softly below 1."""
    size = photo.shape[0], photo.shape[1]
    small_size = grid_size(size)
    hole = resize_float(removed, small_size) > 0.01
    if not hole.any() or hole.all():
        return photo.copy()
    small = np.asarray(Image.fromarray(photo).resize(small_size[::-1], Image.Resampling.BILINEAR), np.float32)
    filled = push_pull(small, ~hole)
    plate = photo.copy()
    rows, columns = (np.flatnonzero((removed > 0).any(axis=axis)) for axis in (1, 0))
    for first in range(rows[0], rows[-1] + 1, _STRIP):
        strip = slice(first, min(first + _STRIP, rows[-1] + 1)), slice(columns[0], columns[-1] + 1)
        smooth = resize_float(filled, size, Image.Resampling.BICUBIC, (strip[0].start, strip[0].stop))[:, strip[1]]
        weight = removed[strip][..., np.newaxis]
        plate[strip] = np.rint(plate[strip] * (1 - weight) + smooth * weight).clip(0, 255)
    return plate


def push_pull(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Float32 [h, w, C], smoothly continued to where `known` [h, w] is false: by means over ever larger squares.

    Gortler et al., "The Lumigraph" (1996), section 3.4.
    """
    weight = known.astype(np.float32)
    if weight.all() or min(weight.shape) < 2:
        mean = values[known].mean(axis=0) if known.any() else 0.0
        return np.where(known[..., np.newaxis], values, mean).astype(np.float32)
    half = (known.shape[0] + 1) // 2, (known.shape[1] + 1) // 2
    coarse_weight = resize_float(weight, half)
    coarse = resize_float(values * weight[..., np.newaxis], half) / np.maximum(coarse_weight, 1e-6)[..., np.newaxis]
    coarse = push_pull(coarse, coarse_weight > 1e-3)
    smooth = resize_float(coarse, (known.shape[0], known.shape[1]))
    return np.where(known[..., np.newaxis], values, smooth).astype(np.float32)


def grid_size(size: tuple[int, int]) -> tuple[int, int]:
    """`size`, or one of the same shape with at most `_LARGEST_GRID` pixels on the longer side."""
    factor = min(1.0, _LARGEST_GRID / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
