"""BlazePose (arXiv:2006.10204) on LiteRT: a network that says where people are, and one that looks at each.

The second looks twice: its landmarks give a better region than the detector's points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from posewarp_tf.conventions import MISSING
from posewarp_tf.detection import detector, landmarks
from posewarp_tf.detection.detector import Detection, overlap
from posewarp_tf.detection.estimator import MIN_CONFIDENCE, PoseEstimator
from posewarp_tf.detection.landmarks import CENTER, NUM_LANDMARKS, RIM, Landmarks
from posewarp_tf.detection.models import load_models
from posewarp_tf.detection.people import Person, number_of_joints
from posewarp_tf.detection.region import Region, crop, paste, region_around, region_of_picture
from posewarp_tf.detection.runtime import Network
from posewarp_tf.poses.joints import to_openpose_18

_DETECTOR_OUTPUTS = ((2254, 12), (2254, 1))
_LANDMARK_OUTPUTS = ((195,), (1,), (256, 256, 1), (64, 64, 39), (117,))
# How much larger than the circle around the body a region is.
_MARGIN = 1.25
# Somebody is there if both looks say so. In parts of a picture the first network sees people in all sorts of things.
_LEAST_SCORE = 0.5
_LEAST_SCORE_IN_PART = 0.9
# Two are one person if their faces overlap by more than this, or so much of a mask lies in the other's.
_SAME_FACE = 0.3
_SAME_MASK = 0.6
_INSIDE_MASK = 0.5
# A face has five.
_FEWEST_JOINTS = 5


class BlazePose(PoseEstimator):
    """Several people, each with 18 joints and a mask.

    Args:
        pose_model: where the two networks are (`models.load_models`); None: where they are found.
        min_confidence: a joint that is seen less surely than this (0..1) is missing.
    """

    def __init__(self, pose_model: str | None = None, min_confidence: float = MIN_CONFIDENCE):
        models = load_models(pose_model)
        self._detector = Network(models.detector, models.detector_name, detector.INPUT_SIZE, _DETECTOR_OUTPUTS)
        self._landmarks = Network(models.landmarks, models.landmarks_name, landmarks.INPUT_SIZE, _LANDMARK_OUTPUTS)
        self._min_confidence = min_confidence
        digest = hashlib.sha256(models.detector + models.landmarks).hexdigest()[:16]
        self._identity = f'BlazePose {digest}, joints above {min_confidence:g}'

    @property
    def identity(self) -> str:
        """With its networks' digest and the least confidence."""
        return self._identity

    def find(self, image: np.ndarray) -> list[Person]:
        """The whole picture is searched, then squares of half its size: some are too small in it, or at its edge."""
        faces: list[np.ndarray] = []
        people: list[Person] = []
        for number, window in enumerate(windows(image.shape[:2])):
            for detection in self.detect(image, window):
                face = window.to_picture(detection.box.reshape(2, 2)).ravel()
                if any(overlap(face, other) > _SAME_FACE for other in faces) or _lies_in_a_mask(face, people):
                    continue
                first, found, region = self.look_twice(image, region_of_detection(detection, window))
                if min(first.score, found.score) >= (_LEAST_SCORE_IN_PART if number else _LEAST_SCORE):
                    person = self._person(image.shape[:2], found, region)
                    is_new = not any(_is_same(person, other) for other in people)
                    if is_new and number_of_joints(person) >= _FEWEST_JOINTS:
                        faces.append(face)
                        people.append(person)
        return sorted(people, key=lambda person: -person.area)

    def track(self, image: np.ndarray, previous: Person) -> Person | None:
        """One look where the person was a frame ago; a search of the whole picture if they are not there."""
        if previous.region is not None:
            found = self.look(image, previous.region)
            if found.score >= _LEAST_SCORE:
                return self._person(image.shape[:2], found, previous.region)
        return super().track(image, previous)

    def detect(self, image: np.ndarray, window: Region) -> list[Detection]:
        """Whom the first network finds in a square of the picture, uint8 [H, W, 3], the surest first."""
        pixels = crop(image, window, detector.INPUT_SIZE, 'zero')
        boxes, logits = self._detector.run(detector.network_input(pixels))
        return detector.merge(detector.decode(boxes, logits[:, 0]))

    def look(self, image: np.ndarray, region: Region) -> Landmarks:
        """What the second network sees in a region."""
        pixels = crop(image, region, landmarks.INPUT_SIZE, 'nearest')
        table, score, mask, heatmaps, _ = self._landmarks.run(landmarks.network_input(pixels))
        return landmarks.decode(table, score[0], mask[..., 0], heatmaps)

    def look_twice(self, image: np.ndarray, region: Region) -> tuple[Landmarks, Landmarks, Region]:
        """The first look, the second, and its region, which the landmarks of the first give."""
        first = self.look(image, region)
        region = next_region(first, region)
        return first, self.look(image, region), region

    def _person(self, size: tuple[int, ...], found: Landmarks, region: Region) -> Person:
        height, width = size
        points = region.to_picture(found.points[:NUM_LANDMARKS])
        confidence = found.visibility[:NUM_LANDMARKS]
        inside = np.all((points >= 0) & (points <= (width - 1, height - 1)), axis=-1)
        seen = inside & (confidence >= self._min_confidence)
        keypoints = to_openpose_18(np.column_stack([points, seen]))
        # The neck's is the mean of the shoulders', as its place is.
        of_joints = to_openpose_18(np.column_stack([confidence, confidence, seen]))[:, 0]
        of_joints = np.where(keypoints[:, 0] == MISSING, 0, of_joints).astype(np.float32)
        mask = paste(found.mask, region, (height, width))
        return Person(keypoints, of_joints, _box(mask, keypoints), mask, next_region(found, region))


def windows(size: tuple[int, ...]) -> Iterator[Region]:
    """The square around a picture of (height, width), then squares of half its side, every half of theirs.

    There is only the first where the others would have fewer pixels than the network sees.
    """
    height, width = size
    whole = region_of_picture((height, width))
    yield whole
    side = whole.side / 2
    if side < detector.INPUT_SIZE:
        return
    for y in _centers(height, side):
        for x in _centers(width, side):
            yield Region((x, y), side)


def region_of_detection(detection: Detection, window: Region) -> Region:
    """Where the second network looks for somebody whom the first has found in `window`."""
    center, rim = window.to_picture(detection.points[:2])
    return region_around(center, rim, _MARGIN)


def next_region(found: Landmarks, region: Region) -> Region:
    """Where the landmarks of a region say that the person is."""
    center, rim = region.to_picture(found.points[[CENTER, RIM]])
    return region_around(center, rim, _MARGIN)


def _centers(length: int, side: float) -> list[float]:
    if side >= length:
        return [(length - 1) / 2]
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return np.linspace((side - 1) / 2, length - (side + 1) / 2, count).tolist()


def _lies_in_a_mask(face: np.ndarray, people: Sequence[Person]) -> bool:
    """Whether the middle of a face is a part of somebody who was found before, as hands are taken for faces."""
    column, row = np.rint((face[:2] + face[2:]) / 2).astype(int)
    masks = [np.asarray(person.mask) for person in people]
    return any(
        0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and mask[row, column] >= _INSIDE_MASK for mask in masks
    )


def _is_same(person: Person, other: Person) -> bool:
    """Whether most of one mask lies in the other."""
    here, there = (np.asarray(p.mask) >= _INSIDE_MASK for p in (person, other))
    least = min(np.count_nonzero(here), np.count_nonzero(there))
    return bool(np.count_nonzero(here & there) >= _SAME_MASK * least)


def _box(mask: np.ndarray, keypoints: np.ndarray) -> tuple[float, float, float, float]:
    """Around the mask and the joints, in pixels."""
    inside = mask >= _INSIDE_MASK
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    joints = keypoints[keypoints[:, 0] != MISSING]
    x, y = np.concatenate([columns, joints[:, 0]]), np.concatenate([rows, joints[:, 1]])
    if not len(x):
        return 0.0, 0.0, 0.0, 0.0
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
