"""The two containers of PyTorch checkpoints, mapped into memory: parts are views of the file, never copies.

zip     since PyTorch 1.6. <name>/data.pkl is the pickle, <name>/data/<key> the numbers of each storage,
        <name>/byteorder, since 2.1, their byte order. Nothing is ever compressed.
stream  before, and what the released files of GFLA are. Pickles of a magic number, the format's version, the
        machine and the object; a pickle of the list of storage keys; then per key the number of elements
                (int64) and the elements.

Every length in a file is checked against the file before it is believed.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Union

from posewarp_tf.tensor_files.pytorch_unpickler import FormatError, Storage, unpickle

Buffer = Union[mmap.mmap, memoryview]
Storages = Mapping[str, Storage]
Locate = Callable[[Storages], dict[str, memoryview]]

STREAM_MAGIC = 0x1950A86A20F9469CFC6C
STREAM_VERSION = 1001
ITEM_BYTES = {
    'float32': 4,
    'float64': 8,
    'float16': 2,
    'bfloat16': 2,
    'int64': 8,
    'int32': 4,
    'int16': 2,
    'int8': 1,
    'uint8': 1,
    'bool': 1,
}
MAX_ENTRIES = 20_000

_END = struct.Struct('<4s4H2LH')
_END64_LOCATOR = struct.Struct('<4sLQL')
_END64 = struct.Struct('<4sQ2H2L4Q')
_ENTRY = struct.Struct('<4s6H3L5H2L')
_LOCAL = struct.Struct('<4s5H3L2H')
_MASK32 = 0xFFFFFFFF


def open_checkpoint(path: str | os.PathLike) -> tuple[Any, Locate]:
    """The object in a checkpoint, and a function that finds the bytes of all its storages, given by key.

    Raises:
        FormatError: see the unpickler; and a container that is damaged, compressed or of another kind.
        OSError: the file cannot be read.
    """
    with open(path, 'rb') as file:
        if not os.fstat(file.fileno()).st_size:
            raise FormatError('the file is empty')
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    opened = _open_zip(data) if data[:4] == b'PK\x03\x04' else _open_stream(data)
    release(data)
    return opened


def release(data: mmap.mmap) -> None:
    """Gives back the memory that reading a mapped file took; it can be read again."""
    if hasattr(mmap, 'MADV_DONTNEED'):
        data.madvise(mmap.MADV_DONTNEED)


def _open_zip(data: mmap.mmap) -> tuple[Any, Locate]:
    entries = zip_entries(data)
    pickles = [name for name in entries if name.count('/') == 1 and name.endswith('/data.pkl')]
    if len(pickles) != 1:
        raise FormatError(f'a zip file with {len(pickles)} <name>/data.pkl, expected 1: not a PyTorch checkpoint')
    folder = pickles[0][: -len('data.pkl')]
    if folder + 'constants.pkl' in entries:
        raise FormatError('a TorchScript program, expected a state_dict that torch.save wrote')
    _check_byte_order(bytes(entries.get(folder + 'byteorder', b'little')[:16]))
    root, _ = unpickle(entries[pickles[0]])

    def locate(storages: Storages) -> dict[str, memoryview]:
        return {key: _zip_storage(entries, folder, storage) for key, storage in storages.items()}

    return root, locate


def _zip_storage(entries: Mapping[str, memoryview], folder: str, storage: Storage) -> memoryview:
    name = f'{folder}data/{storage.key}'
    if name not in entries:
        raise FormatError(f'damaged: no entry {name!r} for a storage')
    expected = storage.num_elements * ITEM_BYTES[storage.dtype]
    if len(entries[name]) != expected:
        raise FormatError(f'damaged: entry {name!r} has {len(entries[name])} bytes, expected {expected}')
    return entries[name]


def zip_entries(data: Buffer) -> Mapping[str, memoryview]:
    """The parts of a zip file without compression, by name."""
    start, count = _find_directory(data)
    if count > MAX_ENTRIES:
        raise FormatError(f'refused: a zip file of {count} entries, expected at most {MAX_ENTRIES}')
    view = memoryview(data)
    entries: dict[str, memoryview] = {}
    num_bytes = 0
    for _ in range(count):
        fields = _unpack(_ENTRY, data, start, b'PK\x01\x02')
        flags, method, checksum, size, full_size = fields[3], fields[4], *fields[7:10]
        name_size, extra_size, comment_size, offset = *fields[10:13], fields[16]
        name_start = start + _ENTRY.size
        extra_start = name_start + name_size
        name = _name(data[name_start:extra_start])
        if method or flags & 1:
            raise FormatError(f'refused: entry {name!r} is compressed or encrypted, which PyTorch never does')
        extra = data[extra_start : extra_start + extra_size]
        full_size, size, offset = _large_fields(extra, full_size, size, offset)
        if size != full_size or name in entries:
            raise FormatError(f'damaged: entry {name!r} has two sizes, {size} and {full_size}, or is there twice')
        entries[name] = _contents(view, name, offset, size)
        num_bytes += size
        if num_bytes > len(data):
            raise FormatError('refused: entries of the zip file lie over each other')
        # PyTorch can be told to leave checksums out; they are 0 then.
        if checksum and zlib.crc32(entries[name]) != checksum:
            raise FormatError(f'damaged: entry {name!r} has another checksum than its contents')
        start = extra_start + extra_size + comment_size
    return entries


def _find_directory(data: Buffer) -> tuple[int, int]:
    """Where the list of entries starts, and how many there are."""
    tail = max(0, len(data) - _END.size - 0xFFFF)
    end = tail + bytes(data[tail:]).rfind(b'PK\x05\x06')
    if end < tail:
        raise FormatError('truncated: a zip file without its list of entries')
    *_, count, _, start, _ = _unpack(_END, data, end, b'PK\x05\x06')
    if count == 0xFFFF or start == _MASK32:
        locator = _unpack(_END64_LOCATOR, data, end - _END64_LOCATOR.size, b'PK\x06\x07')
        *_, count, _, start = _unpack(_END64, data, locator[2], b'PK\x06\x06')
    return start, count


def _large_fields(extra: bytes, *values: int) -> list[int]:
    """Fields that are too large for 32 bits stand in an extra field, in this order."""
    found = list(values)
    while len(extra) >= 4:
        kind, size = struct.unpack_from('<2H', extra)
        if kind == 1:
            large = [index for index, value in enumerate(found) if value == _MASK32]
            for index, place in zip(large, range(4, 4 + size - 7, 8)):
                if place + 8 <= len(extra):
                    found[index] = struct.unpack_from('<Q', extra, place)[0]
        extra = extra[4 + size :]
    return found


def _contents(view: memoryview, name: str, offset: int, size: int) -> memoryview:
    *_, name_size, extra_size = _unpack(_LOCAL, view, offset, b'PK\x03\x04')
    start = offset + _LOCAL.size + name_size + extra_size
    if start + size > len(view):
        raise FormatError(f'truncated: entry {name!r} of {size} bytes ends after the file')
    return view[start : start + size]


def _unpack(layout: struct.Struct, data: Buffer, start: int, signature: bytes) -> tuple:
    if start < 0 or start + layout.size > len(data) or data[start : start + 4] != signature:
        raise FormatError('damaged: the parts of the zip file do not fit together')
    return layout.unpack(data[start : start + layout.size])


def _name(text: bytes) -> str:
    try:
        return text.decode('utf-8')
    except UnicodeDecodeError as error:
        raise FormatError('damaged: the name of an entry of the zip file is not UTF-8') from error


def _open_stream(data: mmap.mmap) -> tuple[Any, Locate]:
    magic, position = unpickle(data)
    if magic != STREAM_MAGIC or not isinstance(magic, int):
        raise FormatError('not a PyTorch checkpoint: neither a zip file nor a stream with its magic number')
    version, position = unpickle(data, position)
    if version != STREAM_VERSION:
        raise FormatError(f'the stream format has another version than {STREAM_VERSION}')
    machine, position = unpickle(data, position)
    _check_byte_order(b'big' if isinstance(machine, dict) and machine.get('little_endian') is False else b'little')
    root, position = unpickle(data, position)
    keys, position = unpickle(data, position)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise FormatError('damaged: no list of storages after the object')

    def locate(storages: Storages) -> dict[str, memoryview]:
        return _stream_storages(data, position, keys, storages)

    return root, locate


def _stream_storages(data: mmap.mmap, position: int, keys: list[str], storages: Storages) -> dict[str, memoryview]:
    """Storages one after the other; how long one is depends on its dtype, which only the object tells."""
    view, found = memoryview(data), {}
    for key in keys:
        if key not in storages or key in found:
            raise FormatError(f'damaged: storage {key!r} is listed but not used, or listed twice')
        storage = storages[key]
        if position + 8 > len(view):
            raise FormatError(f'truncated: nothing left of storage {key!r}')
        (num_elements,) = struct.unpack_from('<q', view, position)
        if num_elements != storage.num_elements:
            raise FormatError(f'damaged: storage {key!r} has {num_elements} elements, expected {storage.num_elements}')
        position += 8
        end = position + num_elements * ITEM_BYTES[storage.dtype]
        if end > len(view):
            raise FormatError(f'truncated: storage {key!r} of {num_elements} elements ends after the file')
        found[key] = view[position:end]
        position = end
    missing = set(storages) - set(found)
    if missing:
        raise FormatError(f'damaged: storage {min(missing)!r} is used but not listed')
    return found


def _check_byte_order(name: bytes) -> None:
    if name != b'little':
        raise FormatError(f'byte order {name.decode("latin-1")!r}, expected little: a file of a big-endian machine')
