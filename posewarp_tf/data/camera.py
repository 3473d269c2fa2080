"""Another camera in front of a picture: an affine map of the plane and a smooth bend, exact in both directions.

A camera is given by where a pixel p of the new picture comes from,

    backward(p) = M^-1 (p + bend(p) - c - t) + c,

c the middle of the picture, M a matrix, t a shift, and `bend` a cubic B-spline over a coarse grid of control points
in pixels of the new picture. So `backward` is exact for resampling; `forward`, its inverse, is needed for joints and
flows: affine exactly, the bend by fixed points.

Everything has static shapes and is plain arithmetic, so that XLA compiles it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from posewarp_tf.errors import ConfigError

# The control points lie on a grid with three cells along each side and one more row of points around them.
_CELLS = 3
_POINTS_PER_SIDE = _CELLS + 3
_NUM_BENDS = 2 * _POINTS_PER_SIDE**2
NUM_DRAWS = 6 + _NUM_BENDS

# Parts of the shorter side that control points move at most: far from folds, where no inverse exists.
MAX_BEND = 1 / 12
# Each step of the inversion shrinks its error to at most a half, and to a quarter nearly everywhere.
_INVERSION_STEPS = 9


class CameraRanges(NamedTuple):
    """How far random cameras go; all draws are uniform, those of factors in their logarithm.

    Attributes:
        degrees: rotation, to either side.
        scale: smallest and largest magnification.
        shift: of the picture's sides, in either direction.
        aspect: largest factor by which width grows against height, or height against width.
        shear: largest sideways shift by height.
    """

    degrees: float = 25.0
    scale: tuple[float, float] = (0.7, 1.4)
    shift: float = 0.12
    aspect: float = 1.08
    shear: float = 0.08


class Camera:
    """One camera for each example.

    Args:
        matrix: M, float32 [B, 2, 2].
        shift: t, float32 [B, 2] in pixels.
        size: height and width of the pictures, old and new.
        bends: how far control points move, float32 [B, 6, 6, 2] (dx, dy) in pixels by row and column; None: not at all.
    """

    def __init__(
        self, matrix: tf.Tensor, shift: tf.Tensor, size: tuple[int, int], bends: tf.Tensor | None = None
    ) -> None:
        self.size = size
        self._matrix = matrix
        a, b, c, d = (matrix[:, row, column] for row in (0, 1) for column in (0, 1))
        adjugate = tf.reshape(tf.stack([d, -b, -c, a], axis=-1), [-1, 2, 2])
        self._inverse = adjugate / (a * d - b * c)[:, tf.newaxis, tf.newaxis]
        self._middle = tf.constant([(size[1] - 1) / 2, (size[0] - 1) / 2], tf.float32)
        self._offset = shift[:, tf.newaxis] + self._middle
        self._bends = bends

    def backward(self, points: tf.Tensor) -> tf.Tensor:
        """Where points of the new picture, float32 [B or 1, N, 2], come from: [B, N, 2]."""
        bent = points if self._bends is None else points + self._bend(points)
        return tf.matmul(bent - self._offset, self._inverse, transpose_b=True) + self._middle

    def forward(self, points: tf.Tensor) -> tf.Tensor:
        """Where points of the old picture, float32 [B, N, 2], lie in the new one: [B, N, 2]."""
        straight = tf.matmul(points - self._middle, self._matrix, transpose_b=True) + self._offset
        if self._bends is None:
            return straight
        moved = straight
        for _ in range(_INVERSION_STEPS):
            moved = straight - self._bend(moved)
        return moved

    def contains(self, points: tf.Tensor) -> tf.Tensor:
        """Whether the pixel nearest to each point [..., 2] lies in the picture, bool [...]."""
        height, width = self.size
        inside = (points >= -0.5) & (points < tf.constant([width - 0.5, height - 0.5], tf.float32))
        return tf.reduce_all(inside, axis=-1)

    def _bend(self, points: tf.Tensor) -> tf.Tensor:
        """The displacement [B, N, 2]; outside the picture that of its border."""
        far = tf.constant([self.size[1] - 1, self.size[0] - 1], tf.float32)
        cells = tf.clip_by_value(points / far, 0.0, 1.0) * _CELLS
        distance = tf.abs(cells[..., tf.newaxis] - tf.range(-1.0, _POINTS_PER_SIDE - 1.0))
        # The cubic B-spline (2 - |d|)^3 / 6 with its middle cut out; the weights of an axis sum to 1.
        weights = (tf.nn.relu(2 - distance) ** 3 - 4 * tf.nn.relu(1 - distance) ** 3) / 6
        columns, rows = weights[..., 0, :], weights[..., 1, :]
        assert self._bends is not None
        by_row = tf.reshape(self._bends, [-1, _POINTS_PER_SIDE, _POINTS_PER_SIDE * 2])
        in_row = tf.matmul(rows, by_row)
        in_row = tf.reshape(in_row, [-1, points.shape[1], _POINTS_PER_SIDE, 2])
        return tf.reduce_sum(columns[..., tf.newaxis] * in_row, axis=2)


def random_camera(
    draws: tf.Tensor, size: tuple[int, int], ranges: CameraRanges, bend: float, mirrored: tf.Tensor
) -> Camera:
    """A camera of each example.

    Args:
        draws: float32 [B, NUM_DRAWS], uniform in [-1, 1).
        size: height and width of the pictures.
        ranges: of the affine map.
        bend: how far a control point moves at most along each axis, in pixels; 0: no bend.
        mirrored: bool [B], of which left and right are exchanged first.

    Raises:
        ConfigError: a bend that could fold the picture.
    """
    height, width = size
    if not 0 <= bend <= MAX_BEND * min(size):
        raise ConfigError(f'bend: got {bend} px for pictures of {height}x{width}, expected 0 to {MAX_BEND * min(size)}')
    angle = draws[:, 0] * (ranges.degrees * math.pi / 180)
    low, high = (math.log(factor) for factor in ranges.scale)
    scale = tf.exp((low + high) / 2 + draws[:, 1] * ((high - low) / 2))
    stretch = tf.exp(draws[:, 2] * (math.log(ranges.aspect) / 2))
    shear = draws[:, 3] * ranges.shear
    wide, tall = scale * stretch, scale / stretch
    flip = tf.where(mirrored, -1.0, 1.0)
    cos, sin = tf.cos(angle), tf.sin(angle)
    # Rotation times [[wide, wide shear], [0, tall]] times the exchange of left and right.
    entries = [cos * wide * flip, cos * wide * shear - sin * tall]
    entries += [sin * wide * flip, sin * wide * shear + cos * tall]
    matrix = tf.reshape(tf.stack(entries, axis=-1), [-1, 2, 2])
    shift = draws[:, 4:6] * tf.constant([width * ranges.shift, height * ranges.shift], tf.float32)
    bends = tf.reshape(draws[:, 6:NUM_DRAWS], [-1, _POINTS_PER_SIDE, _POINTS_PER_SIDE, 2]) * bend
    return Camera(matrix, shift, size, bends if bend else None)
