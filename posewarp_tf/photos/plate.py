"""The photo without the person: what is behind is filled in from around."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.photos.filling import fill
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.body import stature, whole_body

# What is filled in is found on a photo of at most so many pixels on its longer side.
_LARGEST_GRID = 512
# And this is how many of them may be missing: the time grows with it.
_LARGEST_HOLE = 6000
# Of a person's mask: how far it is widened before the person is removed, in parts of the stature.
_WIDENED = 0.012
# Masks below this say that somebody else is there, or nobody.
_LEAST = 0.1
# A body around the joints that is certainly the person, in parts of the stature.
_CERTAIN = 0.02
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
    # A network's mask is never quite 0.
    small = np.where(small < _LEAST, 0.0, small)
    # What a mask leaves out of the middle of the body is removed too.
    small = np.maximum(small, resize_float(whole_body(keypoints, size, radius=_CERTAIN), grid_size(size)))
    radius = max(2, round(_WIDENED * stature(keypoints) * small.shape[0] / size[0]))
    return resize_float(ndimage.maximum_filter(small, size=2 * radius + 1), size)


def background_plate(photo: np.ndarray, removed: np.ndarray, avoided: np.ndarray | None = None) -> np.ndarray:
    """The photo without what is removed, uint8 [H, W, 3].

    The hole is filled on a small grid by pieces of the rest of the photo (filling.py). What the small grid cannot hold
    is copied from the same places in the photo.

    Args:
        photo: uint8 [H, W, 3].
        removed: float32 [H, W]: 1 is filled, between 0 and 1 mixed with the photo.
        avoided: [H, W], above 0.5 where other people are, who must not be copied into the hole; None: nobody.
    """
    size = photo.shape[0], photo.shape[1]
    if not (removed > 0).any() or (removed > 0).all():
        return photo.copy()
    area = float(np.mean(removed > 0))
    factor = min(1.0, _LARGEST_GRID / max(size), (_LARGEST_HOLE / (area * size[0] * size[1])) ** 0.5)
    small_size = max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
    hole = resize_float(removed, small_size) > 0.01
    others = np.zeros(small_size, bool)
    if avoided is not None:
        others = resize_float(np.asarray(avoided, np.float32), small_size) > 0.25
    small = np.asarray(Image.fromarray(photo).resize(small_size[::-1], Image.Resampling.BILINEAR), np.float32)
    if hole.all():
        return photo.copy()
    filled, places = fill(small, hole, others)
    plate = photo.copy()
    rows, columns = (np.flatnonzero((removed > 0).any(axis=axis)) for axis in (1, 0))
    box = slice(columns[0], columns[-1] + 1)
    for first in range(rows[0], rows[-1] + 1, _STRIP):
        strip = slice(first, min(first + _STRIP, rows[-1] + 1)), box
        weight = removed[strip][..., np.newaxis]
        content = resize_float(filled, size, Image.Resampling.BICUBIC, (strip[0].start, strip[0].stop))[:, box]
        content = content + _copied_detail(photo, small, places, strip)
        plate[strip] = np.rint(plate[strip] * (1 - weight) + content * weight).clip(0, 255)
    return plate


def _copied_detail(photo: np.ndarray, small: np.ndarray, places: np.ndarray, strip: tuple[slice, slice]) -> np.ndarray:
    """Float32: of the places that the pixels of a strip are copied from, the photo minus the stretched small photo."""
    ratio = np.divide(places.shape[:2], photo.shape[:2])
    y, x = (np.arange(part.start, part.stop) for part in strip)
    own_y, own_x = (
        np.floor((values + 0.5) * part).astype(int).clip(0, length - 1)
        for values, part, length in zip((y, x), ratio, places.shape[:2])
    )
    shift = places[own_y[:, np.newaxis], own_x] - np.stack(np.meshgrid(own_y, own_x, indexing='ij'), axis=-1)
    rows = (y[:, np.newaxis] + np.rint(shift[..., 0] / ratio[0]).astype(int)).clip(0, photo.shape[0] - 1)
    columns = (x + np.rint(shift[..., 1] / ratio[1]).astype(int)).clip(0, photo.shape[1] - 1)
    at = [(rows + 0.5) * ratio[0] - 0.5, (columns + 0.5) * ratio[1] - 0.5]
    low = [ndimage.map_coordinates(small[..., channel], at, order=1, mode='nearest') for channel in range(3)]
    return photo[rows, columns] - np.stack(low, axis=-1)


def grid_size(size: tuple[int, int]) -> tuple[int, int]:
    """`size`, or one of the same shape with at most `_LARGEST_GRID` pixels on the longer side."""
    factor = min(1.0, _LARGEST_GRID / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
