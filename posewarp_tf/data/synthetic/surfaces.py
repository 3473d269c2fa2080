"""Body and garment surfaces: grids of points that follow a skeleton.

Every surface is a tube with fixed coordinates (u, theta): u runs along it in metres of the rest
pose, theta once around it (0 front, seam at the back). `points(skeleton)` poses it. So one grid
point is one point of the skin or the cloth in every picture, which is what makes flows exact.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from posewarp_tf.data.synthetic import geometry
from posewarp_tf.data.synthetic.figure import Body, Limb, Skeleton

# Profiles: (position, fraction of the height). Positions along the torso in torso lengths above the hip line.
_TORSO_WIDTH = (
    (-0.22, 0.030),
    (-0.12, 0.080),
    (0.0, 0.094),
    (0.14, 0.092),
    (0.42, 0.074),
    (0.68, 0.088),
    (0.82, 0.093),
    (0.90, 0.084),
    (0.97, 0.058),
    (1.02, 0.037),
    (1.08, 0.031),
    (1.16, 0.031),
)
_TORSO_DEPTH = (
    (-0.22, 0.030),
    (-0.12, 0.056),
    (0.0, 0.064),
    (0.14, 0.061),
    (0.42, 0.051),
    (0.68, 0.062),
    (0.82, 0.059),
    (0.90, 0.051),
    (0.97, 0.042),
    (1.02, 0.036),
    (1.08, 0.032),
    (1.16, 0.033),
)
_TORSO_FRONT = ((-0.22, 0.0), (0.0, -0.007), (0.42, 0.004), (0.68, 0.002), (0.9, -0.008), (1.0, -0.006), (1.16, 0.0))
# Along a limb in (segment + part of the segment).
_ARM_RADIUS = (
    (0.0, 0.0310),
    (0.35, 0.0275),
    (0.8, 0.0235),
    (1.0, 0.0225),
    (1.3, 0.0235),
    (1.9, 0.0165),
    (2.0, 0.0160),
    (2.15, 0.0155),
    (2.6, 0.0145),
    (3.0, 0.0100),
)
_HAND_WIDTH = ((0.0, 1.0), (1.95, 1.0), (2.15, 1.25), (2.45, 1.75), (2.75, 1.45), (3.0, 1.2))
_LEG_RADIUS = (
    (0.0, 0.0520),
    (0.25, 0.0505),
    (0.6, 0.0425),
    (0.95, 0.0330),
    (1.05, 0.0320),
    (1.3, 0.0345),
    (1.6, 0.0280),
    (1.9, 0.0200),
    (2.0, 0.0195),
)
_CALF_BACK = ((0.0, 0.0), (0.5, 0.004), (0.95, 0.002), (1.05, 0.0), (1.3, -0.007), (1.7, -0.003), (2.0, 0.0))
# Of the head, in head heights above its centre.
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


class Surface(Protocol):
    """What all of them offer."""

    u: np.ndarray
    theta: np.ndarray

    def points(self, skeleton: Skeleton) -> np.ndarray:
        """Posed points [len(u), len(theta), 3]."""


def torso_section(body: Body, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half width, half depth and shift to the front [R] of the bare torso, in metres."""
    t = u / body.torso
    width = geometry.smooth_profile(_TORSO_WIDTH, t)
    hips = np.exp(-(((t - 0.03) / 0.25) ** 2))
    waist = np.exp(-(((t - 0.42) / 0.18) ** 2))
    chest = np.exp(-(((t - 0.80) / 0.22) ** 2))
    neck = np.clip((t - 0.95) / 0.07, 0.0, 1.0)
    width = width + hips * (body.hip - 0.095) + waist * (0.006 - 0.012 * body.shape)
    width = width + chest * (0.8 * (body.shoulder - 0.104)) - neck * 0.004 * body.shape
    depth = geometry.smooth_profile(_TORSO_DEPTH, t) - neck * 0.003 * body.shape
    thick = 1.0 + (body.weight - 1.0) * (1.0 - 0.6 * neck)
    belly = 0.05 * max(body.weight - 1.05, 0.0) * np.exp(-(((t - 0.35) / 0.25) ** 2))
    front = geometry.smooth_profile(_TORSO_FRONT, t) + belly
    return width * thick * body.height, (depth * thick + belly) * body.height, front * body.height


@dataclasses.dataclass
class Trunk:
    """The torso from `start` to `stop` metres above the hip line, bare or as the shell of a garment.

    `ease` is the air under the cloth, `straight` how far (0..1) it hangs down from the chest instead of
    following the waist. With `skirt` the part below the hip line encloses both legs, widening by `flare`
    metres per metre and waving with `pleats` folds.
    """

    body: Body
    start: float
    stop: float
    ease: float = 0.0
    straight: float = 0.0
    skirt: bool = False
    flare: float = 0.0
    pleats: int = 0

    def __post_init__(self) -> None:
        rings = max(6, int((self.stop - self.start) / 0.026))
        self.u = np.linspace(self.start, self.stop, rings)
        self.theta = geometry.around(41 if self.pleats else 31)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        centres, frames = skeleton.spine(self.u)
        width, depth, front = torso_section(self.body, self.u)
        if self.straight:
            hanging = self.u < 0.75 * self.body.torso
            chest_width, chest_depth, _ = torso_section(self.body, np.array([0.75 * self.body.torso]))
            width = np.where(hanging, np.maximum(width, self._mix(width, 0.97 * chest_width)), width)
            depth = np.where(hanging, np.maximum(depth, self._mix(depth, 0.97 * chest_depth)), depth)
        centres = centres + front[:, None] * frames[:, :, 2]
        width, depth = width + self.ease, depth + self.ease
        if self.skirt:
            centres, width, depth = self._around_legs(skeleton, centres, width, depth)
        waves = np.ones((len(self.u), len(self.theta)))
        if self.pleats:
            amplitude = 0.07 * np.clip((0.25 * self.body.torso - self.u) / 0.5, 0.0, 1.0)
            waves += amplitude[:, None] * np.cos(self.pleats * self.theta)
        depth = depth[:, None] * waves + self._bust()
        return geometry.tube(
            centres, frames[:, :, 0], frames[:, :, 2], width[:, None] * waves, depth, self.theta, squareness=2.35
        )

    def _mix(self, tight: np.ndarray, loose: np.ndarray) -> np.ndarray:
        return tight + self.straight * (loose - tight)

    def _bust(self) -> np.ndarray:
        t = self.u[:, None] / self.body.torso
        bumps = np.exp(-(((np.abs(self.theta) - 0.5) / 0.38) ** 2))
        fall = np.where(t > 0.7, 0.10, 0.09)
        size = 0.022 * max(self.body.shape - 0.35, 0.0) / 0.65 * self.body.height
        return size * bumps * np.exp(-(((t - 0.70) / fall) ** 2))

    def _around_legs(
        self, skeleton: Skeleton, centres: np.ndarray, width: np.ndarray, depth: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        below = np.maximum(-self.u, 0.0)
        side, up, forward = skeleton.pelvis.T
        right, left = (leg_rings(skeleton.legs[name], self.body, below) for name in ('right', 'left'))
        apart = left[0] - right[0]
        # A slanting thigh cuts a level ring in a longer ellipse.
        slant = np.minimum(np.abs(right[3] @ up), np.abs(left[3] @ up))
        radius = right[4] / np.maximum(slant, 0.55) + self.ease
        need_width = 1.03 * np.abs(apart @ side) / 2 + radius
        need_depth = 1.05 * np.abs(apart @ forward) / 2 + radius
        t = np.clip(below / 0.1, 0.0, 1.0)
        hem_width, hem_depth = (float(np.interp(0.0, self.u, size)) for size in (width, depth))
        flared_width = np.maximum(need_width, hem_width + self.flare * below)
        flared_depth = np.maximum(need_depth, hem_depth * (1 - 0.1 * t) + self.flare * below)
        middle = (right[0] + left[0]) / 2
        is_below = below > 0
        width = np.where(is_below, width * (1 - t) + flared_width * t, width)
        depth = np.where(is_below, depth * (1 - t) + flared_depth * t, depth)
        centres = np.where(is_below[:, None], centres * (1 - t[:, None]) + middle * t[:, None], centres)
        return centres, width, depth


def leg_rings(leg: Limb, body: Body, at: np.ndarray) -> tuple[np.ndarray, ...]:
    """Centre, side, front, tangent [R, 3] and radius [R] of a bare leg at `at` metres below the hip."""
    centres, side, front = leg.rings(at, 0.07)
    segment = _segments(at, (body.thigh, body.shin))
    radius = geometry.smooth_profile(_LEG_RADIUS, segment) * body.height * body.weight
    back = geometry.smooth_profile(_CALF_BACK, segment) * body.height
    return centres + back[:, None] * front, side, front, np.cross(side, front), radius


def _segments(at: np.ndarray, lengths: tuple[float, ...]) -> np.ndarray:
    corners = np.concatenate([[0.0], np.cumsum(lengths)])
    return np.interp(at, corners, np.arange(len(corners)))


def _cap(u: np.ndarray, first: float, last: float, radius_first: float, radius_last: float) -> np.ndarray:
    """Factors that round off the two ends of a tube (no cap where a radius is 0)."""
    factor = np.ones_like(u)
    if radius_first:
        factor *= np.sqrt(1 - np.clip(1 - (u - first) / radius_first, 0.0, 1.0) ** 2)
    if radius_last:
        factor *= np.sqrt(1 - np.clip(1 - (last - u) / radius_last, 0.0, 1.0) ** 2)
    return factor


def _rings(start: float, stop: float, step: float, cap_first: float, cap_last: float) -> np.ndarray:
    """Positions along a tube, closer together where its ends are rounded."""
    turns = (1 - np.cos(np.linspace(0.0, np.pi / 2, 6)))[:-1]
    middle = np.linspace(start + cap_first, stop - cap_last, max(4, int((stop - start) / step)))
    first = start + cap_first * turns if cap_first else np.zeros(0)
    last = (stop - cap_last * turns)[::-1] if cap_last else np.zeros(0)
    return np.concatenate([first, middle, last])


@dataclasses.dataclass
class LimbTube:
    """An arm or a leg from `start` to `stop` metres beyond its first joint, bare or as a sleeve.

    The shoulder or hip is rounded off when `start` is not positive, the finger tips when `stop` is None.
    `ease` is the air under the cloth, growing by `flare` metres towards `stop`.
    """

    body: Body
    kind: str  # 'arm' or 'leg'
    side: str
    start: float
    stop: float | None = None
    ease: float = 0.0
    flare: float = 0.0
    flare_from: float = 0.0
    straight: float = 0.0

    def __post_init__(self) -> None:
        body = self.body
        arm = self.kind == 'arm'
        self._lengths = (body.upper_arm, body.forearm, body.hand) if arm else (body.thigh, body.shin)
        end = sum(self._lengths)
        self._stop = end if self.stop is None else self.stop
        rounded = self.start <= 0
        self._first = (0.031 if arm else 0.052) * body.height + self.ease if rounded else 0.0
        self._last = 0.016 * body.height if arm and self.stop is None else 0.0
        start = self.start - (0.85 * self._first if rounded else 0.0)
        self._start = start
        self.u = _rings(start, self._stop, 0.024, self._first, self._last)
        self.theta = geometry.around(17 if arm else 19)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        limb = (skeleton.arms if self.kind == 'arm' else skeleton.legs)[self.side]
        segment = _segments(np.maximum(self.u, 0.0), self._lengths)
        if self.kind == 'arm':
            centres, side, front = limb.rings(self.u, 0.045)
            radius = geometry.smooth_profile(_ARM_RADIUS, segment) * self.body.height
            radius = radius * (1 + 0.8 * (self.body.weight - 1) - 0.12 * self.body.shape)
            widening = geometry.smooth_profile(_HAND_WIDTH, segment)
        else:
            centres, side, front, _, radius = leg_rings(limb, self.body, self.u)
            widening = np.ones_like(radius)
        if self.straight:
            # Loose cloth keeps its width down to the hem.
            widest = np.interp(0.0, self.u, radius)
            radius = np.maximum(radius, radius + self.straight * (widest - radius) * np.clip(self.u / 0.1, 0, 1))
        opening = np.clip((self.u - self.flare_from) / max(self._stop - self.flare_from, 1e-6), 0.0, 1.0)
        cap = _cap(self.u, self._start, self._stop, self._first, self._last)
        radius = (radius + self.ease + self.flare * opening) * cap
        return geometry.tube(centres, side, front, radius / np.sqrt(widening), radius * widening, self.theta)


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
        return place_head(skeleton, self.u, width[:, None] + 0 * relief, depth[:, None] + relief, front, self.theta)


def head_section(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half width, half depth and shift to the front of the bare head, all in head heights."""
    return tuple(geometry.smooth_profile(knots, y) for knots in (_HEAD_WIDTH, _HEAD_DEPTH, _HEAD_FRONT))  # type: ignore


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
        self.theta = geometry.around(4 * self.num_rings // 2 + 3)

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

    `volume` is its thickness in head heights. Below the ears it hangs down, in front of the shoulders'
    back, not along the head.
    """

    body: Body
    bottom: float
    volume: float
    curl: float = 0.0

    def __post_init__(self) -> None:
        top = 0.5 + self.volume
        cap = top - (top + 0.1) * (1 - np.cos(np.linspace(0.0, np.pi / 2, 14)))
        fall = np.linspace(-0.1, self.bottom, max(3, int((self.bottom + 0.1) / -0.09)))[1:]
        self.u = np.concatenate([cap, fall]) * self.body.head_height
        self.theta = geometry.around(37)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        y = self.u / self.body.head_height
        inner = np.where(y > 0, y * 0.5 / (0.5 + self.volume), np.maximum(y, -0.05))
        width, depth, front = head_section(inner)
        fall = np.clip((-0.3 - y) / 0.6, 0.0, 1.0)
        width = width + self.volume * np.clip((0.5 + self.volume - y) / 0.2, 0.0, 1.0) + 0.06 * fall
        depth = depth + self.volume * np.clip((0.5 + self.volume - y) / 0.2, 0.0, 1.0) + 0.12 * fall
        front = front - 0.20 * fall
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
        self.u = _rings(0.0, self.length, 0.03, self.radius, self.radius)
        self.theta = geometry.around(15)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        size = self.body.head_height
        side, up, forward = skeleton.head_frame.T
        start = skeleton.head_origin + size * (0.22 * up - 0.38 * forward)
        out = start - 0.055 * forward + 0.01 * up
        end = out - 0.9 * self.length * geometry.UP - 0.05 * forward
        centres, tangents = geometry.rounded_chain(np.stack([start, out, end]), self.u, 0.04)
        front = geometry.unit(np.cross(tangents, side))
        radius = self.radius * _cap(self.u, 0.0, self.length, self.radius, self.radius)
        radius = radius * (1.0 - 0.45 * self.u / self.length)
        return geometry.tube(centres, np.cross(front, tangents), front, radius, radius, self.theta)


@dataclasses.dataclass
class Foot:
    """A foot or a shoe, u from the heel to the toes; theta 0 is its upper side."""

    body: Body
    side: str
    ease: float = 0.0
    collar: float = 0.0  # metres that a shoe reaches above the ankle

    def __post_init__(self) -> None:
        length = self.body.foot + 2 * self.ease
        self.u = _rings(-0.27 * length, 0.73 * length, 0.022, 0.025, 0.03)
        self.theta = geometry.around(17)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        height = self.body.height
        side, up, forward = skeleton.feet[self.side].T
        ankle = skeleton.legs[self.side].joints[2]
        t = (self.u - self.u[0]) / (self.u[-1] - self.u[0])
        top = geometry.smooth_profile(
            ((0.0, -0.004), (0.15, 0.012), (0.32, 0.010), (0.55, -0.012), (0.85, -0.023), (1.0, -0.028)), t
        )
        width = geometry.smooth_profile(((0.0, 0.018), (0.25, 0.019), (0.7, 0.0275), (0.9, 0.024), (1.0, 0.018)), t)
        top = top * height + self.ease + self.collar * np.exp(-(((t - 0.27) / 0.14) ** 2))
        sole = np.full_like(top, -self.body.ankle_height)
        cap = _cap(self.u, self.u[0], self.u[-1], 0.025, 0.03)
        middle = (top + sole) / 2
        centres = ankle + self.u[:, None] * forward + middle[:, None] * up
        sides, ups = (np.broadcast_to(axis, centres.shape) for axis in (side, up))
        return geometry.tube(
            centres, sides, ups, (width * height + self.ease) * cap, (top - sole) / 2 * cap, self.theta, squareness=2.6
        )


@dataclasses.dataclass
class Collar:
    """A scarf or a polo neck: a roll of cloth around the neck, u across it."""

    body: Body
    low: float  # torso lengths above the hip line
    high: float
    thickness: float

    def __post_init__(self) -> None:
        self.u = np.linspace(self.low, self.high, 9) * self.body.torso
        self.theta = geometry.around(25)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        centres, frames = skeleton.spine(self.u)
        _, _, front = torso_section(self.body, self.u)
        neck_width, neck_depth, _ = torso_section(self.body, np.full_like(self.u, 1.05 * self.body.torso))
        t = (self.u - self.u[0]) / (self.u[-1] - self.u[0])
        roll = self.thickness * np.sqrt(np.maximum(1 - (2 * t - 1) ** 2, 0.0)) + 0.35 * (1 - t) * self.thickness
        centres = centres + front[:, None] * frames[:, :, 2]
        return geometry.tube(
            centres, frames[:, :, 0], frames[:, :, 2], neck_width + roll, neck_depth + roll, self.theta
        )
