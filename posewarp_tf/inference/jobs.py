"""Predictions from files: what there is to do, from a CSV or from paths and folders."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import os
import pathlib
from collections.abc import Mapping

from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.inference.outputs import require_folder
from posewarp_tf.pictures.contents import is_remote
from posewarp_tf.pictures.names import picture_stem
from posewarp_tf.pictures.picture_files import PHOTO_SUFFIXES
from posewarp_tf.settings.flags import parse_size

REQUIRED_COLUMNS = ('source_image', 'output')
KEYPOINT_COLUMNS = ('source_keypoints', 'target_keypoints')
MAP_COLUMNS = ('source_parts', 'target_parts', 'source_garment', 'target_garment')
OPTIONAL_COLUMNS = (
    *KEYPOINT_COLUMNS,
    *('target_image_size', 'source_name', 'target_name', 'target_image'),
    *MAP_COLUMNS,
)
NO_TARGET = 'target_keypoints: missing: give a pose file or a photo of somebody in the pose, or a target_image'

_KEYPOINT_SUFFIXES = ('.json', '.txt')
_MAP_SUFFIXES = ('.png',)
# OpenPose calls its output for me.jpg me_keypoints.json.
_OPENPOSE_ENDING = '_keypoints'


@dataclasses.dataclass(frozen=True)
class Job:
    """One picture to make.

    where: what to name in an error ('pairs.csv, row 3'); nothing if it is the only one.
    source_image: a path or a URL.
    source_keypoints: a pose file, or a photo in which joints are found; None: they are found in the source image.
    target_keypoints: the same of the pose; None: it is found in the target image.
    target_image_size: height and width of the picture that the target pose is from; None: as the target image, or
        else as the source.
    source_name, target_name: of the row or entry, in keypoint files of many pictures.
    target_image: the picture that the target pose is from, a path or a URL. With a map of its garments or parts it is
        also the one to put the person into.
    class_maps: paths by `MAP_COLUMNS`.
    problem: why this job cannot be done, if that is known already.
    """

    where: str
    source_image: str
    source_keypoints: pathlib.Path | None
    target_keypoints: pathlib.Path | None
    output: pathlib.Path
    target_image_size: tuple[int, int] | None = None
    source_name: str | None = None
    target_name: str | None = None
    target_image: str | None = None
    class_maps: Mapping[str, pathlib.Path] = dataclasses.field(default_factory=dict)
    problem: str | None = None

    @property
    def into_target(self) -> bool:
        """Whether the person is put into the target image."""
        return self.target_image is not None and bool({'target_garment', 'target_parts'} & set(self.class_maps))


def jobs_from_csv(path: str | os.PathLike) -> list[Job]:
    """One job per row; paths are relative to the CSV.

    Columns by name: `REQUIRED_COLUMNS`, and of `OPTIONAL_COLUMNS` those that are needed, target_image_size as `256x176`
    (height x width).

    Raises:
        DataError: no such file, a missing column, or no rows. Bad rows become jobs with a `problem`.
    """
    path = pathlib.Path(path)
    reader = csv.DictReader(io.StringIO(read_text(path, 'a CSV of pairs')))
    try:
        columns = reader.fieldnames or ()
        missing = [column for column in REQUIRED_COLUMNS if column not in columns]
        if missing:
            raise DataError(
                f'{path}: no column {", ".join(missing)}: got {", ".join(columns)}, '
                f'expected {", ".join(REQUIRED_COLUMNS)}'
            )
        jobs = [_job_of_row(f'{path}, row {reader.line_num}', path.parent, row) for row in reader]
    except csv.Error as error:
        raise DataError(f'{path}: not a CSV: {error}') from error
    if not jobs:
        raise DataError(f'{path}: no rows below the header, expected one per picture to make')
    return jobs


def jobs_from_paths(given: Job) -> list[Job]:
    """Every source in every target pose, of a job whose paths may be folders.

    `source_image` may be a folder of pictures; `source_keypoints`, if given, is then a folder of JSON or text files
    named after them, or one annotation CSV or COCO JSON that has all of them by name. `target_keypoints` may be a
    folder of poses, or of photos that show them, and so may `target_image`. In both cases `output` is a folder, and the
    answers are named after what varies. `target_image` and each of `class_maps` may be a folder too, of files named
    after the source pictures or the target poses.

    Raises:
        DataError: a folder without pictures or poses, a folder of pictures with the joints of one, or an output that
            is a file where there are many.
    """
    sources = [str(path) for path in files_of(given.source_image, PHOTO_SUFFIXES)] or [given.source_image]
    many_sources = os.path.isdir(given.source_image)
    # Without a file of the pose it is found in the target image.
    of_images = given.target_keypoints is None
    place = given.target_image if given.target_keypoints is None else str(given.target_keypoints)
    if place is None:
        raise DataError(NO_TARGET)
    targets = _poses_of(place, of_images) or [place]
    many_targets = os.path.isdir(place)
    if many_sources or many_targets:
        require_folder(str(given.output), 'since a folder is given to read from')
    if many_sources and given.source_keypoints is not None and not _names_pictures(given.source_keypoints):
        raise DataError(
            f"--source_keypoints: got '{given.source_keypoints}' for the pictures in {given.source_image}: expected a "
            'folder, or an annotation CSV or COCO JSON with `images`, which say whose joints they are'
        )
    jobs = []
    for source, target in itertools.product(sources, targets):
        varying = ((source, many_sources), (target, many_targets))
        stems = [picture_stem(name) for name, many in varying if many]
        files = _JobFiles(source, target)
        context = target if of_images else given.target_image
        if context is not None and not is_remote(context):
            context = str(files.find('target_image', pathlib.Path(context), PHOTO_SUFFIXES, target))
        jobs.append(
            dataclasses.replace(
                given,
                where=f'{source} in the pose {target}' if stems else '',
                source_image=source,
                source_keypoints=given.source_keypoints
                and files.find('keypoints', given.source_keypoints, _KEYPOINT_SUFFIXES, source),
                target_keypoints=None if of_images else pathlib.Path(target),
                output=given.output / ('-'.join(stems) + '.png') if stems else given.output,
                source_name=given.source_name or os.path.basename(source),
                target_name=given.target_name or (os.path.basename(context) if context else None),
                target_image=context,
                class_maps={name: files.find_map(name, place) for name, place in given.class_maps.items()},
                problem=files.problem,
            )
        )
    return jobs


def _poses_of(place: str, only_photos: bool) -> list[str]:
    """The pose files of a folder, or if there are none its photos; nothing if it is no folder."""
    path = pathlib.Path(place)
    has_poses = path.is_dir() and any(file.suffix.lower() in _KEYPOINT_SUFFIXES for file in path.iterdir())
    suffixes = _KEYPOINT_SUFFIXES if has_poses and not only_photos else PHOTO_SUFFIXES
    return [str(file) for file in files_of(place, suffixes)]


class _JobFiles:
    """Files of one source and target, from folders where folders are given; `problem` says what was not found."""

    def __init__(self, source: str, target: str):
        self._source, self._target = source, target
        self.problem: str | None = None

    def find_map(self, name: str, place: pathlib.Path) -> pathlib.Path:
        return self.find(name, place, _MAP_SUFFIXES, self._source if name.startswith('source_') else self._target)

    def find(self, what: str, path: pathlib.Path, suffixes: tuple[str, ...], after: str) -> pathlib.Path:
        """The path itself, or the file in the folder that it is which is named after the file `after`."""
        if not path.is_dir():
            return path
        found, names = file_named_after(path, after, suffixes)
        if found is None:
            expected = ', '.join(names)
            self.problem = self.problem or f'{path}: no {what} of {os.path.basename(after)}: expected one of {expected}'
        return found or path


def file_named_after(
    folder: pathlib.Path, name: str, suffixes: tuple[str, ...]
) -> tuple[pathlib.Path | None, list[str]]:
    """The file in a folder with the stem of another one, with or without OpenPose's ending; and the names tried."""
    stem = picture_stem(name)
    plain = stem[: -len(_OPENPOSE_ENDING)] if stem.endswith(_OPENPOSE_ENDING) else stem
    stems = dict.fromkeys((stem, plain, plain + _OPENPOSE_ENDING))
    names = [candidate + suffix for candidate in stems for suffix in suffixes]
    return next((folder / name for name in names if (folder / name).exists()), None), names


def files_of(place: str | pathlib.Path, suffixes: tuple[str, ...]) -> list[pathlib.Path]:
    """The files in a folder with one of the suffixes; none if the place is no folder."""
    path = pathlib.Path(place)
    if not path.is_dir():
        return []
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
    if not found:
        raise DataError(f'{path}: no files in this folder that end in {", ".join(suffixes)}')
    return found


def _job_of_row(where: str, folder: pathlib.Path, row: dict[str, str | None]) -> Job:
    cells = {column: (row.get(column) or '').strip() for column in REQUIRED_COLUMNS + OPTIONAL_COLUMNS}
    empty = [column for column in REQUIRED_COLUMNS if not cells[column]]
    problem = f'no value for {", ".join(empty)}' if empty else None
    if not problem and not (cells['target_keypoints'] or cells['target_image']):
        problem = NO_TARGET
    size = None
    try:
        size = parse_size(cells['target_image_size']) if cells['target_image_size'] else None
    except ValueError as error:
        problem = problem or f'target_image_size: {error}'
    source, target = cells['source_image'], cells['target_image']
    return Job(
        where,
        _picture_path(folder, source),
        **{column: _path(folder, cells[column]) if cells[column] else None for column in KEYPOINT_COLUMNS},
        output=_path(folder, cells['output']),
        target_image_size=size,
        source_name=cells['source_name'] or os.path.basename(source),
        target_name=cells['target_name'] or os.path.basename(target) or None,
        target_image=_picture_path(folder, target) if target else None,
        class_maps={column: _path(folder, cells[column]) for column in MAP_COLUMNS if cells[column]},
        problem=problem,
    )


def _picture_path(folder: pathlib.Path, name: str) -> str:
    return name if is_remote(name) else str(_path(folder, name))


def _path(folder: pathlib.Path, name: str) -> pathlib.Path:
    return folder / os.path.expanduser(name)


def _names_pictures(place: pathlib.Path) -> bool:
    """Whether the joints of more than one picture can be told apart in a folder or file."""
    if place.is_dir() or place.suffix.lower() == '.csv':
        return True
    try:
        content = json.loads(read_text(place))
    except ValueError:
        return False
    return isinstance(content, dict) and bool(content.get('images'))
