"""Rotations that take bones from rest to where they are wanted, compiled: a stance needs a hundred of them."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.rendered.compiled import compiled


@compiled
def between(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """The rotation that lies `share` of the way from one to the other."""
    turn = first.T.copy() @ second
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    angle = np.arctan2(_length(axis), turn[0, 0] + turn[1, 1] + turn[2, 2] - 1)
    return first @ _rotation(axis, share * angle) if angle > 1e-9 else first.copy()


@compiled
def shortest_turn(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes one direction to the other."""
    one, other = first / _length(first), second / _length(second)
    axis = _cross(one, other)
    angle = np.arctan2(_length(axis), one[0] * other[0] + one[1] * other[1] + one[2] * other[2])
    return _rotation(axis, angle) if angle > 1e-9 else np.eye(3)


@compiled
def frame_turn(rest: np.ndarray, rest_hinge: np.ndarray, posed: np.ndarray, hinge: np.ndarray) -> np.ndarray:
    """The rotation that takes a limb's direction to another, and its hinge as near to the other as then possible."""
    return _frame(posed, hinge) @ _frame(rest, rest_hinge).T.copy()


@compiled
def _frame(direction: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Columns: the direction, the axis as far as it stands on it, and what stands on both."""
    along = direction / _length(direction)
    side = axis - along * (along[0] * axis[0] + along[1] * axis[1] + along[2] * axis[2])
    side = side / max(_length(side), 1e-9)
    out = np.empty((3, 3))
    out[:, 0], out[:, 1], out[:, 2] = along, side, _cross(along, side)
    return out


@compiled
def _rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """As geometry.rotation."""
    x, y, z = axis / _length(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)


@compiled
def _length(vector: np.ndarray) -> float:
    return np.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)


@compiled
def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    a, b, c = first
    x, y, z = second
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])
