"""Seeded mutations of valid files: each is read or refused with an error of this package, soon, and nothing runs."""

import builtins
import os
import subprocess
import time

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.tensor_files.torch_save import FakeParameter, FakeStorage, FakeTensor, state_dict, torch_save

# Bytes that mean something to a pickle or a zip file, names included.
PIECES = [
    b'\xff\xff\xff\xff',
    b'\x00',
    b'\x7f',
    b'(',
    b't',
    b'R',
    b'Q',
    b'u',
    b'.',
    b'b',
    b'PK\x01\x02',
    b'cos\nsystem\n',
]
PIECES += [b'c__builtin__\neval\n', b'h\x00', b'r\xff\xff\xff\x7f', b'\x8a\xff', b'X\xff\xff\xff\x7f']


def valid_files(folder):
    """Both containers, with pickles of several protocols."""
    storage = FakeStorage(np.arange(6, dtype=np.float32))
    root = state_dict({'a.weight': np.ones((2, 3, 1, 1), np.float32), 'a.bias': np.ones(2, np.float16)})
    root['b'] = FakeParameter(storage, 0, (3, 2), (1, 3))
    root['c'] = FakeTensor(storage, 1, (2,), (2,))
    root._metadata = {'': {'version': 1}}
    return [
        torch_save(folder / f'{container}{protocol}.pth', root, container, protocol).read_bytes()
        for container in ('zip', 'stream')
        for protocol in (2, 4)
    ]


def mutated(contents, rng):
    """One to four changes: a bit, a piece in place of bytes or between them, bytes taken out, doubled or cut off."""
    contents = bytearray(contents)
    for _ in range(rng.integers(1, 5)):
        start = int(rng.integers(len(contents) or 1))
        end = start + int(rng.integers(1, 9))
        piece = PIECES[rng.integers(len(PIECES))]
        kind = rng.integers(7)
        if kind == 0 and contents:
            contents[start] ^= 1 << rng.integers(8)
        elif kind == 1:
            contents[start : start + len(piece)] = piece
        elif kind == 2:
            contents[start:start] = piece
        elif kind == 3:
            del contents[start:end]
        elif kind == 4:
            contents[start:start] = contents[start:end] * int(rng.integers(1, 50))
        elif kind == 5:
            contents[start:end] = rng.integers(0, 256, end - start, dtype=np.uint8).tobytes()
        elif rng.random() < 0.2:
            del contents[start:]
    return bytes(contents)


@pytest.fixture
def no_code(monkeypatch):
    """Whoever asks for these has run something."""

    def caught(*args, **kwargs):
        raise AssertionError('code in the file was run')

    monkeypatch.setattr(os, 'system', caught)
    monkeypatch.setattr(subprocess, 'Popen', caught)
    monkeypatch.setattr(builtins, 'eval', caught)


@pytest.mark.parametrize('num_mutations', [500, pytest.param(20_000, marks=pytest.mark.slow)])
def test_mutated_files_are_read_or_refused(num_mutations, no_code, tmp_path):
    rng = np.random.default_rng(0)
    files, path = valid_files(tmp_path), tmp_path / 'mutated.pth'
    num_refused, slowest = 0, 0.0
    for index in range(num_mutations):
        path.write_bytes(mutated(files[index % len(files)], rng))
        started = time.process_time()
        try:
            arrays = read_tensors(path)
        except RunError as error:
            num_refused += 1
            assert str(error).startswith(f'{path}: ')
        else:
            # Reading every number stays inside the file.
            assert all(len(array.tobytes()) <= path.stat().st_size for array in arrays.values())
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 1
    assert 0.5 * num_mutations < num_refused < num_mutations
