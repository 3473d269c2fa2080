"""The 68 landmarks of a drawn face: points of its skin, so they go wherever the skin goes."""

from __future__ import annotations

import functools

import numpy as np

from posewarp_tf.synthetic.talking.head import (
    EYE_HALF,
    EYE_X,
    EYE_Y,
    MOUTH_HALF,
    MOUTH_Y,
    make_grid,
    section,
    theta_of,
)

# Half widths of what is painted as lips, and how high they are in the middle.
LIPS_HALF, UPPER_LIP, LOWER_LIP = 0.116, 0.034, 0.043
# Where the outline of the face is seen from the front: this angle from the middle, down to this height.
_OUTLINE, _CHIN = 1.22, -0.487

# Of the person's left side, (x, y) at rest, the right one mirrored: brows from the inside, nostrils from the middle.
_BROW = ((0.062, 0.090), (0.102, 0.110), (0.146, 0.119), (0.188, 0.112), (0.226, 0.086))
_NOSE = ((0.0, 0.02), (0.0, -0.045), (0.0, -0.107), (0.0, -0.166))
_NOSTRILS = ((0.0, -0.219), (0.031, -0.214), (0.06, -0.204))


def upper_border(x: np.ndarray | float) -> np.ndarray:
    """The height at which the upper lip ends, at a distance x from the middle: two arches with a dent between."""
    share = np.clip(np.abs(x) / LIPS_HALF, 0.0, 1.0)
    dent = 0.17 * np.exp(-((share / 0.16) ** 2))
    return MOUTH_Y + UPPER_LIP * ((1 - share**1.7) ** 0.9 - dent)


def lower_border(x: np.ndarray | float) -> np.ndarray:
    """The height at which the lower lip ends."""
    share = np.clip(np.abs(x) / LIPS_HALF, 0.0, 1.0)
    return MOUTH_Y - LOWER_LIP * (1 - share**2) ** 0.8


@functools.lru_cache(maxsize=1)
def landmark_weights() -> tuple[np.ndarray, np.ndarray]:
    """Of each landmark three vertices of the skin's grid and their weights: [68, 3] both."""
    found = [_on_skin(theta, y, side) for theta, y, side in _places()]
    return np.array([vertices for vertices, _ in found]), np.array([weights for _, weights in found])


def _places() -> list[tuple[float, float, int]]:
    """(theta, y, side of a slit) of each landmark; the person's right comes first."""

    def front(x: float, y: float, side: int = 0) -> tuple[float, float, int]:
        return float(theta_of(x, y)), y, side

    left_jaw = _outline()
    places = [(-theta, y, 0) for theta, y in left_jaw] + [(theta, y, 0) for theta, y in left_jaw[-2::-1]]
    places += [front(-x, y) for x, y in reversed(_BROW)] + [front(x, y) for x, y in _BROW]
    places += [front(x, y) for x, y in _NOSE]
    places += [front(-x, y) for x, y in _NOSTRILS[:0:-1]] + [front(x, y) for x, y in _NOSTRILS]
    third = EYE_HALF / 3
    for sign, order in ((-1, (1, -1)), (1, (-1, 1))):
        # From the corner on the picture's left: the upper lid, the other corner, the lower lid backwards.
        ends = [sign * (EYE_X + way * EYE_HALF) for way in order]
        between = [sign * (EYE_X + way * third) for way in order]
        places += [front(ends[0], EYE_Y), *(front(x, EYE_Y, 1) for x in between), front(ends[1], EYE_Y)]
        places += [front(x, EYE_Y, -1) for x in reversed(between)]
    across = (-0.066, -0.028, 0.0, 0.028, 0.066)
    places += [front(-LIPS_HALF, MOUTH_Y), *(front(x, float(upper_border(x))) for x in across)]
    places += [front(LIPS_HALF, MOUTH_Y), *(front(-x, float(lower_border(x))) for x in across)]
    inner = (-0.042, 0.0, 0.042)
    places += [front(-MOUTH_HALF, MOUTH_Y), *(front(x, MOUTH_Y, 1) for x in inner)]
    return [*places, front(MOUTH_HALF, MOUTH_Y), *(front(-x, MOUTH_Y, -1) for x in inner)]


def _outline() -> list[tuple[float, float]]:
    """(theta, y) of 9 points from the left ear to the chin, evenly spaced as seen from the front."""
    y = np.linspace(-0.015, _CHIN, 200)
    x, _ = section(np.full(200, _OUTLINE), y)
    x, y = np.append(x, np.linspace(x[-1], 0.0, 60)[1:]), np.append(y, np.full(59, _CHIN))
    theta = np.append(np.full(200, _OUTLINE), theta_of(x[200:], y[200:]))
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.linspace(0.0, way[-1], 9)
    return list(zip(np.interp(at, way, theta).tolist(), np.interp(at, way, y).tolist()))


def _on_skin(theta: float, y: float, side: int) -> tuple[list[int], list[float]]:
    """The triangle of the grid at a point of the skin: its vertices and their weights there."""
    grid = make_grid()
    column = int(np.clip(np.searchsorted(grid.columns, theta, 'right') - 1, 0, len(grid.columns) - 2))
    # On a row, the upper side belongs to the cell above, the lower one to the cell below.
    row = int(np.searchsorted(grid.rows, y + 1e-9 if side >= 0 else y - 1e-9, 'right') - 1)
    u = (theta - grid.columns[column]) / (grid.columns[column + 1] - grid.columns[column])
    v = (y - grid.rows[row]) / (grid.rows[row + 1] - grid.rows[row])
    a, d = grid.above[row, column], grid.above[row, column + 1]
    b, c = grid.below[row + 1, column], grid.below[row + 1, column + 1]
    if u >= v:
        return [int(a), int(d), int(c)], [1 - u, u - v, v]
    return [int(a), int(c), int(b)], [1 - v, u, v - u]
