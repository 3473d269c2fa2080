"""Colours of skin, eyes, hair and cloth where a texture alone would make everybody look the same."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn import textures
from posewarp_tf.synthetic.drawn.textures import Cloth, Color
from posewarp_tf.synthetic.rendered.mesh import Colors, Layer
from posewarp_tf.synthetic.rendered.scenery import noise

_GREY = np.array([0.299, 0.587, 0.114])


@dataclasses.dataclass(frozen=True, eq=False)
class Tubes:
    """Lines [5, 3] to [5, 3] along trunk, arms and legs at rest; cloth goes around them."""

    starts: np.ndarray
    ends: np.ndarray
    crotch: float

    def coordinates(self, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """u in metres, upwards, and theta around the nearest tube, 0 in front, for rest places [S, 3]."""
        right, left = self.starts[1], self.starts[2]
        tube = np.zeros(len(rest), np.int64)
        tube[rest[:, 1] < self.crotch] = 3
        tube[(tube == 3) & (rest[:, 0] > 0)] = 4
        # The seam of a sleeve stands upright on the shoulder.
        tube[(rest[:, 0] < right[0] + 0.01) & (rest[:, 1] > self.crotch)] = 1
        tube[(rest[:, 0] > left[0] - 0.01) & (rest[:, 1] > self.crotch)] = 2
        along = self.ends - self.starts
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        front = np.array([0.0, 0.0, 1.0]) - along * along[:, 2:]
        front /= np.linalg.norm(front, axis=1, keepdims=True)
        side = np.cross(front, along)
        local = rest - self.starts[tube]
        u = np.einsum('sc,sc->s', local, along[tube])
        theta = np.arctan2(np.einsum('sc,sc->s', local, side[tube]), np.einsum('sc,sc->s', local, front[tube]))
        return np.where(tube == 0, rest[:, 1], -u), theta


def mean_color(layer: Layer) -> np.ndarray:
    """The mean colour [3] in 0..1 of the texture where the layer shows it."""
    texture = layer.material.texture
    if texture is None:
        return np.ones(3)
    # Some of its triangles are enough.
    middle = layer.uv[::4].mean(axis=1)
    rows = ((1 - middle[:, 1]) * texture.shape[0]).astype(np.int64) % texture.shape[0]
    columns = (middle[:, 0] * texture.shape[1]).astype(np.int64) % texture.shape[1]
    found = texture[rows, columns]
    # Holes between strands have no colour.
    solid = found[found[:, 3] > 128] if (found[:, 3] > 128).any() else found
    return np.maximum(solid[:, :3].mean(axis=0) / 255, 0.02)


def recolored(layer: Layer, color: Color, strength: float = 0.85) -> Colors:
    """The texture's own light and dark in another colour."""
    grey = float(mean_color(layer) @ _GREY)

    def colors(rest: np.ndarray, uv: np.ndarray, plain: np.ndarray) -> np.ndarray:
        shade = np.clip((plain @ _GREY) / grey, 0.15, 2.2) ** strength
        return np.clip(np.array(color) * shade[:, None], 0.0, 1.0)

    return colors


def tinted(layer: Layer, color: Color, strength: float = 1.0) -> Colors:
    """The texture with its mean moved to another colour; what differs from the mean stays."""
    factors = (np.array(color) / mean_color(layer)) ** strength

    def colors(rest: np.ndarray, uv: np.ndarray, plain: np.ndarray) -> np.ndarray:
        return np.clip(plain * factors, 0.0, 1.0)

    return colors


def printed(layer: Layer, cloth: Cloth, tubes: Tubes, front_height: float) -> Colors:
    """A printed cloth with the light and dark of the texture."""
    grey = float(mean_color(layer) @ _GREY)

    def colors(rest: np.ndarray, uv: np.ndarray, plain: np.ndarray) -> np.ndarray:
        u, theta = tubes.coordinates(rest)
        shade = np.clip((plain @ _GREY) / grey, 0.3, 1.6) ** 0.7
        return np.clip(textures.cloth_colors(cloth, u, theta, 0.14, front_height) * shade[:, None], 0.0, 1.0)

    return colors


def woven(color: Color, seed: int) -> Colors:
    """Plain cloth of a layer without a texture, a little uneven."""

    def colors(rest: np.ndarray, uv: np.ndarray, plain: np.ndarray) -> np.ndarray:
        around = 0.15 * np.arctan2(rest[:, 0], rest[:, 2])
        uneven = noise(around * 25, rest[:, 1] * 12, seed) + noise(around * 220, rest[:, 1] * 220, seed + 1)
        return np.clip(np.array(color) * (1 + 0.018 * uneven[:, None]), 0.0, 1.0)

    return colors


def eye_colors(centres: np.ndarray, radius: float, iris: Color) -> Colors:
    """Eyeballs with centres [2, 3] that look straight ahead."""

    def colors(rest: np.ndarray, uv: np.ndarray, plain: np.ndarray) -> np.ndarray:
        centre = centres[(rest[:, 0] > 0).astype(np.int64)]
        away = np.hypot(rest[:, 0] - centre[:, 0], rest[:, 1] - centre[:, 1]) / radius
        ahead = rest[:, 2] > centre[:, 2]
        out = np.tile(np.array([0.62, 0.57, 0.54]), (len(rest), 1))
        out[ahead & (away < 0.55)] = iris
        out[ahead & (away < 0.25)] = (0.03, 0.03, 0.03)
        return out

    return colors
