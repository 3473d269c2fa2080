"""Lists of what to test in videos of persons: tables whose cells are dicts of paths, as published."""

from __future__ import annotations

import ast
import csv
import dataclasses
import io
import os
from collections.abc import Sequence

from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.synthetic.video_layout import LIST_COLUMNS


@dataclasses.dataclass(frozen=True)
class VideoPaths:
    """One video to learn from or to make: paths of its frames and clean joints, and of possible references.

    `masks` are of all frames or of none; joints of the references are those found, frame by frame.
    """

    name: str
    frames: Sequence[str]
    clean: Sequence[str]
    references: Sequence[str]
    found: Sequence[str]
    masks: Sequence[str] = ()


def read_list(path: str, data_dir: str, folder: str) -> list[VideoPaths]:
    """The rows of a list of tests: columns `LIST_COLUMNS`, each cell a dict {'gen': [paths], 'ref': [paths]}.

    The frames `gen` are to be made, from the clean joints `gen`; the reference is one of the frames `ref`, with the
    noisy joints `ref`. Paths are as they are, or relative to `data_dir`; what stands before the folder of the phase in
    them may be of another machine.

    Raises:
        DataError: columns, cells or files are missing, or there are not as many joints as frames.
    """
    videos = []
    for number, row in enumerate(_rows(path), start=1):
        place = f'{path}, row {number}'
        frames, found, clean = (_cell(row, name, place) for name in LIST_COLUMNS)
        wanted = (frames['gen'], clean['gen'], frames['ref'], found['ref'])
        paths = [[_resolved(name, data_dir, folder, place) for name in names] for names in wanted]
        for what, some in (('gen', paths[:2]), ('ref', paths[2:])):
            if not some[0] or len(some[0]) != len(some[1]):
                raise DataError(f'{place}: {what!r}: got {len(some[0])} frames and {len(some[1])} files of joints')
        videos.append(VideoPaths(os.path.basename(os.path.dirname(paths[0][0])), *paths))
    if not videos:
        raise DataError(f'{path}: no rows')
    return videos


def _rows(path: str) -> list[dict[str, str]]:
    """The rows of a table, whose cells may be of any length: they name every frame of a video."""
    text = read_text(path, 'a list of videos to test')
    before = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        return list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise DataError(f'{path}: expected a table with commas between: {error}') from error
    finally:
        csv.field_size_limit(before)


def _cell(row: dict[str, str], column: str, place: str) -> dict[str, list[str]]:
    """A cell of a list; what it does not name is empty."""
    try:
        value = ast.literal_eval(row[column] or '')
        return {kind: [str(name) for name in value.get(kind, ())] for kind in ('gen', 'ref')}
    except KeyError:
        raise DataError(f'{place}: no column {column}, expected {", ".join(LIST_COLUMNS)}') from None
    except (ValueError, SyntaxError, TypeError, AttributeError, MemoryError, RecursionError) as error:
        raise DataError(f"{place}: {column}: expected {{'gen': [paths], 'ref': [paths]}}: {error}") from error


def _resolved(name: str, data_dir: str, folder: str, place: str) -> str:
    pieces = name.replace('\\', '/').split('/')
    phase = os.path.basename(folder)
    tail = pieces[pieces.index(phase) :] if phase in pieces else pieces
    for path in (os.path.join(data_dir, name), os.path.join(data_dir, *tail)):
        if os.path.isfile(path):
            return path
    raise DataError(f'{place}: no file {name!r}, neither there nor in {data_dir}')
