"""Poses that people take in front of a camera, as joint angles free of anybody's proportions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

# Part of the pictures per view, and the range of |yaw| in degrees from the front view.
VIEWS = (
    (0.55, (0.0, 35.0)),
    (0.25, (35.0, 65.0)),
    (0.10, (75.0, 105.0)),
    (0.10, (145.0, 180.0)),
)


@dataclasses.dataclass(frozen=True)
class ArmPose:
    """Angles in radians, or a point that the wrist reaches for.

    abduction lifts the arm sideways, swing to the front, inward turns it about its own axis, elbow bends.
    reach is (outwards, up, front) in body heights from the hips or the chest; the elbow then points to
    `elbow_towards`, the hand to `hand`.
    """

    abduction: float = 0.12
    swing: float = 0.0
    inward: float = 0.0
    elbow: float = 0.15
    reach: tuple[float, float, float] | None = None
    reach_from: str = 'pelvis'
    elbow_towards: tuple[float, float, float] = (1.0, 0.0, -0.3)
    hand: tuple[float, float, float] = (0.0, -1.0, 0.3)


@dataclasses.dataclass(frozen=True)
class LegPose:
    """Angles in radians; `lifted` feet follow their shin, others stand flat."""

    abduction: float = 0.05
    swing: float = 0.0
    outward: float = 0.1
    knee: float = 0.05
    lifted: bool = False


@dataclasses.dataclass(frozen=True)
class Pose:
    """One figure in one picture.

    yaw 0 faces the camera, +pi/2 looks to the right of the picture. zoom 1 shows the whole figure with a
    margin; shift is the way of the figure to the right and down, in picture heights.
    """

    yaw: float = 0.0
    lean: float = 0.0
    sway: float = 0.0
    bend: float = 0.0
    twist: float = 0.0
    side_bend: float = 0.0
    head_pitch: float = 0.0
    head_yaw: float = 0.0
    head_roll: float = 0.0
    arms: dict[str, ArmPose] = dataclasses.field(default_factory=lambda: {'right': ArmPose(), 'left': ArmPose()})
    legs: dict[str, LegPose] = dataclasses.field(default_factory=lambda: {'right': LegPose(), 'left': LegPose()})
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


def sample_pose(rng: np.random.Generator, max_yaw: float = 180.0) -> Pose:
    """A plausible pose: arms and legs from a few families, seen from a view of `VIEWS`.

    max_yaw: degrees; nobody turns further from facing the camera.
    """
    views = [(chance, (low, min(high, max_yaw))) for chance, (low, high) in VIEWS if low < max_yaw]
    chances = np.array([chance for chance, _ in views])
    low, high = views[rng.choice(len(views), p=chances / chances.sum())][1]
    yaw = np.radians(rng.uniform(low, high)) * rng.choice([-1.0, 1.0])

    def little(degrees: float) -> float:
        return float(np.radians(np.clip(rng.normal(0.0, degrees), -2 * degrees, 2 * degrees)))

    return Pose(
        yaw=float(yaw),
        lean=little(2.0),
        sway=little(2.0),
        bend=little(4.0),
        twist=little(7.0),
        side_bend=little(3.0),
        head_pitch=little(5.0),
        head_yaw=float(np.clip(little(14.0) - 0.15 * yaw * (abs(yaw) < 2.0), -0.6, 0.6)),
        head_roll=little(4.0),
        arms=_sample_arms(rng),
        legs=_sample_legs(rng),
        zoom=float(rng.uniform(0.92, 1.04)),
        shift=(float(np.clip(rng.normal(0.0, 0.025), -0.05, 0.05)), float(rng.uniform(-0.015, 0.015))),
    )


def _degrees(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.radians(rng.uniform(low, high)))


def _hanging(rng: np.random.Generator) -> ArmPose:
    return ArmPose(_degrees(rng, 7, 18), _degrees(rng, -22, 24), _degrees(rng, 0, 35), _degrees(rng, 6, 38))


def _sideways(rng: np.random.Generator) -> ArmPose:
    return ArmPose(_degrees(rng, 25, 60), _degrees(rng, -10, 20), _degrees(rng, -20, 60), _degrees(rng, 5, 70))


def _forward(rng: np.random.Generator) -> ArmPose:
    return ArmPose(_degrees(rng, 5, 20), _degrees(rng, 25, 65), _degrees(rng, 0, 40), _degrees(rng, 20, 80))


def _raised(rng: np.random.Generator) -> ArmPose:
    return ArmPose(_degrees(rng, 120, 160), _degrees(rng, -5, 15), _degrees(rng, -100, -70), _degrees(rng, 10, 70))


def _bent_up(rng: np.random.Generator) -> ArmPose:
    return ArmPose(_degrees(rng, 14, 30), _degrees(rng, 10, 45), _degrees(rng, -25, 10), _degrees(rng, 90, 125))


def _near(rng: np.random.Generator, out: float, up: float, front: float, spread: float = 0.01) -> tuple:
    return tuple(float(value) for value in rng.normal((out, up, front), spread))


def _on_hip(rng: np.random.Generator) -> ArmPose:
    return ArmPose(
        reach=_near(rng, 0.138, 0.085, 0.015, 0.006), elbow_towards=(1.0, 0.1, -0.45), hand=(-0.35, -0.35, 1.0)
    )


def _in_pocket(rng: np.random.Generator) -> ArmPose:
    return ArmPose(
        reach=_near(rng, 0.138, 0.015, 0.03, 0.006), elbow_towards=(0.7, 0.0, -1.0), hand=(-0.05, -1.0, 0.25)
    )


def _in_front(rng: np.random.Generator) -> ArmPose:
    return ArmPose(reach=_near(rng, 0.035, 0.045, 0.105), elbow_towards=(1.0, -0.2, -0.5), hand=(-0.8, -0.7, 0.15))


def _across(rng: np.random.Generator) -> ArmPose:
    return ArmPose(
        reach=_near(rng, -0.02, -0.10, 0.125),
        reach_from='chest',
        elbow_towards=(0.8, -0.9, 0.1),
        hand=(-1.0, 0.35, 0.05),
    )


def _at_head(rng: np.random.Generator) -> ArmPose:
    return ArmPose(
        reach=_near(rng, 0.105, 0.115, 0.03), reach_from='chest', elbow_towards=(1.0, 0.3, 0.1), hand=(-0.45, 1.0, -0.2)
    )


def _behind(rng: np.random.Generator) -> ArmPose:
    return ArmPose(reach=_near(rng, 0.02, 0.05, -0.10), elbow_towards=(1.0, 0.0, -0.8), hand=(-1.0, -0.1, -0.2))


# Chance of each family; both arms take the same one in more than half of the pictures.
_ARMS: tuple[tuple[float, Callable[[np.random.Generator], ArmPose]], ...] = (
    (0.34, _hanging),
    (0.12, _sideways),
    (0.08, _forward),
    (0.08, _raised),
    (0.06, _bent_up),
    (0.12, _on_hip),
    (0.06, _in_pocket),
    (0.04, _in_front),
    (0.03, _across),
    (0.04, _at_head),
    (0.03, _behind),
)


def _sample_arms(rng: np.random.Generator) -> dict[str, ArmPose]:
    chances = np.array([chance for chance, _ in _ARMS])
    right = _ARMS[rng.choice(len(_ARMS), p=chances / chances.sum())][1]
    left = right if rng.random() < 0.5 else _ARMS[rng.choice(len(_ARMS), p=chances / chances.sum())][1]
    arms = {'right': right(rng), 'left': left(rng)}
    if right is _across and left is _across:
        # One forearm lies over the other.
        lower = arms['left'].reach or (0.0, 0.0, 0.0)
        arms['left'] = dataclasses.replace(arms['left'], reach=(lower[0], lower[1] - 0.025, lower[2] + 0.025))
    return arms


def _sample_legs(rng: np.random.Generator) -> dict[str, LegPose]:
    family = rng.choice(
        ['stand', 'relaxed', 'walk', 'wide', 'crossed', 'step', 'crouch'], p=[0.25, 0.22, 0.27, 0.1, 0.08, 0.05, 0.03]
    )
    first, second = ('right', 'left') if rng.random() < 0.5 else ('left', 'right')

    def leg(abduction: tuple, swing: tuple, knee: tuple, lifted: bool = False) -> LegPose:
        return LegPose(
            _degrees(rng, *abduction), _degrees(rng, *swing), _degrees(rng, 3, 16), _degrees(rng, *knee), lifted
        )

    if family == 'stand':
        pair = leg((2, 6), (-4, 4), (0, 5)), leg((2, 6), (-4, 4), (0, 5))
    elif family == 'relaxed':
        pair = leg((1, 4), (-3, 2), (0, 4)), leg((4, 10), (8, 20), (14, 32))
    elif family == 'walk':
        pair = leg((1, 4), (14, 28), (2, 14)), leg((1, 4), (-20, -8), (8, 35), True)
    elif family == 'wide':
        pair = leg((10, 17), (-3, 3), (0, 6)), leg((10, 17), (-3, 3), (0, 6))
    elif family == 'crossed':
        pair = leg((-7, -4), (6, 11), (2, 8)), leg((-5, -2), (-7, -3), (0, 6))
    elif family == 'step':
        pair = leg((2, 8), (35, 60), (50, 85), True), leg((1, 4), (-4, 4), (0, 6))
    else:
        bend = rng.uniform(35, 60)
        pair = (
            leg((8, 16), (bend - 4, bend), (1.7 * bend, 1.8 * bend)),
            leg((8, 16), (bend - 4, bend), (1.7 * bend, 1.8 * bend)),
        )
    return {first: pair[0], second: pair[1]}
