"""Do people stand in the poses that were asked for? Measured on photographs, which have no truth to compare with.

A detector of joints looks at each answer; its joints are compared with the target pose (PCK@0.2 of
detection/accuracy.py), by how far the pose is from that of the photo (poses/gallery.py). The same is counted for the
photo itself, unmoved: many joints of a near pose are in their place already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.detection import accuracy
from posewarp_tf.detection.detector import overlap
from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import Person
from posewarp_tf.inference.found_poses import FoundPose
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.poses.gallery import DISTANCES, distance_name, pose_distance

ALL = 'all'

Targets = Mapping[str, tuple[np.ndarray, tuple[int, int]]]


class Answer(NamedTuple):
    """A photo in one pose, and what a detector sees in it; joints [18, 2] in pixels of the photo, missing (-1, -1).

    title: of the pose.
    distance: how far the pose is, as of `pose_distance`.
    source, target: the pose of the photo, and the one that was asked for, as far as the picture shows it.
    found: what the detector finds; all missing where it finds nobody.
    """

    title: str
    distance: float
    source: np.ndarray
    target: np.ndarray
    found: np.ndarray

    def to_json(self) -> dict[str, Any]:
        joints = {name: np.round(getattr(self, name), 2).tolist() for name in ('source', 'target', 'found')}
        return {'title': self.title, 'distance': self.distance, **joints}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Answer:
        joints = {name: np.array(values[name], np.float32) for name in ('source', 'target', 'found')}
        return cls(values['title'], values['distance'], **joints)


def measured_answers(
    reposer: PhotoReposer, estimator: PoseEstimator, photo: np.ndarray, found: FoundPose, targets: Targets
) -> Iterable[tuple[Answer, np.ndarray]]:
    """(what was measured, the answer uint8 [H, W, 3]) for each target pose.

    Args:
        reposer: what re-poses.
        estimator: what looks at the answers.
        photo: uint8 [H, W, 3].
        found: the person of it.
        targets: by title, joints [18, 2] and the (height, width) of the picture that they are in pixels of.

    Raises:
        DataError: a pose has too little in common with that of the photo.
    """
    person = reposer.person(photo, found.keypoints, mask=found.mask, others=found.others)
    state = reposer.start(person)
    for title, (keypoints, size) in targets.items():
        answer = reposer.repose(person, state, reposer.pose(person, keypoints, size))
        target = _shown(answer.keypoints, answer.image.shape)
        seen = _nearest(estimator.find(answer.image), target)
        distance = pose_distance(found.keypoints, keypoints)
        yield Answer(title, distance, found.keypoints, target, seen), answer.image


def summary(answers: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    """By distance of the pose, 'all' last: how many answers, and PCK@0.2 of the answers and of the photos unmoved.

    Returns:
        {'near': {'answers': n, 'nobody_found': n, 'joints': n, 'pck': ..., 'unmoved': ...}, ...}; distances that no
        answer has are left out.
    """
    found = {}
    for name in (*DISTANCES, ALL):
        chosen = [answer for answer in answers if name in (ALL, distance_name(answer.distance))]
        scored, unmoved = (
            accuracy.scores([answer.target for answer in chosen], [getattr(answer, side) for answer in chosen])
            for side in ('found', 'source')
        )
        if scored:
            found[name] = {
                'answers': len(chosen),
                'nobody_found': sum(bool(np.all(answer.found == MISSING)) for answer in chosen),
                'joints': scored[ALL].num_joints,
                'pck': scored[ALL].pck,
                'unmoved': unmoved[ALL].pck,
            }
    return found


def _shown(keypoints: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The joints that lie in the picture; the others are missing."""
    inside = np.all((keypoints >= 0) & (keypoints <= np.array([shape[1] - 1, shape[0] - 1])), axis=-1, keepdims=True)
    return np.where(inside, keypoints, MISSING).astype(np.float32)


def _nearest(people: Sequence[Person], target: np.ndarray) -> np.ndarray:
    """The joints of whoever stands most where the target pose is: others of the photo are not meant."""
    joints = target[np.any(target != MISSING, axis=-1)]
    if not people or not len(joints):
        return np.full((len(JOINT_NAMES), 2), MISSING, np.float32)
    box = [*joints.min(axis=0), *joints.max(axis=0)]
    return max(people, key=lambda person: overlap(person.box, box)).keypoints
