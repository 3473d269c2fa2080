"""How a person's bones are turned and what its face does, and stances made from the poses of drawn people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from posewarp_tf.synthetic.drawn import figure, geometry
from posewarp_tf.synthetic.drawn.pose import Pose
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.seats import Seat
from posewarp_tf.synthetic.rendered.turns import between, frame_turn, shortest_turn

_SPINE = ('spine05', 'spine04', 'spine03', 'spine02', 'spine01')
_NECK = ('neck01', 'neck02', 'neck03', 'head')


@dataclasses.dataclass(frozen=True, eq=False)
class Stance:
    """rotations [B, 3, 3] as `skinning.bone_motions` takes them; expression: strengths in 0..1 by action; seat: what is
    sat on."""

    rotations: np.ndarray
    expression: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seat: Seat | None = None

    def turned(self, yaw: float) -> Stance:
        """The whole person turned by `yaw` radians to its left."""
        rotations = self.rotations.copy()
        rotations[0] = geometry.rotation(geometry.UP, yaw) @ rotations[0]
        return dataclasses.replace(self, rotations=rotations)


@dataclasses.dataclass(frozen=True)
class Measured(figure.Body):
    """The measures of a rendered body under the names that a drawn one has."""

    lengths: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for name, length in self.lengths:
            object.__setattr__(self, name, length)


def measure(body: Body, heads: np.ndarray, height: float) -> Measured:
    """heads [B, 3]: those of its bones at rest; height in metres."""

    def length(first: str, second: str) -> float:
        return float(np.linalg.norm(heads[body.bone(first)] - heads[body.bone(second)]))

    hips = (heads[body.bone('upperleg01.L')] + heads[body.bone('upperleg01.R')]) / 2
    shoulders = (heads[body.bone('upperarm01.L')] + heads[body.bone('upperarm01.R')]) / 2
    lengths = {
        'thigh': length('upperleg01.L', 'lowerleg01.L'),
        'shin': length('lowerleg01.L', 'foot.L'),
        'ankle_height': float(heads[body.bone('foot.L'), 1]),
        'torso': float(shoulders[1] - hips[1]) / 0.86,
        'upper_arm': length('upperarm01.L', 'lowerarm01.L'),
        'forearm': length('lowerarm01.L', 'wrist.L'),
        'hand': 0.1 * height,
        'foot': 0.148 * height,
        'head_height': 0.134 * height,
        'shoulder_half': 0.5 * length('upperarm01.L', 'upperarm01.R'),
        'hip_half': 0.5 * length('upperleg01.L', 'upperleg01.R'),
    }
    return Measured(height, 0.5, 1.0, 0.49, 0.1, 0.09, 0.134, tuple(lengths.items()))


def stance_of(body: Body, heads: np.ndarray, tails: np.ndarray, height: float, pose: Pose) -> Stance:
    """The stance of a drawn person's pose on a body with these bones: limbs have the same directions."""
    skeleton = figure.pose_skeleton(measure(body, heads, height), pose)
    chest = skeleton.spine(np.array([0.75 * skeleton.body.torso]))[1][0]
    directions = Directions(skeleton.pelvis, chest, skeleton.head_frame, skeleton.arms, skeleton.legs, skeleton.feet)
    return stance_from(body, heads, tails, directions)


@dataclasses.dataclass(frozen=True, eq=False)
class Directions:
    """A posed figure of any size: frames [3, 3] with columns side (left), up, front; of limbs only directions count."""

    pelvis: np.ndarray
    chest: np.ndarray
    head: np.ndarray
    arms: Mapping[str, figure.Limb]
    legs: Mapping[str, figure.Limb]
    feet: Mapping[str, np.ndarray]


def stance_from(body: Body, heads: np.ndarray, tails: np.ndarray, directions: Directions) -> Stance:
    """Trunk, head and limbs of a body with these bones turned into the given directions."""
    pelvis, chest = directions.pelvis, directions.chest
    turns = {'root': pelvis}
    for number, name in enumerate(_SPINE):
        turns[name] = between(pelvis, chest, (number + 1) / len(_SPINE))
    for number, name in enumerate(_NECK):
        turns[name] = between(chest, directions.head, (number + 1) / len(_NECK))
    for side, letter in (('right', 'R'), ('left', 'L')):
        turns.update(_arm(body, heads, tails, directions.arms[side], chest, letter))
        turns.update(_leg(body, heads, tails, directions.legs[side], directions.feet[side], letter))
    return Stance(local_rotations(body, turns))


def local_rotations(body: Body, turns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rotations [B, 3, 3] in their parents' frames; bones without a turn in the world go with their parent."""
    world = np.empty((len(body.bone_names), 3, 3))
    local = np.tile(np.eye(3), (len(body.bone_names), 1, 1))
    for bone, name in enumerate(body.bone_names):
        parent = np.eye(3) if body.parents[bone] < 0 else world[body.parents[bone]]
        world[bone] = turns.get(name, parent)
        local[bone] = parent.T @ world[bone]
    return local


def _way(body: Body, heads: np.ndarray, first: str, second: str) -> np.ndarray:
    return heads[body.bone(second)] - heads[body.bone(first)]


def _arm(
    body: Body, heads: np.ndarray, tails: np.ndarray, arm: figure.Limb, chest: np.ndarray, letter: str
) -> dict[str, np.ndarray]:
    """Turns in the world of a collar bone, the arm and the hand."""
    front = np.array([0.0, 0.0, 1.0])
    rest_upper = _way(body, heads, f'upperarm01.{letter}', f'lowerarm01.{letter}')
    rest_lower = _way(body, heads, f'lowerarm01.{letter}', f'wrist.{letter}')
    upper, lower, hand = np.diff(arm.joints, axis=0)
    turn_upper = frame_turn(rest_upper, geometry.cross(front, rest_upper), upper, arm.hinge)
    turn_lower = frame_turn(rest_lower, geometry.cross(front, rest_lower), lower, arm.hinge)
    # An arm that is lifted takes its collar bone along a little.
    swing = shortest_turn(chest @ rest_upper, upper)
    lifted = np.clip((geometry.unit(upper)[1] - geometry.unit(rest_upper)[1]) / 1.7, 0.0, 1.0)
    collar = between(np.eye(3), swing, 0.28 * lifted) @ chest
    # Turning about its own length is shared by the two bones of the upper arm.
    plain = swing @ chest
    rest_hand = tails[body.bone(f'finger3-1.{letter}')] - heads[body.bone(f'wrist.{letter}')]
    turn_hand = shortest_turn(turn_lower @ rest_hand, hand) @ turn_lower
    return {
        f'clavicle.{letter}': between(chest, collar, 0.6),
        f'shoulder01.{letter}': collar,
        f'upperarm01.{letter}': between(plain, turn_upper, 0.45),
        f'upperarm02.{letter}': turn_upper,
        f'lowerarm01.{letter}': turn_lower,
        f'lowerarm02.{letter}': between(turn_lower, turn_hand, 0.25),
        f'wrist.{letter}': between(turn_lower, turn_hand, 0.9),
    }


def _leg(
    body: Body, heads: np.ndarray, tails: np.ndarray, leg: figure.Limb, foot: np.ndarray, letter: str
) -> dict[str, np.ndarray]:
    front = np.array([0.0, 0.0, 1.0])
    rest_upper = _way(body, heads, f'upperleg01.{letter}', f'lowerleg01.{letter}')
    rest_lower = _way(body, heads, f'lowerleg01.{letter}', f'foot.{letter}')
    upper, lower = np.diff(leg.joints, axis=0)
    turn_upper = frame_turn(rest_upper, geometry.cross(front, rest_upper), upper, leg.hinge)
    turn_lower = frame_turn(rest_lower, geometry.cross(front, rest_lower), lower, leg.hinge)
    ahead = (tails[body.bone(f'foot.{letter}')] - heads[body.bone(f'foot.{letter}')]) * np.array([1.0, 0.0, 1.0])
    ahead = geometry.unit(ahead)
    rest_foot = np.stack([geometry.cross(geometry.UP, ahead), geometry.UP, ahead], axis=1)
    return {
        f'upperleg01.{letter}': turn_upper,
        f'upperleg02.{letter}': turn_upper,
        f'lowerleg01.{letter}': turn_lower,
        f'lowerleg02.{letter}': turn_lower,
        f'foot.{letter}': foot @ rest_foot.T,
    }
