"""Joints in the pixels of the picture that they are for, whatever they were measured in."""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import DataError

# Estimators place joints a little outside the picture; farther out, they belong to another picture.
_OUTSIDE_TOLERANCE = 0.05
# No person is as small as 2 pixels: such numbers are shares of the picture, of joints beyond its edge too.
_MOST_NORMALISED = 2.0
# Programs round the sides of their canvas to multiples of 64.
_SAME_SHAPE = 1.1


def in_pixels(
    path: str,
    keypoints: np.ndarray,
    image_size: tuple[int, int] | None,
    size: tuple[float, float] | None = None,
    is_canvas: bool = False,
) -> tuple[np.ndarray, str]:
    """Keypoints [18, 2] in pixels of the picture, and words about the picture.

    Args:
        path: is named in errors.
        keypoints: in pixels, or in 0..1 of the picture.
        image_size: (height, width) of the picture, if it is known.
        size: (height, width) of what the keypoints are in pixels of, if the file says it; None: of the picture.
        is_canvas: a canvas of another shape is put into the middle of the picture, as large as it fits, so that
            the person keeps their shape; anything else is stretched to the picture's.

    Returns:
        float32 [18, 2]. A joint outside of the picture is missing.

    Raises:
        DataError: joints in 0..1 without any size; joints far outside of a picture where the file says no size.
    """
    seen = np.any(keypoints != MISSING, axis=-1)
    words = ''
    is_normalised = bool(seen.any()) and np.abs(keypoints[seen]).max() <= _MOST_NORMALISED
    if is_normalised:
        whole = size or image_size
        if whole is None:
            raise DataError(f'{path}: coordinates are normalised to 0..1: the size of the picture is needed')
        keypoints = np.where(seen[:, np.newaxis], keypoints * np.array(whole[::-1], np.float32), MISSING)
        words = f' (normalised to 0..1, scaled to {whole[0]:g}x{whole[1]:g})'
    if size is not None and image_size is not None and tuple(size) != tuple(image_size):
        keypoints, fitting = _fitted(keypoints, seen, size, image_size, is_canvas)
        words += fitting
    if image_size is None:
        return keypoints.astype(np.float32), words
    words = words or f' in a picture of {image_size[0]}x{image_size[1]}'
    limit = np.array(image_size[::-1], np.float32)
    slack = _OUTSIDE_TOLERANCE * limit
    far = seen & np.any((keypoints < -slack) | (keypoints > limit + slack), axis=-1)
    if far.any() and not is_normalised and size is None:
        worst = keypoints[far][0].tolist()
        raise DataError(
            f'{path}: joint {np.flatnonzero(far)[0]} lies at x, y = {worst}, outside the picture of '
            f'{image_size[0]}x{image_size[1]} (height x width): if they are of another picture, give its size '
            '(of a target pose by --target_image_size=height,width)'
        )
    outside = seen & np.any((keypoints < 0) | (keypoints >= limit), axis=-1)
    if outside.any():
        words += f', {outside.sum()} {"outside" if far.any() else "just outside"} it taken as missing'
    return np.where((seen & ~outside)[:, np.newaxis], keypoints, MISSING).astype(np.float32), words


def _fitted(
    keypoints: np.ndarray,
    seen: np.ndarray,
    size: tuple[float, float],
    image_size: tuple[int, int],
    is_canvas: bool,
) -> tuple[np.ndarray, str]:
    scale = np.array([image_size[1] / size[1], image_size[0] / size[0]])
    offset = np.zeros(2)
    words = f', scaled from its {size[0]:g}x{size[1]:g}'
    if is_canvas and scale.max() > _SAME_SHAPE * scale.min():
        scale = np.full(2, scale.min())
        offset = (np.array(image_size[::-1]) - scale * size[::-1]) / 2
        words = f', its canvas of {size[0]:g}x{size[1]:g} put into the middle of {image_size[0]}x{image_size[1]}'
    return np.where(seen[:, np.newaxis], keypoints * scale + offset, MISSING), words
