"""Smooth curves of poses: somebody walks, turns round, waves or dances before a camera that does not move."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.figure import SIDES
from posewarp_tf.synthetic.drawn.pose import ArmPose, LegPose, Pose, sample_pose
from posewarp_tf.synthetic.walk import walk_pose

PERFORMANCES = ('walk', 'turn', 'wave', 'dance')

# Frames of a step of each leg, of a turn right round, of one wave of a hand, and between two poses of a dance.
_STEP, _TURN, _WAVE, _DANCE = (22, 32), (45, 80), (9, 15), (10, 26)
# Radians that somebody who walks or dances turns in about a second, and the same to the side in picture heights.
_WANDER, _ASIDE = 0.35, 0.02
_PACE = 24  # frames

# What a curve goes through, in the order of `_numbers`.
_OF_POSE = tuple(name for name in Pose.__dataclass_fields__ if name not in ('arms', 'legs', 'shift'))
_OF_ARM, _OF_LEG = ('abduction', 'swing', 'inward', 'elbow'), ('abduction', 'swing', 'outward', 'knee')


def perform(rng: np.random.Generator, performance: str, num_frames: int) -> list[Pose]:
    """The poses of so many frames of one of `PERFORMANCES`; a figure that turns or goes has `yaw` and `shift` of its
    own."""
    curve = {'walk': _walk, 'turn': _turn, 'wave': _wave, 'dance': _dance}[performance]
    return [_pose(numbers) for numbers in curve(rng, num_frames)]


def _walk(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    return _stepping(rng, num_frames, strength=1.0, yaw=_wandering(rng, num_frames, _WANDER, rng.normal(0.0, 0.5)))


def _turn(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """Right round with small steps, as on a catwalk: there, perhaps back, with rests between."""
    times, yaws = [0.0], [float(rng.normal(0.0, 0.3))]
    while times[-1] < num_frames:
        times += [times[-1] + rng.uniform(6, 14)]
        yaws += [yaws[-1]]
        times += [times[-1] + rng.uniform(*_TURN)]
        yaws += [yaws[-1] + 2 * math.pi * rng.choice((-1.0, 1.0))]
    yaw = geometry.smooth_profile(list(zip(times, yaws)), np.arange(num_frames, dtype=np.float64))
    return _stepping(rng, num_frames, strength=0.35, yaw=yaw)


def _wave(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """One hand goes up, waves from the elbow, and comes down; then perhaps the other or both."""
    legs = {side: LegPose(*rng.normal((0.06, 0.0, 0.1, 0.06), 0.02)) for side in SIDES}

    def resting() -> Pose:
        arms = {side: ArmPose(*rng.uniform((0.1, -0.2, 0.0, 0.1), (0.3, 0.3, 0.5, 0.5))) for side in SIDES}
        return dataclasses.replace(_standing(rng, max_yaw=35.0), arms=arms, legs=legs)

    rest = resting()
    keys, times = [rest], [0.0]
    while times[-1] < num_frames:
        hands = (SIDES[:1], SIDES[1:], SIDES)[rng.integers(3)]
        abduction, inward = rng.uniform(1.9, 2.6), rng.uniform(-1.6, -1.2)
        times.append(times[-1] + rng.uniform(13, 19))
        for wave in range(2 * int(rng.integers(2, 5))):
            elbow = rng.uniform(1.1, 1.4) if wave % 2 else rng.uniform(0.2, 0.5)
            raised = ArmPose(abduction, 0.1, inward, elbow)
            keys.append(dataclasses.replace(rest, arms={**rest.arms, **dict.fromkeys(hands, raised)}))
            times.append(times[-1] + rng.uniform(*_WAVE) / 2)
        times[-1] += 10
        rest = dataclasses.replace(resting(), yaw=rest.yaw)
        keys += [rest, rest]
        times.append(times[-1] + rng.uniform(4, 12))
    return _through(keys, times, num_frames)


def _dance(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    number = num_frames // _DANCE[0] + 2
    keys = [_standing(rng, max_yaw=55.0) for _ in range(number)]
    numbers = _through(keys, np.concatenate([[0], rng.uniform(*_DANCE, number - 1).cumsum()]), num_frames)
    numbers[:, -2] += _wandering(rng, num_frames, _ASIDE)
    return numbers


def _standing(rng: np.random.Generator, max_yaw: float) -> Pose:
    """Any pose without hands that hold on to something, from and to which arms cannot turn freely."""
    while True:
        pose = sample_pose(rng, max_yaw)
        if all(arm.reach is None for arm in pose.arms.values()):
            return dataclasses.replace(pose, zoom=1.0, shift=(0.0, 0.0))


def _stepping(rng: np.random.Generator, num_frames: int, strength: float, yaw: np.ndarray) -> np.ndarray:
    """Steps on the spot, `strength` of a whole walk's, while the figure is turned as `yaw` [frames] says."""
    phases = rng.random() + np.arange(num_frames) / rng.uniform(*_STEP)
    numbers = np.stack([_numbers(walk_pose(phase, yaw=0.0)) for phase in phases])
    still = numbers.mean(axis=0)
    numbers = still + strength * (numbers - still)
    numbers[:, _OF_POSE.index('yaw')] = yaw
    numbers[:, _OF_POSE.index('head_yaw')] = _wandering(rng, num_frames, 0.12)
    numbers[:, _OF_POSE.index('zoom')] = 1.0
    numbers[:, -2] = _wandering(rng, num_frames, strength * _ASIDE)
    return numbers


def _through(keys: list[Pose], times: list[float] | np.ndarray, num_frames: int) -> np.ndarray:
    """Numbers [frames, n] on smooth curves through the key poses, which do not swing beyond them."""
    table = np.stack([_numbers(pose) for pose in keys])
    frames = np.arange(num_frames, dtype=np.float64)
    curves = [geometry.smooth_profile(list(zip(times, column)), frames) for column in table.T]
    return np.stack(curves, axis=1)


def _wandering(rng: np.random.Generator, num_frames: int, deviation: float, start: float = 0.0) -> np.ndarray:
    """A smooth way [frames] that comes back to where it started from time to time."""
    knots = start + rng.normal(0.0, deviation, num_frames // _PACE + 3)
    at = np.arange(num_frames) / _PACE
    return geometry.smooth_profile(list(zip(np.arange(len(knots), dtype=float), knots)), at)


def _numbers(pose: Pose) -> np.ndarray:
    """A pose as numbers; the last two are its shift."""
    found = [getattr(pose, name) for name in _OF_POSE]
    for side in SIDES:
        found += [getattr(pose.arms[side], name) for name in _OF_ARM]
        found += [getattr(pose.legs[side], name) for name in _OF_LEG]
    return np.array([*found, *pose.shift], np.float64)


def _pose(numbers: np.ndarray) -> Pose:
    """The inverse. Feet follow their shins where these lean far, which makes no jump from frame to frame."""
    values = iter(numbers.tolist())
    head = {name: next(values) for name in _OF_POSE}
    arms, legs = {}, {}
    for side in SIDES:
        arms[side] = ArmPose(**{name: next(values) for name in _OF_ARM})
        legs[side] = LegPose(**{name: next(values) for name in _OF_LEG}, lifted=True)
    return Pose(**head, arms=arms, legs=legs, shift=(next(values), next(values)))
