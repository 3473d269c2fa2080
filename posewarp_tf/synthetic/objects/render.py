"""Pictures of objects: the nearest solid of every ray, its print, and Lambert's shading, on white.

The light stands still beside the object, which is why a surface point has the same colour in every view.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from posewarp_tf.synthetic.objects.camera import SCALE, View, project
from posewarp_tf.synthetic.objects.cars import sample_car
from posewarp_tf.synthetic.objects.chairs import sample_chair
from posewarp_tf.synthetic.objects.solids import Solid

# By the names that the published files have.
CATEGORIES: dict[str, Callable[[np.random.Generator], list[Solid]]] = {'car': sample_car, 'chair': sample_chair}

_LIGHT = np.array([0.45, 0.7, 0.55]) / np.linalg.norm([0.45, 0.7, 0.55])
_SKY, _SUN = 0.74, 0.6
_WHITE = 255.0


def sample_object(category: str, seed: int, number: int) -> list[Solid]:
    """Object `number` of a seed: its parts, moved and scaled into the ball of radius 1 around the origin."""
    rng = np.random.default_rng([seed, sorted(CATEGORIES).index(category), number])
    parts = CATEGORIES[category](rng)
    corners = np.concatenate([part.corners for part in parts])
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    factor = 1 / np.linalg.norm(corners - middle, axis=1).max()
    return [part.moved(-middle, factor) for part in parts]


def render(parts: list[Solid], view: View, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture uint8 [size, size, 3], and the depth of its pixels' centres float64 [size, size], -inf: white."""
    samples = samples_per_side(size)
    fine = size * samples
    right, up, towards = view.axes
    # Samples lie where they do in a picture `fine` pixels wide.
    offsets = (np.arange(fine) - (fine - 1) / 2) / (SCALE * fine)
    color = np.full((fine, fine, 3), np.nan)
    depth = np.full((fine, fine), -np.inf)
    for part in parts:
        rows, columns = _window(part, view, fine)
        x, y = np.meshgrid(offsets[columns], -offsets[rows])
        places = x.reshape(-1, 1) * right + y.reshape(-1, 1) * up
        found, points, normals = part.hit(places, towards)
        window, painted = depth[rows, columns], color[rows, columns]
        is_nearer = found.reshape(window.shape) > window
        chosen = is_nearer.ravel()
        window[is_nearer] = found[chosen]
        painted[is_nearer] = _shaded(part, points[chosen], normals[chosen])
    color = np.where(np.isnan(color), 1.0, color) * _WHITE
    picture = color.reshape(size, samples, size, samples, 3).mean(axis=(1, 3))
    middle = samples // 2
    return np.round(picture).astype(np.uint8), depth[middle::samples, middle::samples]


def samples_per_side(size: int) -> int:
    """Samples of a pixel along each axis; odd, so that the middle one lies on its centre."""
    return 5 if size <= 128 else 3


def _window(part: Solid, view: View, size: int) -> tuple[slice, slice]:
    """Rows and columns of samples that can show a part."""
    corners, _ = project(part.corners, view, size)
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, size)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, size)
    return slice(low[1], high[1]), slice(low[0], high[0])


def _shaded(part: Solid, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """color * (sky * (3 + n_y) / 4 + sun * max(0, n . light)), at most 1: [N, 3]."""
    outside = normals @ part.axes
    light = _SKY * (3 + outside[:, 1]) / 4 + _SUN * np.maximum(outside @ _LIGHT, 0.0)
    return np.minimum(part.texture.color(points, normals) * light[:, np.newaxis], 1.0)
