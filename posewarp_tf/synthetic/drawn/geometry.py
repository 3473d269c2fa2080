"""Small three-dimensional tools: rotations, smooth profiles and tubes swept along a line.

Axes of a figure and of the camera: x to the figure's left (right in the picture when it faces the
camera), y up, z to the front (towards the camera). Lengths are metres, angles radians.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

X_AXIS = np.array([1.0, 0.0, 0.0])
UP = np.array([0.0, 1.0, 0.0])


def unit(vector: np.ndarray) -> np.ndarray:
    """Vectors [..., 3] scaled to length 1."""
    return vector / np.maximum(np.sqrt(np.add.reduce(vector * vector, axis=-1, keepdims=True)), 1e-9)


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """np.cross of two vectors [3], which is made for many, in a tenth of its time."""
    (a, b, c), (x, y, z) = first.tolist(), second.tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """The matrix [3, 3] that turns by `angle` about `axis` (Rodrigues' formula)."""
    x, y, z = unit(np.asarray(axis, np.float64))
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)


def tilt(pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Rotation by `yaw` to the left, then leaning `pitch` to the front, then `roll` to the left."""
    return rotation(UP, yaw) @ rotation(X_AXIS, pitch) @ rotation(np.array([0.0, 0.0, 1.0]), -roll)


def orthonormal(frames: np.ndarray) -> np.ndarray:
    """Nearest-by-Gram-Schmidt rotations of frames [..., 3, 3] whose columns are side, up, front."""
    up = unit(frames[..., 1])
    side = unit(frames[..., 0] - up * np.sum(frames[..., 0] * up, axis=-1, keepdims=True))
    return np.stack([side, up, np.cross(side, up)], axis=-1)


def smooth_profile(knots: Sequence[tuple[float, float]], at: np.ndarray) -> np.ndarray:
    """A monotone cubic curve (Fritsch-Carlson) through (position, value) knots, constant beyond them."""
    position, value = np.array(knots, np.float64).T
    step = np.diff(position)
    slope = np.diff(value) / step
    tangent = np.zeros_like(value)
    same_sign = slope[1:] * slope[:-1] > 0
    harmonic = 2 * slope[1:] * slope[:-1] / np.where(same_sign, slope[1:] + slope[:-1], 1.0)
    tangent[1:-1] = np.where(same_sign, harmonic, 0.0)
    tangent[0], tangent[-1] = slope[0], slope[-1]
    at = np.clip(at, position[0], position[-1])
    k = np.clip(np.searchsorted(position, at) - 1, 0, len(step) - 1)
    t = (at - position[k]) / step[k]
    return (
        (2 * t**3 - 3 * t**2 + 1) * value[k]
        + (t**3 - 2 * t**2 + t) * step[k] * tangent[k]
        + (3 * t**2 - 2 * t**3) * value[k + 1]
        + (t**3 - t**2) * step[k] * tangent[k + 1]
    )


def around(num_columns: int) -> np.ndarray:
    """Angles [num_columns] once around a tube; 0 is its front, +pi/2 its left, the seam is at its back."""
    return np.linspace(-np.pi, np.pi, num_columns)


def tube(
    centres: np.ndarray,
    side: np.ndarray,
    front: np.ndarray,
    width: np.ndarray,
    depth: np.ndarray,
    theta: np.ndarray,
    squareness: float = 2.0,
) -> np.ndarray:
    """Points [R, C, 3] of a tube through `centres` [R, 3] with a superelliptic section per ring.

    point = centre + width * side * sin(theta) + depth * front * cos(theta), where sine and cosine are
    raised to 2 / squareness (2: an ellipse, more: boxier). `width` and `depth` are [R] or [R, C].
    """
    power = 2.0 / squareness
    sine, cosine = np.sin(theta), np.cos(theta)
    sideways = np.sign(sine) * np.abs(sine) ** power
    forwards = np.sign(cosine) * np.abs(cosine) ** power
    width = width[:, None] if width.ndim == 1 else width
    depth = depth[:, None] if depth.ndim == 1 else depth
    return (
        centres[:, None]
        + (width * sideways)[..., None] * side[:, None]
        + (depth * forwards)[..., None] * front[:, None]
    )


def rounded_chain(points: np.ndarray, at: np.ndarray, rounding: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions and unit tangents [R, 3] at arc lengths `at` along a polyline whose corners are rounded.

    A corner is replaced by a parabola from `rounding` before it to `rounding` after it. Positions before
    the start and beyond the end continue straight.
    """
    segments = np.diff(points, axis=0)
    lengths = np.linalg.norm(segments, axis=1)
    directions = segments / lengths[:, None]
    corners = np.concatenate([[0.0], np.cumsum(lengths)])
    k = np.clip(np.searchsorted(corners, at, side='right') - 1, 0, len(lengths) - 1)
    position = points[k] + (at - corners[k])[:, None] * directions[k]
    tangent = directions[k]
    for i in range(1, len(points) - 1):
        t = (at - corners[i]) / rounding
        bent = np.abs(t) < 1
        t = t[bent, None]
        before, after = directions[i - 1], directions[i]
        # Integral of the tangent, which turns linearly from `before` to `after`.
        position[bent] = points[i] + rounding * (t * (before + after) / 2 + (t**2 + 1) / 4 * (after - before))
        tangent[bent] = before * (1 - t) / 2 + after * (1 + t) / 2
    return position, unit(tangent)
