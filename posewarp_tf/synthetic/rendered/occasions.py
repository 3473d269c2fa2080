"""Stances that are hard to be re-posed from or to, because something lies before something else: arms crossed or at the
face, hands clasped before the belly or behind the back, strides with swinging arms, people who kneel, bend or lean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from posewarp_tf.synthetic.drawn.pose import ArmPose, LegPose, Pose, sample_pose
from posewarp_tf.synthetic.walk import walk_pose

_Place = tuple[float, float, float]


def sample_occasion(rng: np.random.Generator) -> Pose:
    """One of the stances of this file, facing the camera; either side may be the one that does something."""
    chances = np.array([chance for chance, _ in _OCCASIONS])
    return _OCCASIONS[rng.choice(len(_OCCASIONS), p=chances / chances.sum())][1](rng)


def sample_sitting(rng: np.random.Generator) -> Pose:
    """Somebody on a seat: thighs about level, feet on the floor, arms where no seat is in their way."""
    lean = _degrees(rng, -6, 18)
    thigh, shin, apart = _degrees(rng, 80, 92), _degrees(rng, -14, 20), _degrees(rng, 3, 14)
    knee = thigh + shin
    legs = {
        side: LegPose(apart + _degrees(rng, -2, 4), thigh + lean, 0.07, knee + _degrees(rng, -3, 3))
        for side in ('right', 'left')
    }
    arms = [_crossed, _at_face, _before_belly, None, None][rng.integers(5)]
    pose = arms(rng) if arms else dataclasses.replace(_standing(rng), arms=_on_thighs(rng))
    return dataclasses.replace(pose, legs=legs, lean=lean, sway=0.0, bend=_degrees(rng, 0, 14))


def _on_thighs(rng: np.random.Generator) -> dict[str, ArmPose]:
    front = rng.uniform(0.14, 0.2)
    return {
        side: _reaching(rng, (0.02, 0.075, front), (1.0, 0.2, -0.5), (-0.15, -0.25, 1.0), 'pelvis', 0.006)
        for side in ('right', 'left')
    }


def _reaching(
    rng: np.random.Generator,
    place: _Place,
    elbow: _Place,
    hand: _Place,
    reach_from: str = 'chest',
    spread: float = 0.01,
) -> ArmPose:
    """An arm whose wrist is about at `place`, (outwards, up, front) in body heights."""
    out, up, front = (float(value) for value in rng.normal(place, spread))
    return ArmPose(reach=(out, up, front), reach_from=reach_from, elbow_towards=elbow, hand=hand)


def _standing(rng: np.random.Generator, one: ArmPose | None = None, other: ArmPose | None = None) -> Pose:
    """Legs and trunk of anybody who stands or walks, with one or two arms given."""
    pose = sample_pose(rng)
    first, second = _sides(rng)
    arms = {first: one or pose.arms[first], second: other or pose.arms[second]}
    return dataclasses.replace(pose, yaw=0.0, arms=arms)


def _sides(rng: np.random.Generator) -> tuple[str, str]:
    return ('right', 'left') if rng.random() < 0.5 else ('left', 'right')


def _degrees(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.radians(rng.uniform(low, high)))


def _hanging(rng: np.random.Generator) -> ArmPose:
    return ArmPose(_degrees(rng, 7, 16), _degrees(rng, -15, 18), _degrees(rng, 0, 35), _degrees(rng, 6, 30))


def _crossed(rng: np.random.Generator) -> Pose:
    """Both forearms before the chest, one over the other."""
    out, up, front = rng.normal((-0.035, -0.115, 0.118), (0.012, 0.014, 0.008))
    over = _reaching(rng, (out, up, front + 0.014), (0.85, -0.9, 0.1), (-1.0, 0.25, -0.25), spread=0.004)
    under = _reaching(rng, (out, up - 0.028, front - 0.012), (0.85, -0.9, 0.0), (-1.0, 0.25, -0.1), spread=0.004)
    return _standing(rng, over, under)


def _holds_own_arm(rng: np.random.Generator) -> Pose:
    """One hand at the other arm, which hangs."""
    up = rng.uniform(-0.2, -0.1)
    return _standing(rng, _reaching(rng, (-0.065, up, 0.115), (0.8, -0.9, -0.1), (-1.0, 0.1, -0.2)), _hanging(rng))


def _at_face(rng: np.random.Generator) -> Pose:
    """A hand at chin, cheek, ear or glasses; the other arm is across, holds the elbow, or does anything."""
    place, hand = _FACES[rng.integers(len(_FACES))]
    up = _reaching(rng, place, (0.7, -0.9, 0.2), hand, spread=0.008)
    choice = rng.random()
    other: ArmPose | None
    if choice < 0.35:
        other = _reaching(rng, (-0.03, -0.175, 0.115), (0.85, -0.9, 0.0), (-1.0, 0.2, 0.0), spread=0.006)
    elif choice < 0.55:
        place, hand = _FACES[rng.integers(len(_FACES))]
        other = _reaching(rng, place, (0.7, -0.9, 0.2), hand, spread=0.008)
    else:
        other = None
    return _standing(rng, up, other)


_FACES: tuple[tuple[_Place, _Place], ...] = (
    ((0.03, -0.005, 0.135), (-0.1, 1.0, -0.25)),  # chin
    ((0.075, 0.015, 0.10), (-0.35, 1.0, -0.2)),  # cheek
    ((0.095, 0.05, 0.045), (-0.25, 1.0, -0.1)),  # ear
    ((0.075, 0.055, 0.135), (-0.6, 0.8, -0.45)),  # glasses
    ((0.045, 0.01, 0.15), (-0.5, 0.8, -0.5)),  # mouth
)


def _before_belly(rng: np.random.Generator) -> Pose:
    """Both hands before belly or chest: clasped, or busy with something."""
    up = rng.uniform(0.03, 0.19)
    front = rng.uniform(0.11, 0.16)
    one = _reaching(rng, (0.035, up, front), (1.0, -0.3, -0.5), (-0.8, -0.3, 0.2), 'pelvis', 0.006)
    other = _reaching(rng, (0.03, up - 0.01, front + 0.012), (1.0, -0.3, -0.5), (-0.8, -0.4, 0.2), 'pelvis', 0.006)
    return _standing(rng, one, other)


def _hand_on_chest(rng: np.random.Generator) -> Pose:
    """A hand at the collar, the heart or the other shoulder."""
    out, up = rng.uniform(-0.06, 0.03), rng.uniform(-0.1, -0.02)
    return _standing(rng, _reaching(rng, (out, up, 0.128), (0.8, -0.8, 0.1), (-0.8, 0.45, -0.35)))


def _behind_back(rng: np.random.Generator) -> Pose:
    def arm() -> ArmPose:
        return _reaching(rng, (0.035, 0.045, -0.118), (1.0, 0.0, -0.8), (-0.9, -0.3, -0.1), 'pelvis', 0.008)

    return _standing(rng, arm(), arm() if rng.random() < 0.75 else None)


def _stride(rng: np.random.Generator) -> Pose:
    """A walk, or a run with bent elbows; arms swing against the legs."""
    pose = walk_pose(float(rng.random()), yaw=0.0)
    runs = rng.random() < 0.25
    wider, bent = rng.uniform(0.7, 1.4), _degrees(rng, 60, 100) if runs else _degrees(rng, 5, 35)
    arms = {
        side: dataclasses.replace(arm, swing=wider * arm.swing, elbow=bent, abduction=_degrees(rng, 7, 16))
        for side, arm in pose.arms.items()
    }
    lean = _degrees(rng, 6, 14) if runs else _degrees(rng, 0, 4)
    legs = {side: dataclasses.replace(leg, swing=wider * leg.swing + lean) for side, leg in pose.legs.items()}
    return dataclasses.replace(pose, arms=arms, legs=legs, lean=lean)


def _kneeling(rng: np.random.Generator) -> Pose:
    """On one knee, an arm on the other thigh."""
    first, second = _sides(rng)
    raised = _degrees(rng, 89, 95)
    legs = {
        first: LegPose(_degrees(rng, 3, 10), raised, _degrees(rng, 3, 12), raised + _degrees(rng, -3, 5)),
        # Its toes are on the floor, too, so the shin rises to the back.
        second: LegPose(_degrees(rng, 2, 6), _degrees(rng, -4, 4), _degrees(rng, 2, 8), _degrees(rng, 99, 106), True),
    }
    arms = {first: _hand_on_thigh(rng), second: _hanging(rng) if rng.random() < 0.5 else _hand_on_thigh(rng)}
    return dataclasses.replace(_standing(rng), arms=arms, legs=legs, bend=_degrees(rng, 2, 16))


def _hand_on_thigh(rng: np.random.Generator) -> ArmPose:
    return _reaching(rng, (0.035, 0.06, rng.uniform(0.14, 0.2)), (1.0, 0.2, -0.4), (-0.2, -0.3, 1.0), 'pelvis')


def _bending(rng: np.random.Generator) -> Pose:
    """The trunk to the front, sometimes with hands on the knees."""
    pose = _standing(rng)
    lean, bend = _degrees(rng, 8, 25), _degrees(rng, 8, 22)
    legs = pose.legs
    if rng.random() < 0.5:
        knee = 0.5 * lean + _degrees(rng, 8, 22)
        legs = {side: LegPose(_degrees(rng, 6, 12), knee, 0.1, 1.8 * knee) for side in ('right', 'left')}
        arms = {
            side: _reaching(rng, (0.03, -0.13, 0.2), (1.0, 0.2, -0.6), (-0.1, -1.0, 0.4), 'pelvis', 0.008)
            for side in ('right', 'left')
        }
        pose = dataclasses.replace(pose, arms=arms)
    # Legs hang from the pelvis, which tips with the trunk.
    legs = {side: dataclasses.replace(leg, swing=leg.swing + lean) for side, leg in legs.items()}
    return dataclasses.replace(pose, legs=legs, lean=lean, bend=bend, head_pitch=-0.4 * (lean + bend))


def _leaning(rng: np.random.Generator) -> Pose:
    """The weight on one leg, the trunk to a side, as against a wall."""
    side = float(rng.choice([-1.0, 1.0]))
    return dataclasses.replace(
        _standing(rng),
        sway=side * _degrees(rng, 3, 9),
        side_bend=side * _degrees(rng, 2, 14),
        twist=_degrees(rng, -18, 18),
        head_roll=-side * _degrees(rng, 0, 10),
    )


_OCCASIONS: tuple[tuple[float, Callable[[np.random.Generator], Pose]], ...] = (
    (0.17, _crossed),
    (0.08, _holds_own_arm),
    (0.17, _at_face),
    (0.12, _before_belly),
    (0.08, _hand_on_chest),
    (0.07, _behind_back),
    (0.15, _stride),
    (0.05, _kneeling),
    (0.05, _bending),
    (0.06, _leaning),
)
