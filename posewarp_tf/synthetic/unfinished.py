"""A data set while it is written: what is done stays done when the writing is cut short or shared out."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
from collections.abc import Iterator

from posewarp_tf import files
from posewarp_tf.errors import DataError

Task = tuple  # (split, index)


@dataclasses.dataclass(frozen=True)
class Rows:
    """What one person adds: lines of the annotation file, and pairs of file names."""

    annotations: list[str]
    pairs: list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Unfinished:
    """The folder `.NAME-unfinished` beside the final one.

    folder, final: the two.
    done: its folder of a file for each part (of people: for each person) that is done.
    index: the file that a finished folder has.
    """

    folder: pathlib.Path
    final: pathlib.Path
    done: str = 'people'
    index: str = 'dataset.json'

    def is_done(self, task: Task) -> bool:
        return self._path(task).exists()

    def save(self, task: Task, rows: Rows) -> None:
        files.write_text(self._path(task), json.dumps(dataclasses.asdict(rows)))

    def rows(self, task: Task) -> Rows:
        table = json.loads(self._path(task).read_text())
        return Rows(table['annotations'], [(source, target) for source, target in table['pairs']])

    def finish(self) -> None:
        """Makes it the final folder; another process that was quicker is as good."""
        try:
            os.replace(self.folder, self.final)
        except OSError:
            if not (self.final / self.index).exists():
                raise
            shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.final / self.done, ignore_errors=True)

    def _path(self, task: Task) -> pathlib.Path:
        split, index = task
        return self.folder / self.done / f'{split}_{index:05d}.json'


@contextlib.contextmanager
def begun(
    final: pathlib.Path,
    description: dict,
    subfolders: tuple[str, ...],
    is_shared: bool,
    done: str = 'people',
    index: str = 'dataset.json',
) -> Iterator[Unfinished]:
    """The unfinished folder of `final`, new or from a run that was cut short.

    An error removes it, unless other processes share it; a process that is killed leaves it to be gone on with.
    `done` and `index` are those of `Unfinished`.

    Raises:
        DataError: one is there with other settings.
    """
    folder = final.parent / f'.{final.name}-unfinished'
    settings = folder / 'settings.json'
    text = json.dumps(description, indent=2) + '\n'
    if settings.exists() and settings.read_text() != text:
        raise DataError(
            f'{folder}: {done} made with other settings, not finished: give the same flags to go on, or '
            'remove the folder'
        )
    for name in (done, *subfolders):
        (folder / name).mkdir(parents=True, exist_ok=True)
    files.write_text(settings, text)
    try:
        yield Unfinished(folder, final, done, index)
    except Exception:
        if not is_shared:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def require_nothing_there(final: pathlib.Path) -> None:
    """Raises DataError where a folder is to be made that holds something, or is a file."""
    if final.is_file() or (final.exists() and any(final.iterdir())):
        raise DataError(f'{final}: already holds something: choose another --output_dir or remove it')


@contextlib.contextmanager
def folder_appearing_whole(final: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a folder beside `final` that becomes it on success and disappears on failure."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.parent / f'.{final.name}-{os.getpid()}'
    temporary.mkdir()
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
