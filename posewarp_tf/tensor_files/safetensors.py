"""Reads .safetensors: eight bytes that say how long the header is, the header in JSON, and the numbers as they are.

The header has for each array {"dtype": "F32", "shape": [..], "data_offsets": [start, end]}, the offsets being counted
from its own end; "__metadata__" holds texts and is passed over.
"""

from __future__ import annotations

import json
import math
import mmap
import os
from typing import Any

import numpy as np

from posewarp_tf.errors import RunError

_DTYPES = {
    'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'I64': '<i8', 'I32': '<i4', 'I16': '<i2', 'I8': 'i1', 'U8': 'u1',
    'BOOL': '?',
}  # fmt: skip
_LENGTH_BYTES = 8
_METADATA = '__metadata__'


def read_safetensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a file by key, in the file's dtypes (bfloat16 as float32): views of it, read-only.

    Every length in the file is checked against the file before it is believed.

    Raises:
        RunError: naming the file: it cannot be read, is damaged, or has numbers of another kind.
    """
    try:
        with open(path, 'rb') as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], 'little')
        if not _LENGTH_BYTES < start <= len(data):
            raise ValueError(f'the header would end at byte {start} of {len(data)}')
        header = json.loads(data[_LENGTH_BYTES:start].decode('utf-8'))
        if not isinstance(header, dict):
            raise ValueError('the header is no JSON object')
        contents = memoryview(data)[start:]
        return {key: _array(key, entry, contents) for key, entry in header.items() if key != _METADATA}
    except OSError as error:
        raise RunError(f'{os.fspath(path)}: cannot be read: {error.strerror or error}') from error
    except (ValueError, RecursionError) as error:
        raise RunError(f'{os.fspath(path)}: not a .safetensors file, or damaged: {error}') from error


def _array(key: str, entry: Any, contents: memoryview) -> np.ndarray:
    if not isinstance(entry, dict) or not {'dtype', 'shape', 'data_offsets'} <= set(entry):
        raise ValueError(f'{key!r} is described by {entry!r}')
    dtype, shape, offsets = entry['dtype'], entry['shape'], entry['data_offsets']
    numbers = [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) else [-1]
    if len(numbers) != len(shape) + 2 or not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError(f'{key!r} has shape {shape!r} and offsets {offsets!r}')
    if dtype not in (*_DTYPES, 'BF16'):
        raise ValueError(f'{key!r} has numbers of the kind {dtype!r}, expected {", ".join(_DTYPES)} or BF16')
    start, end = offsets
    kind = np.dtype(_DTYPES.get(dtype, '<u2'))
    if not start <= end <= len(contents) or math.prod(shape) * kind.itemsize != end - start:
        raise ValueError(f'{key!r} of shape {shape} lies at bytes {start} to {end} of {len(contents)}')
    array = np.frombuffer(contents[start:end], kind).reshape(shape)
    if dtype == 'BF16':
        # The upper half of a float32.
        return (array.astype('<u4') << 16).view('<f4')
    return array
