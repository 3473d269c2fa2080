"""Arrays by name from a file of weights of other projects, whichever of three forms it has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from posewarp_tf.errors import RunError
from posewarp_tf.tensor_files.pytorch import read_tensors
from posewarp_tf.tensor_files.safetensors import read_safetensors

Arrays = dict[str, np.ndarray]


def _read_npz(path: str | os.PathLike) -> Arrays:
    try:
        with np.load(path) as file:
            return {key: file[key] for key in file.files}
    except Exception as error:  # Damaged archives raise anything from OSError to zlib.error.
        raise RunError(f'{os.fspath(path)} is not an .npz file, or damaged: {error}') from error


_READERS: dict[str, Callable[[str], Arrays]] = {
    '.pth': read_tensors,
    '.pt': read_tensors,
    '.safetensors': read_safetensors,
    '.npz': _read_npz,
}
SUFFIXES = tuple(_READERS)


def read_arrays(paths: str | Sequence[str], flag: str) -> Arrays:
    """All arrays of one file, or of several together, by their keys; nothing in a file runs.

    Args:
        paths: of files of any of `SUFFIXES`; of a key that two files have, the later one counts.
        flag: what names them on the command line; errors begin with it.

    Raises:
        RunError: a file is missing, has another suffix, is damaged, or holds something else than arrays.
    """
    arrays: Arrays = {}
    for path in [paths] if isinstance(paths, str) else paths:
        suffix = os.path.splitext(path)[1].lower()
        if suffix not in _READERS:
            raise RunError(f'--{flag}: got {path!r}, expected a file of {", ".join(SUFFIXES)}')
        if not os.path.exists(path):
            raise RunError(f'--{flag}: no file {path}')
        try:
            arrays.update(_READERS[suffix](path))
        except RunError as error:
            raise RunError(f'--{flag}: {error}') from error
    return arrays
