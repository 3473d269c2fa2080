"""One shard of a prepared folder (prepared.py): written whole, or verified where it is there already."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from posewarp_tf import files
from posewarp_tf.data.truth import load_flow
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_maps import Coding, load_class_map
from posewarp_tf.pictures.contents import read_contents
from posewarp_tf.pictures.picture_files import load_image

# Around the bytes of a record in a TFRecord file: their length and its checksum before, their checksum behind.
_BEFORE, _BEHIND = 12, 4
_BLOCK = 1 << 20


class ShardTask(NamedTuple):
    """What a shard is made of, in columns: one entry for each record.

    Attributes:
        folder: where it goes.
        name: of its file.
        texts: by feature, texts such as names.
        keypoints: float32 [records, 18, 2]; None of pairs.
        files: by kind ('image', 'parts', 'garment', 'flow'), the paths of the files that are stored as they are.
        codings: by kind of map of classes, what its numbers mean.
    """

    folder: pathlib.Path
    name: str
    texts: Mapping[str, Sequence[str]]
    keypoints: np.ndarray | None
    files: Mapping[str, Sequence[str]]
    codings: Mapping[str, Coding]

    @property
    def num_records(self) -> int:
        return len(next(iter(self.files.values())))

    @property
    def done_path(self) -> pathlib.Path:
        """The file that says that the shard is done, and what is in it."""
        return self.folder / 'shards' / f'{self.name}.json'


def write_or_verify(task: ShardTask) -> float:
    """Writes a shard, unless it is there with the checksum that it was written with; the processor's seconds for it.

    Everything is decoded on the way, so that nothing unreadable gets in.

    Raises:
        DataError: a picture, a map or a flow that cannot be read.
    """
    import tensorflow  # noqa: F401, its loading is no part of the work

    start = time.process_time()
    sources = sizes_of_sources(task.files)
    if _is_whole(task, sources):
        return time.process_time() - start
    path = task.folder / task.name
    places = _write(task, path)
    facts = {'name': task.name, 'records': task.num_records, **checksum(path), 'sources': sources, 'places': places}
    files.write_text(task.done_path, json.dumps(facts))
    return time.process_time() - start


def done_facts(task: ShardTask) -> dict[str, Any] | None:
    """`name`, `records`, `bytes`, `sha256` of a shard, and `places`: by kind, offset and length of each record's bytes.

    None if the shard is not done.
    """
    try:
        return json.loads(task.done_path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None


def checksum(path: str | os.PathLike) -> dict[str, Any]:
    """`bytes` and `sha256` of a file."""
    digest, size = hashlib.sha256(), 0
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return {'bytes': size, 'sha256': digest.hexdigest()}


def _is_whole(task: ShardTask, sources: str) -> bool:
    facts, path = done_facts(task), task.folder / task.name
    if facts is None or facts['sources'] != sources or not path.exists():
        return False
    return all(facts[key] == value for key, value in checksum(path).items())


def sizes_of_sources(files: Mapping[str, Sequence[str]]) -> str:
    """A digest, another one where one of these files has another size."""
    try:
        sizes = [os.path.getsize(path) for paths in files.values() for path in paths]
    except OSError as error:
        raise DataError(f'{error.filename}: {error.strerror}') from error
    return hashlib.sha256(json.dumps(sizes).encode()).hexdigest()


def _write(task: ShardTask, path: pathlib.Path) -> dict[str, list[tuple[int, int]]]:
    """Writes the shard; by kind, offset and length of the bytes of each record."""
    import tensorflow as tf

    places: dict[str, list[tuple[int, int]]] = {kind: [] for kind in task.files}
    position = 0
    try:
        with files.atomic_path(path) as temporary, tf.io.TFRecordWriter(os.fspath(temporary)) as writer:
            for number in range(task.num_records):
                contents = {kind: _checked(kind, paths[number], task.codings) for kind, paths in task.files.items()}
                record = _example(task, number, contents)
                for kind, payload in contents.items():
                    places[kind].append((position + _BEFORE + record.index(payload), len(payload)))
                writer.write(record)
                position += _BEFORE + len(record) + _BEHIND
    except tf.errors.OpError as error:
        raise DataError(f'{path}: cannot be written: {error.message.splitlines()[0]}') from error
    return places


def _checked(kind: str, path: str, codings: Mapping[str, Coding]) -> bytes:
    """The bytes of a file that can be read as what it is meant to be."""
    checks: Mapping[str, Callable[[str], Any]] = {'image': load_image, 'flow': load_flow}
    if kind in codings:
        load_class_map(path, codings[kind])
    else:
        checks[kind](path)
    return read_contents(path)


def _example(task: ShardTask, number: int, contents: Mapping[str, bytes]) -> bytes:
    import tensorflow as tf

    values = {**contents, **{key: texts[number].encode() for key, texts in task.texts.items()}}
    features = {key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for key, value in values.items()}
    if task.keypoints is not None:
        joints = tf.train.FloatList(value=task.keypoints[number].ravel())
        features['keypoints'] = tf.train.Feature(float_list=joints)
    # The same data set gives the same shards.
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)
