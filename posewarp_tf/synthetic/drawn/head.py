"""Heads, hair and hats: rings across the upright axis of a head."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.figure import Body, Skeleton
from posewarp_tf.synthetic.drawn.limbs import cap, rings

# Places of the head, in head heights above its centre.
_HEAD_WIDTH = (
    (-0.5, 0.02),
    (-0.47, 0.13),
    (-0.38, 0.205),
    (-0.2, 0.270),
    (0.0, 0.310),
    (0.2, 0.322),
    (0.38, 0.255),
    (0.47, 0.14),
    (0.5, 0.01),
)
_HEAD_DEPTH = (
    (-0.5, 0.02),
    (-0.47, 0.12),
    (-0.38, 0.220),
    (-0.2, 0.320),
    (0.0, 0.390),
    (0.2, 0.400),
    (0.38, 0.320),
    (0.47, 0.18),
    (0.5, 0.01),
)
_HEAD_FRONT = ((-0.5, 0.20), (-0.38, 0.13), (-0.2, 0.055), (0.0, 0.01), (0.2, -0.01), (0.5, -0.02))


@dataclasses.dataclass
class Head:
    """The face and skull; u is the height above the head's centre."""

    body: Body

    def __post_init__(self) -> None:
        self.u = -0.5 * np.cos(np.linspace(0.0, np.pi, 25)) * self.body.head_height
        self.theta = geometry.around(37)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        y = self.u / self.body.head_height
        width, depth, front = head_section(y)
        nose = np.exp(-((self.theta / 0.13) ** 2))
        length = np.where(y < -0.17, np.exp(-(((y + 0.17) / 0.04) ** 2)), np.clip(1 - (y + 0.17) / 0.24, 0.0, 1.0))
        sockets = np.exp(-(((np.abs(self.theta) - 0.42) / 0.2) ** 2)) * np.exp(-(((y - 0.01) / 0.07) ** 2))[:, None]
        brow = np.exp(-(((y - 0.1) / 0.06) ** 2))[:, None] * np.exp(-((self.theta / 0.8) ** 2))
        lips = np.exp(-(((y + 0.295) / 0.035) ** 2))[:, None] * np.exp(-((self.theta / 0.35) ** 2))
        relief = 0.085 * length[:, None] * nose - 0.022 * sockets + 0.012 * brow + 0.012 * lips
        return place_head(skeleton, self.u, width, depth[:, None] + relief, front, self.theta)


def head_section(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half width, half depth and shift to the front of the bare head, all in head heights."""
    width, depth, front = (geometry.smooth_profile(knots, y) for knots in (_HEAD_WIDTH, _HEAD_DEPTH, _HEAD_FRONT))
    return width, depth, front


def place_head(
    skeleton: Skeleton, u: np.ndarray, width: np.ndarray, depth: np.ndarray, front: np.ndarray, theta: np.ndarray
) -> np.ndarray:
    """Rings across the head's upright axis; sizes in head heights."""
    size = skeleton.body.head_height
    side, up, forward = skeleton.head_frame.T
    centres = skeleton.head_origin + u[:, None] * up + size * front[:, None] * forward
    sides, fronts = (np.broadcast_to(axis, centres.shape) for axis in (side, forward))
    return geometry.tube(centres, sides, fronts, size * width, size * depth, theta, squareness=2.15)


@dataclasses.dataclass
class HeadBall:
    """An ellipsoid fixed to the head: an ear, a bun, the brim of a hat. Sizes in head heights."""

    body: Body
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    pitch: float = 0.0
    num_rings: int = 9

    def __post_init__(self) -> None:
        self.u = -np.cos(np.linspace(0.0, np.pi, self.num_rings)) * self.radii[1] * self.body.head_height
        self.theta = geometry.around(2 * self.num_rings + 3)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        size = self.body.head_height
        frame = skeleton.head_frame @ geometry.tilt(self.pitch)
        centre = skeleton.head_origin + size * skeleton.head_frame @ np.array(self.centre)
        round_off = np.sqrt(np.maximum(1 - (self.u / (size * self.radii[1])) ** 2, 0.0))
        centres = centre + self.u[:, None] * frame[:, 1]
        sides, fronts = (np.broadcast_to(frame[:, axis], centres.shape) for axis in (0, 2))
        width, depth = (size * radius * round_off for radius in (self.radii[0], self.radii[2]))
        return geometry.tube(centres, sides, fronts, width, depth, self.theta)


@dataclasses.dataclass
class HairCap:
    """Hair (or a hat) over the skull, falling to `bottom` head heights below the centre.

    `volume` is its thickness in head heights. Below the ears it hangs straight down behind the shoulders,
    whatever way the head leans.
    """

    body: Body
    bottom: float
    volume: float
    curl: float = 0.0

    def __post_init__(self) -> None:
        top = 0.5 + self.volume
        crown = top - (top + 0.1) * (1 - np.cos(np.linspace(0.0, np.pi / 2, 14)))
        fall = np.linspace(-0.1, self.bottom, max(3, int((self.bottom + 0.1) / -0.09)))[1:]
        self.u = np.concatenate([crown, fall]) * self.body.head_height
        self.theta = geometry.around(37)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        y = self.u / self.body.head_height
        inner = np.where(y > 0, y * 0.5 / (0.5 + self.volume), np.maximum(y, -0.05))
        width, depth, front = head_section(inner)
        fall = np.clip((-0.3 - y) / 0.6, 0.0, 1.0)
        width = width + self.volume * np.clip((0.5 + self.volume - y) / 0.2, 0.0, 1.0) + 0.06 * fall
        depth = depth + self.volume * np.clip((0.5 + self.volume - y) / 0.2, 0.0, 1.0) + 0.12 * fall
        front = front - 0.27 * fall
        waves = 1 + self.curl * np.sin(26 * y)[:, None] * np.cos(9 * self.theta)
        points = place_head(skeleton, self.u, width[:, None] * waves, depth[:, None] * waves, front, self.theta)
        # Falling hair hangs down whatever way the head leans.
        lean = skeleton.head_frame[:, 1] - geometry.UP
        below = np.minimum(self.u + 0.3 * self.body.head_height, 0.0)
        return points - (below[:, None] * lean)[:, None]


@dataclasses.dataclass
class HairTail:
    """A ponytail from the back of the head, `length` metres long."""

    body: Body
    length: float
    radius: float

    def __post_init__(self) -> None:
        self.u = rings(0.0, self.length, 0.03, self.radius, self.radius)
        self.theta = geometry.around(15)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        size = self.body.head_height
        side, up, forward = skeleton.head_frame.T
        start = skeleton.head_origin + size * (0.22 * up - 0.38 * forward)
        out = start - 0.055 * forward + 0.01 * up
        end = out - 0.9 * self.length * geometry.UP - 0.05 * forward
        centres, tangents = geometry.rounded_chain(np.stack([start, out, end]), self.u, 0.04)
        front = geometry.unit(np.cross(tangents, side))
        radius = self.radius * cap(self.u, 0.0, self.length, self.radius, self.radius)
        radius = radius * (1.0 - 0.45 * self.u / self.length)
        return geometry.tube(centres, np.cross(front, tangents), front, radius, radius, self.theta)
