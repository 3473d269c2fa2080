"""Reads the weights in a PyTorch checkpoint: a flat dict of tensors, as `torch.save(net.state_dict(), path)` writes."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np

from posewarp_tf.errors import RunError
from posewarp_tf.tensor_files.pytorch_container import ITEM_BYTES, open_checkpoint, release
from posewarp_tf.tensor_files.pytorch_unpickler import FormatError, Storage, Tensor


def read_tensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint by key, in PyTorch's layouts and in the file's dtypes.

    They are views of the file, which stays mapped as long as one of them lives: read-only, strided as they were
    saved, sharing memory where tensors did. No code in the file runs (see pytorch_unpickler.py).

    Raises:
        RunError: naming the file: it cannot be read, is damaged, or is not a flat dict of tensors.
    """
    try:
        root, locate = open_checkpoint(path)
        tensors = _flat_tensors(root)
        contents = locate(_storages(tensors))
        return {key: _array(tensor, contents[tensor.storage.key]) for key, tensor in tensors.items()}
    except FormatError as error:
        raise RunError(f'{os.fspath(path)}: {error}') from error
    except OSError as error:
        raise RunError(f'{os.fspath(path)}: cannot be read: {error.strerror or error}') from error


def release_pages(array: np.ndarray) -> None:
    """Gives back the memory that reading the file of an array of `read_tensors` took; it can be read again."""
    if isinstance(array.base, mmap.mmap):
        release(array.base)


def _flat_tensors(root: Any) -> dict[str, Tensor]:
    expected = 'expected a flat dict of tensors, as state_dict() gives it'
    if not isinstance(root, dict) or not root:
        raise FormatError(f'holds a {type(root).__name__} without tensors, {expected}')
    for key, value in root.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise FormatError(f'holds a {type(value).__name__} under {key!r}, {expected}')
    return root


def _storages(tensors: dict[str, Tensor]) -> dict[str, Storage]:
    storages: dict[str, Storage] = {}
    for tensor in tensors.values():
        storage = tensor.storage
        if storages.setdefault(storage.key, storage) != storage:
            raise FormatError(f'damaged: storage {storage.key!r} is described in two ways')
    return storages


def _array(tensor: Tensor, contents: memoryview) -> np.ndarray:
    if 0 in tensor.shape:
        return np.empty(tensor.shape, _dtype(tensor.storage.dtype))
    size = ITEM_BYTES[tensor.storage.dtype]
    strides = [stride * size for stride in tensor.strides]
    # NumPy checks once more that every element lies in the buffer.
    return np.ndarray(tensor.shape, _dtype(tensor.storage.dtype), contents, tensor.offset * size, strides)


def _dtype(name: str) -> np.dtype:
    if name != 'bfloat16':
        return np.dtype(name)
    import tensorflow as tf  # Not needed for files of other dtypes.

    return np.dtype(tf.bfloat16.as_numpy_dtype)
