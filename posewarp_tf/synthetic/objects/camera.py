"""Cameras around an object, and what two of them see of the same surface point.

The object lies in a ball of radius 1 around the origin: y up, its front to +z. A camera is orthographic; at azimuth a
and elevation e it looks from (sin a cos e, sin e, cos a cos e), and a picture of `size` pixels shows the point p at

    x = (size - 1) / 2 + SCALE * size * p . right,    y = (size - 1) / 2 - SCALE * size * p . up

Depth is p . towards, from -1 (far) to 1 (near).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE

# Half of the picture is the radius of the ball, but for a margin.
SCALE = 0.48

# Depths in files: 0 is background, 1 to 65535 are -1 to 1.
_DEPTH_STEPS = 65534

# A point is seen where the surface in the other picture is not nearer by more than so many pixels.
_TOLERANCE = 1.0


class View(NamedTuple):
    """From where the camera looks, in degrees."""

    azimuth: float
    elevation: float

    @property
    def axes(self) -> np.ndarray:
        """The camera's right, up and towards (from the object to it), rows of float64 [3, 3]."""
        a, e = np.radians([self.azimuth, self.elevation])
        right = [np.cos(a), 0.0, -np.sin(a)]
        up = [-np.sin(a) * np.sin(e), np.cos(e), -np.cos(a) * np.sin(e)]
        towards = [np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)]
        return np.array([right, up, towards])


def encode_depth(depth: np.ndarray) -> np.ndarray:
    """Depths [-1, 1], -inf for background, as uint16."""
    steps = 1 + np.round((np.clip(depth, -1, 1) + 1) / 2 * _DEPTH_STEPS)
    return np.where(np.isfinite(depth), steps, 0).astype(np.uint16)


def decode_depth(encoded: np.ndarray) -> np.ndarray:
    """The inverse: float64, -inf for background."""
    return np.where(encoded > 0, (encoded.astype(np.float64) - 1) / _DEPTH_STEPS * 2 - 1, -np.inf)


def project(points: np.ndarray, view: View, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) in pixels [..., 2] and depth [...] of points [..., 3]."""
    seen = points @ view.axes.T
    middle, scale = (size - 1) / 2, SCALE * size
    return np.stack([middle + scale * seen[..., 0], middle - scale * seen[..., 1]], axis=-1), seen[..., 2]


def unproject(x: np.ndarray, y: np.ndarray, depth: np.ndarray, view: View, size: int) -> np.ndarray:
    """The points [..., 3] that pixels (x, y) show at these depths."""
    middle, scale = (size - 1) / 2, SCALE * size
    return np.stack([(x - middle) / scale, (middle - y) / scale, depth], axis=-1) @ view.axes


def exact_flow(
    source: View, target: View, source_depth: np.ndarray, target_depth: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The exact flow of a pair, float32 [size, size, 2], and its visibility, uint8 [size, size] (conventions.py).

    Args:
        source, target: the views.
        source_depth, target_depth: of `decode_depth`, [n, n]; of all pixels of another size the nearest count.
        size: height and width, in whose pixels the flow is.
    """
    stored = len(target_depth)
    nearest = ((np.arange(size) + 0.5) * stored / size).astype(int)
    depth = target_depth[np.ix_(nearest, nearest)]
    x, y = np.meshgrid(nearest.astype(np.float64), nearest)
    is_object = np.isfinite(depth)
    points = unproject(x, y, np.where(is_object, depth, 0.0), target, stored)
    place, depth_there = project(points, source, stored)
    way = np.where(is_object[..., np.newaxis], place - np.stack([x, y], axis=-1), 0.0)
    seen = depth_there >= _farthest_around(source_depth, place) - _TOLERANCE / (SCALE * stored)
    visibility = np.where(seen, VISIBILITY_VISIBLE, VISIBILITY_OCCLUDED)
    visibility = np.where(is_object, visibility, VISIBILITY_BACKGROUND)
    return (way * (size / stored)).astype(np.float32), visibility.astype(np.uint8)


def _farthest_around(depth: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The farthest surface among the four pixels around each place [..., 2]; infinite where none of them shows any."""
    low = np.floor(place).astype(int)
    last = len(depth) - 1
    found = np.full(place.shape[:-1], np.inf)
    for step_x in (0, 1):
        for step_y in (0, 1):
            x, y = low[..., 0] + step_x, low[..., 1] + step_y
            inside = (x >= 0) & (y >= 0) & (x <= last) & (y <= last)
            there = depth[np.clip(y, 0, last), np.clip(x, 0, last)]
            found = np.where(inside & np.isfinite(there), np.minimum(found, there), found)
    return found
