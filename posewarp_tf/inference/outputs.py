"""Where answers may be written, found out before any work. Nothing is made yet, so that a failure leaves nothing."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.picture_files import PHOTO_SUFFIXES, PICTURE_SUFFIXES
from posewarp_tf.video.animations import ANIMATION_SUFFIXES
from posewarp_tf.video.library import load_av
from posewarp_tf.video.writing import VIDEO_SUFFIXES

if TYPE_CHECKING:
    from posewarp_tf.inference.jobs import Job

# What driving writes as one file.
FILM_SUFFIXES = (*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES)

_VIDEO_SUFFIXES = ('.mp4', '.webm', '.mov', '.mkv', '.avi', '.m4v', '.mpg', '.gif', '.apng')
# A list of what files are called: a folder may have any other dot in its name (walk_v1.2).
_FILE_SUFFIXES = (
    *(*_VIDEO_SUFFIXES, *PHOTO_SUFFIXES, '.bmp', '.tif', '.tiff', '.jfif'),
    *('.json', '.txt', '.csv', '.npy', '.npz', '.zip', '.pdf', '.h5'),
)


def require_folder(output: str, why: str) -> None:
    """Raises a DataError unless --output can be a folder; `why` says what goes into it."""
    path = pathlib.Path(output)
    if path.suffix.lower() in _FILE_SUFFIXES:
        raise DataError(f'--output: got {output!r}, expected a folder {why}')
    _require_can_be_made(path, f'--output {output!r}')


def require_film(output: str, inputs: Mapping[str, str]) -> None:
    """Raises a DataError unless --output can be a video or animated picture, by its suffix one of `FILM_SUFFIXES`.

    Args:
        output: a name that ends so.
        inputs: what is read, in words -> its path: nothing of it is overwritten.

    Raises:
        ConfigError: its kind needs a library that is not installed.
    """
    path, shown = pathlib.Path(output), f'--output {output!r}'
    if path.is_dir():
        raise DataError(f'{shown}: is a folder, expected a file, or a folder whose name does not end in {path.suffix}')
    for what, place in inputs.items():
        if path.resolve() == pathlib.Path(place).resolve():
            raise DataError(f'{shown}: is {what}')
    _require_can_be_made(path.parent, shown)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        load_av(output)


def check_output(job: Job, outputs: set[pathlib.Path]) -> None:
    """Raises a DataError if the picture cannot be written, or overwrites something that is read or one of `outputs`.

    Adds it to `outputs`.
    """
    shown, output = f'output {str(job.output)!r}', job.output.resolve()
    suffix, expected = output.suffix.lower(), f'expected a name that ends in {", ".join(PICTURE_SUFFIXES)}'
    if output.is_dir():
        raise DataError(f'{shown}: is a folder, {expected}')
    if suffix in _VIDEO_SUFFIXES:
        raise DataError(
            f'{shown}: video files are not written from one pose, {expected}; a sequence of poses, given by '
            '--target_dir, or a video, given by --target_video, makes a video'
        )
    if suffix not in PICTURE_SUFFIXES:
        raise DataError(f'{shown}: {expected}')
    inputs = {
        'the source picture itself': job.source_image,
        'the target picture itself': job.target_image,
        'the file of the source pose': job.source_keypoints,
        'the file of the target pose': job.target_keypoints,
        **{f'the map of {name}': path for name, path in job.class_maps.items()},
    }
    for what, path in inputs.items():
        if path is not None and output == pathlib.Path(path).resolve():
            raise DataError(f'{shown}: is {what}')
    if output in outputs:
        raise DataError(f'{shown}: is written by an earlier one already')
    _require_can_be_made(output.parent, shown)
    outputs.add(output)


def _require_can_be_made(folder: pathlib.Path, shown: str) -> None:
    place = next(place for place in (folder, *folder.parents) if place.exists())
    if not place.is_dir():
        raise DataError(f'{shown}: {place} exists and is not a folder')
    if not os.access(place, os.W_OK | os.X_OK):
        raise DataError(f'{shown}: no permission to write in {place}')
