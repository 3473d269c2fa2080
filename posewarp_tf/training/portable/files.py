"""The files of a portable step; imports no TensorFlow."""

from __future__ import annotations

import gzip
import hashlib
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from posewarp_tf.errors import RunError
from posewarp_tf.files import atomic_path

PROGRAM, DESCRIPTION = 'step.hlo.gz', 'step.json'
# The name in the state of the number of steps done; those of networks are MODEL/0, AVERAGE/0, ...
COUNTER = 'iterations'
# Bytes of arrays in one file of the state, so that single files stay small enough to be sent anywhere.
_FILE_SIZE = 12_000_000
_COUNT = 'count'


def write_program(folder: pathlib.Path, program: bytes) -> None:
    with atomic_path(folder / PROGRAM) as temporary:
        pathlib.Path(temporary).write_bytes(gzip.compress(program, mtime=0))


def read_program(folder: pathlib.Path) -> bytes:
    return gzip.decompress((folder / PROGRAM).read_bytes())


def write_state(folder: str | os.PathLike, arrays: Sequence[np.ndarray]) -> None:
    """state-0.npz, state-1.npz, ...: arrays by their numbers, an array that equals an earlier one as the latter's.

    The first file says how many arrays there are.
    """
    place = pathlib.Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    parts: list[dict[str, Any]] = [{_COUNT: np.array(len(arrays))}]
    size, known = 0, dict[str, int]()
    for index, array in enumerate(arrays):
        content = f'{array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}'
        if content in known:
            parts[-1][f'same{index}'] = np.array(known[content])
            continue
        known[content] = index
        if size + array.nbytes > _FILE_SIZE:
            parts.append({})
            size = 0
        parts[-1][f'v{index}'] = array
        size += array.nbytes
    for number, part in enumerate(parts):
        with atomic_path(place / f'state-{number}.npz') as temporary, open(temporary, 'wb') as file:
            np.savez_compressed(file, **part)
    for old in place.glob('state-*.npz'):
        if int(old.stem.partition('-')[2]) >= len(parts):
            old.unlink()


def read_state(folder: str | os.PathLike) -> list[np.ndarray]:
    """What `write_state` wrote.

    Raises:
        RunError: files are missing.
    """
    found: dict[int, np.ndarray] = {}
    same: dict[int, int] = {}
    count = 0
    for path in pathlib.Path(folder).glob('state-*.npz'):
        with np.load(path) as arrays:
            count += int(arrays[_COUNT]) if _COUNT in arrays.files else 0
            found.update({int(name[1:]): arrays[name] for name in arrays.files if name.startswith('v')})
            same.update({int(name[4:]): int(arrays[name]) for name in arrays.files if name.startswith('same')})
    # Nothing at all lacks its first file too.
    if not count or found.keys() | same.keys() != set(range(count)) or not set(same.values()) <= found.keys():
        raise RunError(f'{folder}: expected state-0.npz, state-1.npz, ... of a step, some are missing')
    found.update({index: found[other] for index, other in same.items()})
    return [found[index] for index in range(count)]
