"""Prepared folders: a data set of pairs as a few large files, which `posewarp prepare-data` writes and training reads.

prepared.json                         what it is made of; records, bytes and SHA-256 of every shard
train.npz, test.npz                   a split: names, joints, pairs, and where the bytes of all files lie in the shards
train-00000-of-00012.tfrecord         TFRecords of pictures, each a tf.train.Example: `name`, `image` (the file, a JPEG
                                      or PNG, as it was), `keypoints` (float32 [36]: x and y of 18 joints as annotated)
                                      and, where there are maps of classes, `parts` and `garment` (PNGs as they were)
train-flows-00000-of-00003.tfrecord   of pairs with an exact flow: `source`, `target` (names), `flow` (the .npz)

Everything is read by its place, in any order, so that batches are those of the folder that it was made of. A prepared
folder may lie behind a URL, such as gs:// or s3:// (lanes/remote_files.py).
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.files.parts import FilePart
from posewarp_tf.pictures.contents import file_size, is_remote, read_contents
from posewarp_tf.poses.keypoint_frame import KeypointFrame
from posewarp_tf.settings.options import shown
from posewarp_tf.settings.sections import DataConfig

INDEX_NAME = 'prepared.json'
# Another number where the files mean something else.
FORM = 1
_KEYS = {'form', 'dataset', 'keypoint_size', 'frame', 'codings', 'splits', 'lists', 'shards'}


@dataclasses.dataclass(frozen=True)
class PreparedSplit:
    """One split of a prepared folder.

    names: of its pictures.
    keypoints: float32 [pictures, 18, 2], as annotated.
    rows: int32 [pairs, 2], numbers of the pictures.
    skipped: one line for each pair that could not be used.
    places: by kind ('image', 'parts', 'garment'; 'flow') int64 [pictures or pairs, 3]: the number of the shard, the
        offset and the length of the bytes in it.
    """

    names: list[str]
    keypoints: np.ndarray
    rows: np.ndarray
    skipped: list[str]
    places: Mapping[str, np.ndarray]

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """The number of a picture by its name."""
        return {name: number for number, name in enumerate(self.names)}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A prepared folder; `index` is what its prepared.json says."""

    data_dir: str
    index: Mapping[str, Any]

    @property
    def frame(self) -> KeypointFrame:
        """The frame of the joints."""
        return KeypointFrame(*self.index['frame'])

    @property
    def shards(self) -> list[dict[str, Any]]:
        """`name`, `records`, `bytes` and `sha256` of every shard."""
        return self.index['shards']

    def path(self, name: str) -> str:
        """The path of one of its files."""
        return f'{self.data_dir.rstrip("/")}/{name}'

    def split(self, split: str) -> PreparedSplit:
        """Raises DataError where it has no such split, or that split's file is damaged."""
        if split not in self.index['lists']:
            raise DataError(f'{self.path(INDEX_NAME)}: no {split} split, only {", ".join(self.index["lists"])}')
        return _read_split(self.path(f'{split}.npz'), self.index['lists'][split]['sha256'])

    def paths(self, split: str, kind: str, numbers: Sequence[int], names: Sequence[str]) -> list[str]:
        """Paths (files/parts.py) of what has these `numbers` among the places of a kind, by the names of the files."""
        files = [self.path(shard['name']) for shard in self.shards]
        places = self.split(split).places[kind][np.asarray(numbers, np.int64)].tolist()
        return [
            FilePart(files[shard], offset, length).path(name) for (shard, offset, length), name in zip(places, names)
        ]

    def require_same(self, data: DataConfig) -> None:
        """Raises ConfigError where settings ask for something else than what it was made with."""
        for name, given in (('dataset', data.dataset), ('keypoint_size', list(data.keypoint_size))):
            made = self.index[name]
            if given and given != made:
                asked, there = (value if isinstance(value, str) else shown(value) for value in (given, made))
                made_with = f'with {there}' if there else 'without it'
                raise ConfigError(f'--{name}: got {asked}, but {self.data_dir} was prepared {made_with}')


def find_prepared(data_dir: str) -> Prepared | None:
    """The prepared folder at `data_dir`; None where that is a folder of another kind, or none.

    Raises:
        DataError: its prepared.json cannot be read; or a folder behind a URL has none.
    """
    path = f'{data_dir.rstrip("/")}/{INDEX_NAME}'
    if not data_dir or file_size(path) is None:
        if is_remote(data_dir):
            raise DataError(
                f'--data_dir: no {path}: folders behind URLs are read where `posewarp prepare-data` made them'
            )
        return None
    contents = read_contents(path)
    try:
        index = json.loads(contents)
    except ValueError as error:
        raise DataError(f'{path}: not the index of a prepared folder: {error}') from error
    if not isinstance(index, dict) or not index.keys() >= _KEYS:
        raise DataError(f'{path}: not the index of a prepared folder: expected {", ".join(sorted(_KEYS))} in it')
    if index['form'] != FORM:
        raise DataError(f'{path}: got form {index["form"]}, expected {FORM}: made by another version; prepare it anew')
    return Prepared(data_dir, index)


def packed_split(split: PreparedSplit) -> bytes:
    """The .npz of a split."""
    texts = {'names': split.names, 'skipped': split.skipped}
    arrays: dict[str, Any] = {name: np.frombuffer('\n'.join(lines).encode(), np.uint8) for name, lines in texts.items()}
    arrays |= {f'places_{kind}': array for kind, array in split.places.items()}
    file = io.BytesIO()
    np.savez_compressed(file, keypoints=split.keypoints, rows=split.rows, **arrays)
    return file.getvalue()


@functools.lru_cache(maxsize=4)
def _read_split(path: str, sha256: str) -> PreparedSplit:
    contents = read_contents(path)
    if hashlib.sha256(contents).hexdigest() != sha256:
        raise DataError(f'{path}: damaged: its SHA-256 is not that of {INDEX_NAME}')
    with np.load(io.BytesIO(contents)) as file:
        names, skipped = (file[name].tobytes().decode().split('\n') for name in ('names', 'skipped'))
        kinds = [name.partition('_')[2] for name in file.files if name.startswith('places_')]
        return PreparedSplit(
            names=names,
            keypoints=file['keypoints'],
            rows=file['rows'],
            skipped=[line for line in skipped if line],
            places={kind: file[f'places_{kind}'] for kind in kinds},
        )
