"""Writes checkpoints byte for byte as `torch.save` does, without PyTorch.

The pickles come from Python's own pickler, fed with stand-ins that live in modules named as PyTorch's, as
PyTorch's own come from it; `test_real_pytorch.py` compares the files with those of PyTorch.
"""

import collections
import contextlib
import io
import pickle
import struct
import sys
import types
import zlib

import numpy as np

from posewarp_tf.tensor_files.pytorch_unpickler import STORAGE_DTYPES


class FakeStorage:
    """Numbers that tensors may share; `dtype` is 'bfloat16' for uint16 numbers that stand for it."""

    def __init__(self, array, dtype=None):
        self.array = np.ascontiguousarray(array).reshape(-1)
        self.dtype = dtype or self.array.dtype.name


class FakeTensor:
    """A view of a storage; offset and strides in elements."""

    def __init__(self, storage, offset, shape, strides):
        self.parts = (storage, offset, tuple(shape), tuple(strides))

    @classmethod
    def of(cls, array, dtype=None):
        array = np.asarray(array)
        strides = [int(np.prod(array.shape[axis + 1 :])) for axis in range(array.ndim)]
        return cls(FakeStorage(array, dtype), 0, array.shape, strides)

    def __reduce_ex__(self, protocol):
        return sys.modules['torch._utils']._rebuild_tensor_v2, (*self.parts, False, collections.OrderedDict())


class FakeParameter(FakeTensor):
    def __reduce_ex__(self, protocol):
        tensor = FakeTensor(*self.parts)
        return sys.modules['torch._utils']._rebuild_parameter, (tensor, True, collections.OrderedDict())


@contextlib.contextmanager
def fake_torch():
    """Modules that the pickler finds `torch.FloatStorage` and the like in."""
    torch, utils = types.ModuleType('torch'), types.ModuleType('torch._utils')
    for name in STORAGE_DTYPES:
        setattr(torch, name, type(name, (), {'__module__': 'torch'}))
    for name in ('_rebuild_tensor_v2', '_rebuild_parameter'):
        function = types.FunctionType((lambda: None).__code__, {}, name)
        function.__module__, function.__qualname__ = 'torch._utils', name
        setattr(utils, name, function)
    torch._utils = utils
    real = {name: sys.modules.pop(name, None) for name in ('torch', 'torch._utils')}
    sys.modules.update({'torch': torch, 'torch._utils': utils})
    try:
        yield torch
    finally:
        for name, module in real.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def state_dict(arrays):
    """Arrays as a module's state dict; the same array under two keys shares one storage."""
    tensors = {}
    items = [(key, tensors.setdefault(id(array), FakeTensor.of(array))) for key, array in arrays.items()]
    return collections.OrderedDict(items)


def torch_save(path, root, container='zip', protocol=2, storage_key=str):
    """Writes `root` (of FakeTensors) in one of the containers 'zip' and 'stream'."""
    save = {'zip': _save_zip, 'stream': _save_stream}[container]
    path.write_bytes(save(root, path.stem, protocol, storage_key))
    return path


def _pickled(root, protocol, storage_key, tail):
    storages = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, FakeStorage):
                return None
            storages.setdefault(id(value), (storage_key(len(storages)), value))
            key = storages[id(value)][0]
            name = next(name for name, dtype in STORAGE_DTYPES.items() if dtype == value.dtype)
            return ('storage', getattr(sys.modules['torch'], name), key, 'cpu', value.array.size, *tail)

    buffer = io.BytesIO()
    with fake_torch():
        Pickler(buffer, protocol).dump(root)
    return buffer.getvalue(), dict(storages.values())


def _save_stream(root, stem, protocol, storage_key):
    contents, storages = _pickled(root, protocol, storage_key, (None,))
    sizes = {'short': 2, 'int': 4, 'long': 4}
    machine = {'protocol_version': 1001, 'little_endian': True, 'type_sizes': sizes}
    keys = sorted(storages)
    header = [pickle.dumps(value, protocol) for value in (0x1950A86A20F9469CFC6C, 1001, machine)]
    parts = [*header, contents, pickle.dumps(keys, protocol)]
    for key in keys:
        parts += [struct.pack('<q', storages[key].array.size), storages[key].array.tobytes()]
    return b''.join(parts)


def _save_zip(root, stem, protocol, storage_key):
    contents, storages = _pickled(root, protocol, storage_key, ())
    entries = {'data.pkl': contents, '.format_version': b'1', '.storage_alignment': b'64', 'byteorder': b'little'}
    entries.update({f'data/{key}': storage.array.tobytes() for key, storage in storages.items()})
    entries['version'] = b'3\n'
    entries['.data/serialization_id'] = b'0' * 40
    return zip_bytes({f'{stem}/{name}': data for name, data in entries.items()})


def zip_bytes(entries):
    """A zip file as PyTorch's writer makes it: contents at multiples of 64, sizes after them, ZIP64 at the end."""
    written, directory = b'', b''
    for name, data in entries.items():
        offset, encoded = len(written), name.encode()
        padding = -(offset + 30 + len(encoded) + 4) % 64
        extra = b'FB' + struct.pack('<H', padding) + b'Z' * padding
        crc = zlib.crc32(data)
        written += struct.pack('<4s5H3L2H', b'PK\3\4', 0, 0x808, 0, 0, 0, 0, 0, 0, len(encoded), len(extra))
        written += encoded + extra + data + struct.pack('<4s3L', b'PK\7\x08', crc, len(data), len(data))
        fields = (0, 0, 0x808, 0, 0, 0, crc, len(data), len(data), len(encoded), 0, 0, 0, 0, 0, offset)
        directory += struct.pack('<4s6H3L5H2L', b'PK\1\2', *fields) + encoded
    start, size, count = len(written), len(directory), len(entries)
    end64 = struct.pack('<4sQ2H2L4Q', b'PK\6\6', 44, 0x31E, 0x2D, 0, 0, count, count, size, start)
    locator = struct.pack('<4sLQL', b'PK\6\7', 0, start + size, 1)
    end = struct.pack('<4s4H2LH', b'PK\5\6', 0, 0, count, count, size, start, 0)
    return written + directory + end64 + locator + end
