"""The torso and what hangs on it: shirts, skirts, dresses, coats, collars."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.figure import Body, Skeleton
from posewarp_tf.synthetic.drawn.limbs import leg_rings

# (torso lengths above the hip line, fraction of the height).
_TORSO_WIDTH = (
    (-0.22, 0.030),
    (-0.12, 0.080),
    (0.0, 0.094),
    (0.14, 0.092),
    (0.42, 0.074),
    (0.68, 0.088),
    (0.82, 0.097),
    (0.90, 0.097),
    (0.94, 0.089),
    (0.975, 0.067),
    (1.01, 0.042),
    (1.05, 0.033),
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
_SQUARENESS = 2.35  # of the sections of a torso


def torso_section(body: Body, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Half width, half depth and shift to the front [R] of the bare torso, in metres."""
    t = u / body.torso
    width = geometry.smooth_profile(_TORSO_WIDTH, t)
    hips = np.exp(-(((t - 0.03) / 0.25) ** 2))
    waist = np.exp(-(((t - 0.42) / 0.18) ** 2))
    chest = np.exp(-(((t - 0.80) / 0.22) ** 2))
    neck = np.clip((t - 0.95) / 0.07, 0.0, 1.0)
    width = width + hips * (body.hip - 0.095) + waist * (0.006 - 0.012 * body.shape)
    width = width + chest * (0.9 * (body.shoulder - 0.100)) - neck * 0.004 * body.shape
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
        # Rings lie closer together over the shoulders, where a shell must not sink into the skin.
        shoulders = 0.84 * self.body.torso
        below = np.linspace(self.start, shoulders, max(4, int((shoulders - self.start) / 0.026)), endpoint=False)
        above = np.linspace(shoulders, 1.16 * self.body.torso, 14)
        every = np.concatenate([below[below < self.stop], above[above < self.stop], [self.stop]])
        self.u = every[every >= self.start]
        self.theta = geometry.around(41 if self.pleats else 31)

    def points(self, skeleton: Skeleton) -> np.ndarray:
        centres, frames = skeleton.spine(self.u)
        # On the slope of the shoulders air under the cloth lifts it.
        lift = self.ease * np.clip((self.u / self.body.torso - 0.8) / 0.1, 0.0, 1.0)
        width, depth, front = torso_section(self.body, self.u - lift)
        if self.straight:
            hanging = self.u < 0.75 * self.body.torso
            chest_width, chest_depth, _ = torso_section(self.body, np.array([0.75 * self.body.torso]))
            width = np.where(hanging, np.maximum(width, self._mix(width, 0.97 * chest_width)), width)
            depth = np.where(hanging, np.maximum(depth, self._mix(depth, 0.97 * chest_depth)), depth)
        centres = centres + front[:, None] * frames[:, :, 2]
        shape = (len(self.u), len(self.theta))
        width, depth = (np.broadcast_to(size[:, None] + self.ease, shape) for size in (width, depth))
        if self.skirt:
            centres, width, depth = self._around_legs(skeleton, centres, width, depth)
        waves = np.ones(shape)
        if self.pleats:
            amplitude = 0.07 * np.clip((0.25 * self.body.torso - self.u) / 0.5, 0.0, 1.0)
            waves += amplitude[:, None] * np.cos(self.pleats * self.theta)
        depth = depth * waves + self._bust()
        return geometry.tube(
            centres, frames[:, :, 0], frames[:, :, 2], width * waves, depth, self.theta, squareness=_SQUARENESS
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
        """Rings below the hip line hang between the legs, wide enough for both wherever they go.

        Takes and returns centres [R, 3] and half sizes [R, C], which differ between left and right, front and back.
        """
        origin = skeleton.spine(np.zeros(1))[0][0]
        below = np.maximum(-self.u, 0.0)
        skin, drop = self._legs_in_pelvis(skeleton, origin, below)
        near = np.abs(-skin[:, 1] - np.maximum(drop, 0.015)[:, None]) < max(0.022, 1.2 * np.ptp(drop) / len(drop))
        near[:, -1] |= ~near.any(axis=1)
        local = (centres - origin) @ skeleton.pelvis
        settled = np.clip(below / 0.12, 0.0, 1.0)
        needed, corner = [], 0.0
        for axis in (0, 2):
            low = np.where(near, skin[:, axis], np.inf).min(axis=1)
            high = np.where(near, skin[:, axis], -np.inf).max(axis=1)
            local[:, axis] += settled * (_smooth((low + high) / 2) - local[:, axis])
            away = skin[:, axis] - local[:, axis, None]
            forth = np.maximum(high - local[:, axis], 0.02)[:, None]
            back = np.maximum(local[:, axis] - low, 0.02)[:, None]
            needed.append((back, forth))
            corner = corner + np.abs(away / np.where(away > 0, forth, back)) ** _SQUARENESS
        # The corners of a superellipse are closer than its sides.
        scale = np.where(near, corner, 0.0).max(axis=1, keepdims=True) ** (1 / _SQUARENESS)
        at_hips = np.clip(1 - self.u / 0.07, 0.0, 1.0)[:, None]
        hangs = (self.flare * below - 0.12 * settled * 0.16)[:, None]
        sizes = []
        for size, (back, forth), towards in zip((width, depth), needed, (np.sin(self.theta), np.cos(self.theta))):
            hip_size = float(np.interp(0.0, self.u, size[:, 0]))
            free = np.where(self.u[:, None] < 0, hip_size + hangs, size)
            need = scale * np.where(towards > 0, forth, back) + 0.003
            sizes.append(_smooth(free + at_hips * np.maximum(need - free, 0.0)))
        local[:, 1] = np.where(self.u < 0, -drop, local[:, 1])
        return origin + local @ skeleton.pelvis.T, sizes[0], sizes[1]

    def _legs_in_pelvis(
        self, skeleton: Skeleton, origin: np.ndarray, below: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points [N, 3] of both legs in the pelvis' axes, and how far the cloth at `below` has come down [R]."""
        at = np.linspace(0.0, self.body.thigh + self.body.shin, 44)
        skin, drops = [], []
        for leg in skeleton.legs.values():
            middle, side, front, _, radius = leg_rings(leg, self.body, at)
            radius = radius + self.ease
            skin.append(geometry.tube(middle, side, front, radius, radius, geometry.around(13)).reshape(-1, 3))
            drops.append(np.interp(below, at, (origin - middle) @ skeleton.pelvis[:, 1]))
        points = (np.concatenate(skin) - origin) @ skeleton.pelvis
        points = points[np.argsort(-points[:, 1], kind='stable')]
        return points, np.maximum.accumulate(np.mean(drops, axis=0)[::-1])[::-1]


def _smooth(values: np.ndarray) -> np.ndarray:
    """Running means of three: no kinks from ring to ring."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


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
