"""The grid of a head's skin around its upright axis, slit at both eyes and at the mouth, and what faces differ in.

Lengths are head heights (from chin to crown); x to the person's left, y up, z to the front; the origin is the middle of
the head, on whose height the eyes are. A point of the skin is named by (theta, y) at rest, with closed eyes and mouth;
its place in the picture of the front is (x, y) with x = width(y) * sin(theta), about.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.synthetic.drawn.geometry import smooth_profile

# Half widths, half depths and shifts to the front of sections at heights y.
_WIDTH = (
    (-0.5, 0.05), (-0.487, 0.115), (-0.45, 0.175), (-0.40, 0.217), (-0.32, 0.257), (-0.22, 0.289), (-0.1, 0.314),
    (0.0, 0.326), (0.12, 0.334), (0.22, 0.322), (0.32, 0.283), (0.40, 0.226), (0.46, 0.148), (0.49, 0.074), (0.5, 0.01),
)  # fmt: skip
_DEPTH = (
    (-0.5, 0.055), (-0.487, 0.10), (-0.45, 0.138), (-0.40, 0.170), (-0.3, 0.235), (-0.2, 0.320), (0.0, 0.385),
    (0.13, 0.40), (0.24, 0.382), (0.33, 0.335), (0.41, 0.262), (0.46, 0.18), (0.49, 0.09), (0.5, 0.008),
)  # fmt: skip
_FRONT = (
    (-0.5, 0.235), (-0.45, 0.215), (-0.4, 0.185), (-0.3, 0.125), (-0.2, 0.04), (0.0, -0.015), (0.2, -0.03), (0.5, -0.05)
)  # fmt: skip
_BOXINESS = 0.88  # exponent of sine and cosine: below 1, a section is boxier than an ellipse

EYE_X, EYE_Y, EYE_HALF = 0.137, -0.012, 0.066
MOUTH_Y, MOUTH_HALF = -0.303, 0.098
# Eyeballs: radius, and how far their centres lie to the front.
BALL_RADIUS, BALL_Z = 0.085, 0.258
# How far the chin goes down when the mouth opens.
JAW = 0.088


@dataclasses.dataclass(frozen=True)
class Features:
    """What faces differ in; each is 0 for the average and between about -1 and 1."""

    width: float = 0.0
    jaw: float = 0.0
    chin: float = 0.0
    eye_distance: float = 0.0
    nose_width: float = 0.0
    nose_length: float = 0.0
    nose_height: float = 0.0
    lips: float = 0.0
    cheeks: float = 0.0
    brow_ridge: float = 0.0

    def warp(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 3] of an average head, not turned yet, on this one."""
        x, y, z = points.T
        lower = step((-0.02 - y) / 0.4)
        nose = np.exp(-((x / 0.085) ** 4) - ((y + 0.14) / 0.09) ** 2) * step((z - 0.2) / 0.1)
        eyes = np.exp(-(((np.abs(x) - EYE_X) / 0.1) ** 4) - ((y - 0.02) / 0.13) ** 4) * step(z / 0.2)
        wide = x * (1 + 0.05 * self.width + 0.10 * self.jaw * lower + 0.16 * self.nose_width * nose)
        wide = wide + np.sign(x) * 0.011 * self.eye_distance * eyes
        down = np.minimum(y + 0.06, 0.0)
        return np.stack([wide, y + 0.07 * self.chin * down - 0.018 * self.nose_length * nose, z], axis=1)


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """The skin at rest, the same for everybody.

    theta, y [N]; side [N]: 1 on the upper, -1 on the lower edge of a slit, 0 elsewhere; triangles [T, 3].
    rows, columns: the heights and angles of the grid; above, below [R, C]: vertices seen from above and from below.
    """

    theta: np.ndarray
    y: np.ndarray
    side: np.ndarray
    triangles: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    above: np.ndarray
    below: np.ndarray

    @functools.cached_property
    def front(self) -> tuple[np.ndarray, np.ndarray]:
        """x and z [N] at rest, without any relief."""
        return section(self.theta, self.y)


def section(theta: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and z of points of the smooth head."""
    width, depth, front = (smooth_profile(knots, y) for knots in (_WIDTH, _DEPTH, _FRONT))
    sine, cosine = np.sin(theta), np.cos(theta)
    x = width * np.sign(sine) * np.abs(sine) ** _BOXINESS
    return x, front + depth * np.sign(cosine) * np.abs(cosine) ** _BOXINESS


def theta_of(x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """The angle of points of the front whose place in the picture of the front is (x, y)."""
    share = np.clip(np.asarray(x) / smooth_profile(_WIDTH, np.asarray(y, np.float64)), -1.0, 1.0)
    return np.arcsin(np.sign(share) * np.abs(share) ** (1 / _BOXINESS))


@functools.lru_cache(maxsize=1)
def make_grid() -> Grid:
    """Finest around eyes and mouth; both ends of every slit lie on columns."""
    ends = [float(theta_of(x, EYE_Y)) for x in (EYE_X - EYE_HALF, EYE_X, EYE_X + EYE_HALF)]
    corner = float(theta_of(MOUTH_HALF, MOUTH_Y))
    half = _spaced(sorted([0.0, *ends, corner]), 0.026)
    half = np.concatenate([half, _spaced([half[-1], np.pi / 2], 0.06)[1:], _spaced([np.pi / 2, np.pi], 0.13)[1:]])
    columns = np.concatenate([-half[:0:-1], half])
    rows = np.concatenate(
        [
            _spaced([-0.5, -0.42], 0.016)[:-1],
            _spaced([-0.42, MOUTH_Y, EYE_Y, 0.15], 0.0095),
            _spaced([0.15, 0.5], 0.03)[1:],
        ]
    )
    y, theta = (values.ravel() for values in np.meshgrid(rows, columns, indexing='ij'))
    above = np.arange(len(y)).reshape(len(rows), len(columns))
    below = above.copy()
    for height, centre, half_width in ((EYE_Y, -EYE_X, EYE_HALF), (EYE_Y, EYE_X, EYE_HALF), (MOUTH_Y, 0.0, MOUTH_HALF)):
        row = int(np.abs(rows - height).argmin())
        x, _ = section(columns, np.full(len(columns), height))
        inside = np.flatnonzero((np.abs(x - centre) < half_width - 1e-6) & (np.abs(columns) < np.pi / 2))
        below[row, inside] = len(y) + np.arange(len(inside))
        y, theta = np.append(y, np.full(len(inside), rows[row])), np.append(theta, columns[inside])
    side = np.zeros(len(y))
    side[above[above != below]], side[below[above != below]] = 1, -1
    a, b, c, d = above[:-1, :-1].ravel(), below[1:, :-1].ravel(), below[1:, 1:].ravel(), above[:-1, 1:].ravel()
    triangles = np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)])
    return Grid(theta, y, side, triangles, rows, columns, above, below)


def _spaced(knots: list[float], step: float) -> np.ndarray:
    """From the first knot to the last, all knots among them, at most `step` apart."""
    parts = [np.linspace(a, b, max(1, int(np.ceil((b - a) / step))) + 1)[:-1] for a, b in zip(knots, knots[1:])]
    return np.append(np.concatenate(parts), knots[-1])


def step(t: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3 - 2 * t)
