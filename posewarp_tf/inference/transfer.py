"""A photo and a pose as people have them, in one call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Union

import numpy as np

from posewarp_tf.inference.found_poses import FoundPose, PoseFinder
from posewarp_tf.inference.options import DEFAULTS, PhotoOptions
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.inference.photo_parts import Reposed
from posewarp_tf.pictures.picture_files import load_image

if TYPE_CHECKING:
    from posewarp_tf.detection.estimator import PoseEstimator
    from posewarp_tf.inference.predictor import Predictor

Picture = Union[str, os.PathLike, np.ndarray]


def transfer(
    predictor: Predictor,
    photo: Picture,
    pose: Picture,
    options: PhotoOptions = DEFAULTS,
    estimator: PoseEstimator | None = None,
) -> Reposed:
    """The person of a photo in a pose; see `Predictor.transfer`."""
    finder = PoseFinder(lambda: estimator or _default_estimator())
    image = photo if isinstance(photo, np.ndarray) else load_image(photo)
    source = finder.in_photo(image, 'the photo' if isinstance(photo, np.ndarray) else os.fspath(photo))
    target = _target(finder, pose, source.size)
    reposer = PhotoReposer(predictor, options)
    person = reposer.person(image, source.keypoints, mask=source.mask, others=source.others)
    return reposer.repose_all([(person, reposer.pose(person, target.keypoints, target.size))], 1)[0]


def _target(finder: PoseFinder, pose: Picture, size: tuple[int, int]) -> FoundPose:
    if not isinstance(pose, np.ndarray):
        return finder.in_file(pose, size, os.path.basename(pose))
    if pose.ndim == 2:
        return FoundPose(pose, size)
    return finder.in_photo(pose, 'the photo of the pose')


def _default_estimator() -> PoseEstimator:
    from posewarp_tf.detection.estimator import load_estimator

    return load_estimator()
