"""What is printed on solids: a colour for every point of a surface."""

from __future__ import annotations

import dataclasses

import numpy as np

KINDS = ('plain', 'stripes', 'checks', 'dots', 'wood', 'patches')
# Sizes of the table of colours that patches are taken from.
_TABLE = 7


@dataclasses.dataclass(frozen=True, eq=False)
class Texture:
    """A pattern over the two coordinates of a face that its normal is not along.

    Attributes:
        kind: one of KINDS; or 'window', a pane of the second colour in a frame of the first, on upright faces.
        colors: [2, 3], 0 to 1; what is printed on it, and under it.
        period: of the pattern, in the object's unit.
        turn: of the pattern, in degrees.
        table: [_TABLE, _TABLE], which of both colours a patch has, 0 to 1.
        extent: half sizes [3] of the body, of windows.
    """

    kind: str
    colors: np.ndarray
    period: float = 0.2
    turn: float = 0.0
    table: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((_TABLE, _TABLE)))
    extent: np.ndarray = dataclasses.field(default_factory=lambda: np.ones(3))

    def scaled(self, factor: float) -> Texture:
        return dataclasses.replace(self, period=factor * self.period, extent=factor * self.extent)

    def color(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Colours [N, 3] of points and normals [N, 3] in the body's coordinates."""
        share = self._share(points, normals)[:, np.newaxis]
        return share * self.colors[0] + (1 - share) * self.colors[1]

    def _share(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """How much of the first colour, 0 to 1."""
        if self.kind == 'plain':
            return np.ones(len(points))
        if self.kind == 'window':
            return self._frame(points, normals)
        u, v = _face_coordinates(points, normals)
        c, s = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        u, v = (c * u - s * v) / self.period, (s * u + c * v) / self.period
        if self.kind == 'stripes':
            return (np.mod(u, 1) < 0.5).astype(np.float64)
        if self.kind == 'checks':
            return ((np.floor(u) + np.floor(v)) % 2).astype(np.float64)
        if self.kind == 'dots':
            return ((np.mod(u, 1) - 0.5) ** 2 + (np.mod(v, 1) - 0.5) ** 2 < 0.08).astype(np.float64)
        if self.kind == 'wood':
            return 0.5 + 0.5 * np.sin(2 * np.pi * (u + 0.35 * np.sin(1.7 * v) + 0.15 * np.sin(5.1 * v + 3 * u)))
        return self.table[np.floor(u).astype(int) % _TABLE, np.floor(v).astype(int) % _TABLE]

    def _frame(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """1 in the frame: roof, rims, and a post in the middle of the long sides."""
        upright = np.abs(normals[:, 1]) < 0.9
        is_side = np.abs(normals[:, 0]) > np.abs(normals[:, 2])
        along = np.where(is_side, points[:, 2] / self.extent[2], points[:, 0] / self.extent[0])
        high = points[:, 1] / self.extent[1]
        # Tapered sides are narrower above.
        pane = (np.abs(along) < 0.82 - 0.25 * (high + 1) * 0.5) & (np.abs(high) < 0.72)
        pane &= ~(is_side & (np.abs(along) < 0.06))
        return 1.0 - (upright & pane)


def sample_texture(rng: np.random.Generator, color: np.ndarray, kinds: tuple[str, ...] = KINDS) -> Texture:
    """A pattern of any kind in shades of a colour, or of it and another."""
    kind = str(rng.choice(kinds))
    if kind == 'wood':
        first = np.array([0.62, 0.42, 0.24]) * rng.uniform(0.6, 1.25)
        second = first * rng.uniform(0.7, 0.85)
    else:
        first = color
        second = sample_color(rng) if rng.random() < 0.5 else np.clip(color * rng.choice([0.45, 1.6]), 0, 1)
    period = float(rng.uniform(0.12, 0.4))
    turn = float(rng.choice([0.0, 45.0, 90.0]))
    return Texture(kind, np.clip(np.stack([first, second]), 0, 1), period, turn, rng.random((_TABLE, _TABLE)))


def sample_color(rng: np.random.Generator) -> np.ndarray:
    """A colour of paint or cloth, [3] in 0 to 1, never near the white of the background."""
    hue, saturation, value = rng.random(), rng.uniform(0.15, 0.9), rng.uniform(0.25, 0.9)
    angles = 2 * np.pi * (hue + np.array([0.0, 1 / 3, 2 / 3]))
    return value * (1 - saturation * (0.5 - 0.5 * np.cos(angles)))


def _face_coordinates(points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two coordinates that a face spans; those of another face are shifted, so that no pattern goes around."""
    axis = np.argmax(np.abs(normals), axis=1)
    behind = np.take_along_axis(normals, axis[:, np.newaxis], axis=1)[:, 0] < 0
    u = np.where(axis == 0, points[:, 2], points[:, 0])
    v = np.where(axis == 1, points[:, 2], points[:, 1])
    shift = 0.37 * axis + 0.61 * behind
    return u + shift, v + 1.3 * shift
