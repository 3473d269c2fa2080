"""Which pictures of a list are made already: a run that was stopped, or one of many, makes none of them twice.

Beside the pictures of a folder lie files `.made-2-of-8.jsonl`, one for each part of a list, with a line for each
picture: its name and a digest of all that it was made from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Sequence

from posewarp_tf.inference.jobs import Job
from posewarp_tf.pictures.contents import is_remote


class DonePictures:
    """The pictures that were made from the same weights, options and files as now.

    Args:
        made_by: what is the same for all: weights and options.
        shard: (i, n) of the part of the list that is done here.
        overwrite: none of them counts.
    """

    def __init__(self, made_by: str, shard: tuple[int, int] = (1, 1), overwrite: bool = False):
        self._made_by, self._overwrite = made_by, overwrite
        self._record_name = f'.made-{shard[0]}-of-{shard[1]}.jsonl'
        self._known: dict[pathlib.Path, set[str]] = {}

    def holds(self, job: Job) -> bool:
        """Whether the picture of a job is there, made from what it would be made from now."""
        if self._overwrite:
            return False
        folder = job.output.parent
        if folder not in self._known:
            self._known[folder] = _recorded(folder)
        return job.output.exists() and self._entry(job) in self._known[folder]

    def add(self, job: Job) -> None:
        """Records that the picture of a job was written."""
        line = self._entry(job)
        with open(job.output.parent / self._record_name, 'a', encoding='utf-8') as file:
            # The line before it may have been cut off.
            file.write('\n' + line)

    def _entry(self, job: Job) -> str:
        # With what the picture is, so that one that something else has replaced is known.
        picture = _state(job.output)
        return json.dumps({'name': job.output.name, 'picture': picture and picture[1:], 'made_from': self._digest(job)})

    def _digest(self, job: Job) -> str:
        paths = [job.source_image, job.source_keypoints, job.target_keypoints, job.target_image]
        files = [_state(path) for path in paths]
        maps = {name: _state(path) for name, path in job.class_maps.items()}
        names = [job.target_image_size, job.source_name, job.target_name]
        text = json.dumps([self._made_by, job.output.suffix, files, maps, names], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def part_of_jobs(jobs: Sequence[Job], shard: tuple[int, int]) -> list[Job]:
    """Every n-th job from the i-th on, of `shard` (i, n); of jobs that write one picture all but the first are bad."""
    first: dict[pathlib.Path, str] = {}
    checked = []
    for job in jobs:
        if job.problem is None:
            other = first.setdefault(job.output.resolve(), job.where)
            if other != job.where:
                problem = f'output {str(job.output)!r}: is written by an earlier one already, {other}'
                job = dataclasses.replace(job, problem=problem)
        checked.append(job)
    number, count = shard
    return checked[number - 1 :: count]


def _recorded(folder: pathlib.Path) -> set[str]:
    """The lines of all records; one that was cut off when a run was killed is like no other."""
    texts = (path.read_text(encoding='utf-8') for path in folder.glob('.made-*.jsonl'))
    return {line for text in texts for line in text.splitlines()}


def _state(path: str | os.PathLike | None) -> tuple | None:
    """Another one for another file, and once it was changed; of a URL the URL alone."""
    if path is None or is_remote(path):
        return None if path is None else (os.fspath(path),)
    try:
        found = os.stat(path)
    except OSError:
        return None
    return os.path.abspath(path), found.st_size, found.st_mtime_ns
