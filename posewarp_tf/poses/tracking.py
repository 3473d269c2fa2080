"""One person through the frames of a video, out of all people that an estimator found in each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.poses.smoothing import diagonal

# Lengths below are parts of the diagonal of the person's joints.
# Joints lie at most so far from where they are expected, on average; and for each frame unseen so much farther.
_MAX_STEP = 0.5
_MAX_STEP_GROWTH = 0.1
# How far into the future the last movement is believed, in frames; and how much of it is new in each frame.
_LOOK_AHEAD = 12
_RENEWAL = 0.5


class Followed(NamedTuple):
    """The person that a video is about.

    keypoints: float32 [frames, 18, 2] in pixels, missing (-1, -1); frames that do not show the person have none.
    num_people: how many different people were told apart.
    """

    keypoints: np.ndarray
    num_people: int


def follow(frames: Sequence[Sequence[np.ndarray]]) -> Followed:
    """The poses of the person who is seen largest and longest: of the greatest sum of diagonals over the frames.

    In every frame each known person takes the pose whose joints are nearest to where the last movement would have
    brought theirs, the nearest pairs first, so that people who cross stay apart. A pose that is farther from everybody
    than half a body, or more after frames in which a person was not seen, is somebody new.

    Args:
        frames: of each frame the poses found, float32 [18, 2] in pixels, missing (-1, -1), in any order.
    """
    tracks: list[_Track] = []
    for number, poses in enumerate(frames):
        poses = [pose for pose in poses if np.any(pose != MISSING)]
        costs = np.array([[track.cost(number, pose) for pose in poses] for track in tracks])
        costs = costs.reshape(len(tracks), len(poses))
        left = set(range(len(poses)))
        while costs.size and np.isfinite(costs.min()):
            nearest, found = divmod(int(costs.argmin()), len(poses))
            tracks[nearest].add(number, poses[found])
            costs[nearest], costs[:, found] = np.inf, np.inf
            left.discard(found)
        tracks += [_Track.begun(number, poses[found]) for found in sorted(left)]
    keypoints = np.full((len(frames), NUM_JOINTS, 2), MISSING, np.float32)
    if tracks:
        longest = max(tracks, key=lambda track: sum(map(diagonal, track.poses.values())))
        for number, pose in longest.poses.items():
            keypoints[number] = pose
    return Followed(keypoints, len(tracks))


@dataclasses.dataclass
class _Track:
    """Somebody, as far as they were seen.

    poses: by the number of the frame; `last` is the latest of them.
    speed: (x, y) in pixels per frame, of the body as a whole.
    size: diagonal of the joints, in pixels.
    """

    poses: dict[int, np.ndarray]
    last: np.ndarray
    speed: np.ndarray
    size: float

    @classmethod
    def begun(cls, number: int, pose: np.ndarray) -> _Track:
        return cls({number: pose}, pose.astype(np.float64), np.zeros(2), max(diagonal(pose), 1.0))

    def cost(self, number: int, pose: np.ndarray) -> float:
        """Mean distance of the joints from where they are expected, in diagonals; infinite if that is too far."""
        unseen = number - max(self.poses)
        common = np.any(pose != MISSING, axis=-1) & np.any(self.last != MISSING, axis=-1)
        if not common.any():
            return np.inf
        expected = self.last[common] + self.speed * min(unseen, _LOOK_AHEAD)
        distance = float(np.linalg.norm(pose[common] - expected, axis=-1).mean()) / self.size
        return distance if distance <= _MAX_STEP + _MAX_STEP_GROWTH * (unseen - 1) else np.inf

    def add(self, number: int, pose: np.ndarray) -> None:
        common = np.any(pose != MISSING, axis=-1) & np.any(self.last != MISSING, axis=-1)
        # Of the whole body: limbs turn back too often to be foretold.
        moved = np.median(pose[common] - self.last[common], axis=0) / (number - max(self.poses))
        self.speed = moved if len(self.poses) == 1 else (1 - _RENEWAL) * self.speed + _RENEWAL * moved
        self.last = pose.astype(np.float64)
        self.size = max(0.9 * self.size + 0.1 * diagonal(pose), 1.0)
        self.poses[number] = pose
