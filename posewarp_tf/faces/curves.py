"""Curves through points as the published code of face animation draws them: parabolas through three points each.

A curve of K points is drawn in pieces of 3 points with step 2; a rest of 2 points is a straight line. Of each piece
the axis with the larger step is the abscissa t (x if both are equal), and a t^2 + b t + c passes through its points. A
piece with |a| > 1 is left out. It is sampled at |t_last - t_first| places, evenly spaced with both ends, and truncated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import optimize

# A steeper parabola is no part of a face, but comes of points that lie too close together.
_MOST_BENT = 1.0


def pieces_of(curve: Sequence[int]) -> list[tuple[int, ...]]:
    """Numbers of points, 3 or 2 each: those of the pieces that a curve is drawn in."""
    return [tuple(curve[start : start + 3]) for start in range(0, len(curve) - 1, 2)]


def curve_pixels(points: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels of many pieces.

    Args:
        points: whole numbers [P, 3, 2], (x, y) in pixels; a straight line has its last point twice.
        size: (height, width) to which pixels are clipped.

    Returns:
        For each of all pixels the number of its piece, its row and its column: int64 [N] each, some more than once.
    """
    points = np.asarray(points, np.float64)
    steps = np.abs(np.diff(points, axis=1)).max(axis=1)
    is_upright = steps[:, 0] < steps[:, 1]
    along = np.where(is_upright[:, None], points[..., 1], points[..., 0])
    across = np.where(is_upright[:, None], points[..., 0], points[..., 1])
    is_line = (points[:, 1] == points[:, 2]).all(axis=1)
    parabolas = _fit(along, across, is_line)
    drawn = np.isfinite(parabolas).all(axis=1) & (np.abs(parabolas[:, 0]) <= _MOST_BENT)
    counts = np.where(drawn, np.abs(along[:, 2] - along[:, 0]), 0).astype(np.int64)
    piece = np.repeat(np.arange(len(points)), counts)
    number = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    # From the smaller end: t_first + i * (length / (n - 1)), as linspace has it.
    first, length = along[:, [0, 2]].min(axis=1), np.abs(along[:, 2] - along[:, 0])
    t = first[piece] + number * (length / np.maximum(counts - 1, 1))[piece]
    a, b, c = parabolas[piece].T
    values = a * t**2 + b * t + c
    x, y = np.where(is_upright[piece], values, t), np.where(is_upright[piece], t, values)
    height, width = size
    rows, columns = (np.clip(np.trunc(v), 0, most - 1).astype(np.int64) for v, most in ((y, height), (x, width)))
    return piece, rows, columns


def _fit(t: np.ndarray, values: np.ndarray, is_line: np.ndarray) -> np.ndarray:
    """(a, b, c) [P, 3] of the parabolas through points [P, 3]; not finite where there is none."""
    with np.errstate(divide='ignore', invalid='ignore'):
        first = (values[:, 1] - values[:, 0]) / (t[:, 1] - t[:, 0])
        second = (values[:, 2] - values[:, 1]) / (t[:, 2] - t[:, 1])
        a = np.where(is_line, 0.0, (second - first) / (t[:, 2] - t[:, 0]))
        b = first - a * (t[:, 0] + t[:, 1])
        parabolas = np.stack([a, b, values[:, 0] - (a * t[:, 0] + b) * t[:, 0]], axis=1)
    # Two points above each other: no parabola passes through both, and the published fit decides.
    for number in np.flatnonzero(~is_line & (t[:, 0] != t[:, 2]) & ~np.isfinite(parabolas).all(axis=1)):
        parabolas[number] = _fit_closest(t[number], values[number])
    return parabolas


def _fit_closest(t: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One of many that are equally close: the one that the published fit reaches from (1, 1, 1); or nan."""

    def residuals(parabola: np.ndarray) -> np.ndarray:
        return (parabola[0] * t + parabola[1]) * t + parabola[2] - values

    parabola, _, _, _, code = optimize.leastsq(residuals, np.ones(3), full_output=True)
    return parabola if code in (1, 2, 3, 4) else np.full(3, np.nan)
