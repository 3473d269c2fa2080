"""Rotated squares of a picture: cut out for a network, and what the network says brought back into the picture.

Positions in a region are (u, v) in 0..1 from its upper left to its lower right corner. In the picture they are

    (x, y) = center + R(angle) ((u, v) - 1/2) side,    R(a) = [[cos a, -sin a], [sin a, cos a]]

in pixels whose centres lie on whole numbers: the picture itself reaches from -1/2 to W - 1/2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

# Values between two pixels are mixed from both, (x, y) and its three neighbours.
_NEIGHBOURS = ((0, 0), (1, 0), (0, 1), (1, 1))


class Region(NamedTuple):
    """A square of `side` pixels around `center` (x, y), turned clockwise on the screen by `angle` (radians)."""

    center: tuple[float, float]
    side: float
    angle: float = 0.0

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Pixels (x, y) of the picture, float64 [..., 2], of positions (u, v) in the region."""
        return self.center + ((np.asarray(points, np.float64) - 0.5) * self.side) @ self._rotation().T

    def from_picture(self, points: np.ndarray) -> np.ndarray:
        """The inverse of `to_picture`."""
        return ((np.asarray(points, np.float64) - self.center) @ self._rotation()) / self.side + 0.5

    def _rotation(self) -> np.ndarray:
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]])


def region_of_picture(size: tuple[int, int]) -> Region:
    """The smallest square around a whole picture of `size` (height, width)."""
    height, width = size
    return Region(((width - 1) / 2, (height - 1) / 2), float(max(height, width)))


def region_around(center: np.ndarray, rim: np.ndarray, scale: float) -> Region:
    """The square around a circle, `scale` times as large, turned so that `rim` - `center` points up in it.

    Args:
        center: (x, y) of the circle's centre, in pixels.
        rim: (x, y) of a point of the circle.
    """
    dx, dy = np.subtract(rim, center, dtype=np.float64)
    return Region((float(center[0]), float(center[1])), 2 * float(np.hypot(dx, dy)) * scale, float(np.arctan2(dx, -dy)))


def crop(image: np.ndarray, region: Region, size: int, border: str) -> np.ndarray:
    """What a region shows, float32 [size, size, 3] in 0..255, mixed bilinearly.

    A picture that has to become smaller is first averaged over squares of n x n pixels, n = floor(side / size): no
    pixel is passed over.

    Args:
        image: uint8 [H, W, 3].
        border: what lies outside the picture, 'zero' (black) or 'nearest' (the pixel of the edge).
    """
    factor = max(1, int(region.side / size))
    reduced = np.asarray(Image.fromarray(image).reduce(factor)) if factor > 1 else image
    steps = (np.arange(size) + 0.5) / size
    u, v = np.meshgrid(steps, steps)
    # Pixel i of the reduced picture has its centre at factor * (i + 1/2) - 1/2.
    points = (region.to_picture(np.stack([u, v], axis=-1)) + 0.5) / factor - 0.5
    return sample(reduced, points, border)


def paste(values: np.ndarray, region: Region, size: tuple[int, int]) -> np.ndarray:
    """A map of a region, float32 [n, n], in the whole picture: float32 [H, W] of `size`, 0 outside the region."""
    height, width = size
    mask = np.zeros(size, np.float32)
    corners = region.to_picture(np.array([[0, 0], [1, 0], [0, 1], [1, 1]]))
    left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)) + 1, (width, height)).astype(int)
    if left >= right or top >= bottom:
        return mask
    # Pillow counts from the corner of a pixel, and wants (u, v) as an affine function of (x, y).
    scale = len(values) / region.side
    turn = scale * region._rotation().T
    shift = turn @ (np.array([left, top]) - 0.5 - region.center) + len(values) / 2
    moved = Image.fromarray(values).transform(
        (int(right - left), int(bottom - top)),
        Image.Transform.AFFINE,
        (turn[0, 0], turn[0, 1], shift[0], turn[1, 0], turn[1, 1], shift[1]),
        Image.Resampling.BILINEAR,
    )
    mask[top:bottom, left:right] = np.asarray(moved)
    return mask


def sample(image: np.ndarray, points: np.ndarray, border: str) -> np.ndarray:
    """Float32 [..., C] of numbers [H, W, C] at points (x, y) [..., 2], bilinear; `border` as of `crop`."""
    height, width = image.shape[:2]
    floor = np.floor(points)
    share = (points - floor).astype(np.float32)
    first = floor.astype(np.int64)
    out = np.zeros((*points.shape[:-1], image.shape[-1]), np.float32)
    for right, down in _NEIGHBOURS:
        x, y = first[..., 0] + right, first[..., 1] + down
        weight = np.abs(1 - right - share[..., 0]) * np.abs(1 - down - share[..., 1])
        if border == 'zero':
            weight = weight * ((x >= 0) & (x < width) & (y >= 0) & (y < height))
        out += weight[..., np.newaxis] * image[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return out
