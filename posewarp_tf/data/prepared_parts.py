"""What a prepared folder (prepared.py) is made of: the lists and files of a data set's splits, cut into shards."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import pathlib
from collections.abc import Iterator
from typing import Any

from posewarp_tf.data.datasets import PairLists, find_files, read_lists
from posewarp_tf.data.prepared import FORM, find_prepared
from posewarp_tf.data.record_shards import ShardTask
from posewarp_tf.data.truth import CLASS_MAP_FOLDERS, CODINGS, find_class_maps, find_flows
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_maps import Coding
from posewarp_tf.poses.keypoint_frame import stated_keypoint_size
from posewarp_tf.settings.sections import DataConfig


@dataclasses.dataclass(frozen=True)
class SplitParts:
    """One split to be written: its lists, by kind the paths of its files, and what numbers in its maps mean."""

    lists: PairLists
    files: dict[str, list[str]]
    codings: dict[str, Coding]

    def tasks(self, folder: pathlib.Path, size: int) -> Iterator[ShardTask]:
        """Shards of `size` records each."""
        examples = self.lists.examples
        pictures = {kind: paths for kind, paths in self.files.items() if kind != 'flow'}
        count = len(examples.names)
        for number, first in enumerate(range(0, count, size)):
            part = slice(first, first + size)
            yield ShardTask(
                folder,
                f'{examples.split}-{number:05d}-of-{-(-count // size):05d}.tfrecord',
                {'name': examples.names[part]},
                examples.keypoints[part],
                {kind: paths[part] for kind, paths in pictures.items()},
                self.codings,
            )
        flows = self.files.get('flow', [])
        for number, first in enumerate(range(0, len(flows), size)):
            part = slice(first, first + size)
            rows = examples.rows[part].tolist()
            texts = {role: [examples.names[row[i]] for row in rows] for i, role in enumerate(('source', 'target'))}
            name = f'{examples.split}-flows-{number:05d}-of-{-(-len(flows) // size):05d}.tfrecord'
            yield ShardTask(folder, name, texts, None, {'flow': flows[part]}, {})

    def describe(self) -> dict[str, Any]:
        """Another one for other lists."""
        examples = self.lists.examples
        digest = hashlib.sha256('\n'.join([*examples.names, *examples.skipped]).encode())
        for array in (examples.keypoints, examples.rows):
            digest.update(array.tobytes())
        counts = {'pictures': len(examples.names), 'pairs': len(examples.rows), 'kinds': sorted(self.files)}
        return {**counts, 'padded': self.lists.padded, 'aspect': examples.aspect, 'lists': digest.hexdigest()}


def read_splits(data: DataConfig) -> dict[str, SplitParts]:
    """The splits of the data set that `data` names; DataError where it cannot be used, or is prepared already."""
    if find_prepared(data.data_dir) is not None:
        raise DataError(f'--data_dir: {data.data_dir} is prepared already')
    return {split: _read_split(data, split) for split in find_files(data).pairs}


def _read_split(data: DataConfig, split: str) -> SplitParts:
    lists = read_lists(data, split)
    found: dict[str, list[str]] = {'image': lists.examples.paths}
    codings = {}
    for kind in CLASS_MAP_FOLDERS:
        with _optional(split):
            maps = find_class_maps(data, kind, lists.examples)
            if maps is not None:
                found[kind], codings[kind] = maps.paths, maps.coding
    with _optional(split):
        flows = find_flows(data.data_dir, lists.examples)
        if flows is not None:
            found['flow'] = flows
    return SplitParts(lists, found, codings)


@contextlib.contextmanager
def _optional(split: str) -> Iterator[None]:
    """Training does without maps and flows that not all have; tests take whatever there is, so all need them."""
    try:
        yield
    except DataError as error:
        if split == 'test':
            raise
        print(f'{error}: left out of the {split} split')


def describe(data: DataConfig, splits: dict[str, SplitParts], records_per_shard: int) -> dict[str, Any]:
    """What prepared.json says of it all: another one where other shards would be written."""
    frame = next(iter(splits.values())).lists.frame
    codings = {kind: coding for split in splits.values() for kind, coding in split.codings.items()}
    return {
        'form': FORM,
        'dataset': data.dataset,
        'keypoint_size': list(data.keypoint_size or stated_keypoint_size(data.data_dir)),
        'frame': [frame.height, frame.width, frame.left],
        'codings': {kind: _name_of(kind, coding) for kind, coding in codings.items()},
        'records_per_shard': records_per_shard,
        'splits': {name: split.describe() for name, split in splits.items()},
    }


def _name_of(kind: str, coding: Coding) -> str:
    return next(name for name, known in CODINGS[kind].items() if known is coding)
