"""Hair: a shell over the skull, cut where the hairline is, that may fall over neck and shoulders."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn.geometry import smooth_profile
from posewarp_tf.synthetic.drawn.textures import Color
from posewarp_tf.synthetic.talking.expression import Expression
from posewarp_tf.synthetic.talking.head import Features, section
from posewarp_tf.synthetic.talking.pieces import Piece, grid_triangles, grid_uv

STYLES = ('bald', 'crop', 'short', 'swept', 'curls', 'bob', 'long')
# Thickness over the skull, and how far down it reaches.
_VOLUME = {'crop': 0.022, 'short': 0.045, 'swept': 0.065, 'curls': 0.10, 'bob': 0.055, 'long': 0.045}
_BOTTOM = {'bob': -0.52, 'long': -0.98, 'curls': -0.42}
_ROWS, _COLUMNS = 70, 97


@dataclasses.dataclass(frozen=True)
class Hair:
    """fringe: height of the hairline in the middle; lean: of the parting to a side; seed: of the strands."""

    style: str
    color: Color
    fringe: float
    lean: float
    seed: int


def hair_piece(hair: Hair) -> Piece:
    """The shell of anything but 'bald'."""
    volume, bottom = _VOLUME[hair.style], _BOTTOM.get(hair.style, -0.36)
    y, theta = _heights(volume, bottom), np.linspace(-np.pi, np.pi, _COLUMNS)
    falls = np.clip((-0.12 - y) / 0.25, 0.0, 1.0)[:, None]
    inner = np.where(y > 0, y * 0.5 / (0.5 + volume), np.maximum(y, -0.12))
    x, z = section(*np.broadcast_arrays(theta[None], inner[:, None]))
    middle = smooth_profile(((-0.12, -0.01), (0.5, -0.05)), inner)[:, None]
    # Away from the axis, more at the sides and the back than at the forehead.
    thick = volume * np.clip((0.5 + volume - y) / 0.12, 0.0, 1.0)[:, None] * (0.8 + 0.35 * (np.abs(theta) > 0.9))
    radius = np.hypot(x, z - middle)
    waves = {'curls': 0.05, 'long': 0.012, 'bob': 0.01}.get(hair.style, 0.0)
    wavy = waves * np.sin(38 * y)[:, None] * np.cos(11 * theta + 3 * np.sin(9 * y)[:, None])
    scale = 1 + (thick + wavy * thick / max(volume, 0.03) * 0.6) / np.maximum(radius, 0.05)
    x, z = x * scale, middle + (z - middle) * scale
    x, z = x * (1 + 0.10 * falls), z - 0.05 * falls * (z > -0.1)
    rest = np.stack([x, np.broadcast_to(y[:, None], x.shape), z], axis=-1).reshape(-1, 3)
    t = np.clip((rest[:, 1] + 1.0) / 0.6, 0.0, 1.0)

    def points(features: Features, expression: Expression) -> np.ndarray:
        return features.warp(rest)

    picture = _paint(hair, y[-1], y[0])
    uv = grid_uv(_ROWS, _COLUMNS)
    # Rows of the picture are evenly spaced in height, those of the grid are not.
    uv[:, 1] = np.repeat((y[0] - y) / (y[0] - y[-1]), _COLUMNS)
    return Piece(points, grid_triangles(_ROWS, _COLUMNS), uv, picture, t * t * (3 - 2 * t), 0.12, two_sided=True)


def _heights(volume: float, bottom: float) -> np.ndarray:
    top = 0.5 + volume
    crown = top - (top - 0.1) * (1 - np.cos(np.linspace(0.0, np.pi / 2, _ROWS // 2)))
    return np.concatenate([crown, np.linspace(0.1, bottom, _ROWS - _ROWS // 2 + 1)[1:]])


def _paint(hair: Hair, low: float, high: float) -> np.ndarray:
    """Strands, and alpha 0 where the hairline leaves the face free."""
    rng = np.random.default_rng(hair.seed)
    y, theta = np.meshgrid(np.linspace(high, low, 500), np.linspace(-np.pi, np.pi, 900), indexing='ij')
    parting = theta + hair.lean
    shade = np.zeros_like(y)
    for frequency in (13, 23, 41, 67, 101, 149):
        bend = rng.uniform(-3, 3) + 1.2 * hair.lean * 10 * (np.abs(theta) < 1)
        shade += np.sin(
            frequency * theta + bend * y * 4 + rng.uniform(0, 6.3) + 0.8 * np.sin(7 * y + rng.uniform(0, 6.3))
        )
    color = np.array(hair.color) * (1 + 0.12 * shade[..., None]) + 0.012 * shade[..., None]
    color = color + 0.05 * np.exp(-(((y - 0.33) / 0.07) ** 2))[..., None] * (1 + 0.3 * shade[..., None])
    color *= (0.72 + 0.28 * np.clip((np.abs(parting) - 0.0) / 0.05, 0, 1))[..., None] if hair.style == 'swept' else 1.0
    ragged = 0.012 * np.sin(61 * theta + 3) + 0.010 * np.sin(137 * theta) + 0.006 * np.sin(283 * theta)
    away = np.abs(parting)
    temple = {'crop': 0.10, 'short': 0.06}.get(hair.style, 0.0)
    # A fringe hangs down; without one, hair goes back from the middle to the temples.
    middle = hair.fringe + (0.0 if hair.fringe < 0.235 else 0.07)
    line = np.interp(away, (0, 0.4, 0.9, 1.25, 1.5), (middle, hair.fringe + 0.01, hair.fringe - 0.05, temple, -0.10))
    if hair.style in _BOTTOM:
        side = np.abs(theta) > 1.22 + 0.1 * np.sin(3 * y) - 0.12 * np.clip(-0.35 - y, 0, 0.3)
        kept = (y > line + ragged) | side
        kept &= y > low + 0.03 + 2.0 * np.abs(ragged)
    else:
        nape = np.interp(np.abs(theta), (1.3, 1.42, 1.55, 2.0, 2.25, np.pi), (-0.04, -0.02, 0.085, 0.075, -0.22, -0.29))
        kept = y > np.where(np.abs(theta) < 1.4, line, nape) + ragged
    return np.concatenate([np.clip(color, 0, 1), kept[..., None]], axis=-1).astype(np.float32)
