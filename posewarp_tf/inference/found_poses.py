"""Poses of people: from pose files, and from photos, in which an estimator finds them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posewarp_tf.detection.people import choose_person
from posewarp_tf.pictures import picture_files
from posewarp_tf.pictures.contents import is_remote
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.keypoint_frame import KeypointFrame
from posewarp_tf.poses.readers import load_keypoints

if TYPE_CHECKING:
    from posewarp_tf.detection.estimator import PoseEstimator

# Masks of many photos are kept at no more than this on the longer side: the estimators' own are no finer.
_LARGEST_MASK = 512


class FoundPose(NamedTuple):
    """The pose of one person.

    keypoints: float32 [18, 2] in pixels of a picture of `size` (height, width).
    mask: float32 [h, w] in 0 to 1, the person's pixels, at most 512 on the longer side; None from pose files.
    others: the same of all other people; None where nobody else is seen.
    """

    keypoints: np.ndarray
    size: tuple[int, int]
    mask: np.ndarray | None = None
    others: np.ndarray | None = None

    def at(self, size: tuple[int, int]) -> FoundPose:
        """The same in pixels of the same picture at another size (height, width)."""
        if size == self.size:
            return self
        return self._replace(keypoints=KeypointFrame(*self.size).to_pixels(self.keypoints, size), size=size)


def is_photo(place: str | os.PathLike) -> bool:
    """Whether a path or URL names a picture, in which joints are to be found, and not a pose file."""
    return is_remote(place) or pathlib.Path(place).suffix.lower() in picture_files.PHOTO_SUFFIXES


class PoseFinder:
    """Finds and reads poses; what was found is said.

    Args:
        load_estimator: makes what finds people in photos; it is called when the first photo is to be looked at.
        person: which person of a photo, counted from 0, the largest first; None: the largest.
    """

    def __init__(self, load_estimator: Callable[[], PoseEstimator], person: int | None = None):
        self._load_estimator, self._person = load_estimator, person
        self._estimator: PoseEstimator | None = None
        self._found: dict[tuple[str, float], FoundPose] = {}

    @property
    def estimator(self) -> PoseEstimator:
        """What finds people.

        Raises:
            ConfigError: no estimator can be had; says how to get one.
        """
        if self._estimator is None:
            self._estimator = self._load_estimator()
        return self._estimator

    def in_file(self, path: str | os.PathLike, size: tuple[int, int], name: str | None = None) -> FoundPose:
        """The pose of a file: of a photo as of `in_photo`; a pose file is of a picture of `size`, `name` its row.

        Raises:
            DataError: the file cannot be read, or shows nobody.
        """
        return self.in_picture(path) if is_photo(path) else FoundPose(load_keypoints(path, size, name), size)

    def in_picture(self, path: str | os.PathLike) -> FoundPose:
        """The pose of a picture file, whatever it is called, or of one behind a URL; errors as of `in_photo`."""
        key = os.fspath(path), os.path.getmtime(path) if os.path.exists(path) else 0.0
        if key not in self._found:
            self._found[key] = self.in_photo(picture_files.load_image(path), os.fspath(path))
        return self._found[key]

    def in_photo(self, photo: np.ndarray, name: str) -> FoundPose:
        """The pose of the chosen person of uint8 [H, W, 3]; `name` is said and named in errors.

        Raises:
            DataError: nobody is seen, or not so many.
            ConfigError: no estimator can be had; says how to get one.
        """
        people = self.estimator.find(photo)
        chosen, words = choose_person(people, self._person, name)
        print(words)
        masks = [_small(person.mask) for person in people if person is not chosen and person.mask is not None]
        others = np.maximum.reduce(masks) if masks else None
        mask = None if chosen.mask is None else _small(chosen.mask)
        return FoundPose(chosen.keypoints, (photo.shape[0], photo.shape[1]), mask, others)


def _small(mask: np.ndarray) -> np.ndarray:
    factor = min(1.0, _LARGEST_MASK / max(mask.shape))
    return resize_float(mask, (max(1, round(mask.shape[0] * factor)), max(1, round(mask.shape[1] * factor))))
