"""Reads the pickle of a PyTorch checkpoint without running anything in it.

A pickle is a program for a small stack machine, and a checkpoint is a file from a stranger. Python's own
unpickler, even with a `find_class` that refuses names, can still be made to allocate gigabytes (a length or a
memo index is all it takes) or to hash for ever (tuples nested in themselves). This machine knows only the
instructions and the names that a flat dict of tensors needs:

    collections.OrderedDict, torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter, torch.*Storage

and, of files that PyTorch 0.1 wrote under Python 2, as torchvision's VGGs and the weights of LPIPS are,
torch._utils._rebuild_tensor, texts of single bytes and dicts made of pairs.

Every instruction costs at most what its own bytes in the file cost, nothing is recursive, and the number of
instructions is limited. Tensors come out as descriptions (`Tensor`); their numbers are elsewhere in the file.
"""

from __future__ import annotations

import dataclasses
import math
import pickletools
import struct
from collections.abc import Callable
from typing import Any

# Forty instructions per tensor are usual, and the published generator has 204 tensors.
MAX_INSTRUCTIONS = 100_000
MAX_DIMENSIONS = 8
MAX_TEXT_BYTES = 4096

# torch.<name>: dtype of its elements, by NumPy's names (and bfloat16, which NumPy does not know).
STORAGE_DTYPES = {
    'FloatStorage': 'float32',
    'DoubleStorage': 'float64',
    'HalfStorage': 'float16',
    'BFloat16Storage': 'bfloat16',
    'LongStorage': 'int64',
    'IntStorage': 'int32',
    'ShortStorage': 'int16',
    'CharStorage': 'int8',
    'ByteStorage': 'uint8',
    'BoolStorage': 'bool',
}


class FormatError(Exception):
    """The file is damaged, hostile or of another kind; the message says where and why."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """A row of numbers in the file."""

    key: str
    dtype: str
    num_elements: int


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A view of a storage; offset and strides in elements. It lies inside and has no more elements than it."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def unpickle(data: Any, start: int = 0) -> tuple[Any, int]:
    """The object of the pickle at data[start:], and the position after it.

    Args:
        data: anything that gives bytes when sliced (bytes, a memory map).

    Raises:
        FormatError: an instruction or a name that a dict of tensors does not need, an end too soon, a tensor
            outside its storage, or too many instructions.
    """
    machine = _Machine(data, start)
    for _ in range(MAX_INSTRUCTIONS):
        code = machine.take(1)
        if code == b'.':
            return machine.pop(), machine.position
        instruction = _INSTRUCTIONS.get(code)
        if instruction is None:
            raise FormatError(f'refused: pickle instruction {_shown(code)} is not one of a dict of tensors')
        instruction(machine)
    raise FormatError(f'refused: a pickle of more than {MAX_INSTRUCTIONS} instructions')


@dataclasses.dataclass(frozen=True)
class _Name:
    """A global of Python that the pickle asked for; only ever compared, never looked up."""

    text: str


class _Machine:
    """Bytes, stack and memo. `marked` holds the stacks below each open mark."""

    def __init__(self, data: Any, position: int) -> None:
        self.data = data
        self.position = position
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def take(self, count: int) -> bytes:
        taken = bytes(self.data[self.position : self.position + count])
        if len(taken) != count:
            raise FormatError('truncated: the pickle ends too soon')
        self.position += count
        return taken

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def text(self, count: int) -> str:
        if count > MAX_TEXT_BYTES:
            raise FormatError(f'refused: a text of {count} bytes, expected at most {MAX_TEXT_BYTES}')
        return _decoded(self.take(count))

    def line(self) -> str:
        found = bytes(self.data[self.position : self.position + MAX_TEXT_BYTES])
        line, newline, _ = found.partition(b'\n')
        if not newline:
            raise FormatError('truncated: a name in the pickle does not end')
        self.position += len(line) + 1
        return _decoded(line)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self, kind: type | tuple[type, ...] = object) -> Any:
        if not self.stack:
            raise FormatError('damaged: the pickle takes from an empty stack')
        value = self.stack.pop()
        if not isinstance(value, kind):
            raise FormatError(f'damaged: the pickle uses a {type(value).__name__} in the wrong place')
        return value

    def top(self, kind: type) -> Any:
        value = self.pop(kind)
        self.push(value)
        return value

    def mark(self) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def pop_to_mark(self) -> list[Any]:
        if not self.marked:
            raise FormatError('damaged: the pickle takes from an empty stack')
        values, self.stack = self.stack, self.marked.pop()
        return values

    def push_tuple(self, count: int) -> None:
        self.push(tuple(reversed([self.pop() for _ in range(count)])))

    def push_name(self, module: str, name: str) -> None:
        text = f'{module}.{name}'
        if text not in _CALLS and text not in _STORAGES:
            raise FormatError(f'refused: the pickle asks for {text}, which no dict of tensors needs; nothing was run')
        self.push(_Name(text))

    def push_stack_name(self) -> None:
        name, module = self.pop(str), self.pop(str)
        self.push_name(module, name)

    def push_integer(self, count: int) -> None:
        if count > 16:
            raise FormatError(f'refused: an integer of {count} bytes')
        self.push(int.from_bytes(self.take(count), 'little', signed=True))

    def remember(self, index: int) -> None:
        self.memo[index] = self.top(object)

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise FormatError('damaged: the pickle recalls what it never remembered')
        self.push(self.memo[index])

    def set_items(self, items: list[Any]) -> None:
        target = self.top(dict)
        if len(items) % 2:
            raise FormatError('damaged: the pickle has a key without a value')
        for key, value in zip(items[::2], items[1::2]):
            # Only plain keys: the hash of nested tuples can take for ever.
            if not isinstance(key, (str, int)):
                raise FormatError(f'damaged: the pickle uses a {type(key).__name__} as a key')
            target[key] = value

    def call(self) -> None:
        arguments, name = self.pop(tuple), self.pop(_Name)
        if name.text not in _CALLS:
            raise FormatError(f'refused: the pickle calls {name.text}')
        self.push(_CALLS[name.text](arguments))

    def set_state(self) -> None:
        """The `_metadata` of a state dict, which says nothing about the numbers."""
        self.pop(dict)
        self.top(dict)

    def push_storage(self) -> None:
        reference = self.pop(tuple)
        if reference[:1] == ('module',):
            raise FormatError('refused: a whole pickled model, expected the flat dict of its state_dict()')
        kinds = (str, _Name, str, str, int)
        if len(reference) not in (5, 6) or not all(map(isinstance, reference, kinds)) or reference[0] != 'storage':
            raise FormatError('damaged: a reference to something that is not a storage')
        if reference[5:] not in ((), (None,)):
            raise FormatError('refused: a view of a storage as PyTorch 0.1 wrote them')
        _, name, key, _, num_elements = reference[:5]
        if name.text not in _STORAGES or num_elements < 0:
            raise FormatError(f'damaged: storage {key!r} of {num_elements} elements of {name.text}')
        self.push(Storage(key, _STORAGES[name.text], num_elements))


def _rebuild_tensor(arguments: tuple) -> Tensor:
    """(storage, offset, shape, strides, requires_grad, hooks[, metadata]); before version 2 the first four."""
    if len(arguments) not in (4, 6, 7) or not all(map(isinstance, arguments, (Storage, int, tuple, tuple))):
        raise FormatError('damaged: a tensor made of the wrong things')
    storage, offset, shape, strides = arguments[:4]
    if len(shape) > MAX_DIMENSIONS or len(shape) != len(strides):
        raise FormatError(f'damaged: a tensor with {len(shape)} sizes and {len(strides)} strides')
    if not all(isinstance(n, int) and n >= 0 for n in (offset, *shape, *strides)):
        raise FormatError('damaged: a tensor whose sizes are not numbers from 0 up')
    num_elements = math.prod(shape)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides))
    too_large = max(last + 1, num_elements) > storage.num_elements
    if too_large if num_elements else math.prod(max(size, 1) for size in shape) > 2**31:
        raise FormatError(
            f'damaged: a tensor of shape {list(shape)}, strides {list(strides)} and offset {offset} '
            f'lies outside its storage {storage.key!r} of {storage.num_elements} elements'
        )
    return Tensor(storage, offset, shape, strides)


def _rebuild_parameter(arguments: tuple) -> Tensor:
    """(tensor, requires_grad, hooks)"""
    if len(arguments) != 3 or not isinstance(arguments[0], Tensor):
        raise FormatError('damaged: a parameter made of the wrong things')
    return arguments[0]


def _ordered_dict(arguments: tuple) -> dict:
    """() or, under Python 2, ([[key, value], ...],)"""
    pairs = arguments[0] if len(arguments) == 1 else []
    is_list = len(arguments) < 2 and isinstance(pairs, list)
    if not is_list or not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise FormatError('damaged: a dict that is made of arguments, and not of pairs')
    found = dict(pairs)
    # A pickle that recalls the list again and again would make the machine copy it as often.
    pairs.clear()
    return found


def _decoded(text: bytes) -> str:
    try:
        return text.decode('utf-8')
    except UnicodeDecodeError as error:
        raise FormatError('damaged: a text in the pickle is not UTF-8') from error


def _shown(code: bytes) -> str:
    known = pickletools.code2op.get(code.decode('latin-1'))  # type: ignore[attr-defined]
    return known.name if known else repr(code)


_STORAGES = {f'torch.{name}': dtype for name, dtype in STORAGE_DTYPES.items()}
_CALLS: dict[str, Callable[[tuple], Any]] = {
    'collections.OrderedDict': _ordered_dict,
    'torch._utils._rebuild_tensor': _rebuild_tensor,
    'torch._utils._rebuild_tensor_v2': _rebuild_tensor,
    'torch._utils._rebuild_parameter': _rebuild_parameter,
}
_INSTRUCTIONS: dict[bytes, Callable[[_Machine], None]] = {
    b'\x80': lambda m: m.take(1),  # type: ignore[dict-item,return-value]  # PROTO
    b'\x95': lambda m: m.take(8),  # type: ignore[dict-item,return-value]  # FRAME
    b'(': _Machine.mark,
    b'N': lambda m: m.push(None),
    b'\x88': lambda m: m.push(True),
    b'\x89': lambda m: m.push(False),
    b'J': lambda m: m.push(m.number('<i')),  # BININT
    b'K': lambda m: m.push(m.number('<B')),  # BININT1
    b'M': lambda m: m.push(m.number('<H')),  # BININT2
    b'\x8a': lambda m: m.push_integer(m.number('<B')),  # LONG1
    b'G': lambda m: m.push(m.number('>d')),  # BINFLOAT
    b'X': lambda m: m.push(m.text(m.number('<I'))),  # BINUNICODE
    b'T': lambda m: m.push(m.text(m.number('<I'))),  # BINSTRING
    b'U': lambda m: m.push(m.text(m.number('<B'))),  # SHORT_BINSTRING
    b'\x8c': lambda m: m.push(m.text(m.number('<B'))),  # SHORT_BINUNICODE
    b')': lambda m: m.push(()),
    b'\x85': lambda m: m.push_tuple(1),
    b'\x86': lambda m: m.push_tuple(2),
    b'\x87': lambda m: m.push_tuple(3),
    b't': lambda m: m.push(tuple(m.pop_to_mark())),
    b']': lambda m: m.push([]),
    b'a': lambda m: (lambda value: m.top(list).append(value))(m.pop()),  # APPEND
    b'e': lambda m: (lambda values: m.top(list).extend(values))(m.pop_to_mark()),  # APPENDS
    b'}': lambda m: m.push({}),
    b's': lambda m: m.set_items([m.pop(), m.pop()][::-1]),  # SETITEM
    b'u': lambda m: m.set_items(m.pop_to_mark()),  # SETITEMS
    b'c': lambda m: m.push_name(m.line(), m.line()),  # GLOBAL
    b'\x93': _Machine.push_stack_name,  # STACK_GLOBAL
    b'R': _Machine.call,  # REDUCE
    b'b': _Machine.set_state,  # BUILD
    b'Q': _Machine.push_storage,  # BINPERSID
    b'q': lambda m: m.remember(m.number('<B')),  # BINPUT
    b'r': lambda m: m.remember(m.number('<I')),  # LONG_BINPUT
    b'\x94': lambda m: m.remember(len(m.memo)),  # MEMOIZE
    b'h': lambda m: m.recall(m.number('<B')),  # BINGET
    b'j': lambda m: m.recall(m.number('<I')),  # LONG_BINGET
}
