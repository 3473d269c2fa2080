"""Where a flow may be trusted to move a photo's own pixels: a number in 0 to 1 for every pixel of the model's picture.

The product of

    mask        what the model itself takes from the source (conventions.py);
    regularity  the flow is near a similarity there: with J = d(source position) / d(target position) in pixels of the
                photo, det J > 0 (no folds, no mirrors), the ratio of J's singular values and its magnification are
                moderate;
    injectivity no part of the photo is used up several times: with n(q) = sum of mask(p) |det J(p)| over all target
                pixels p that are shown from q, which is 1 for a one-to-one flow;
    inside      the position lies in the photo, and what is shown lies in the source window;
    agreement   of the moved photo's colours with the model's picture, both blurred a little: exp(-(d / tau)^2).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from posewarp_tf.photos.moving import SourcePositions, to_cells
from posewarp_tf.pictures.floats import resize_float, smooth_step

# Ratio of the singular values of J: not trusted below the first, fully from the second on.
_RATIO = (0.2, 0.4)
# Magnification: trusted up to the first factor either way, not at all from the second on.
_MAGNIFICATION = (3.0, 6.0)
# How often a part of the photo may be used.
_USES = (1.6, 3.0)
# Colours, in 0 to 255, that differ by this much in the blurred pictures lower the trust to 1 / e.
_COLOR_DISTANCE = 30.0
_BLUR = 1.0
# Geometry's mean over a pixel's neighbours: not trusted below the first, fully from the second on.
_NEIGHBOURS = (0.3, 0.8)


def trust_map(
    positions: SourcePositions, mask: np.ndarray, answer: np.ndarray, source: np.ndarray, photo_size: tuple[int, ...]
) -> np.ndarray:
    """float32 [h, w] in 0 to 1, of the size of the model's picture.

    Args:
        mask: [h', w', 1] or [h', w'] in 0 to 1; 1 = warped source.
        answer: uint8 [h, w, 3], the model's picture of the target window.
        source: uint8 [h, w, 3], the source window of the photo as the model saw it.
        photo_size: (height, width, ...) of the photo.
    """
    size = answer.shape[0], answer.shape[1]
    places = positions.at_pixels(size)
    mask = resize_float(np.asarray(mask, np.float32).reshape(mask.shape[:2]), size).clip(0, 1)
    target = positions.target_window
    pixel = np.array([target.width / size[1], target.height / size[0]])
    regular, determinant = _regularity(places, pixel)
    inside = np.all((places >= -0.5) & (places <= np.array(photo_size[1::-1]) - 0.5), axis=-1)
    cells = to_cells(places, positions.source_window, size)
    inside &= np.all((cells >= -0.5) & (cells <= np.array(size[::-1]) - 0.5), axis=-1)
    geometry = mask * regular * inside
    geometry *= _injectivity(cells, geometry * np.abs(determinant) * _area_ratio(positions))
    # Single pixels that pass are chance. Softened inside only: never more than there was.
    around = geometry
    for axis in (0, 1):
        around = ndimage.correlate1d(around, np.array([0.25, 0.5, 0.25]), axis=axis)
    geometry *= smooth_step(around, *_NEIGHBOURS)
    return (geometry * _agreement(cells, source, answer)).astype(np.float32)


def _regularity(places: np.ndarray, pixel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Regularity [h, w], and det J: photo pixels of the source per photo pixels of the target.

    Of the four Jacobians that one-sided differences make, the most regular one counts: at the edge of a person that of
    the person's side.
    """
    size = places.shape[:2]
    best, best_determinant = np.zeros(size), np.zeros(size)
    if min(size) < 2:
        return np.ones(size), np.ones(size)
    down, across = np.diff(places, axis=0) / pixel[1], np.diff(places, axis=1) / pixel[0]
    for down_first in (0, 1):
        rows = np.arange(size[0])
        for right_first in (0, 1):
            columns = np.arange(size[1])
            a = across[:, (columns - right_first).clip(0, size[1] - 2)]
            d = down[(rows - down_first).clip(0, size[0] - 2)]
            regular, determinant = _regularity_of(a, d)
            better = regular > best
            best, best_determinant = np.where(better, regular, best), np.where(better, determinant, best_determinant)
    return best, best_determinant


def _regularity_of(across: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the derivatives [h, w, (x, y)] of positions along both axes."""
    determinant = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    # The singular values are half the sum and half the difference of two lengths.
    first = np.hypot(across[..., 0] + down[..., 1], across[..., 1] - down[..., 0])
    second = np.hypot(across[..., 0] - down[..., 1], across[..., 1] + down[..., 0])
    large, small = (first + second) / 2, np.abs(first - second) / 2
    ratio = smooth_step(small / np.maximum(large, 1e-6), *_RATIO) * (determinant > 0)
    magnification = np.maximum(large, 1 / np.maximum(small, 1e-6))
    return ratio * (1 - smooth_step(magnification, *_MAGNIFICATION)), determinant


def _area_ratio(positions: SourcePositions) -> float:
    """What turns det J into pixels of the source's small picture per pixel of the target's."""
    source, target = positions.source_window, positions.target_window
    return target.width * target.height / (source.width * source.height)


def _injectivity(cells: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """1 where what is shown is used about once, 0 where it is used often."""
    height, width = areas.shape
    whole = np.floor(cells).astype(int)
    fraction = cells - whole
    uses = np.zeros(height * width)
    corners = []
    for down in (0, 1):
        for right in (0, 1):
            x, y = (whole[..., 0] + right).clip(0, width - 1), (whole[..., 1] + down).clip(0, height - 1)
            weight = np.abs(1 - right - fraction[..., 0]) * np.abs(1 - down - fraction[..., 1])
            corners.append((y * width + x, weight.clip(0, 1)))
    for index, weight in corners:
        uses += np.bincount(index.ravel(), (weight * areas).ravel(), height * width)
    uses = ndimage.uniform_filter(uses.reshape(height, width), size=3).ravel()
    found = sum(weight * uses[index] for index, weight in corners)
    return 1 - smooth_step(found, *_USES)


def _agreement(cells: np.ndarray, source: np.ndarray, answer: np.ndarray) -> np.ndarray:
    places = [cells[..., 1], cells[..., 0]]
    squares = np.zeros(answer.shape[:2])
    for channel in range(3):
        moved = ndimage.map_coordinates(source[..., channel].astype(np.float32), places, order=1, mode='nearest')
        squares += ndimage.gaussian_filter(moved - answer[..., channel], _BLUR) ** 2 / 3
    return np.exp(-ndimage.gaussian_filter(squares, _BLUR) / _COLOR_DISTANCE**2)
