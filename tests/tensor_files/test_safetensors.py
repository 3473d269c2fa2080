"""Files put together by hand after the format's description: what is read, and what is refused."""

import json
import struct

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.tensor_files.reading import read_arrays

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)
BYTES = WEIGHT.tobytes()


def write(path, header, contents=BYTES):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + contents)
    return str(path)


def entry(dtype='F32', shape=(2, 3), offsets=(0, 24)):
    return {'dtype': dtype, 'shape': list(shape), 'data_offsets': list(offsets)}


def test_arrays_are_read_by_name_beside_texts(tmp_path):
    # 1.5 and -2 in bfloat16 are the upper halves of 0x3fc00000 and 0xc0000000.
    contents = BYTES + bytes.fromhex('c03f00c0') + bytes([1, 0])
    header = {
        '__metadata__': {'format': 'pt'},
        'weight': entry(),
        'half': entry('BF16', (2,), (24, 28)),
        'flags': entry('BOOL', (2, 1), (28, 30)),
        'empty': entry('I64', (0,), (30, 30)),
    }
    found = read_arrays(write(tmp_path / 'a.safetensors', header, contents), 'weights')
    assert list(found) == ['weight', 'half', 'flags', 'empty']
    np.testing.assert_array_equal(found['weight'], WEIGHT)
    np.testing.assert_array_equal(found['half'], np.float32([1.5, -2]))
    np.testing.assert_array_equal(found['flags'], [[True], [False]])
    assert found['empty'].shape == (0,) and not found['weight'].flags.writeable


@pytest.mark.parametrize(
    ('header', 'message'),
    [
        ({'a': entry(offsets=(0, 28))}, r"'a' of shape \[2, 3\] lies at bytes 0 to 28 of 24"),
        ({'a': entry(shape=(3, 3))}, "'a' of shape"),
        ({'a': entry(shape=(2**40, 2**40))}, "'a' of shape"),
        ({'a': entry(shape=(-2, -3))}, "'a' has shape"),
        ({'a': entry(offsets=(0, 12, 24))}, "'a' has shape"),
        ({'a': entry('F8')}, "kind 'F8', expected F64"),
        ({'a': [1]}, "'a' is described by"),
        (b'[1, 2]', 'no JSON object'),
        (b'{"a": ', 'damaged'),
        (b'[' * 100_000, 'damaged'),
        (b'\xff\xfe', 'damaged'),
    ],
)
def test_what_does_not_fit_the_file_is_refused(tmp_path, header, message):
    with pytest.raises(RunError, match=rf'--weights: .*a\.safetensors: .*{message}'):
        read_arrays(write(tmp_path / 'a.safetensors', header), 'weights')


def test_a_header_longer_than_the_file_is_refused(tmp_path):
    (tmp_path / 'a.safetensors').write_bytes(struct.pack('<Q', 2**62) + b'{}')
    with pytest.raises(RunError, match='the header would end at byte'):
        read_arrays(str(tmp_path / 'a.safetensors'), 'weights')


def test_files_of_other_forms_are_told_by_their_suffix(tmp_path):
    np.savez(tmp_path / 'a.npz', a=WEIGHT)
    path = write(tmp_path / 'b.safetensors', {'a': entry(), 'b': entry()})
    found = read_arrays([str(tmp_path / 'a.npz'), path], 'weights')
    assert set(found) == {'a', 'b'}
    (tmp_path / 'c.npz').write_bytes(b'something')
    with pytest.raises(RunError, match=r'--weights: .*c\.npz is not an \.npz file'):
        read_arrays(str(tmp_path / 'c.npz'), 'weights')
    with pytest.raises(RunError, match=r'--weights: no file absent\.pth'):
        read_arrays('absent.pth', 'weights')
    with pytest.raises(RunError, match=r"--weights: got 'a\.onnx', expected a file of \.pth, \.pt, \.safetensors"):
        read_arrays('a.onnx', 'weights')
