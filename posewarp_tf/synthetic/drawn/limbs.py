"""Arms, legs, feet and what covers them: tubes along the chains of a skeleton."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.figure import Body, Limb, Skeleton

# Along a limb in (segment + part of the segment).
_ARM_RADIUS = (
    (0.0, 0.0295),
    (0.35, 0.0272),
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


def cap(u: np.ndarray, first: float, last: float, radius_first: float, radius_last: float) -> np.ndarray:
    """Factors that round off the two ends of a tube (no cap where a radius is 0)."""
    factor = np.ones_like(u)
    if radius_first:
        factor *= np.sqrt(1 - np.clip(1 - (u - first) / radius_first, 0.0, 1.0) ** 2)
    if radius_last:
        factor *= np.sqrt(1 - np.clip(1 - (last - u) / radius_last, 0.0, 1.0) ** 2)
    return factor


def rings(start: float, stop: float, step: float, cap_first: float, cap_last: float) -> np.ndarray:
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
        self._first = (0.0295 if arm else 0.052) * body.height + self.ease if rounded else 0.0
        self._last = 0.016 * body.height if arm and self.stop is None else 0.0
        start = self.start - (0.85 * self._first if rounded else 0.0)
        self._start = start
        self.u = rings(start, self._stop, 0.024, self._first, self._last)
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
        round_off = cap(self.u, self._start, self._stop, self._first, self._last)
        radius = (radius + self.ease + self.flare * opening) * round_off
        return geometry.tube(centres, side, front, radius / np.sqrt(widening), radius * widening, self.theta)


@dataclasses.dataclass
class Foot:
    """A foot or a shoe, u from the heel to the toes; theta 0 is its upper side."""

    body: Body
    side: str
    ease: float = 0.0
    collar: float = 0.0  # metres that a shoe reaches above the ankle

    def __post_init__(self) -> None:
        length = self.body.foot + 2 * self.ease
        self.u = rings(-0.27 * length, 0.73 * length, 0.022, 0.025, 0.03)
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
        round_off = cap(self.u, self.u[0], self.u[-1], 0.025, 0.03)
        middle = (top + sole) / 2
        centres = ankle + self.u[:, None] * forward + middle[:, None] * up
        sides, ups = (np.broadcast_to(axis, centres.shape) for axis in (side, up))
        return geometry.tube(
            centres,
            sides,
            ups,
            (width * height + self.ease) * round_off,
            (top - sole) / 2 * round_off,
            self.theta,
            squareness=2.6,
        )


@dataclasses.dataclass
class Thumb:
    """A thumb (of a glove when there is `ease`), u from its root."""

    body: Body
    side: str
    ease: float = 0.0

    def __post_init__(self) -> None:
        self._radius = 0.0062 * self.body.height + self.ease
        self.u = rings(0.0, 0.040 * self.body.height, 0.012, self._radius, self._radius)
        self.theta = geometry.around(9)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        height = self.body.height
        limb = skeleton.arms[self.side]
        (root,), _, (front,) = limb.rings(np.array([self.body.upper_arm + self.body.forearm + 0.016 * height]), 0.045)
        along = geometry.unit(limb.joints[3] - limb.joints[2])
        middle = root + 0.017 * height * front + 0.008 * height * along
        chain = np.stack([root, middle, middle + 0.025 * height * geometry.unit(0.9 * along + 0.25 * front)])
        centres, tangents = geometry.rounded_chain(chain, self.u, 0.006)
        side = geometry.unit(np.cross(tangents, front))
        radius = self._radius * cap(self.u, self.u[0], self.u[-1], self._radius, self._radius)
        return geometry.tube(centres, side, np.cross(side, tangents), radius, radius, self.theta)
