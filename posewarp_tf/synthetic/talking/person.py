"""Somebody who talks: features, skin, hair and clothes, and the place and the light."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.synthetic.drawn.backgrounds import Background, sample_background
from posewarp_tf.synthetic.drawn.geometry import tilt, unit
from posewarp_tf.synthetic.drawn.textures import HAIR_COLORS, SKIN_TONES, Cloth, as_color, cloth_colors, sample_cloth
from posewarp_tf.synthetic.talking import skin
from posewarp_tf.synthetic.talking.expression import Expression
from posewarp_tf.synthetic.talking.hair import STYLES, Hair, hair_piece
from posewarp_tf.synthetic.talking.head import EYE_X, EYE_Y, Features, make_grid
from posewarp_tf.synthetic.talking.pieces import (
    Piece,
    ear,
    eyeball,
    lower_teeth,
    mouth_inside,
    opaque,
    tube,
    upper_teeth,
    wire,
)
from posewarp_tf.synthetic.talking.points import landmark_weights
from posewarp_tf.synthetic.talking.skin_shape import skin_points

_IRISES = ((0.22, 0.13, 0.07), (0.36, 0.23, 0.10), (0.30, 0.47, 0.62), (0.33, 0.46, 0.30), (0.40, 0.42, 0.44))
# Of women and of men.
_STYLES = ((0.0, 0.04, 0.08, 0.1, 0.16, 0.27, 0.35), (0.1, 0.26, 0.3, 0.24, 0.06, 0.02, 0.02))
# The point about which a head turns.
_PIVOT = np.array([0.0, -0.38, -0.08])


@dataclasses.dataclass(frozen=True, eq=False)
class Talker:
    """Somebody before a camera. size: of a head height in parts of the picture's height; light: towards it."""

    features: Features
    looks: skin.Looks
    hair: Hair
    cloth: Cloth
    neckline: float
    has_glasses: bool
    background: Background
    light: np.ndarray
    size: float
    middle: tuple[float, float]

    @functools.cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The skin of the head is the first."""
        grid = make_grid()
        uv = np.stack([grid.theta / (2 * np.pi) + 0.5, 0.5 - grid.y], axis=1)
        head = Piece(skin_points, grid.triangles, uv, skin.paint_skin(self.looks), np.ones(len(uv)), 0.10)
        eye, shell = skin.paint_eye(self.looks), skin.paint_ear(self.looks)
        found = [
            head,
            *(eyeball(sign, eye) for sign in (-1.0, 1.0)),
            *(ear(sign, shell) for sign in (-1.0, 1.0)),
            mouth_inside(skin.paint_mouth()),
            upper_teeth(skin.paint_teeth(True)),
            lower_teeth(skin.paint_teeth(False)),
            self._neck(),
            self._shoulders(),
        ]
        if self.hair.style != 'bald':
            found.append(hair_piece(self.hair))
        return (*found, *self._glasses()) if self.has_glasses else tuple(found)

    @functools.cached_property
    def triangles(self) -> np.ndarray:
        """Those of all pieces, [T, 3]."""
        firsts = np.cumsum([0, *(len(piece.uv) for piece in self.pieces)])
        return np.concatenate([piece.triangles + first for piece, first in zip(self.pieces, firsts)])

    @functools.cached_property
    def owners(self) -> np.ndarray:
        """The number of the piece of each triangle."""
        return np.repeat(np.arange(len(self.pieces)), [len(piece.triangles) for piece in self.pieces])

    @functools.cached_property
    def uv(self) -> np.ndarray:
        """Where each vertex lies in the picture of its piece, [N, 2]."""
        return np.concatenate([piece.uv for piece in self.pieces])

    def vertices(self, expression: Expression) -> np.ndarray:
        """Those of all pieces, [N, 3] in head heights, the head turned."""
        rest = np.concatenate([piece.points(self.features, expression) for piece in self.pieces])
        follows = np.concatenate([piece.follows for piece in self.pieces])[:, None]
        turned = (rest - _PIVOT) @ tilt(expression.pitch, expression.yaw, expression.roll).T + _PIVOT
        shift = np.array([*expression.shift, 0.0])
        return rest + follows * (turned - rest) + shift

    def landmarks(self, vertices: np.ndarray) -> np.ndarray:
        """[68, C] of whatever is known of vertices [N, C]."""
        numbers, weights = landmark_weights()
        return np.einsum('lk,lkc->lc', weights, vertices[numbers])

    def _neck(self) -> Piece:
        wide = 0.93 + 0.07 * self.features.jaw
        width = ((-0.84, 0.34), (-0.76, 0.26), (-0.68, 0.212 * wide), (-0.58, 0.19 * wide), (-0.32, 0.20 * wide))
        depth = ((-0.84, 0.24), (-0.7, 0.19), (-0.55, 0.175), (-0.32, 0.185))
        back = ((-0.84, -0.10), (-0.55, -0.075), (-0.32, -0.055))
        color = np.array(self.looks.skin) * 0.95
        return tube(opaque(np.broadcast_to(color, (2, 2, 3))), width, depth, back, (-0.42, -0.74))

    def _shoulders(self) -> Piece:
        width = (
            (-1.5, 0.88),
            (-1.06, 0.86),
            (-0.93, 0.79),
            (-0.84, 0.65),
            (-0.76, 0.45),
            (-0.70, 0.30),
            (-0.64, 0.215),
        )
        depth = ((-1.5, 0.42), (-1.06, 0.36), (-0.84, 0.29), (-0.70, 0.225), (-0.64, 0.185))
        back = ((-1.5, -0.05), (-0.84, -0.10), (-0.64, -0.09))
        y, theta = np.meshgrid(np.linspace(-0.64, -1.5, 300), np.linspace(-np.pi, np.pi, 600), indexing='ij')
        metres = 0.23
        cloth = cloth_colors(self.cloth, (y.ravel() + 1.0) * metres, theta.ravel(), 0.75 * metres, 0.0)
        collar = -0.70 - self.neckline * np.exp(-((theta / 0.42) ** 2))
        colors = cloth.reshape(*y.shape, 3) * (1 - 0.3 * np.exp(-(((y - collar) / 0.012) ** 2)))[..., None]
        colors = np.where((y > collar)[..., None], np.array(self.looks.skin) * 0.97, colors)
        return tube(opaque(colors), width, depth, back, (-0.54, -0.64), 50, boxiness=0.9)

    def _glasses(self) -> list[Piece]:
        color = np.random.default_rng(self.looks.seed).choice([0.06, 0.25, 0.5]) * np.array([1.0, 0.8, 0.65])
        phi = np.linspace(0, 2 * np.pi, 37)
        found = []
        for sign in (-1.0, 1.0):
            x = 0.094 * np.sign(np.cos(phi)) * np.abs(np.cos(phi)) ** 0.8
            y = 0.066 * np.sign(np.sin(phi)) * np.abs(np.sin(phi)) ** 0.8
            ring = np.stack([sign * EYE_X + x, EYE_Y + y, 0.415 - 0.55 * x * sign - 2.5 * x**2], axis=1)
            found.append(wire(ring, 0.006, color))
            along = np.linspace(0, 1, 12)[:, None]
            start, end = np.array([sign * 0.228, 0.015, 0.345]), np.array([sign * 0.345, 0.01, -0.03])
            found.append(wire(start + along * (end - start), 0.006, color))
        t = np.linspace(-1, 1, 9)
        bridge = np.stack([0.046 * t, 0.018 - 0.012 * t**2, 0.468 - 0.012 * t**2], axis=1)
        return [*found, wire(bridge, 0.006, color)]


def sample_talker(rng: np.random.Generator) -> Talker:
    """Anybody, drawn from `rng`."""
    is_man = rng.random() < 0.5
    values = {field.name: float(np.clip(rng.normal(0, 0.5), -1, 1)) for field in dataclasses.fields(Features)}
    values['jaw'] = float(np.clip(values['jaw'] + (0.35 if is_man else -0.45), -1, 1))
    values['brow_ridge'] = float(np.clip(values['brow_ridge'] + (0.4 if is_man else -0.4), -1, 1))
    values['lips'] = float(np.clip(values['lips'] + (-0.2 if is_man else 0.3), -1, 1))
    place = rng.uniform(0, len(SKIN_TONES) - 1)
    tone = np.stack([np.interp(place, np.arange(len(SKIN_TONES)), channel) for channel in np.array(SKIN_TONES).T])
    tone = np.clip(tone + rng.normal(0, 0.012, 3), 0.05, 0.96)
    dark = place > 3.2
    color = np.array(HAIR_COLORS[rng.integers(3) if dark else rng.integers(len(HAIR_COLORS))])
    makeup = 0.0 if is_man else float(rng.uniform(0, 1))
    lips = tone * [0.86, 0.58, 0.58] + makeup * rng.uniform(0.3, 1) * np.array([0.08, -0.10, -0.06])
    age = float(rng.beta(1.2, 2.2))
    looks = skin.Looks(
        skin=as_color(tone), hair=as_color(0.75 * color), lips=as_color(np.clip(lips, 0.05, 1)), makeup=makeup, age=age,
        iris=_IRISES[rng.integers(2) if dark else rng.integers(len(_IRISES))],
        brow_thickness=float(rng.uniform(0.5, 1) if is_man else rng.uniform(0.1, 0.6)),
        beard=float(rng.choice([0, 0.25, 0.6, 0.9], p=[0.5, 0.25, 0.1, 0.15])) if is_man else 0.0,
        freckles=float(rng.random() < 0.2) * float(rng.uniform(0.3, 0.8)), seed=int(rng.integers(2**31)),
    )  # fmt: skip
    style = str(rng.choice(STYLES, p=_STYLES[int(is_man)]))
    hair = Hair(style, as_color(color), float(rng.uniform(0.20, 0.32)), float(rng.normal(0, 0.12)), looks.seed + 2)
    light = unit(np.array([rng.uniform(-0.8, 0.8), rng.uniform(0.25, 0.8), 1.0]))
    return Talker(
        Features(**values), looks, hair, sample_cloth(rng, bright=0.5), float(rng.uniform(0.0, 0.22)),
        bool(rng.random() < 0.2), sample_background(rng), light,
        float(rng.uniform(0.62, 0.70)), (float(rng.normal(0, 0.015)), float(rng.normal(-0.035, 0.01))),
    )  # fmt: skip
