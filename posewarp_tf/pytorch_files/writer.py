"""Writes weights as `torch.save(net.state_dict(), path)` would, in the stream format.

It is the format of the released files, and the one that every PyTorch since 0.4 reads
(tensor_files/pytorch_container.py says what is in it). The pickle is put together by hand: Python's own pickler only
names what it can import.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping

import numpy as np

from posewarp_tf import files
from posewarp_tf.tensor_files.pytorch_container import STREAM_MAGIC, STREAM_VERSION
from posewarp_tf.tensor_files.pytorch_unpickler import STORAGE_DTYPES

_STORAGE_NAMES = {dtype: name for name, dtype in STORAGE_DTYPES.items()}
_ORDERED_DICT = b'ccollections\nOrderedDict\n)R'


def write_tensors(path: str | os.PathLike, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes a state dict, atomically. An array that stands under two keys is written once and shared."""
    arrays = {id(array): array for array in tensors.values()}
    keys = {identity: str(index) for index, identity in enumerate(arrays)}
    items = b''.join(_text(key) + _tensor(array, keys[id(array)]) for key, array in tensors.items())
    with files.atomic_path(path) as temporary, open(temporary, 'wb') as file:
        file.write(_pickle(_value(STREAM_MAGIC)) + _pickle(_value(STREAM_VERSION)))
        file.write(_pickle(b'}(' + _text('little_endian') + b'\x88u'))
        file.write(_pickle(_ORDERED_DICT + b'(' + items + b'u' + _metadata(tensors)))
        file.write(_pickle(b'](' + b''.join(_text(key) for key in keys.values()) + b'e'))
        for array in arrays.values():
            file.write(struct.pack('<q', array.size))
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder('<')).data)


def _tensor(array: np.ndarray, key: str) -> bytes:
    """torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())"""
    strides = [int(np.prod(array.shape[axis + 1 :])) for axis in range(array.ndim)]
    storage_name = _STORAGE_NAMES[array.dtype.name]
    reference = _text('storage') + b'ctorch\n' + storage_name.encode() + b'\n' + _text(key) + _text('cpu')
    storage = b'(' + reference + _value(array.size) + b'NtQ'
    layout = _value(0) + _tuple(list(array.shape)) + _tuple(strides)
    return b'ctorch._utils\n_rebuild_tensor_v2\n(' + storage + layout + b'\x89' + _ORDERED_DICT + b'tR'


def _metadata(tensors: Mapping[str, np.ndarray]) -> bytes:
    """What state_dict() notes about spectral norms; without it, early PyTorch takes them for an older form."""
    modules = [key[: -len('.weight_u')] for key in tensors if key.endswith('.weight_u')]
    version = _text('version') + _value(1)
    spectral = version + _text('spectral_norm') + b'}(' + _text('weight.version') + _value(1) + b'u'
    noted = b''.join(_text(module) + b'}(' + spectral + b'u' for module in modules)
    return b'}(' + _text('_metadata') + _ORDERED_DICT + b'(' + _text('') + b'}(' + version + b'u' + noted + b'uub'


def _pickle(contents: bytes) -> bytes:
    return b'\x80\x02' + contents + b'.'


def _value(number: int) -> bytes:
    size = number.bit_length() // 8 + 1
    return b'\x8a' + bytes([size]) + number.to_bytes(size, 'little', signed=True)


def _tuple(numbers: list[int]) -> bytes:
    return b'(' + b''.join(map(_value, numbers)) + b't'


def _text(text: str) -> bytes:
    encoded = text.encode('utf-8')
    return b'X' + struct.pack('<I', len(encoded)) + encoded
