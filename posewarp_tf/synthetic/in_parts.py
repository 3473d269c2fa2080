"""Writes a folder person by person, in several processes or on several machines, as a whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import tqdm

from posewarp_tf.errors import DataError
from posewarp_tf.synthetic.processes import in_processes
from posewarp_tf.synthetic.unfinished import Task, Unfinished, begun


class Described(Protocol):
    """Settings that say what becomes dataset.json; `num_people` = {split: count} is in it."""

    def describe(self) -> dict: ...


class Writer(NamedTuple):
    """What a folder holds and who writes it.

    Attributes:
        settings: what it depends on.
        folders: those to make in it.
        write: unfinished folder, settings, task -> writes one person and saves that it is done.
        write_lists: unfinished folder, settings, all tasks -> writes what needs everybody.
        unit: what one task is called.
    """

    settings: Described
    folders: tuple[str, ...]
    write: Callable[[Unfinished, Any, Task], None]
    write_lists: Callable[[Unfinished, Any, list[Task]], None]
    unit: str


def write_in_parts(
    output_dir: str | os.PathLike,
    writer: Writer,
    num_processes: int = 0,
    show_progress: bool = True,
    shard: tuple[int, int] = (1, 1),
) -> bool:
    """Writes the folder as a whole or not at all; `num_processes` 0 takes every core.

    What is done of a run that was killed is found again. With `shard` (i, n) only every n-th person is made; the folder
    appears when the last of the shards, which may run at the same time, is done.

    Returns False, having done nothing, when `output_dir` holds it already. Raises DataError when the folder
    holds anything else.
    """
    final = pathlib.Path(output_dir)
    description = writer.settings.describe()
    if _is_already_there(final, description):
        return False
    tasks = [(split, index) for split, count in description['num_people'].items() for index in range(count)]
    number, count = shard
    with begun(final, description, writer.folders, is_shared=count > 1) as unfinished:
        own = [task for task in tasks[number - 1 :: count] if not unfinished.is_done(task)]
        write = functools.partial(writer.write, unfinished, writer.settings)
        results = in_processes(write, own, num_processes or os.cpu_count() or 1)
        for _ in tqdm.tqdm(results, total=len(own), unit=writer.unit, disable=not show_progress):
            pass
        if all(unfinished.is_done(task) for task in tasks):
            writer.write_lists(unfinished, writer.settings, tasks)
            (unfinished.folder / 'settings.json').rename(unfinished.folder / 'dataset.json')
            unfinished.finish()
    return True


def _is_already_there(final: pathlib.Path, description: dict) -> bool:
    if not final.exists() or (final.is_dir() and not any(final.iterdir())):
        return False
    settings_path = final / 'dataset.json'
    with contextlib.suppress(OSError, ValueError):
        # Folders from before there were layouts do not name theirs.
        if {'layout': 'deepfashion', **json.loads(settings_path.read_text())} == description:
            return True
    raise DataError(
        f'{final}: already holds something else (or people made with other settings): '
        'expected an empty folder or none; choose another --output_dir or remove it'
    )
