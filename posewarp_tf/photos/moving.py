"""A photo's own pixels, moved by a flow at the photo's own resolution.

The flow of a window's small map is turned into places in the photo, and these into a mesh of small rectangles, in each
of which places are interpolated bilinearly: Pillow moves the pixels of such a mesh faster than anything else that is at
hand here, by bicubic interpolation.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.errors import DataError
from posewarp_tf.photos.windows import Window

# So many pixels of the photo per pixel of the answer, and a photo of half the size is moved; and so on.
_MINIFIED = 1.5
# Neighbours agree on their common corner when they place it at most so far from each other, in pixels of the map.
_AGREEMENT = 1.0


@dataclasses.dataclass(frozen=True)
class SourcePositions:
    """Where every place of a target window lies in a photo.

    places: float64 [h, w, 2], the pixels (x, y) of the photo that the pixels of a map of the target window show.
    source_window, target_window: in pixels of the photo.
    """

    places: np.ndarray
    source_window: Window
    target_window: Window

    @classmethod
    def of_flow(cls, flow: np.ndarray, source_window: Window, target_window: Window) -> SourcePositions:
        """Of a flow [h, w, 2] (dx, dy), backward, in pixels of its own map.

        The map covers the target window, and what the flow leads to is a place of the same map over the source window.

        Raises:
            DataError: a flow of another shape, or one that is not finite.
        """
        flow = np.asarray(flow)
        if flow.ndim != 3 or flow.shape[2] != 2 or 0 in flow.shape or not np.isfinite(flow).all():
            raise DataError(f'flow: got shape {list(flow.shape)}, expected finite numbers [h, w, 2]')
        height, width = flow.shape[:2]
        cells = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + flow
        return cls(to_photo(cells, source_window, (height, width)), source_window, target_window)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Float32 [..., 2]: pixels (x, y) of the photo that are shown at parts (x, y) of the target window.

        Parts are 0 at the left and upper edge of the window and 1 at the other. Linear between the centres of the map's
        pixels, and continued by straight lines from there to the edges: a cubic would swing at a person's edges.
        """
        height, width = self.places.shape[:2]
        continued = _continued(_continued(self.places, 0), 1)
        at = np.stack([y * height + 0.5, x * width + 0.5])
        moved = [ndimage.map_coordinates(continued[..., axis], at, order=1, mode='nearest') for axis in (0, 1)]
        return np.stack(moved, axis=-1).astype(np.float32)

    def at_pixels(self, size: tuple[int, int]) -> np.ndarray:
        """`at` the centres of the pixels of a map of `size` of the target window: [h, w, 2]."""
        if size == self.places.shape[:2]:
            return self.places.astype(np.float32)
        y, x = np.meshgrid((np.arange(size[0]) + 0.5) / size[0], (np.arange(size[1]) + 0.5) / size[1], indexing='ij')
        return self.at(x, y)


def to_photo(cells: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """Places [..., 2] (x, y) in pixels of a map of `size` of a window, in pixels of the photo."""
    extent = np.array([window.width / size[1], window.height / size[0]])
    return (cells + 0.5) * extent + [window.left, window.top] - 0.5


def to_cells(places: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """The inverse of `to_photo`."""
    extent = np.array([window.width / size[1], window.height / size[0]])
    return (places + 0.5 - [window.left, window.top]) / extent - 0.5


class PhotoMotion:
    """Moves pictures of the photo's size into a target window of `size` (height, width).

    Every pixel of the map of places becomes a rectangle of the answer. Its corners lie where it and those of its three
    neighbours there that agree with it say, in the mean: one place for all of them where the flow is smooth, another on
    each side of a person's edge. Where the flow makes smaller, a smaller photo is moved, so that nothing is left out
    between two pixels.

    Args:
        needed: [h, w], of the size of the map of places, above 0 where the answer is needed; None: everywhere.

    Attributes:
        part: rows and columns of the answer, as two slices, beyond which nothing is moved.
        moved: bool [height, width], where pixels are moved: in whole rectangles, and around them.
    """

    def __init__(self, positions: SourcePositions, size: tuple[int, int], needed: np.ndarray | None = None):
        height, width = positions.places.shape[:2]
        used = np.ones((height, width), bool) if needed is None else ndimage.maximum_filter(needed, size=3) > 0
        # With neighbours, by which places agree.
        box = tuple(_around(np.asarray(used.any(axis=axis))) for axis in (1, 0))
        edges = [np.linspace(0, length, number + 1) for length, number in zip(size, (height, width))]
        self._rows, self._columns = (
            np.rint(of_axis[part.start : part.stop + 1]).astype(int) for of_axis, part in zip(edges, box)
        )
        self._size = size
        self.part = slice(self._rows[0], self._rows[-1]), slice(self._columns[0], self._columns[-1])
        window, used = positions.source_window, used[box]
        corners = _corners(positions.places[box], window.width / width, window.height / height)
        self._corners = self._exact_corners(corners, (height, width), box)
        self._levels = self._halvings()
        self._used = used & (np.diff(self._rows)[:, np.newaxis] > 0) & (np.diff(self._columns) > 0)
        self.moved = np.zeros(size, bool)
        self.moved[self.part] = np.repeat(np.repeat(used, np.diff(self._rows), axis=0), np.diff(self._columns), axis=1)

    def move(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [height, width, 3] or [height, width] of a picture [H, W, 3] or [H, W]; 0 where nothing is moved."""
        answer = np.zeros((*self._size, *picture.shape[2:]), np.uint8)
        answer[self.part] = self.move_part(picture)
        return answer

    def move_part(self, picture: np.ndarray) -> np.ndarray:
        """The `part` of what `move` returns."""
        size = self._columns[-1] - self._columns[0], self._rows[-1] - self._rows[0]
        answer = np.zeros((*size[::-1], *picture.shape[2:]), np.uint8)
        whole = Image.fromarray(picture)
        for level in np.unique(self._levels[self._used]):
            smaller = whole.reduce(2**level) if level else whole
            mesh = self._mesh(self._used & (self._levels == level), smaller.size, whole.size)
            moved = smaller.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
            answer |= np.asarray(moved)
        return answer

    def _mesh(self, cells: np.ndarray, size: tuple[int, int], whole_size: tuple[int, int]) -> list:
        """Rectangles of the answer and the four corners of each in a picture of `size` (width, height)."""
        rows, columns = np.nonzero(cells)
        # Pillow counts edges, and leaves pixels beyond the border empty; here they are those of the border.
        corners = (self._corners[rows, columns] + 0.5) * np.divide(size, whole_size)
        corners = np.clip(corners, 1e-3, np.array(size) - 1e-3)
        quads = corners[:, [0, 1, 1, 0], [0, 0, 1, 1]].reshape(-1, 8)
        left, top = self._columns - self._columns[0], self._rows - self._rows[0]
        boxes = np.stack([left[columns], top[rows], left[columns + 1], top[rows + 1]], axis=-1)
        return [(tuple(box), tuple(quad)) for box, quad in zip(boxes.tolist(), quads.tolist())]

    def _exact_corners(self, corners: np.ndarray, map_size: tuple[int, int], box: tuple[slice, ...]) -> np.ndarray:
        """Corners of pixels of the map, at the whole pixels of the answer that are nearest: [h, w, down, right, 2]."""
        for axis, edges in ((0, self._rows), (1, self._columns)):
            number = corners.shape[axis]
            part = edges / max(self._size[axis], 1) * map_size[axis] - box[axis].start
            sides = np.stack([part[:-1], part[1:]], axis=-1) - np.arange(number)[:, np.newaxis]
            first, last = corners.take(0, axis=axis + 2), corners.take(1, axis=axis + 2)
            shape = [1, 1, 1, 1]
            shape[axis] = number
            moved = [first + sides[:, side].reshape(shape) * (last - first) for side in (0, 1)]
            corners = np.stack(moved, axis=axis + 2)
        return corners

    def _halvings(self) -> np.ndarray:
        """[h, w]: how often the photo is to be halved for each rectangle, by the longer of its sides in the photo."""
        heights, widths = np.diff(self._rows)[:, np.newaxis, np.newaxis], np.diff(self._columns)[:, np.newaxis]
        across = np.linalg.norm(self._corners[:, :, :, 1] - self._corners[:, :, :, 0], axis=-1) / np.maximum(widths, 1)
        down = np.linalg.norm(self._corners[:, :, 1] - self._corners[:, :, 0], axis=-1) / np.maximum(heights, 1)
        longest = np.maximum(across, down).max(axis=-1)
        return np.clip(np.floor(np.log2(np.maximum(longest / _MINIFIED, 0.5))) + 1, 0, 6).astype(int)


def _around(used: np.ndarray) -> slice:
    """From the first to the last that is used and one more on both sides; the first, if none is."""
    numbers = np.flatnonzero(used)
    return slice(0, 1) if not len(numbers) else slice(max(numbers[0] - 1, 0), min(numbers[-1] + 2, len(used)))


def _corners(places: np.ndarray, unit_x: float, unit_y: float) -> np.ndarray:
    """[h, w, down, right, 2]: the four corners of every pixel of a map of places [h, w, 2]."""
    height, width = places.shape[:2]
    slope_y, slope_x = slopes(places, 0), slopes(places, 1)
    unit = np.array([unit_x, unit_y])
    corners = np.empty((height, width, 2, 2, 2))
    for down in (0, 1):
        for right in (0, 1):
            own = places + (down - 0.5) * slope_y + (right - 0.5) * slope_x
            total, count = own.copy(), np.ones((height, width, 1))
            for row, column in ((1, 0), (0, 1), (1, 1)):
                rows = (np.arange(height) + row * (2 * down - 1)).clip(0, height - 1)
                columns = (np.arange(width) + column * (2 * right - 1)).clip(0, width - 1)
                at = np.ix_(rows, columns)
                offset_y = (rows - np.arange(height))[:, np.newaxis, np.newaxis]
                offset_x = (columns - np.arange(width))[:, np.newaxis]
                other = places[at] + (down - 0.5 - offset_y) * slope_y[at] + (right - 0.5 - offset_x) * slope_x[at]
                agrees = np.linalg.norm((other - own) / unit, axis=-1, keepdims=True) < _AGREEMENT
                total += np.where(agrees, other, 0.0)
                count += agrees
            corners[:, :, down, right] = total / count
    return corners


def slopes(places: np.ndarray, axis: int) -> np.ndarray:
    """Of places [h, w, 2] along an axis, per pixel: the mean of both sides, or the one that crosses no edge.

    Where both sides differ much, that is the one that is nearer to the typical difference of neighbours.
    """
    if places.shape[axis] < 2:
        return np.zeros_like(places)
    differences = np.diff(places, axis=axis)
    before = np.concatenate([differences.take([0], axis=axis), differences], axis=axis)
    behind = np.concatenate([differences, differences.take([-1], axis=axis)], axis=axis)
    typical = np.median(differences.reshape(-1, 2), axis=0)
    nearer = np.linalg.norm(before - typical, axis=-1) <= np.linalg.norm(behind - typical, axis=-1)
    alike = np.linalg.norm(before - behind, axis=-1) < 0.5 * np.linalg.norm(typical)
    one = np.where(nearer[..., np.newaxis], before, behind)
    return np.where(alike[..., np.newaxis], (before + behind) / 2, one)


def _continued(values: np.ndarray, axis: int) -> np.ndarray:
    """With one more value on both sides of an axis, by straight lines (by constants, where there is only one value)."""
    values = np.moveaxis(values, axis, 0)
    first, last = (values[0] - values[1], values[-1] - values[-2]) if len(values) > 1 else (0 * values[0],) * 2
    return np.moveaxis(np.concatenate([values[:1] + first, values, values[-1:] + last]), 0, axis)
