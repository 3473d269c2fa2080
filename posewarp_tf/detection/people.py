"""The people that a pose estimator has found in a picture, and which of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING, NUM_JOINTS
from posewarp_tf.detection.region import Region
from posewarp_tf.errors import DataError

# With fewer joints than this a pose says little.
FEW_JOINTS = 8
_AT_THE_EDGE = 1.0


class Person(NamedTuple):
    """One person of a picture of H x W pixels.

    keypoints: float32 [18, 2], (x, y) in pixels of the picture, missing (-1, -1).
    confidence: float32 [18] in 0..1, of each joint; 0 where it is missing.
    box: (left, top, right, bottom) of all that is seen of the person, in pixels, within the picture.
    mask: float32 [H, W] in 0..1, how surely a pixel shows the person; None from estimators that do not say.
    region: where an estimator that follows people looks for this one in the next frame; None from others.
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    box: tuple[float, float, float, float]
    mask: np.ndarray | None
    region: Region | None = None

    @property
    def area(self) -> float:
        """Of the box, in pixels: people are ordered by it."""
        left, top, right, bottom = self.box
        return max(right - left, 0.0) * max(bottom - top, 0.0)


def choose_person(people: Sequence[Person], number: int | None, name: str) -> tuple[Person, str]:
    """The person that is meant, and words on who it is and what is missing of them.

    Args:
        people: as `PoseEstimator.find` gives them, the largest first.
        number: which of them, counted from 0, from the largest to the smallest; None: the largest.
        name: of the picture, for the words and errors.

    Raises:
        DataError: nobody was found, or not so many; the message says what to do.
    """
    if not people:
        raise DataError(
            f'{name}: nobody was found: take a photo that shows one person whole, upright and larger than a quarter of '
            'its height, or give the joints in a file'
        )
    if number is not None and not 0 <= number < len(people):
        expected = '0, the only one' if len(people) == 1 else f'0 (the largest) to {len(people) - 1} (the smallest)'
        raise DataError(f'{name}: person {number} was asked for, {len(people)} found: expected {expected}')
    person = people[number or 0]
    words = [f'{name}: {number_of_joints(person)} of {NUM_JOINTS} joints']
    if len(people) > 1:
        size = 'the largest; another is chosen by its number' if not number else 'by size, from 0, the largest, on'
        words.append(f'person {number or 0} of {len(people)} ({size})')
    return person, ', '.join(words) + ''.join(f'; {remark}' for remark in remarks(person))


def number_of_joints(person: Person) -> int:
    """How many joints are there."""
    return int(np.sum(person.keypoints[:, 0] != MISSING))


def remarks(person: Person) -> list[str]:
    """What a user should know of a person who was found: joints that are missing, few joints, cut off by a border."""
    found = []
    missing = [name.replace('_', ' ') for name, (x, _) in zip(JOINT_NAMES, person.keypoints) if x == MISSING]
    if missing:
        found.append(f'not seen: {", ".join(missing)}')
    if NUM_JOINTS - len(missing) < FEW_JOINTS:
        found.append(f'fewer than {FEW_JOINTS} joints: the pose is hardly known')
    sides = _sides_that_cut(person)
    if sides and missing:
        found.append(f'cut off by the {" and the ".join(sides)} of the picture')
    return found


def _sides_that_cut(person: Person) -> list[str]:
    """Sides of the picture that the box touches; unknown without a mask."""
    if person.mask is None:
        return []
    height, width = person.mask.shape
    left, top, right, bottom = person.box
    touched = {
        'left side': left <= _AT_THE_EDGE,
        'top': top <= _AT_THE_EDGE,
        'right side': right >= width - 1 - _AT_THE_EDGE,
        'bottom': bottom >= height - 1 - _AT_THE_EDGE,
    }
    return [side for side, is_touched in touched.items() if is_touched]
