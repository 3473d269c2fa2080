"""Doing predictions from files, so that a bad picture does not stop the others."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from posewarp_tf.class_colors import with_legends
from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.data.class_maps import (
    DENSEPOSE,
    LIP,
    Coding,
    garment_coding,
    load_class_map,
    load_numbers,
    part_coding,
)
from posewarp_tf.data.images import PICTURE_SUFFIXES, load_image, save_image
from posewarp_tf.data.keypoints import load_keypoints
from posewarp_tf.errors import DataError, PosewarpError
from posewarp_tf.prediction_inputs import Context, make_context, picture_size
from posewarp_tf.prediction_jobs import MAP_COLUMNS, Job
from posewarp_tf.visualize import picture_grid

if TYPE_CHECKING:
    from posewarp_tf.prediction import Prediction
    from posewarp_tf.predictor import Predictor

_GRID_PICTURE_SIZE = 512


def run_jobs(
    predictor: Predictor, jobs: Sequence[Job], save_intermediates: bool = False, garment_classes: str = 'auto'
) -> int:
    """Does all jobs that can be done, says what was read and written, and returns how many failed.

    Raises:
        DataError: what the given maps of classes mean cannot be told; names the flag that says it.
    """
    codings = find_codings((job.class_maps for job in jobs), garment_classes)
    num_failed = 0
    outputs: set[pathlib.Path] = set()
    for number, job in enumerate(jobs, start=1):
        if len(jobs) > 1:
            print(f'[{number}/{len(jobs)}] {job.output}', flush=True)
        try:
            _check_output(job, outputs)
            _run_job(predictor, job, codings, save_intermediates)
        except (PosewarpError, OSError) as error:
            num_failed += 1
            print(f'error: {job.where}: {error}', file=sys.stderr, flush=True)
    if num_failed and len(jobs) > 1:
        print(f'error: {num_failed} of {len(jobs)} predictions failed', file=sys.stderr)
    return num_failed


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


def _run_job(predictor: Predictor, job: Job, codings: Mapping[str, Coding], save_intermediates: bool) -> None:
    image = load_image(job.source_image)
    height, width = picture_size(image)
    print(f'{job.source_image}: picture of {height}x{width} (height x width)')
    maps = load_maps(job.class_maps, codings)
    context = _context(job, maps, predictor.class_maps)
    target_size = job.target_image_size or picture_size(image if context is None else context.image)
    source_pose = load_keypoints(job.source_keypoints, (height, width), job.source_name)
    target_pose = load_keypoints(job.target_keypoints, target_size, job.target_name)
    prediction = predictor.predict(image, source_pose, target_pose, target_size, maps, context)
    save_image(job.output, prediction.image)
    print(f'written: {job.output}', flush=True)
    if save_intermediates:
        for path in _save_intermediates(job.output, prediction):
            print(f'written: {path}', flush=True)


def _context(job: Job, maps: dict[str, np.ndarray], wanted: Sequence[str]) -> Context | None:
    """The picture to put the person into. Takes what served only to find its head and background out of `maps`."""
    if job.target_image is None:
        return None
    context = make_context(load_image(job.target_image), maps.get('target_garment'), maps.get('target_parts'))
    height, width = picture_size(context.image)
    print(f'{job.target_image}: picture of {height}x{width}; {np.mean(context.mask):.0%} of it may stay')
    for name in ('target_garment', 'target_parts'):
        if name not in wanted:
            maps.pop(name, None)
    return context


def _save_intermediates(output: pathlib.Path, prediction: Prediction) -> Iterator[pathlib.Path]:
    """Every picture of the prediction but the answer itself, and all of them side by side."""
    pictures = prediction.pictures()
    small = [_shrunk(picture) for picture in pictures.values()]
    grid = picture_grid([small], [name.replace('_', ' ') for name in pictures])
    grid = with_legends(grid, (len(GARMENT_NAMES),) if 'garment' in pictures else ())
    others = {name: picture for name, picture in pictures.items() if name != 'generated'}
    for name, picture in {**others, 'grid': grid}.items():
        path = output.with_name(f'{output.stem}-{name}.png')
        save_image(path, picture)
        yield path


def _shrunk(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture)
    image.thumbnail((_GRID_PICTURE_SIZE, _GRID_PICTURE_SIZE))
    return np.asarray(image)


def _check_output(job: Job, outputs: set[pathlib.Path]) -> None:
    """Before any work: the job can be done and its output overwrites neither an input nor another output."""
    if job.problem is not None:
        raise DataError(job.problem)
    output = job.output.resolve()
    if output.suffix.lower() not in PICTURE_SUFFIXES:
        raise DataError(f'output {str(job.output)!r}: expected a name that ends in {", ".join(PICTURE_SUFFIXES)}')
    inputs = {'the source picture itself': job.source_image, 'the target picture itself': job.target_image or ''}
    inputs.update({f'the map of {name}': str(path) for name, path in job.class_maps.items()})
    for what, path in inputs.items():
        if path and output == pathlib.Path(path).resolve():
            raise DataError(f'output {str(job.output)!r}: is {what}')
    if output in outputs:
        raise DataError(f'output {str(job.output)!r}: is written by an earlier one already')
    outputs.add(output)
