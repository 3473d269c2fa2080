"""What a prediction from files needs, read and judged: before the model is loaded as far as that is possible."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.inference.checks import (
    Context,
    make_context,
    picture_size,
    require_maps,
    require_takes_context,
)
from posewarp_tf.inference.found_poses import FoundPose, PoseFinder
from posewarp_tf.inference.jobs import NO_TARGET, Job
from posewarp_tf.inference.map_files import load_maps
from posewarp_tf.inference.outputs import check_output
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures import picture_files
from posewarp_tf.pictures.class_maps import Coding
from posewarp_tf.pictures.contents import is_remote


class JobPoses(NamedTuple):
    """The poses of a job."""

    source: FoundPose
    target: FoundPose


class JobInputs(NamedTuple):
    """All that a job gives to the model: the photo, its poses, the maps that the model takes, and the picture to put
    the person into, if there is one."""

    image: np.ndarray
    poses: JobPoses
    maps: dict[str, np.ndarray]
    context: Context | None


def look_at(
    job: Job,
    model: ModelConfig,
    codings: Mapping[str, Coding],
    finder: PoseFinder,
    outputs: set[pathlib.Path],
) -> JobPoses | None:
    """Finds all that can be wrong with a job; its poses, or None if they wait for a picture behind a URL.

    Args:
        outputs: what earlier jobs write; this job's is added.

    Raises:
        DataError: what is wrong.
    """
    if job.problem is not None:
        raise DataError(job.problem)
    check_output(job, outputs)
    if job.into_target:
        require_takes_context(model)
    require_maps(_maps_of_model(job, model), model)
    load_maps(job.class_maps, codings)
    if is_remote(job.source_image) or is_remote(job.target_image or ''):
        return None
    source_size = picture_files.picture_size(job.source_image)
    return _read_poses(job, source_size, finder)


def read_inputs(
    job: Job, model: ModelConfig, codings: Mapping[str, Coding], finder: PoseFinder, poses: JobPoses | None
) -> JobInputs:
    """What the job gives to the model; `poses` are those of `look_at`.

    Raises:
        DataError: something cannot be read.
    """
    image = picture_files.load_image(job.source_image)
    maps = load_maps(job.class_maps, codings)
    context = _context(job.target_image, maps) if job.into_target and job.target_image else None
    poses = poses or _read_poses(job, picture_size(image), finder)
    return JobInputs(image, poses, {name: maps[name] for name in _maps_of_model(job, model)}, context)


def _read_poses(job: Job, source_size: tuple[int, int], finder: PoseFinder) -> JobPoses:
    print(f'{job.source_image}: picture of {source_size[0]}x{source_size[1]} (height x width)')
    if job.source_keypoints is None:
        source = finder.in_picture(job.source_image)
    else:
        source = finder.in_file(job.source_keypoints, source_size, job.source_name).at(source_size)
    target_size = job.target_image_size
    if target_size is None:
        target_size = picture_files.picture_size(job.target_image) if job.target_image else source_size
    if job.target_keypoints is not None:
        return JobPoses(source, finder.in_file(job.target_keypoints, target_size, job.target_name))
    if job.target_image is None:
        raise DataError(NO_TARGET)
    return JobPoses(source, finder.in_picture(job.target_image))


def _maps_of_model(job: Job, model: ModelConfig) -> list[str]:
    """Names of the maps that go into the model: not of those that serve only to find head and background."""
    of_context = ('target_garment', 'target_parts') if job.into_target else ()
    return [name for name in job.class_maps if name in model.class_maps or name not in of_context]


def _context(path: str, maps: Mapping[str, np.ndarray]) -> Context:
    """The picture to put the person into."""
    context = make_context(picture_files.load_image(path), maps.get('target_garment'), maps.get('target_parts'))
    height, width = picture_size(context.image)
    print(f'{path}: picture of {height}x{width}; {np.mean(context.mask):.0%} of it may stay')
    return context
