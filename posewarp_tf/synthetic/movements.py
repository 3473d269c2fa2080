"""Movements of the drawn people's skeletons in space: they walk, turn, and go from pose to pose as in a dance."""

from __future__ import annotations

import numpy as np

from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.figure import Skeleton, pose_skeleton, sample_body
from posewarp_tf.synthetic.drawn.keypoints import FACE
from posewarp_tf.synthetic.drawn.pose import sample_pose
from posewarp_tf.synthetic.walk import walk_pose

# Every point of a skeleton, each behind the one that carries it.
POINTS = tuple(dict.fromkeys((*HUMAN36M_17, *COCO_17)))
_CARRIERS = {
    'spine': 'hip', 'neck': 'spine', 'nose': 'neck', 'head': 'neck',
    **dict.fromkeys(('left_eye', 'right_eye', 'left_ear', 'right_ear'), 'nose'),
    **dict.fromkeys(('left_hip', 'right_hip'), 'hip'), **dict.fromkeys(('left_shoulder', 'right_shoulder'), 'neck'),
    **{f'{side}_{end}': f'{side}_{start}' for side in ('left', 'right')
       for start, end in (('hip', 'knee'), ('knee', 'ankle'), ('shoulder', 'elbow'), ('elbow', 'wrist'))},
}  # fmt: skip

_WALK_KEYS = 8
# Frames between two poses of a dance, and of one step of each leg.
_DANCE_FRAMES, _WALK_FRAMES = (8, 36), (20, 44)
# Radians that somebody turns in a second at 25 frames, and metres that somebody goes; standard deviations.
_TURN, _WAY = 0.5, 0.2


def sample_movement(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """float64 [frames, POINTS, 3]: somebody walks or dances; y up, metres, about the origin."""
    body = sample_body(rng)
    if rng.random() < 0.4:
        frames = rng.uniform(*_WALK_FRAMES) / _WALK_KEYS
        skeletons = [pose_skeleton(body, walk_pose(key / _WALK_KEYS, yaw=0.0)) for key in range(_WALK_KEYS)]
        number = int(num_frames / frames) + 2
        keys = [skeleton_points(skeletons[key % _WALK_KEYS]) for key in range(number)]
        times = np.arange(number) * frames
        ease = False
    else:
        number = num_frames // _DANCE_FRAMES[0] + 2
        keys = [skeleton_points(pose_skeleton(body, sample_pose(rng, max_yaw=50.0))) for _ in range(number)]
        times = np.concatenate([[0], np.cumsum(rng.integers(*_DANCE_FRAMES, number - 1))])
        ease = True
    moved = _between(np.stack(keys), times, num_frames, ease)
    turns = rng.uniform(0, 2 * np.pi) + _smooth_path(rng, num_frames, _TURN)
    ways = np.stack(
        [_smooth_path(rng, num_frames, _WAY), np.zeros(num_frames), _smooth_path(rng, num_frames, _WAY)], -1
    )
    rotations = np.stack([geometry.rotation(geometry.UP, angle) for angle in turns])
    return moved @ rotations.swapaxes(1, 2) + ways[:, np.newaxis]


def skeleton_points(skeleton: Skeleton) -> np.ndarray:
    """float64 [POINTS, 3] of one posed figure, in metres; hip, spine and neck are points of the back."""
    body = skeleton.body
    spine, _ = skeleton.spine(np.array([0.0, 0.5 * body.torso, body.torso]))
    found = dict(zip(('hip', 'spine', 'neck'), spine))
    found['head'] = skeleton.head_origin + skeleton.head_frame @ np.array([0.0, 0.55 * body.head_height, 0.0])
    for name, (place, _, _) in FACE.items():
        found[name] = skeleton.head_origin + body.head_height * skeleton.head_frame @ np.array(place)
    for side in ('right', 'left'):
        found.update(zip((f'{side}_shoulder', f'{side}_elbow', f'{side}_wrist'), skeleton.arms[side].joints))
        found.update(zip((f'{side}_hip', f'{side}_knee', f'{side}_ankle'), skeleton.legs[side].joints))
    return np.stack([found[name] for name in POINTS])


def _between(keys: np.ndarray, times: np.ndarray, num_frames: int, ease: bool) -> np.ndarray:
    """Poses between key poses [n, POINTS, 3]: bones turn from one to the next and keep their lengths.

    ease: movements begin and end gently.
    """
    frames = np.arange(num_frames)
    after = np.clip(np.searchsorted(times, frames, side='right'), 1, len(times) - 1)
    share = (frames - times[after - 1]) / (times[after] - times[after - 1])
    share = (share * share * (3 - 2 * share) if ease else share)[:, np.newaxis]
    moved = np.empty((num_frames, *keys.shape[1:]))
    index = {name: number for number, name in enumerate(POINTS)}
    root = index['hip']
    moved[:, root] = (1 - share) * keys[after - 1, root] + share * keys[after, root]
    for name in POINTS[1:]:
        carrier = _CARRIERS[name]
        bones = keys[:, index[name]] - keys[:, index[carrier]]
        lengths = np.linalg.norm(bones, axis=-1, keepdims=True)
        bone = geometry.unit((1 - share) * bones[after - 1] + share * bones[after])
        bone *= (1 - share) * lengths[after - 1] + share * lengths[after]
        moved[:, index[name]] = moved[:, index[carrier]] + bone
    return moved


def _smooth_path(rng: np.random.Generator, num_frames: int, deviation: float) -> np.ndarray:
    """A random walk without corners, from 0; `deviation` of the way of a second."""
    knots = rng.normal(0.0, deviation, num_frames // 25 + 3).cumsum()
    knots -= knots[0]
    at = np.arange(num_frames) / 25.0
    return geometry.smooth_profile(list(zip(np.arange(len(knots), dtype=float), knots)), at)
