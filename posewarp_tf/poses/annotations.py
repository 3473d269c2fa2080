"""Annotation and pairs files of the DeepFashion family, in all the spellings they are found in."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import pathlib

import numpy as np

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text

ANNOTATION_COLUMNS = ('name', 'keypoints_y', 'keypoints_x')
PAIR_COLUMNS = ('from', 'to')


@dataclasses.dataclass(frozen=True)
class Annotations:
    """The rows of an annotation file.

    keypoints: name -> float32 [18, 2], (x, y) in the file's own frame; a missing joint is (-1, -1).
    problems: one line for each row that could not be used, naming file, row, got and expected.
    empty: names of pictures in which every joint is missing; they are in `keypoints` too.
    """

    path: str
    keypoints: dict[str, np.ndarray]
    problems: list[str]
    empty: list[str]


def read_annotations(path: str | os.PathLike) -> Annotations:
    """Every row of an annotation CSV.

    Separator ':' with or without spaces around it; columns `name`, `keypoints_y`, `keypoints_x` by name, in
    any order; each a JSON list of 18 numbers (y before x in the published files).

    Raises:
        DataError: a column is missing, a row is bad (17 joints, NaN, a name seen before) or there is none.
    """
    annotations = scan_annotations(path)
    if annotations.problems:
        more = f' (and {len(annotations.problems) - 1} more bad rows)' if len(annotations.problems) > 1 else ''
        raise DataError(annotations.problems[0] + more)
    return annotations


def scan_annotations(path: str | os.PathLike) -> Annotations:
    """As `read_annotations`, but bad rows are collected in `problems` instead of raised."""
    path = os.fspath(path)
    lines = _lines(path)
    header = [column.strip().strip('"') for column in lines[0][1].split(':')]
    _require_columns(path, header, ANNOTATION_COLUMNS, "separator ':'")
    found: dict[str, np.ndarray] = {}
    problems, empty = [], []
    for row, line in lines[1:]:
        try:
            name, keypoints = _annotation(header, line)
            if name in found:
                raise ValueError(f'picture {name!r} has a row already')
        except ValueError as error:
            problems.append(f'{path}, row {row}: {error}')
            continue
        found[name] = keypoints
        if np.all(keypoints == MISSING):
            empty.append(name)
    if not found and not problems:
        raise DataError(f'{path}: no rows below the header, expected one per picture')
    return Annotations(path, found, problems, empty)


def read_pose_folder(folder: str | os.PathLike) -> Annotations:
    """Pose texts, one per picture: `<folder>/**/<picture name>.txt`, 18 rows `x y`, -1 where missing."""
    root = pathlib.Path(folder)
    found: dict[str, np.ndarray] = {}
    problems, empty = [], []
    for path in sorted(root.rglob('*.txt')):
        name = path.relative_to(root).with_suffix('').as_posix()
        try:
            found[name] = read_pose_text(path)
        except DataError as error:
            problems.append(str(error))
            continue
        if np.all(found[name] == MISSING):
            empty.append(name)
    if not found and not problems:
        raise DataError(f'{root}: no *.txt file, expected one pose text per picture')
    return Annotations(os.fspath(root), found, problems, empty)


def read_pose_text(path: str | os.PathLike) -> np.ndarray:
    """18 rows `x y` (blanks or a comma between), -1 where missing, as float32 [18, 2]."""
    rows = []
    for row, line in _lines(os.fspath(path)):
        try:
            rows.append([float(value) for value in line.replace(',', ' ').split()])
        except ValueError as error:
            raise DataError(f'{os.fspath(path)}, row {row}: got {line!r}, expected `x y`') from error
    if len(rows) != NUM_JOINTS or any(len(row) != 2 for row in rows):
        widths = sorted({len(row) for row in rows})
        raise DataError(
            f'{os.fspath(path)}: got {len(rows)} rows of {"/".join(map(str, widths))} numbers, '
            f'expected {NUM_JOINTS} rows `x y`'
        )
    try:
        return checked_keypoints([row[0] for row in rows], [row[1] for row in rows])
    except ValueError as error:
        raise DataError(f'{os.fspath(path)}: {error}') from error


def read_pairs(path: str | os.PathLike) -> list[tuple[str, str]]:
    """(source name, target name) of every row.

    Either a CSV with the columns `from` and `to` among others (an unnamed index column is common) or a text
    with two names per row between blanks, with or without the header `from to`.

    Raises:
        DataError: no rows, a missing column, a row without two names.
    """
    path = os.fspath(path)
    lines = _lines(path)
    is_csv = ',' in lines[0][1]
    table = list(csv.reader(line for _, line in lines)) if is_csv else [line.split() for _, line in lines]
    header = [column.strip() for column in table[0]]
    if is_csv or set(PAIR_COLUMNS) <= set(header):
        _require_columns(path, header, PAIR_COLUMNS, "separator ','")
        source, target = header.index('from'), header.index('to')
        first = 1
    else:
        source, target, first = 0, 1, 0
    pairs = []
    for (row, line), cells in zip(lines[first:], table[first:]):
        names = [cells[i].strip() if i < len(cells) else '' for i in (source, target)]
        if not all(names) or (not first and len(cells) != 2):
            raise DataError(f'{path}, row {row}: got {line!r}, expected two names of pictures')
        pairs.append((names[0], names[1]))
    if not pairs:
        raise DataError(f'{path}: no pairs below the header, expected one row per pair')
    return pairs


def checked_keypoints(x: object, y: object) -> np.ndarray:
    """float32 [18, 2] from two lists of 18 numbers; ValueError saying what is wrong with them."""
    columns = []
    for axis, values in (('x', x), ('y', y)):
        if not isinstance(values, list) or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
            raise ValueError(f'{axis} of the keypoints: got {values!r}, expected a list of numbers')
        if len(values) != NUM_JOINTS:
            raise ValueError(f'{axis} of the keypoints: got {len(values)} joints, expected {NUM_JOINTS}')
        if not np.all(np.isfinite(np.asarray(values, np.float64))):
            raise ValueError(f'{axis} of the keypoints: got {values!r}, expected finite numbers, -1 where missing')
        columns.append(values)
    keypoints = np.stack([np.asarray(column, np.float32) for column in columns], axis=-1)
    half_missing = np.flatnonzero(np.sum(keypoints == MISSING, axis=-1) == 1)
    if half_missing.size:
        joint = half_missing[0]
        raise ValueError(f'joint {joint}: got x, y = {keypoints[joint].tolist()}, expected -1 in both or in neither')
    return keypoints


def _annotation(header: list[str], line: str) -> tuple[str, np.ndarray]:
    cells = [cell.strip().strip('"') for cell in line.split(':')]
    if len(cells) != len(header):
        raise ValueError(f"got {len(cells)} cells between ':', expected {len(header)}: {line[:80]!r}")
    row = dict(zip(header, cells))
    values = {}
    for column in ANNOTATION_COLUMNS[1:]:
        try:
            values[column] = json.loads(row[column].replace('nan', 'NaN'))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f'{column}: got {row[column][:80]!r}, expected a JSON list of numbers') from error
    return row['name'], checked_keypoints(values['keypoints_x'], values['keypoints_y'])


def _require_columns(path: str, found: list[str], expected: tuple[str, ...], separator: str) -> None:
    missing = [column for column in expected if column not in found]
    if missing:
        raise DataError(
            f'{path}: no column {", ".join(map(repr, missing))}: found the columns {", ".join(map(repr, found))}, '
            f'expected {", ".join(map(repr, expected))} ({separator})'
        )


def _lines(path: str) -> list[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1 on."""
    return [(row, line) for row, line in enumerate(read_text(path).split('\n'), start=1) if line.strip()]
