"""Checkpoints that appear whole or not at all, and go back to an earlier one when the latest is damaged.

A checkpoint is written into a hidden folder beside its place and then renamed, the index file last; a
killed process or a full disk therefore leaves the earlier checkpoints as they were, and no half of a new one.
Packed ones (packed.py), of models that are handed on, are read in their place.
"""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.runs import packed

# Names of the parts of a checkpoint that hold networks; the first two are generators.
MODEL = 'model'
AVERAGE = 'average'
DISCRIMINATOR = 'discriminator'
CLIP_DISCRIMINATOR = f'{DISCRIMINATOR}_clip'

# The step of checkpoints that were imported: they hold networks alone. Training has no such step.
IMPORTED_STEP = 0

_PREFIX = 'step-'
_SUFFIXES = ('.index', packed.SUFFIX)


class CheckpointFolder:
    """The last `keep` checkpoints of some objects."""

    def __init__(self, folder: str | os.PathLike, keep: int, parts: dict[str, Any]):
        self._folder = pathlib.Path(folder)
        self._keep = keep
        self._parts = parts
        self._checkpoint = tf.train.Checkpoint(**parts)

    @property
    def last_good(self) -> str:
        """For messages: what a run that fails now can go back to."""
        found = list_checkpoints(self._folder)
        return f'the last good checkpoint is {found[-1]}' if found else 'there is no earlier checkpoint'

    @property
    def variables(self) -> list[tf.Variable]:
        """All that a checkpoint holds, in an order that is the same in every process."""
        found = tf.train.TrackableView(self._checkpoint).descendants()
        return [trackable for trackable in found if isinstance(trackable, tf.Variable)]

    def save(self, step: int) -> None:
        """Writes step-`step` and then removes all but the last `keep`.

        Raises:
            RunError: it cannot be written; the earlier checkpoints are untouched.
        """
        name = f'{_PREFIX}{step}'
        hidden = self._folder / '.writing'
        try:
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir(parents=True)
            self._checkpoint.write(str(hidden / name))
            for path in sorted(hidden.iterdir(), key=lambda path: path.suffix == '.index'):
                os.replace(path, self._folder / path.name)
        except (tf.errors.OpError, OSError) as error:
            raise RunError(
                f'{self._folder / name}: could not be written ({_first_line(error)}); {self.last_good}'
            ) from error
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
        for old in list_checkpoints(self._folder)[: -self._keep]:
            _remove(old)

    def restore(self) -> int | None:
        """Restores the latest checkpoint that can be read; its step, or None if there is none at all.

        An imported one restores the networks that it holds and leaves everything else as it is.

        Raises:
            RunError: no checkpoint can be read, or the latest is of other networks or a packed one.
        """
        damaged = []
        for path in reversed(list_checkpoints(self._folder)):
            if packed.packed_file(path):
                raise RunError(
                    f'{path}{packed.SUFFIX}: a packed checkpoint, which holds no optimizer to go on with: train in '
                    f'another --run_dir, with --init_from={path}'
                )
            try:
                if checkpoint_step(path) == IMPORTED_STEP:
                    _restore_networks(self._parts, path)
                else:
                    _restore(self._checkpoint, path)
            except _DamagedError as error:
                damaged.append(str(error))
                print(f'warning: {error}; going back to the checkpoint before it', flush=True)
            else:
                return checkpoint_step(path)
        if damaged:
            listed = '\n  '.join(damaged)
            raise RunError(f'{self._folder}: no checkpoint can be read; remove the folder to start anew:\n  {listed}')
        return None


def list_checkpoints(folder: str | os.PathLike) -> list[str]:
    """The checkpoints in a folder (without suffix), earliest first."""
    place = pathlib.Path(folder)
    found = {str(path.with_suffix('')) for suffix in _SUFFIXES for path in place.glob(f'{_PREFIX}*{suffix}')}
    return sorted(found, key=checkpoint_step)


def checkpoint_step(path: str) -> int:
    return int(pathlib.Path(path).name[len(_PREFIX) :])


def without_suffix(path: str) -> str:
    """A checkpoint that was named by its file, as it is named here; anything else as it is."""
    return next((path[: -len(suffix)] for suffix in _SUFFIXES if path.endswith(suffix)), path)


def identifying_file(path: str) -> pathlib.Path:
    """The file of a checkpoint that is another one for other weights: an index holds a checksum of each."""
    return packed.packed_file(path) or pathlib.Path(path + '.index')


def packed_path(folder: str | os.PathLike, step: int) -> pathlib.Path:
    """Where the packed checkpoint of a step lies in the folder of its stage."""
    return pathlib.Path(folder) / f'{_PREFIX}{step}{packed.SUFFIX}'


def restore_weights(model: tf.keras.Model, path: str, role: str = MODEL) -> None:
    """Restores every weight of a built generator.

    Raises:
        RunError: the checkpoint is damaged, or is of another model.
    """
    file = packed.packed_file(path)
    if file is not None:
        if role in (DISCRIMINATOR, CLIP_DISCRIMINATOR):
            raise RunError(f'{file}: a packed checkpoint, which holds no discriminator')
        packed.restore_packed(model, file)
        return
    try:
        _restore(tf.train.Checkpoint(**{role: model}), path, partially=True)
    except _DamagedError as error:
        raise RunError(str(error)) from error


def restore_matching_weights(model: tf.keras.Model, path: str) -> tuple[list[str], list[str]]:
    """Restores those weights of a built generator that a checkpoint has; their names, and those of the others.

    Raises:
        RunError: the checkpoint is damaged, none of its weights fits, or one has another shape.
    """
    file = packed.packed_file(path)
    if file is not None:
        matched = {id(weight) for weight in packed.restore_packed(model, file, partially=True)}
    else:
        matched = _restore_matching(model, path)
    restored = [weight.name for weight in model.weights if id(weight) in matched]
    if not restored:
        raise RunError(f'{path}: has none of the weights of this model, expected a checkpoint of posewarp_tf')
    return restored, [weight.name for weight in model.weights if id(weight) not in matched]


def _restore_matching(model: tf.keras.Model, path: str) -> set[int]:
    """Ids of all that was restored, among them those of weights."""
    target = tf.train.Checkpoint(**{MODEL: model})
    try:
        matches = tf.train.CheckpointView(path).match(target).values()
        target.read(path).expect_partial()
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        raise RunError(f'{path}: cannot be taken over by this model: {_first_line(error)}') from error
    return {id(trackable) for trackable in matches}


def require_finite(weights: Sequence[tf.Variable], step: int, last_good: str) -> None:
    """Raises RunError if a weight is not a finite number, so that it never reaches a checkpoint."""
    bad = [weight.name for weight in weights if not bool(tf.reduce_all(tf.math.is_finite(weight)))]
    if bad:
        raise RunError(
            f'step {step}: {len(bad)} of {len(weights)} weights are not finite, the first is {bad[0]}; '
            f'nothing of this is saved, {last_good}; try a smaller --learning_rate or a --gradient_clip_norm'
        )


class _DamagedError(Exception):
    """A checkpoint that cannot be read; names its file."""


def _restore(target: tf.train.Checkpoint, path: str, partially: bool = False) -> None:
    try:
        status = target.read(path)
        if partially:
            status.expect_partial()
        status.assert_existing_objects_matched()
        if not partially:
            status.assert_consumed()
    except (AssertionError, ValueError) as error:
        raise RunError(
            f'{path}: a checkpoint of other networks than those of the config: {_first_line(error)}'
        ) from error
    except (tf.errors.OpError, RuntimeError, IndexError) as error:
        raise _DamagedError(f'{path}: damaged: {_first_line(error)}') from error


def _restore_networks(parts: dict[str, Any], path: str) -> None:
    """Restores those parts that a checkpoint has; one by one, because generator and average may be saved as one."""
    try:
        names = tf.train.CheckpointView(path).children(0)
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        raise _DamagedError(f'{path}: damaged: {_first_line(error)}') from error
    for name, part in parts.items():
        if name in names:
            _restore(tf.train.Checkpoint(**{name: part}), path, partially=True)


def _remove(path: str) -> None:
    """Index first: what has no index is no checkpoint."""
    index = pathlib.Path(path + '.index')
    index.unlink(missing_ok=True)
    for part in index.parent.glob(index.stem + '.data-*'):
        part.unlink(missing_ok=True)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split('\n')[0][:300]
