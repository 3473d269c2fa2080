"""Random smooth warps T of a person's picture, whose flow is exactly known: affine and thin-plate spline.

A warp is given backward, like a flow: pixel x of the warped picture shows the point

    g(x) = A x + b + s(x)

of the old one, A a rotation and a scaling about the middle, s a thin-plate spline. So t(x) = g(x) - x is the exact
flow from the warped picture (target) to the old one (source), and what was at g(x) is now at x: points move by the
inverse of g. All sizes are ours.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import MISSING
from posewarp_tf.ops import bilinear_sample, coords_grid

MAX_DEGREES = 15.0
MAX_SCALING = 0.15
MAX_SHIFT = 0.1  # of the picture's sides
MAX_BEND = 0.06  # of the shorter side: how far the spline moves a control point, per axis

# The control points are a grid over the picture.
_POINTS_PER_SIDE = 4
_NUM_POINTS = _POINTS_PER_SIDE**2
NUM_DRAWS = 4 + 2 * _NUM_POINTS

_INVERSION_STEPS = 20


class RandomWarp:
    """One warp for each example.

    Args:
        draws: [B, NUM_DRAWS] uniform in [0, 1).
        size: height and width of the pictures.
    """

    def __init__(self, draws: tf.Tensor, size: tuple[int, int]) -> None:
        self._size = size
        draws = 2 * draws - 1
        height, width = size
        angle, scale = draws[:, 0] * (MAX_DEGREES * math.pi / 180), 1 + draws[:, 1] * MAX_SCALING
        cos, sin = scale * tf.cos(angle), scale * tf.sin(angle)
        self._matrix = tf.reshape(tf.stack([cos, -sin, sin, cos], axis=-1), (-1, 2, 2))
        shift = draws[:, 2:4] * tf.constant([width * MAX_SHIFT, height * MAX_SHIFT])
        middle = tf.constant([(width - 1) / 2, (height - 1) / 2])
        self._offset = shift + middle - tf.linalg.matvec(self._matrix, middle)
        bends = tf.reshape(draws[:, 4:], (-1, _NUM_POINTS, 2)) * (MAX_BEND * min(size))
        self._coefficients = tf.einsum('ij,bjk->bik', tf.constant(_spline_solution(size), tf.float32), bends)

    @functools.cached_property
    def flow(self) -> tf.Tensor:
        """t: the exact flow of the pair (old picture, warped picture), [B, H, W, 2] in pixels."""
        grid = coords_grid(*self._size)
        points = tf.reshape(grid, (1, -1, 2))
        return tf.reshape(self.source_of(points), (-1, *self._size, 2)) - grid

    def source_of(self, points: tf.Tensor) -> tf.Tensor:
        """g: where in the old picture the points [B or 1, N, 2] of the warped one come from, [B, N, 2]."""
        return self._affine(points) + self._spline(points)

    def move(self, points: tf.Tensor) -> tf.Tensor:
        """Where points [B, N, 2] of the old picture lie in the warped one: the inverse of g, by fixed points."""
        inverse = tf.linalg.inv(self._matrix)

        def solve(points: tf.Tensor) -> tf.Tensor:
            return tf.matmul(points - self._offset[:, tf.newaxis], inverse, transpose_b=True)

        moved = solve(points)
        for _ in range(_INVERSION_STEPS):
            moved = solve(points - self._spline(moved))
        return moved

    def _affine(self, points: tf.Tensor) -> tf.Tensor:
        return tf.matmul(points, self._matrix, transpose_b=True) + self._offset[:, tf.newaxis]

    def _spline(self, points: tf.Tensor) -> tf.Tensor:
        difference = (points[..., tf.newaxis, :] - tf.constant(_control_points(self._size), tf.float32)) / max(
            self._size
        )
        squares = tf.reduce_sum(difference**2, axis=-1)
        basis = [squares * tf.math.log(squares + 1e-12), tf.ones_like(points[..., :1]), points / max(self._size)]
        return tf.matmul(tf.concat(basis, axis=-1), self._coefficients)


def warp_person(warp: RandomWarp, person: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """One side of a pair, moved: image (bilinear), class maps `parts` and `garment` (nearest) and keypoints.

    Keypoints that leave the picture become missing. The pose is not warped, since a warped heatmap is none: it must be
    made again.
    """
    flow = warp.flow
    moved = {'image': bilinear_sample(person['image'], flow)}
    moved.update({name: nearest_sample(person[name], flow) for name in ('parts', 'garment') if name in person})
    keypoints = person['keypoints']
    points = warp.move(keypoints)
    height, width = person['image'].shape[1:3]
    inside = (keypoints >= 0) & (points >= 0) & (points < tf.constant([width, height], points.dtype))
    moved['keypoints'] = tf.where(tf.reduce_all(inside, axis=-1, keepdims=True), points, MISSING)
    return moved


def nearest_sample(labels: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """The label [B, H, W] nearest to each flowed point, [B, h, w]; outside the picture that of its border."""
    height, width = labels.shape[1:3]
    coords = tf.cast(tf.round(coords_grid(*flow.shape[1:3]) + flow), tf.int32)
    coords = tf.clip_by_value(coords, 0, tf.constant([width - 1, height - 1]))
    return tf.gather_nd(labels, coords[..., ::-1], batch_dims=1)


def _control_points(size: tuple[int, int]) -> np.ndarray:
    height, width = size
    x, y = np.meshgrid(np.linspace(0, width - 1, _POINTS_PER_SIDE), np.linspace(0, height - 1, _POINTS_PER_SIDE))
    return np.stack([x.ravel(), y.ravel()], axis=1)


@functools.cache
def _spline_solution(size: tuple[int, int]) -> np.ndarray:
    """[N + 3, N]: from the displacements of the control points to the spline's coefficients (Bookstein, 1989).

    The spline is sum_i c_i |p - q_i|^2 log |p - q_i|^2 + a_0 + a_1 x + a_2 y with lengths over the longer side, the
    smoothest surface through the displacements.
    """
    points = _control_points(size) / max(size)
    squares = np.sum((points[:, None] - points[None]) ** 2, axis=-1)
    system = np.zeros((_NUM_POINTS + 3, _NUM_POINTS + 3))
    system[:_NUM_POINTS, :_NUM_POINTS] = squares * np.log(squares + 1e-12)
    system[:_NUM_POINTS, _NUM_POINTS:] = np.concatenate([np.ones((_NUM_POINTS, 1)), points], axis=1)
    system[_NUM_POINTS:, :_NUM_POINTS] = system[:_NUM_POINTS, _NUM_POINTS:].T
    return np.linalg.inv(system)[:, :_NUM_POINTS]
