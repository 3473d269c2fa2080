"""A photo's own pixels, moved by a flow at the photo's own resolution.

The flow of a window's small map is turned into positions in the photo, and these into a mesh of small rectangles, in
each of which positions are interpolated bilinearly: Pillow moves the pixels of such a mesh faster than anything else
that is at hand here, by bicubic interpolation.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.errors import DataError
from posewarp_tf.photos.windows import Window

# Sides of the mesh's rectangles, in pixels of the answer.
_FINEST_CELL, _COARSEST_CELL = 4, 16
# Cells that a map is continued by, so that the ends of the splines do not reach into it.
_PADDING = 6
# So many pixels of the photo per pixel of the answer, and a photo of half the size is moved; and so on.
_MINIFIED = 1.5


@dataclasses.dataclass(frozen=True)
class SourcePositions:
    """Where every place of a target window lies in a photo: a smooth function of the place.

    Args:
        flow: float32 [h, w, 2] (dx, dy), backward, in pixels of its own map, which covers the target window; a place
            that it leads to is one of the same map over the source window.
        source_window, target_window: in pixels of the photo.

    Raises:
        DataError: a flow of another shape, or one that is not finite.
    """

    flow: np.ndarray
    source_window: Window
    target_window: Window

    def __post_init__(self) -> None:
        shape = np.shape(self.flow)
        if len(shape) != 3 or shape[2] != 2 or 0 in shape or not np.isfinite(self.flow).all():
            raise DataError(f'flow: got shape {list(shape)}, expected finite numbers [h, w, 2]')

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Float32 [..., 2]: pixels (x, y) of the photo that are shown at parts (x, y) of the target window.

        Parts are 0 at the left and upper edge of the window and 1 at the other. Positions are interpolated by cubic
        splines between the centres of the map's pixels, and continued by straight lines from there to the edges.
        """
        height, width = self.flow.shape[:2]
        cells = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + 0.5 + self.flow
        window = self.source_window
        extent = np.array([window.width / width, window.height / height])
        positions = cells * extent + [window.left, window.top] - 0.5
        for axis in (0, 1):
            positions = _continued(positions, axis)
        places = np.stack([y * height - 0.5 + _PADDING, x * width - 0.5 + _PADDING])
        moved = [ndimage.map_coordinates(positions[..., axis], places, order=3, mode='nearest') for axis in (0, 1)]
        return np.stack(moved, axis=-1).astype(np.float32)

    def at_pixels(self, size: tuple[int, int]) -> np.ndarray:
        """`at` the centres of the pixels of a map of `size` of the target window: [h, w, 2]."""
        y, x = np.meshgrid((np.arange(size[0]) + 0.5) / size[0], (np.arange(size[1]) + 0.5) / size[1], indexing='ij')
        return self.at(x, y)


class PhotoMotion:
    """Moves pictures of the photo's size into a target window of `size` (height, width).

    Where the flow makes smaller, a smaller photo is moved, so that nothing is left out between two pixels.

    Args:
        needed: [h, w], a map of any size over the target window, above 0 where the answer is needed; None: everywhere.

    Attributes:
        moved: bool [height, width], where pixels are moved; in whole rectangles, and so a little more than `needed`.
    """

    def __init__(self, positions: SourcePositions, size: tuple[int, int], needed: np.ndarray | None = None):
        self._size = size
        cell = round(min(size[0] / positions.flow.shape[0], size[1] / positions.flow.shape[1]) / 4)
        cell = min(max(cell, _FINEST_CELL), _COARSEST_CELL)
        edges_y, edges_x = (np.append(np.arange(0, length, cell), length) for length in size)
        y, x = np.meshgrid(edges_y / size[0], edges_x / size[1], indexing='ij')
        # Edges, as Pillow counts.
        self._corners = positions.at(x, y).astype(np.float64) + 0.5
        self._edges = edges_y, edges_x
        self._levels = self._level_of_cells()
        self._used = np.ones(self._levels.shape, bool) if needed is None else self._cells_of(needed)
        heights, widths = np.diff(edges_y), np.diff(edges_x)
        self.moved = np.repeat(np.repeat(self._used, heights, axis=0), widths, axis=1)

    def move(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [height, width, 3] or [height, width] of a picture [H, W, 3] or [H, W]; 0 where nothing is moved."""
        answer = np.zeros((*self._size, *picture.shape[2:]), np.uint8)
        whole = Image.fromarray(picture)
        for level in np.unique(self._levels[self._used]):
            smaller = whole.reduce(2**level) if level else whole
            mesh = self._mesh(self._used & (self._levels == level), smaller.size, whole.size)
            moved = smaller.transform(self._size[::-1], Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
            answer |= np.asarray(moved)
        return answer

    def _mesh(self, cells: np.ndarray, size: tuple[int, int], whole_size: tuple[int, int]) -> list:
        """Rectangles of the answer and the four corners of each in a picture of `size` (width, height)."""
        ratio = np.divide(size, whole_size)
        # Pillow leaves pixels beyond the border empty; here they are those of the border.
        corners = np.clip(self._corners * ratio, 1e-3, np.array(size) - 1e-3)
        rows, columns = np.nonzero(cells)
        order = ((0, 0), (1, 0), (1, 1), (0, 1))
        quads = np.concatenate([corners[rows + down, columns + right] for down, right in order], axis=-1)
        edges_y, edges_x = self._edges
        boxes = np.stack([edges_x[columns], edges_y[rows], edges_x[columns + 1], edges_y[rows + 1]], axis=-1)
        return [(tuple(box), tuple(quad)) for box, quad in zip(boxes.tolist(), quads.tolist())]

    def _level_of_cells(self) -> np.ndarray:
        """How often the photo is to be halved for each rectangle, by the longer of its sides in the photo."""
        edges_y, edges_x = self._edges
        across = np.linalg.norm(np.diff(self._corners, axis=1), axis=-1) / np.diff(edges_x)
        down = np.linalg.norm(np.diff(self._corners, axis=0), axis=-1) / np.diff(edges_y)[:, np.newaxis]
        longest = np.maximum(np.maximum(across[:-1], across[1:]), np.maximum(down[:, :-1], down[:, 1:]))
        return np.clip(np.floor(np.log2(np.maximum(longest / _MINIFIED, 0.5))) + 1, 0, 6).astype(int)

    def _cells_of(self, needed: np.ndarray) -> np.ndarray:
        """Which rectangles touch what is needed, or its neighbours by one pixel of the map."""
        wanted = ndimage.maximum_filter(np.asarray(needed) > 0, size=3)
        edges_y, edges_x = self._edges
        sums = np.pad(wanted.astype(np.int64).cumsum(axis=0).cumsum(axis=1), [(1, 0), (1, 0)])
        (top, bottom), (left, right) = (
            (
                [math.floor(edge * n / length) for edge in edges[:-1]],
                [math.ceil(edge * n / length) for edge in edges[1:]],
            )
            for edges, n, length in zip((edges_y, edges_x), wanted.shape, self._size)
        )
        total = sums[np.ix_(bottom, right)] - sums[np.ix_(top, right)] - sums[np.ix_(bottom, left)]
        return (total + sums[np.ix_(top, left)]) > 0


def _continued(values: np.ndarray, axis: int) -> np.ndarray:
    """Continued by straight lines on both sides of an axis (by constants, where there is only one value)."""
    values = np.moveaxis(values, axis, 0)
    steps = np.arange(1, _PADDING + 1).reshape(-1, *[1] * (values.ndim - 1))
    first, last = (values[0] - values[1], values[-1] - values[-2]) if len(values) > 1 else (0 * values[0],) * 2
    parts = [values[:1] + steps[::-1] * first, values, values[-1:] + steps * last]
    return np.moveaxis(np.concatenate(parts), 0, axis)
