"""Writes a data set of pairs as a few large files: for sets that do not fit into memory, or lie far away.

    posewarp prepare-data --data_dir=data/deepfashion --output_dir=data/deepfashion_prepared

Training, evaluation and check-data take the new folder as --data_dir, with the same batches as before. Pictures, maps
and flows are stored as they are, as TFRecords (data/prepared.py), after a look whether they can be decoded.

A run that was stopped goes on: shards that are there are verified and stay. --shard=2/8 writes every eighth shard, for
several machines that share a disk; the folder appears when all parts are done. Settings of the data are given here.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from absl import flags
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.data.prepared import INDEX_NAME, PreparedSplit, find_prepared, packed_split
from posewarp_tf.data.prepared_parts import SplitParts, describe, read_splits
from posewarp_tf.data.record_shards import ShardTask, checksum, done_facts, sizes_of_sources, write_or_verify
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import config_from_flags, define_shard_flag, define_training_flags, parse_shard
from posewarp_tf.settings.sections import DataConfig
from posewarp_tf.synthetic.processes import in_processes
from posewarp_tf.synthetic.unfinished import begun


def prepare(
    data: DataConfig,
    output_dir: str | os.PathLike,
    records_per_shard: int = 1024,
    num_workers: int = 0,
    shard: tuple[int, int] = (1, 1),
    show_progress: bool = True,
) -> float | None:
    """Writes a prepared folder of the data set that `data` names, as a whole or not at all.

    What is done of a run that was stopped is verified and stays. With `shard` (i, n) only every n-th shard is written;
    the folder appears when the last of the parts, which may run at the same time, is done.

    Args:
        records_per_shard: most pictures, or pairs with flows, in one file.
        num_workers: processes; 0: one for each core.

    Returns:
        The seconds of processors that shards took; None, having done nothing, when `output_dir` holds it already.

    Raises:
        DataError: the data set cannot be used, or `output_dir` holds something else.
    """
    final = pathlib.Path(output_dir)
    splits = read_splits(data)
    description = describe(data, splits, records_per_shard)
    sources = {name: sizes_of_sources(split.files) for name, split in splits.items()}
    if _is_already_there(final, {**description, 'sources': sources}):
        return None
    number, count = shard
    worked = 0.0
    # Shared even where it is alone, so that the shards stay when something unreadable stops the work.
    with begun(final, description, (), is_shared=True, done='shards', index=INDEX_NAME) as unfinished:
        tasks = [task for split in splits.values() for task in split.tasks(unfinished.folder, records_per_shard)]
        own = tasks[number - 1 :: count]
        total = sum(task.num_records for task in own)
        with tqdm(total=total, desc='preparing', unit='record', disable=not show_progress) as progress:
            done = in_processes(write_or_verify, own, num_workers or os.cpu_count() or 1)
            for task, seconds in zip(own, done):
                worked += seconds
                progress.update(task.num_records)
        if all(task.done_path.exists() for task in tasks):
            try:
                _write_index(unfinished.folder, {**description, 'sources': sources}, splits, tasks)
            except (OSError, KeyError):
                # Another part may have done it, and taken the folder away.
                if not (final / INDEX_NAME).exists():
                    raise
            unfinished.finish()
    return worked


def _is_already_there(final: pathlib.Path, description: Mapping[str, Any]) -> bool:
    if not final.exists() or (final.is_dir() and not any(final.iterdir())):
        return False
    with contextlib.suppress(OSError, ValueError):
        index = json.loads((final / INDEX_NAME).read_text(encoding='utf-8'))
        if all(index.get(key) == value for key, value in description.items()):
            return True
    raise DataError(
        f'{final}: already holds something else, or was prepared with other settings: expected an empty folder or '
        'none; choose another --output_dir or remove it'
    )


def _write_index(
    folder: pathlib.Path,
    description: Mapping[str, Any],
    splits: Mapping[str, SplitParts],
    tasks: Sequence[ShardTask],
) -> None:
    """Writes the files of the splits and prepared.json; removes what a killed run may have left half-written."""
    for half in folder.glob('.*.tfrecord'):
        half.unlink(missing_ok=True)
    shards = [done_facts(task) or {} for task in tasks]
    for name, split in splits.items():
        places: dict[str, list[np.ndarray]] = {kind: [] for kind in split.files}
        for number, shard in enumerate(shards):
            if shard['name'].startswith(f'{name}-'):
                for kind, found in shard.pop('places').items():
                    places[kind].append(np.insert(np.array(found, np.int64), 0, number, axis=1))
        examples = split.lists.examples
        together = {kind: np.concatenate(parts) for kind, parts in places.items()}
        found = PreparedSplit(examples.names, examples.keypoints, examples.rows, examples.skipped, together)
        with files.atomic_path(folder / f'{name}.npz') as temporary:
            temporary.write_bytes(packed_split(found))
    index = {
        **description,
        'lists': {name: checksum(folder / f'{name}.npz') for name in splits},
        'shards': [{key: shard[key] for key in ('name', 'records', 'bytes', 'sha256')} for shard in shards],
    }
    files.write_text(folder / INDEX_NAME, json.dumps(index, indent=1) + '\n')
    (folder / 'settings.json').unlink(missing_ok=True)


def define_flags() -> None:
    flags.DEFINE_string('output_dir', None, 'Folder to write.')
    flags.DEFINE_integer('records_per_shard', 1024, 'Most pictures, or pairs with flows, in one file.', lower_bound=1)
    define_shard_flag('the files; the folder appears when all parts are done')
    define_training_flags()


def main() -> None:
    given = flags.FLAGS
    if not given.output_dir:
        raise ConfigError('--output_dir: missing; expected a folder to write')
    data = config_from_flags().data
    start = time.time()
    worked = prepare(data, given.output_dir, given.records_per_shard, data.num_workers, parse_shard(given.shard))
    if worked is None:
        print(f'{given.output_dir} already holds exactly this data set: nothing to do (check-data verifies it)')
        return
    prepared = find_prepared(given.output_dir)
    if prepared is None:
        print(f'{given.output_dir}: part {given.shard} is done; the folder appears when all parts are')
        return
    counts = [f'{facts["pairs"]:,} {split} pairs' for split, facts in prepared.index['splits'].items()]
    size, seconds = sum(shard['bytes'] for shard in prepared.shards), time.time() - start
    shards = f'{len(prepared.shards)} shards of together {size / 1e6:,.1f} MB'
    print(f'{given.output_dir}: {" and ".join(counts)} in {shards}, in {seconds:.0f} s')
    records = sum(shard['records'] for shard in prepared.shards)
    print(f'{records:,} records, {worked:.2f} s of processors')


if __name__ == '__main__':
    command_line.run(define_flags, main)
