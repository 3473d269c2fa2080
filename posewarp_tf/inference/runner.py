"""Doing predictions from files, so that a bad picture does not stop the others."""

from __future__ import annotations

import contextlib
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from posewarp_tf.errors import DataError, PosewarpError
from posewarp_tf.inference.checks import (
    NO_CONTEXT_MAP,
    Context,
    make_context,
    picture_size,
    require_maps,
    require_takes_context,
)
from posewarp_tf.inference.jobs import MAP_COLUMNS, Job
from posewarp_tf.inference.outputs import check_output
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures import picture_files
from posewarp_tf.pictures.class_colors import with_legends
from posewarp_tf.pictures.class_maps import (
    DENSEPOSE,
    LIP,
    Coding,
    garment_coding,
    load_class_map,
    load_numbers,
    part_coding,
)
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import is_remote
from posewarp_tf.poses.readers import load_keypoints

if TYPE_CHECKING:
    from posewarp_tf.inference.prediction import Prediction
    from posewarp_tf.inference.predictor import Predictor

_GRID_PICTURE_SIZE = 512


class _Poses(NamedTuple):
    """The poses of a job: joints in pixels of the source picture, and of a picture of `target_size`."""

    source: np.ndarray
    target: np.ndarray
    target_size: tuple[int, int]


def run_jobs(
    load_predictor: Callable[[], Predictor],
    model: ModelConfig,
    jobs: Sequence[Job],
    save_intermediates: bool = False,
    garment_classes: str = 'auto',
) -> int:
    """Does all jobs that can be done, says what was read and written, and returns how many failed.

    Everything that the jobs name is looked at first; of pictures the headers, and nothing of those behind URLs. Only if
    a job is left the predictor is loaded, which takes much longer.

    Raises:
        DataError: what the given maps of classes mean cannot be told; names the flag that says it.
    """
    codings = find_codings((job.class_maps for job in jobs), garment_classes)
    outputs: set[pathlib.Path] = set()
    ready: list[tuple[Job, _Poses | None]] = []
    for job in jobs:
        with _reported(job):
            ready.append((job, _look_at(job, model, codings, outputs)))
    num_failed = len(jobs)
    if ready:
        predictor = load_predictor()
        for number, (job, poses) in enumerate(ready, start=1):
            if len(jobs) > 1:
                print(f'[{number}/{len(ready)}] {job.output}', flush=True)
            with _reported(job):
                _run_job(predictor, model, job, poses, codings, save_intermediates)
                num_failed -= 1
    if num_failed and len(jobs) > 1:
        print(f'error: {num_failed} of {len(jobs)} predictions failed', file=sys.stderr)
    return num_failed


@contextlib.contextmanager
def _reported(job: Job) -> Iterator[None]:
    """What cannot be done is said, and the others go on."""
    try:
        yield
    except (PosewarpError, OSError) as error:
        where = f'{job.where}: ' if job.where else ''
        print(f'error: {where}{error}', file=sys.stderr, flush=True)


def find_codings(class_maps: Iterable[Mapping[str, pathlib.Path]], garment_classes: str) -> dict[str, Coding]:
    """What the numbers in the maps mean, by their column or flag; decided for all maps of one together."""
    maps = list(class_maps)
    found = {}
    for name in MAP_COLUMNS:
        is_garment = name.endswith('garment')
        given = dict.fromkeys(some[name] for some in maps if name in some)
        paths = [str(path) for path in given if _is_readable(path, LIP if is_garment else DENSEPOSE)]
        if paths:
            place = f'--{name}'
            found[name] = garment_coding(paths, place, garment_classes) if is_garment else part_coding(paths, place)
    return found


def load_maps(paths: Mapping[str, pathlib.Path], codings: Mapping[str, Coding]) -> dict[str, np.ndarray]:
    """The maps uint8 [H, W] of our classes, by their names."""
    # Where no file of a kind can be read there is no coding, and any will lead to the error that says why.
    return {name: load_class_map(path, codings.get(name, LIP)) for name, path in paths.items()}


def _is_readable(path: pathlib.Path, coding: Coding) -> bool:
    """Whether a map is worth a look; who uses a bad file is told what is wrong with it."""
    try:
        load_numbers(path, coding)
    except DataError:
        return False
    return True


def _look_at(job: Job, model: ModelConfig, codings: Mapping[str, Coding], outputs: set[pathlib.Path]) -> _Poses | None:
    """All that can be wrong with a job; its poses, or None if they wait for the size of a picture behind a URL."""
    if job.problem is not None:
        raise DataError(job.problem)
    check_output(job, outputs)
    if job.target_image is not None:
        require_takes_context(model)
        if not {'target_garment', 'target_parts'} & set(job.class_maps):
            raise DataError(NO_CONTEXT_MAP)
    require_maps(_maps_of_model(job, model), model)
    load_maps(job.class_maps, codings)
    if is_remote(job.source_image) or is_remote(job.target_image or ''):
        return None
    source_size = picture_files.picture_size(job.source_image)
    return _read_poses(
        job, source_size, picture_files.picture_size(job.target_image) if job.target_image else source_size
    )


def _read_poses(job: Job, source_size: tuple[int, int], target_size: tuple[int, int]) -> _Poses:
    """From the sizes of the pictures that the poses are from."""
    print(f'{job.source_image}: picture of {source_size[0]}x{source_size[1]} (height x width)')
    target_size = job.target_image_size or target_size
    source = load_keypoints(job.source_keypoints, source_size, job.source_name)
    return _Poses(source, load_keypoints(job.target_keypoints, target_size, job.target_name), target_size)


def _run_job(
    predictor: Predictor,
    model: ModelConfig,
    job: Job,
    poses: _Poses | None,
    codings: Mapping[str, Coding],
    save_intermediates: bool,
) -> None:
    image = picture_files.load_image(job.source_image)
    maps = load_maps(job.class_maps, codings)
    context = None if job.target_image is None else _context(job.target_image, maps)
    if poses is None:
        poses = _read_poses(job, picture_size(image), picture_size(image if context is None else context.image))
    maps = {name: maps[name] for name in _maps_of_model(job, model)}
    prediction = predictor.predict(image, poses.source, poses.target, poses.target_size, maps, context)
    picture_files.save_image(job.output, prediction.image)
    print(f'written: {job.output}', flush=True)
    if save_intermediates:
        for path in _save_intermediates(job.output, prediction):
            print(f'written: {path}', flush=True)


def _maps_of_model(job: Job, model: ModelConfig) -> list[str]:
    """Names of the maps that go into the model: not of those that serve only to find head and background."""
    of_context = ('target_garment', 'target_parts') if job.target_image is not None else ()
    return [name for name in job.class_maps if name in model.class_maps or name not in of_context]


def _context(path: str, maps: Mapping[str, np.ndarray]) -> Context:
    """The picture to put the person into."""
    context = make_context(picture_files.load_image(path), maps.get('target_garment'), maps.get('target_parts'))
    height, width = picture_size(context.image)
    print(f'{path}: picture of {height}x{width}; {np.mean(context.mask):.0%} of it may stay')
    return context


def _save_intermediates(output: pathlib.Path, prediction: Prediction) -> Iterator[pathlib.Path]:
    """Every picture of the prediction but the answer itself, and all of them side by side."""
    pictures = prediction.pictures()
    small = [_shrunk(picture) for picture in pictures.values()]
    grid = picture_grid([small], [name.replace('_', ' ') for name in pictures])
    grid = with_legends(grid, prediction.legends())
    others = {name: picture for name, picture in pictures.items() if name != 'generated'}
    for name, picture in {**others, 'grid': grid}.items():
        path = output.with_name(f'{output.stem}-{name}.png')
        picture_files.save_image(path, picture)
        yield path


def _shrunk(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture)
    image.thumbnail((_GRID_PICTURE_SIZE, _GRID_PICTURE_SIZE))
    return np.asarray(image)
