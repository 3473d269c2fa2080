"""NumPy's object arrays (.npz with a pickle inside), read without running anything in them.

Such a pickle may ask for four names, and gets stand-ins here instead: whatever it then does, arrays of numbers come
out, as large as their bytes in the file. The machine is Python's own, written in Python: that in C can be made to
allocate gigabytes by the number of a memo.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import zipfile
from typing import Any

import numpy as np

from posewarp_tf.errors import DataError

_NUMBERS = ('f4', 'f8')
_OBJECTS = ('O', 'O8')


class _Kind:
    """A dtype of the pickle: its name, and the order of its bytes."""

    def __init__(self, name: str, *_: Any) -> None:
        self.name = name
        self.order = '='

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]


class _Array:
    """An array of the pickle, which becomes `value`: numbers, or the objects in a list."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, is_fortran, contents = state
        if not isinstance(kind, _Kind) or not isinstance(shape, tuple) or len(shape) > 8:
            raise pickle.UnpicklingError('an array of a shape or type that it cannot have')
        if kind.name in _OBJECTS and isinstance(contents, list):
            self.value = contents
        elif kind.name in _NUMBERS and isinstance(contents, bytes) and kind.order in '<>=|':
            dtype = np.dtype(kind.order.replace('|', '=') + kind.name)
            if any(not isinstance(size, int) or size < 0 for size in shape):
                raise pickle.UnpicklingError(f'an array of shape {shape!r}')
            if math.prod(shape) * dtype.itemsize != len(contents):
                raise pickle.UnpicklingError(f'an array of shape {shape!r} in {len(contents)} bytes')
            array = np.frombuffer(contents, dtype).reshape(shape, order='F' if is_fortran else 'C')
            self.value = array.astype(np.float32)
        else:
            raise pickle.UnpicklingError(f'an array of {kind.name!r}, expected float32, float64 or objects')


def _encode(text: str, coding: str) -> bytes:
    """How pickles for Python 2 write bytes."""
    if coding != 'latin1':
        raise pickle.UnpicklingError(f'bytes coded as {coding!r}')
    return text.encode('latin1')


_STAND_INS = {
    'numpy.core.multiarray._reconstruct': _Array,
    'numpy._core.multiarray._reconstruct': _Array,
    'numpy.ndarray': _Array,
    'numpy.dtype': _Kind,
    '_codecs.encode': _encode,
}


class _Unpickler(pickle._Unpickler):  # type: ignore[name-defined, misc]
    def find_class(self, module: str, name: str) -> Any:
        if f'{module}.{name}' not in _STAND_INS:
            raise pickle.UnpicklingError(f'asks for {module}.{name}, which no array needs; nothing was run')
        return _STAND_INS[f'{module}.{name}']


def read_pickled_dict(path: str | os.PathLike, name: str) -> dict:
    """The one dict in the object array `name` of an .npz file: of dicts, lists, texts, numbers and float32 arrays.

    Raises:
        DataError: naming the file: missing, damaged, or holding something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if f'{name}.npy' not in archive.namelist():
                raise DataError(f'{path}: holds no {name}, only {", ".join(archive.namelist())}')
            with archive.open(f'{name}.npy') as member:
                np.lib.format.read_magic(member)
                np.lib.format.read_array_header_1_0(member)
                found = _plain(_Unpickler(io.BytesIO(member.read()), encoding='latin1').load(), {})
    except FileNotFoundError as error:
        raise DataError(f'{path}: no such file') from error
    except DataError:
        raise
    except Exception as error:  # a pickle that is damaged raises almost anything
        raise DataError(f'{path}: {name} cannot be read: {error}') from error
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise DataError(f'{path}: {name} is no dict')
    return found[0]


def _plain(value: Any, made: dict[int, Any]) -> Any:
    """Without the stand-ins; `made` holds by their ids those done before, of which a small file may refer to many."""
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, _Array):
        made[id(value)] = plain = _plain(value.value, made)
    elif isinstance(value, dict):
        made[id(value)] = plain = {}
        plain.update((key, _plain(item, made)) for key, item in value.items())
    elif isinstance(value, list):
        made[id(value)] = plain = []
        plain.extend(_plain(item, made) for item in value)
    else:
        return value
    return plain
