"""What the animation of faces sees of a frame: 16 maps of its landmarks, as the published code makes them.

channel 0        the 14 curves of landmarks.py as 255, and edges of the picture where no part of the face is
channels 1..14   for each curve min(floor(d / 3), 255), d: city-block distance to its nearest pixel; 255 if it has none
channel 15       the label 0..6 of the part that covers a pixel

Curves and distances are drawn at the size of the maps, parts at that of the picture. Edges are added in uint8, so where
a curve runs over one (255 + 255) stands 254. Networks see `to_pose`: all but the labels divided by 255.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image
from skimage import draw, feature

from posewarp_tf.faces.curves import curve_pixels, pieces_of
from posewarp_tf.faces.landmarks import CURVES, NUM_LANDMARKS, PARTS, with_upper_half
from posewarp_tf.pictures.picture_files import resize_image, resize_nearest

NUM_FACE_CHANNELS = 16
FACE_SIZE = (256, 256)

_SIGMA = 1.0  # of the smoothing before edges are looked for


def make_face_maps(
    landmarks: np.ndarray,
    image: np.ndarray,
    size: tuple[int, int] = FACE_SIZE,
    use_background_edges: bool = True,
) -> np.ndarray:
    """The 16 maps of one frame, uint8 [*size, 16].

    Args:
        landmarks: [68, 2], (x, y) in pixels of `image`; truncated where whole pixels are needed.
        image: uint8 [h, w, 3].
        size: (height, width) of the maps.
        use_background_edges: whether channel 0 has the picture's edges around the face, as published. They show the
            hair and the place of the person that the frame is of, which is not wanted when it drives another one.

    Raises:
        ValueError: not 68 finite landmarks, or one that lies further from the picture than this is wide or high.
    """
    height, width = image.shape[:2]
    points = with_upper_half(landmarks)
    if np.abs(points[:NUM_LANDMARKS] / [width, height] - 0.5).max() > 1.5:
        low, high = points[:NUM_LANDMARKS].min(axis=0), points[:NUM_LANDMARKS].max(axis=0)
        reach = f'x from {low[0]:g} to {high[0]:g}, y from {low[1]:g} to {high[1]:g}'
        raise ValueError(f'landmarks: got {reach}, expected the pixels of a picture {width} wide and {height} high')
    labels = resize_nearest(draw_parts(points, (height, width)), size)
    scaled = np.trunc(points * [size[1] / width, size[0] / height])
    curves = draw_curves(scaled, size)
    maps = np.empty((*size, NUM_FACE_CHANNELS), np.uint8)
    maps[..., 0] = 255 * curves.any(axis=0)
    if use_background_edges:
        gray = Image.fromarray(resize_image(image, size)).convert('L')
        maps[..., 0] += (255 * (feature.canny(np.asarray(gray), _SIGMA) & (labels == 0))).astype(np.uint8)
    maps[..., 1:15] = np.moveaxis(np.minimum(city_block_distances(curves) // 3, 255), 0, -1)
    maps[..., 15] = labels
    return maps


def to_pose(maps: Any) -> Any:
    """Maps [..., 16] as networks see them, float32: divided by 255, but labels 0..6 as they are.

    An array of uint8, or a tensor of float32 that holds such numbers.
    """
    return maps / np.array([255.0] * 15 + [1.0], np.float32)


def draw_curves(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """bool [14, height, width]: the pixels of each curve through the points [83, 2]."""
    numbers, owners = _pieces()
    piece, rows, columns = curve_pixels(points[numbers], size)
    curves = np.zeros((len(CURVES), *size), bool)
    curves[owners[piece], rows, columns] = True
    return curves


@functools.lru_cache(maxsize=1)
def _pieces() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of points [P, 3] of all pieces, the last of a line twice, and the curve of each."""
    pieces = [(piece, curve) for curve, points in enumerate(CURVES) for piece in pieces_of(points)]
    return np.array([(*piece, piece[-1])[:3] for piece, _ in pieces]), np.array([curve for _, curve in pieces])


def draw_parts(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [height, width], the label of the part at each pixel; the outlines belong to the parts."""
    labels = np.zeros(size, np.uint8)
    whole = np.trunc(points).astype(int)
    for numbers, label in PARTS:
        corners = whole[list(numbers)]
        labels[_inside(corners, size)] = label
        lines = [draw.line(y0, x0, y1, x1) for (x0, y0), (x1, y1) in zip(np.roll(corners, 1, axis=0), corners)]
        rows, columns = np.concatenate(lines, axis=1)
        seen = (rows >= 0) & (rows < size[0]) & (columns >= 0) & (columns < size[1])
        labels[rows[seen], columns[seen]] = label
    return labels


def _inside(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """bool [height, width]: pixels to the left of which a polygon's outline crosses their row an odd number of times.

    As skimage.draw.polygon, but for the outline itself, at a tenth of its time: it asks each pixel for each edge.
    """
    height, width = size
    (x0, y0), (x1, y1) = np.roll(corners, 1, axis=0).T, corners.T
    rows = np.arange(max(corners[:, 1].min(), 0), min(corners[:, 1].max(), height))
    # An edge has its upper end, not its lower one, so that a corner is met once.
    row, edge = np.nonzero((rows[:, None] >= y0) != (rows[:, None] >= y1))
    crossing = x0[edge] + (rows[row] - y0[edge]) * ((x1 - x0)[edge] / (y1 - y0)[edge])
    columns = np.clip(np.ceil(crossing), 0, width).astype(int)
    crossed = np.bincount(row * (width + 1) + columns, minlength=len(rows) * (width + 1)).reshape(-1, width + 1)
    inside = np.zeros(size, bool)
    inside[rows] = np.cumsum(crossed[:, :-1], axis=1) % 2 == 1
    return inside


def city_block_distances(masks: np.ndarray) -> np.ndarray:
    """uint16 [N, H, W]: |dx| + |dy| to the nearest true pixel of each mask [N, H, W]; at least 765 where there is none.

    A shortest way goes first along one axis, then along the other: two passes each, for all masks at once.
    """
    one = np.uint16(1)
    distances = np.where(masks, np.uint16(0), np.uint16(3 * 255))
    for axis in (1, 2):
        lines = np.ascontiguousarray(np.moveaxis(distances, axis, 0))
        further = np.empty_like(lines[0])
        for way in (lines, lines[::-1]):
            for before, here in zip(way[:-1], way[1:]):
                np.minimum(here, np.add(before, one, out=further), out=here)
        distances = np.moveaxis(lines, 0, axis)
    return distances
