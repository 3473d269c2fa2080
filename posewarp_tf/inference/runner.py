"""Doing predictions from files, so that a bad picture does not stop the others."""

from __future__ import annotations

import contextlib
import pathlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from posewarp_tf.errors import PosewarpError
from posewarp_tf.inference.done_pictures import DonePictures
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.inference.job_inputs import JobInputs, JobPoses, look_at, read_inputs
from posewarp_tf.inference.jobs import Job
from posewarp_tf.inference.map_files import find_codings
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures import picture_files
from posewarp_tf.pictures.class_colors import with_legends
from posewarp_tf.pictures.class_maps import Coding
from posewarp_tf.pictures.drawing import draw_skeleton, mask_to_gray, picture_grid

if TYPE_CHECKING:
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.inference.photo_parts import PhotoPerson, Pose, Reposed

_GRID_PICTURE_SIZE = 512


class RunOptions(NamedTuple):
    """How jobs are done.

    save_intermediates: also writes the pictures on the way.
    garment_classes: what the numbers in garment maps mean (pictures/class_codings.py).
    batch_size: so many pictures are made at once, or fewer if there are fewer.
    """

    save_intermediates: bool = False
    garment_classes: str = 'auto'
    batch_size: int = 4


class _Ready(NamedTuple):
    """A job that can be done, and its poses, unless they wait for a picture behind a URL."""

    job: Job
    poses: JobPoses | None


def run_jobs(
    load_reposer: Callable[[], PhotoReposer],
    model: ModelConfig,
    jobs: Sequence[Job],
    finder: PoseFinder,
    options: RunOptions,
    done: DonePictures | None = None,
) -> int:
    """Does all jobs that can be done, says what was read and written, and returns how many failed.

    What `done` holds is left out, what is written is added to it. Everything that the jobs name is looked at first, and
    joints are found; nothing is read of pictures behind URLs.
    Only if a job is left the model is loaded, which takes much longer.

    Raises:
        DataError: what the given maps of classes mean cannot be told; names the flag that says it.
        ConfigError: joints are to be found in a photo, and no estimator can be had.
    """
    every = jobs
    jobs = [job for job in every if done is None or not done.holds(job)]
    if len(jobs) < len(every):
        print(f'{len(every) - len(jobs)} of {len(every)} pictures are made already', flush=True)
    codings = find_codings((job.class_maps for job in jobs), options.garment_classes)
    outputs: set[pathlib.Path] = set()
    ready: list[_Ready] = []
    for job in jobs:
        with _reported(job):
            ready.append(_Ready(job, look_at(job, model, codings, finder, outputs)))
    num_failed = len(jobs)
    if ready:
        batch_size = min(options.batch_size, len(ready))
        work = _Work(load_reposer(), model, codings, finder, options._replace(batch_size=batch_size), done)
        for first in range(0, len(ready), batch_size):
            if len(jobs) > 1:
                last = min(first + batch_size, len(ready))
                print(f'[{last}/{len(ready)}] {ready[last - 1].job.output}', flush=True)
            num_failed -= work.do(ready[first : first + batch_size])
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


class _Work:
    """Does jobs by batches."""

    def __init__(
        self,
        reposer: PhotoReposer,
        model: ModelConfig,
        codings: Mapping[str, Coding],
        finder: PoseFinder,
        options: RunOptions,
        done: DonePictures | None,
    ):
        self._reposer, self._model, self._codings, self._finder = reposer, model, codings, finder
        self._options, self._done = options, done
        self._last: tuple[Any, PhotoPerson] | None = None

    def do(self, jobs: Sequence[_Ready]) -> int:
        """Does one batch; returns how many of it were done."""
        pairs, prepared = [], []
        for job, poses in jobs:
            with _reported(job):
                inputs = read_inputs(job, self._model, self._codings, self._finder, poses)
                pairs.append(self._pair(job, inputs))
                prepared.append(job)
        num_done = 0
        answers = self._reposer.answers(pairs, self._options.batch_size)
        for job, pair, answer in zip(prepared, pairs, answers):
            with _reported(job):
                self._write(job, self._reposer.finish(*pair, answer))
                num_done += 1
        return num_done

    def _pair(self, job: Job, inputs: JobInputs) -> tuple[PhotoPerson, Pose]:
        maps: dict[str, dict[str, np.ndarray]] = {'source_': {}, 'target_': {}}
        for name, classes in inputs.maps.items():
            maps['source_' if name.startswith('source_') else 'target_'][name] = classes
        source, target = inputs.poses
        # One person in many poses is prepared once: filling in the background takes longest of all.
        paths = {name: path for name, path in job.class_maps.items() if name.startswith('source_')}
        key = job.source_image, job.source_keypoints, job.source_name, paths
        if self._last is None or self._last[0] != key:
            found = source.keypoints, maps['source_'], source.mask, source.others
            self._last = key, self._reposer.person(inputs.image, *found)
        person = self._last[1]
        return person, self._reposer.pose(person, target.keypoints, target.size, maps['target_'], inputs.context)

    def _write(self, job: Job, answer: Reposed) -> None:
        picture_files.save_image(job.output, answer.image)
        print(f'written: {job.output}', flush=True)
        if self._options.save_intermediates:
            for path in _write_intermediates(job.output, answer):
                print(f'written: {path}', flush=True)
        if self._done is not None:
            self._done.add(job)


def _write_intermediates(output: pathlib.Path, answer: Reposed) -> Iterator[pathlib.Path]:
    """Every picture of the prediction but the answer itself, and all of them side by side."""
    pictures = answer.prediction.pictures()
    if answer.trust is not None:
        pictures['trust'] = np.asarray(mask_to_gray(answer.trust[..., np.newaxis]))
    small = [_shrunk(picture) for picture in pictures.values()]
    grid = picture_grid([small], [name.replace('_', ' ') for name in pictures])
    grid = with_legends(grid, answer.prediction.legends())
    others = {name: picture for name, picture in pictures.items() if name != 'generated'}
    others['pose'] = draw_skeleton(answer.image, answer.keypoints)
    for name, picture in {**others, 'grid': grid}.items():
        path = output.with_name(f'{output.stem}-{name}.png')
        picture_files.save_image(path, picture)
        yield path


def _shrunk(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture)
    image.thumbnail((_GRID_PICTURE_SIZE, _GRID_PICTURE_SIZE))
    return np.asarray(image)
