"""Folders with a folder for each video, paired with others that hold its joints: by sorted order, not by name."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from absl import logging

from posewarp_tf.errors import DataError

Truth = TypeVar('Truth')


@dataclasses.dataclass(frozen=True)
class Kind:
    """A folder of videos: `<folder>/<video>/<file>`, files with one of `suffixes`; `title` says what it holds."""

    folder: str
    title: str
    suffixes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class VideoFiles:
    """One video: `files[k][i]` is the path of its i-th file of the k-th kind; `folders[k]` is where these lie."""

    name: str
    folders: tuple[str, ...]
    files: tuple[tuple[str, ...], ...]


def paired_videos(kinds: Sequence[Kind]) -> list[VideoFiles]:
    """The videos of the first kind, each with its files of all kinds: folders and files in sorted order.

    Raises:
        DataError: a folder is missing or holds no video, or the numbers of videos or of a video's files differ.
    """
    first = kinds[0]
    names = [_videos(kind) for kind in kinds]
    for kind, found in zip(kinds, names):
        if len(found) != len(names[0]):
            raise DataError(
                f'{kind.folder}: got {len(found)} videos, expected {len(names[0])} as in {first.folder}, with which '
                f'they are paired by sorted order{_first_difference(names[0], found)}'
            )
    videos = []
    for number, name in enumerate(names[0]):
        folders = tuple(os.path.join(kind.folder, found[number]) for kind, found in zip(kinds, names))
        files = tuple(_files(folder, kind) for folder, kind in zip(folders, kinds))
        for folder, paths in zip(folders, files):
            if len(paths) != len(files[0]):
                raise DataError(
                    f'{folder}: got {len(paths)} files, expected {len(files[0])} as in {folders[0]}, with which they '
                    'are paired by sorted order'
                )
        videos.append(VideoFiles(name, folders, files))
    return videos


def video_names(folder: str) -> list[str]:
    """The folders in a folder, sorted. Hidden ones are left out: what is being written is in such."""
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith('.'))


def other_names(videos: Sequence[VideoFiles]) -> list[str]:
    """A line for each folder that is paired with one of another name."""
    return [
        f'{folder} with {video.folders[0]}'
        for video in videos
        for folder in video.folders[1:]
        if os.path.basename(folder) != video.name
    ]


def require_masks(needed: Mapping[str, str], folder: str, has_masks: bool = False) -> None:
    """Raises a DataError if masks are needed, as `needed` says by what, and videos have none, as those of faces."""
    if 'target_masks' in needed and not has_masks:
        raise DataError(
            f'{folder}: no masks of the foreground, which are needed: target_masks by {needed["target_masks"]}'
        )


def wanted_truth(is_wanted: bool | None, find: Callable[[], Truth]) -> Truth | None:
    """What `find` finds; None where no truth is wanted or, if it is taken where it is there (None), there is none.

    Raises:
        DataError: from `find`, of truth that has to be there.
    """
    if is_wanted is False:
        return None
    try:
        return find()
    except DataError as error:
        if is_wanted:
            raise
        logging.info('without exact flows: %s', error)
        return None


def _videos(kind: Kind) -> list[str]:
    if not os.path.isdir(kind.folder):
        raise DataError(f'{kind.folder}: no such folder, expected {kind.title}, a folder for each video')
    found = video_names(kind.folder)
    if not found:
        raise DataError(f'{kind.folder}: no videos, expected {kind.title}, a folder for each')
    return found


def _files(folder: str, kind: Kind) -> tuple[str, ...]:
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(kind.suffixes))
    if not names:
        raise DataError(f'{folder}: no files {" or ".join(kind.suffixes)}, expected {kind.title}')
    return tuple(os.path.join(folder, name) for name in names)


def _first_difference(expected: Sequence[str], got: Sequence[str]) -> str:
    differences = ('without', set(expected) - set(got)), ('with', set(got) - set(expected))
    found = [f'{word} {min(names)}' for word, names in differences if names]
    return f' ({", ".join(found)})' if found else ''
