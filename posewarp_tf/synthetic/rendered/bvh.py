"""BVH files: poses and motions of skeletons, of the body model's own rig or of anybody's motion capture."""

from __future__ import annotations

import dataclasses
import pathlib
import re

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.figure import Limb
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.stance import Directions

# Joints of motion capture by what they are called in one program or another, without separators, in lower case.
_SIDED = {
    'shoulder': r'arm|upperarm|uparm|shoulder|humerus|uarm',
    'elbow': r'forearm|lowerarm|lowarm|elbow|radius|larm',
    'wrist': r'hand|wrist',
    'hip': r'upleg|upperleg|thigh|hip|hipjoint|femur|uleg',
    'knee': r'leg|lowerleg|lowleg|shin|calf|knee|tibia|lleg',
    'ankle': r'foot|ankle',
}
_MIDDLE = {'root': r'hips?|pelvis|root', 'neck': r'neck\d*', 'head': r'head'}


@dataclasses.dataclass(frozen=True, eq=False)
class Motion:
    """names of J joints, parents (-1: the root), offsets float64 [J, 3]; rotations float64 [F, J, 3, 3] in the parents'
    frames, ways float64 [F, 3] of the root; y up whatever the file has."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    rotations: np.ndarray
    ways: np.ndarray

    def places(self, frame: int) -> np.ndarray:
        """float64 [J, 3]: where the joints are."""
        world = np.empty((len(self.names), 3, 3))
        out = np.empty((len(self.names), 3))
        for joint, parent in enumerate(self.parents):
            if parent < 0:
                world[joint], out[joint] = self.rotations[frame, joint], self.offsets[joint] + self.ways[frame]
            else:
                world[joint] = world[parent] @ self.rotations[frame, joint]
                out[joint] = out[parent] + world[parent] @ self.offsets[joint]
        return out


def read_bvh(path: pathlib.Path) -> Motion:
    """Reads a whole file.

    Raises:
        DataError: it is missing, breaks off, or is no BVH.
    """
    text = read_text(path, 'a .bvh file')
    head, found, tail = text.partition('MOTION')
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[list[str]] = []
    try:
        if not found:
            raise ValueError('no MOTION')
        stack: list[int] = []
        words = iter(head.split())
        for word in words:
            if word in ('ROOT', 'JOINT', 'End'):
                label = next(words)
                # End sites are joints without a name.
                names.append('' if word == 'End' else label)
                parents.append(stack[-1] if stack else -1)
                offsets.append([0.0] * 3)
                channels.append([])
                current = len(names) - 1
            elif word == '{':
                stack.append(current)
            elif word == '}':
                stack.pop()
            elif word == 'OFFSET':
                offsets[current] = [float(next(words)) for _ in range(3)]
            elif word == 'CHANNELS':
                channels[current] = [next(words) for _ in range(int(next(words)))]
        numbers = re.split(r'Frame Time:\s*\S+', tail, maxsplit=1)[1]
        width = sum(len(one) for one in channels)
        table = np.array(numbers.split(), np.float64).reshape(-1, width)
    except (ValueError, IndexError, StopIteration) as error:
        raise DataError(f'{path}: expected a .bvh file with HIERARCHY and MOTION ({error})') from error
    return _upright(_motion(names, parents, np.array(offsets), channels, table))


def _motion(
    names: list[str], parents: list[int], offsets: np.ndarray, channels: list[list[str]], table: np.ndarray
) -> Motion:
    rotations = np.tile(np.eye(3), (len(table), len(names), 1, 1))
    ways = np.zeros((len(table), 3))
    column = 0
    for joint, own in enumerate(channels):
        for channel in own:
            axis, kind = 'XYZ'.index(channel[0].upper()), channel[1:].lower()
            if kind == 'rotation':
                rotations[:, joint] = rotations[:, joint] @ _about(axis, np.radians(table[:, column]))
            elif parents[joint] < 0:
                ways[:, axis] = table[:, column]
            column += 1
    return Motion(tuple(names), tuple(parents), offsets, rotations, ways)


def _about(axis: int, angles: np.ndarray) -> np.ndarray:
    out = np.zeros((len(angles), 3, 3))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    out[:, axis, axis] = 1.0
    out[:, first, first] = out[:, second, second] = np.cos(angles)
    out[:, first, second], out[:, second, first] = -np.sin(angles), np.sin(angles)
    return out


def _upright(motion: Motion) -> Motion:
    """With y up: a skeleton at rest is longest along its height."""
    still = dataclasses.replace(
        motion, rotations=np.tile(np.eye(3), (1, len(motion.names), 1, 1)), ways=np.zeros((1, 3))
    )
    extent = np.ptp(still.places(0), axis=0)
    if extent[2] <= extent[1]:
        return motion
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    return dataclasses.replace(
        motion,
        offsets=motion.offsets @ turn.T,
        rotations=turn @ motion.rotations @ turn.T,
        ways=motion.ways @ turn.T,
    )


def own_rotations(motion: Motion, frame: int, body: Body) -> np.ndarray | None:
    """Rotations [B, 3, 3] if the file is made for the body's own rig, else None."""
    known = [name for name in motion.names if name in body.bone_names]
    if len(known) < len(body.bone_names) // 2:
        return None
    out = np.tile(np.eye(3), (len(body.bone_names), 1, 1))
    for name in known:
        out[body.bone(name)] = motion.rotations[frame, motion.names.index(name)]
    return out


def directions(motion: Motion, frame: int, path: pathlib.Path) -> Directions:
    """Which way trunk and limbs of a captured person point; the hips face the camera.

    Raises:
        DataError: a joint has none of the names that are known for it.
    """
    joints = _find_joints(motion, path)
    places = motion.places(frame)
    at = {name: places[number] for name, number in joints.items()}
    trunk = at['neck'] - (at['left_hip'] + at['right_hip']) / 2
    pelvis = _frame(at['left_hip'] - at['right_hip'], trunk)
    turn = geometry.rotation(geometry.UP, -float(np.arctan2(pelvis[0, 2], pelvis[2, 2])))
    at = {name: turn @ place for name, place in at.items()}
    pelvis = turn @ pelvis
    chest = _frame(at['left_shoulder'] - at['right_shoulder'], turn @ trunk)
    arms, legs, feet = {}, {}, {}
    for side in ('right', 'left'):
        arm = np.stack([at[f'{side}_{joint}'] for joint in ('shoulder', 'elbow', 'wrist')])
        leg = np.stack([at[f'{side}_{joint}'] for joint in ('hip', 'knee', 'ankle')])
        upper, lower = np.diff(arm, axis=0)
        hand = arm[2] + 0.4 * lower
        arms[side] = Limb(np.concatenate([arm, [hand]]), _hinge(-np.cross(upper, lower), upper, chest))
        upper, lower = np.diff(leg, axis=0)
        hinge = _hinge(np.cross(upper, lower), upper, pelvis)
        legs[side] = Limb(leg, hinge)
        ahead = np.cross(lower, hinge) * np.array([1.0, 0.0, 1.0])
        feet[side] = _frame(np.cross(geometry.UP, ahead), geometry.UP)
    return Directions(pelvis, chest, _frame(chest[:, 0], 0.5 * (chest[:, 1] + geometry.UP)), arms, legs, feet)


def _frame(side: np.ndarray, up: np.ndarray) -> np.ndarray:
    up = geometry.unit(up)
    side = geometry.unit(side - up * (up @ side))
    return np.stack([side, up, np.cross(side, up)], axis=1)


def _hinge(bend: np.ndarray, upper: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The axis of a bend; of a straight limb the one that a relaxed limb has."""
    straight = geometry.unit(np.cross(frame[:, 2], upper))
    share = np.clip(np.linalg.norm(bend) / (0.2 * np.linalg.norm(upper) ** 2), 0.0, 1.0)
    return geometry.unit(share * geometry.unit(bend) + (1 - share) * straight)


def _find_joints(motion: Motion, path: pathlib.Path) -> dict[str, int]:
    """Numbers of the joints that directions are taken from."""
    plain = [re.sub(r'[^a-z0-9]', '', name.lower().rpartition(':')[2]) for name in motion.names]
    found: dict[str, int] = {}
    for side in ('left', 'right'):
        for joint, pattern in _SIDED.items():
            letter = side[0]
            whole = re.compile(
                rf'(?:{side}(?:{pattern})|(?:{pattern}){side}|{letter}(?:{pattern})|(?:{pattern}){letter})'
            )
            numbers = [number for number, name in enumerate(plain) if whole.fullmatch(name)]
            if numbers:
                # A collar bone that is called a shoulder comes before the arm.
                found[f'{side}_{joint}'] = numbers[-1] if joint in ('shoulder', 'hip') else numbers[0]
    for joint, pattern in _MIDDLE.items():
        numbers = [number for number, name in enumerate(plain) if re.fullmatch(pattern, name)]
        if numbers:
            found[joint] = numbers[0]
    missing = [f'{side}_{joint}' for side in ('left', 'right') for joint in _SIDED if f'{side}_{joint}' not in found]
    missing += ['neck'] * ('neck' not in found)
    if missing:
        raise DataError(
            f'{path}: no joint is called like {", ".join(missing)}; it has {", ".join(filter(None, motion.names))}'
        )
    return found
