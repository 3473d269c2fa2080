"""What a talking head is put together from: surfaces with a picture on them, and the ones that are not skin.

A piece's points are given for a head that looks straight ahead; `follows` says how much of the head's turning each
takes part in. Its picture is looked up at `uv`: columns and rows in parts of the whole, from the upper left.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from posewarp_tf.synthetic.drawn.geometry import smooth_profile, tilt, unit
from posewarp_tf.synthetic.talking.expression import Expression
from posewarp_tf.synthetic.talking.head import BALL_RADIUS, BALL_Z, EYE_X, EYE_Y, JAW, MOUTH_Y, Features

Points = Callable[[Features, Expression], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Piece:
    """points gives [N, 3]; triangles [T, 3]; uv [N, 2]; picture float32 [h, w, 4], its alpha cuts below a half.

    follows [N]: 1 goes with the head, 0 with the shoulders. gloss: strength of highlights.
    """

    points: Points
    triangles: np.ndarray
    uv: np.ndarray
    picture: np.ndarray
    follows: np.ndarray
    gloss: float = 0.0
    two_sided: bool = False

    @functools.cached_property
    def has_holes(self) -> bool:
        return bool((self.picture[..., 3] < 0.5).any())


def grid_triangles(rows: int, columns: int) -> np.ndarray:
    """Two triangles for each cell of a grid, [T, 3]; they face whoever sees rows go down and columns to the right."""
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = number[:-1, :-1].ravel(), number[1:, :-1].ravel(), number[1:, 1:].ravel(), number[:-1, 1:].ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def grid_uv(rows: int, columns: int) -> np.ndarray:
    """[rows * columns, 2], from 0 to 1 to the right and down."""
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing='ij')
    return np.stack([u.ravel(), v.ravel()], axis=1)


def opaque(colors: np.ndarray) -> np.ndarray:
    """Colours [h, w, 3] as a picture without holes."""
    return np.concatenate([np.clip(colors, 0, 1), np.ones_like(colors[..., :1])], axis=-1).astype(np.float32)


def eyeball(sign: float, picture: np.ndarray) -> Piece:
    """The front of an eyeball, which turns with the gaze; its picture's middle is the pupil."""
    angle, around = np.linspace(0.0, 1.9, 15), np.linspace(-np.pi, np.pi, 33)
    alpha, phi = (values.ravel() for values in np.meshgrid(angle, around, indexing='ij'))
    rest = BALL_RADIUS * np.stack([np.sin(alpha) * np.sin(phi), np.sin(alpha) * np.cos(phi), np.cos(alpha)], axis=1)
    reach = alpha / (2 * angle[-1])
    uv = np.stack([0.5 + reach * np.sin(phi), 0.5 - reach * np.cos(phi)], axis=1)

    def points(features: Features, expression: Expression) -> np.ndarray:
        turned = rest @ tilt(pitch=-expression.gaze[1], yaw=expression.gaze[0]).T
        return features.warp(turned + [sign * EYE_X, EYE_Y, BALL_Z])

    return Piece(points, grid_triangles(15, 33)[:, ::-1], uv, picture, np.ones(len(uv)), 0.5, two_sided=True)


def mouth_inside(picture: np.ndarray) -> Piece:
    """A dark sheet behind the lips, whose lower part goes with the jaw."""
    return _sheet(picture, 0.13, (-0.24, -0.42), 0.302, 1.0, lambda v: np.clip((-0.27 - v) / 0.06, 0.0, 1.0))


def upper_teeth(picture: np.ndarray) -> Piece:
    return _sheet(picture, 0.086, (-0.255, MOUTH_Y - 0.012), 0.338, 2.2, lambda v: np.zeros_like(v), gloss=0.25)


def lower_teeth(picture: np.ndarray) -> Piece:
    return _sheet(picture, 0.078, (MOUTH_Y - 0.018, -0.375), 0.330, 2.2, lambda v: np.ones_like(v), gloss=0.2)


def _sheet(
    picture: np.ndarray,
    half: float,
    heights: tuple[float, float],
    z: float,
    bend: float,
    jaw: Callable[[np.ndarray], np.ndarray],
    gloss: float = 0.0,
) -> Piece:
    """A bent sheet across the mouth; `jaw` says how much of the jaw's movement is its own at heights y."""
    uv = grid_uv(9, 17)
    x, y = half * (2 * uv[:, 0] - 1), heights[0] + uv[:, 1] * (heights[1] - heights[0])
    share = jaw(y)

    def points(features: Features, expression: Expression) -> np.ndarray:
        drop = 0.9 * JAW * expression.openness * share
        back = 0.25 * JAW * expression.openness * share
        return features.warp(np.stack([x, y - drop, z - bend * x**2 - back], axis=1))

    return Piece(points, grid_triangles(9, 17), uv, picture, np.ones(len(uv)), gloss, two_sided=True)


def ear(sign: float, picture: np.ndarray) -> Piece:
    """A bowl with a rim that stands off the side of the head."""
    around, inward = np.linspace(-np.pi, np.pi, 41), np.linspace(1.0, 0.0, 9)
    a, phi = (values.ravel() for values in np.meshgrid(inward, around, indexing='ij'))
    shape = 1 + 0.10 * np.cos(phi - 0.7) - 0.12 * np.cos(2 * phi + 0.3) * (np.sin(phi) < 0)
    along, up = 0.056 * a * shape * np.cos(phi), 0.098 * a * shape * np.sin(phi)
    out = 0.020 * np.exp(-(((a - 0.86) / 0.14) ** 2)) - 0.016 * (1 - a**2)
    # Backwards and outwards, up with a lean, and what the ear faces.
    back, rise = np.array([0.50 * sign, 0.0, -0.86]), unit(np.array([0.12 * sign, 1.0, -0.16]))
    face = unit(np.cross(rise, back) * sign)
    rest = np.array([sign * 0.322, -0.045, -0.01]) + along[:, None] * back + up[:, None] * rise + out[:, None] * face
    uv = np.stack([0.5 + 0.5 * a * np.cos(phi), 0.5 - 0.5 * a * np.sin(phi)], axis=1)

    def points(features: Features, expression: Expression) -> np.ndarray:
        return features.warp(rest)

    return Piece(points, grid_triangles(9, 41), uv, picture, np.ones(len(uv)), 0.05, two_sided=True)


def tube(
    picture: np.ndarray,
    width: tuple[tuple[float, float], ...],
    depth: tuple[tuple[float, float], ...],
    back: tuple[tuple[float, float], ...],
    follows: tuple[float, float],
    num_rows: int = 40,
    boxiness: float = 1.0,
) -> Piece:
    """Rings around the upright axis: half widths, half depths and shifts to the front at heights y, from above down.

    follows: the heights above and below which a ring goes with the head and with the shoulders.
    """
    y = np.linspace(width[-1][0], width[0][0], num_rows)
    theta = np.linspace(-np.pi, np.pi, 65)
    w, d, z = (smooth_profile(knots, y)[:, None] for knots in (width, depth, back))
    sine, cosine = np.sin(theta), np.cos(theta)
    x = w * np.sign(sine) * np.abs(sine) ** boxiness
    z = z + d * np.sign(cosine) * np.abs(cosine) ** boxiness
    rest = np.stack([x, np.broadcast_to(y[:, None], x.shape), z], axis=-1).reshape(-1, 3)
    t = np.clip((rest[:, 1] - follows[1]) / (follows[0] - follows[1]), 0.0, 1.0)

    def points(features: Features, expression: Expression) -> np.ndarray:
        return rest

    uv = grid_uv(num_rows, 65)
    return Piece(points, grid_triangles(num_rows, 65), uv, picture, t * t * (3 - 2 * t))


def wire(line: np.ndarray, radius: float, color: np.ndarray) -> Piece:
    """A thin round rod along points [K, 3] of the head, for example of the frame of glasses."""
    along = unit(np.gradient(line, axis=0))
    side = unit(np.cross(along, np.where(np.abs(along[:, 2:]) > 0.8, [[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]])))
    other = np.cross(along, side)
    phi = np.linspace(0, 2 * np.pi, 7)
    ring = np.cos(phi)[:, None, None] * side + np.sin(phi)[:, None, None] * other
    rest = (line + radius * ring).reshape(-1, 3)

    def points(features: Features, expression: Expression) -> np.ndarray:
        return features.warp(rest)

    picture = opaque(np.broadcast_to(color, (2, 2, 3)))
    uv = grid_uv(7, len(line))
    return Piece(points, grid_triangles(7, len(line)), uv, picture, np.ones(len(uv)), 0.5, two_sided=True)
