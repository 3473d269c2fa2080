"""Predictions from files: what there is to do, and doing it so that a bad picture does not stop the others."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from posewarp_tf.data.images import PICTURE_SUFFIXES, is_remote, load_image, save_image
from posewarp_tf.data.keypoints import load_keypoints
from posewarp_tf.data.names import picture_stem
from posewarp_tf.errors import DataError, PosewarpError
from posewarp_tf.visualize import picture_grid

if TYPE_CHECKING:
    from posewarp_tf.predictor import Prediction, Predictor

REQUIRED_COLUMNS = ('source_image', 'source_keypoints', 'target_keypoints', 'output')
OPTIONAL_COLUMNS = ('target_image_size', 'source_name', 'target_name')

_KEYPOINT_SUFFIXES = ('.json', '.txt')
_GRID_PICTURE_SIZE = 512


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture to make.

    where: what to name in an error ('pairs.csv, row 3').
    source_image: a path or a URL.
    target_image_size: height and width of the picture that the target pose is from; None: as the source.
    source_name, target_name: of the row or entry, in keypoint files of many pictures.
    problem: why this job cannot be done, if that is known already.
    """

    where: str
    source_image: str
    source_keypoints: pathlib.Path
    target_keypoints: pathlib.Path
    output: pathlib.Path
    target_image_size: tuple[int, int] | None = None
    source_name: str | None = None
    target_name: str | None = None
    problem: str | None = None


def run_jobs(predictor: Predictor, jobs: Sequence[Job], save_intermediates: bool = False) -> int:
    """Does all jobs that can be done, says what was read and written, and returns how many failed."""
    num_failed = 0
    outputs: set[pathlib.Path] = set()
    for number, job in enumerate(jobs, start=1):
        if len(jobs) > 1:
            print(f'[{number}/{len(jobs)}] {job.output}', flush=True)
        try:
            _check_output(job, outputs)
            _run_job(predictor, job, save_intermediates)
        except (PosewarpError, OSError) as error:
            num_failed += 1
            print(f'error: {job.where}: {error}', file=sys.stderr, flush=True)
    if num_failed and len(jobs) > 1:
        print(f'error: {num_failed} of {len(jobs)} predictions failed', file=sys.stderr)
    return num_failed


def jobs_from_csv(path: str | os.PathLike) -> list[Job]:
    """One job per row; paths are relative to the CSV.

    Columns by name: `REQUIRED_COLUMNS`, and of `OPTIONAL_COLUMNS` those that are needed, target_image_size as `256x176`
    (height x width).

    Raises:
        DataError: no such file, a missing column, or no rows. Bad rows become jobs with a `problem`.
    """
    path = pathlib.Path(path)
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            reader = csv.DictReader(file)
            missing = [column for column in REQUIRED_COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise DataError(
                    f'{path}: no column {", ".join(missing)}: got {", ".join(reader.fieldnames or ()) or "nothing"}, '
                    f'expected {", ".join(REQUIRED_COLUMNS)}'
                )
            jobs = [_job_of_row(f'{path}, row {reader.line_num}', path.parent, row) for row in reader]
    except FileNotFoundError as error:
        raise DataError(f'{path}: no such file') from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f'{path}: not a CSV: {error}') from error
    if not jobs:
        raise DataError(f'{path}: no rows below the header, expected one per picture to make')
    return jobs


def jobs_from_paths(
    source_image: str,
    source_keypoints: str,
    target_keypoints: str,
    output: str,
    target_image_size: tuple[int, int] | None = None,
    source_name: str | None = None,
    target_name: str | None = None,
) -> list[Job]:
    """Every source in every target pose.

    `source_image` may be a folder of pictures; `source_keypoints` is then a folder of JSON or text files named after
    them, or one annotation CSV or COCO JSON that has all of them by name. `target_keypoints` may be a folder of
    poses. In both cases `output` is a folder, and the answers are named after what varies.

    Raises:
        DataError: a folder without pictures or poses, a folder of pictures with the joints of one, or an output that
            is a file where there are many.
    """
    sources = [str(path) for path in _files_of(source_image, PICTURE_SUFFIXES)] or [source_image]
    targets = _files_of(target_keypoints, _KEYPOINT_SUFFIXES) or [pathlib.Path(target_keypoints)]
    many_sources, many_targets = os.path.isdir(source_image), os.path.isdir(target_keypoints)
    if (many_sources or many_targets) and pathlib.Path(output).suffix.lower() in PICTURE_SUFFIXES:
        raise DataError(f'--output: got {output!r}, expected a folder, since a folder is given to read from')
    if many_sources and not _names_pictures(pathlib.Path(source_keypoints)):
        raise DataError(
            f'--source_keypoints: got {source_keypoints!r} for the pictures in {source_image}: expected a folder, or '
            'an annotation CSV or COCO JSON with `images`, which say whose joints they are'
        )
    jobs = []
    for source in sources:
        keypoints, problem = _keypoints_of(source, pathlib.Path(source_keypoints))
        for target in targets:
            varying = ((source, many_sources), (str(target), many_targets))
            stems = [picture_stem(name) for name, many in varying if many]
            jobs.append(
                Job(
                    where=f'{source} in the pose {target}',
                    source_image=source,
                    source_keypoints=keypoints,
                    target_keypoints=target,
                    output=pathlib.Path(output) / ('-'.join(stems) + '.png') if stems else pathlib.Path(output),
                    target_image_size=target_image_size,
                    source_name=source_name or os.path.basename(source),
                    target_name=target_name,
                    problem=problem,
                )
            )
    return jobs


def parse_size(text: str) -> tuple[int, int]:
    """'256,176' or '256x176' -> (256, 176): height, width; ValueError saying what was expected."""
    parts = text.replace('x', ',').split(',')
    if len(parts) != 2 or not all(part.strip().isdigit() and int(part) for part in parts):
        raise ValueError(f'got {text!r}, expected height,width in pixels')
    return int(parts[0]), int(parts[1])


def _run_job(predictor: Predictor, job: Job, save_intermediates: bool) -> None:
    image = load_image(job.source_image)
    height, width = image.shape[:2]
    print(f'{job.source_image}: picture of {height}x{width} (height x width)')
    target_size = job.target_image_size or (height, width)
    source_pose = load_keypoints(job.source_keypoints, (height, width), job.source_name)
    target_pose = load_keypoints(job.target_keypoints, target_size, job.target_name)
    prediction = predictor.predict(image, source_pose, target_pose, target_size)
    save_image(job.output, prediction.image)
    print(f'written: {job.output}', flush=True)
    if save_intermediates:
        for path in _save_intermediates(job.output, prediction):
            print(f'written: {path}', flush=True)


def _save_intermediates(output: pathlib.Path, prediction: Prediction) -> Iterator[pathlib.Path]:
    """Every picture of the prediction but the answer itself, and all of them side by side."""
    pictures = prediction.pictures()
    small = [_shrunk(picture) for picture in pictures.values()]
    grid = picture_grid([small], [name.replace('_', ' ') for name in pictures])
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
    if output == pathlib.Path(job.source_image).resolve():
        raise DataError(f'output {str(job.output)!r}: is the source picture itself')
    if output in outputs:
        raise DataError(f'output {str(job.output)!r}: is written by an earlier one already')
    outputs.add(output)


def _job_of_row(where: str, folder: pathlib.Path, row: dict[str, str | None]) -> Job:
    cells = {column: (row.get(column) or '').strip() for column in REQUIRED_COLUMNS + OPTIONAL_COLUMNS}
    empty = [column for column in REQUIRED_COLUMNS if not cells[column]]
    problem = f'no value for {", ".join(empty)}' if empty else None
    size = None
    try:
        size = parse_size(cells['target_image_size']) if cells['target_image_size'] else None
    except ValueError as error:
        problem = problem or f'target_image_size: {error}'
    source = cells['source_image']
    paths = {column: folder / cells[column] for column in REQUIRED_COLUMNS if column != 'source_image'}
    return Job(
        where,
        source if is_remote(source) else str(folder / source),
        **paths,
        target_image_size=size,
        source_name=cells['source_name'] or os.path.basename(source),
        target_name=cells['target_name'] or None,
        problem=problem,
    )


def _files_of(place: str, suffixes: tuple[str, ...]) -> list[pathlib.Path]:
    """The files in a folder with one of the suffixes; none if the place is no folder."""
    path = pathlib.Path(place)
    if not path.is_dir():
        return []
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
    if not found:
        raise DataError(f'{path}: no files in this folder that end in {", ".join(suffixes)}')
    return found


def _names_pictures(place: pathlib.Path) -> bool:
    """Whether the joints of more than one picture can be told apart in a folder or file."""
    if place.is_dir() or place.suffix.lower() == '.csv':
        return True
    try:
        content = json.loads(place.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and bool(content.get('images'))


def _keypoints_of(picture: str, place: pathlib.Path) -> tuple[pathlib.Path, str | None]:
    """The file with a picture's keypoints, or a place and the reason why there is none."""
    if not place.is_dir():
        return place, None
    # OpenPose calls its output for me.jpg me_keypoints.json.
    names = [picture_stem(picture) + ending for ending in (*_KEYPOINT_SUFFIXES, '_keypoints.json')]
    found = [place / name for name in names if (place / name).exists()]
    if not found:
        return place, f'{place}: no keypoints of {os.path.basename(picture)}: expected one of {", ".join(names)}'
    return found[0], None
