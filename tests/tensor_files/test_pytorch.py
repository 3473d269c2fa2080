"""Checkpoints in both containers come out as the arrays that went in, as views of the file."""

import collections
import mmap
import pickle
import struct

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.tensor_files.torch_save import FakeParameter, FakeStorage, FakeTensor, state_dict, torch_save

each_container = pytest.mark.parametrize('container', ['zip', 'stream'])
DTYPES = ('float32', 'float64', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool')


def random_array(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def assert_same(actual, expected):
    assert list(actual) == list(expected)
    for key, array in expected.items():
        assert actual[key].dtype == array.dtype, key
        np.testing.assert_array_equal(actual[key], array)


@each_container
@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
def test_arrays_come_back_in_order(container, protocol, tmp_path):
    arrays = {'b.weight': random_array(4, 3, 2, 2), 'b.bias': random_array(4, seed=1), 'a': random_array(seed=2)}
    path = torch_save(tmp_path / 'a.pth', state_dict(arrays), container, protocol)
    assert_same(read_tensors(path), arrays)


@each_container
@pytest.mark.parametrize('dtype', DTYPES)
def test_every_dtype_is_kept(container, dtype, tmp_path):
    arrays = {'a': (10 * random_array(3, 5)).astype(dtype)}
    assert_same(read_tensors(torch_save(tmp_path / 'a.pth', state_dict(arrays), container)), arrays)


@each_container
def test_bfloat16_is_the_upper_half_of_float32(container, tmp_path):
    exact = np.array([[1.0, -2.5, 0.0078125], [3e38, -1e-30, 0.0]], np.float32)
    bits = (exact.view(np.uint32) >> 16).astype(np.uint16)
    tensor = FakeTensor.of(bits, 'bfloat16')
    (array,) = read_tensors(torch_save(tmp_path / 'a.pth', {'a': tensor}, container)).values()
    assert array.dtype == tf.bfloat16.as_numpy_dtype
    np.testing.assert_array_equal(array.astype(np.float32).view(np.uint32), bits.astype(np.uint32) << 16)


@each_container
def test_strides_and_offsets_choose_from_the_storage(container, tmp_path):
    numbers = np.arange(24, dtype=np.float32)
    storage = FakeStorage(numbers)
    root = {
        'transposed': FakeTensor(storage, 0, (4, 6), (1, 4)),
        'every_other': FakeTensor(storage, 1, (12,), (2,)),
        'inner': FakeTensor(storage, 7, (2, 3), (6, 1)),
        'scalar': FakeTensor(storage, 23, (), ()),
    }
    expected = {
        'transposed': numbers.reshape(6, 4).T,
        'every_other': numbers[1::2],
        'inner': numbers.reshape(4, 6)[1:3, 1:4],
        'scalar': np.array(23, np.float32),
    }
    assert_same(read_tensors(torch_save(tmp_path / 'a.pth', root, container)), expected)


@each_container
def test_tensors_that_shared_memory_share_it_again(container, tmp_path):
    array = random_array(5)
    arrays = read_tensors(torch_save(tmp_path / 'a.pth', state_dict({'a': array, 'b': array}), container))
    assert np.shares_memory(arrays['a'], arrays['b'])


@each_container
def test_arrays_are_read_only_views_of_the_mapped_file(container, tmp_path):
    (array,) = read_tensors(torch_save(tmp_path / 'a.pth', state_dict({'a': random_array(5)}), container)).values()
    assert not array.flags.writeable
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)


@each_container
def test_parameters_empty_tensors_and_metadata_are_understood(container, tmp_path):
    array = random_array(2, 3)
    root = state_dict({'empty': np.zeros((0, 3), np.float32)})
    root['parameter'] = FakeParameter(*FakeTensor.of(array).parts)
    root._metadata = collections.OrderedDict([('', {'version': 1}), ('a', {'spectral_norm': {'weight.version': 1}})])
    path = torch_save(tmp_path / 'a.pth', root, container)
    assert_same(read_tensors(path), {'empty': np.zeros((0, 3), np.float32), 'parameter': array})


@each_container
@pytest.mark.parametrize(
    ('root', 'message'),
    [
        ([], 'holds a list without tensors'),
        ({}, 'holds a dict without tensors'),
        ({'state_dict': {}}, "holds a dict under 'state_dict', expected a flat dict"),
        ({'epoch': 3}, "holds a int under 'epoch'"),
        ({3: FakeTensor.of(np.ones(1))}, 'holds a Tensor under 3'),
    ],
)
def test_anything_but_a_flat_dict_of_tensors_is_named(container, root, message, tmp_path):
    path = torch_save(tmp_path / 'a.pth', root, container)
    with pytest.raises(RunError, match=f'a.pth: {message}'):
        read_tensors(path)


def test_missing_and_empty_files_are_named(tmp_path):
    with pytest.raises(RunError, match='b.pth: cannot be read: No such file'):
        read_tensors(tmp_path / 'b.pth')
    (tmp_path / 'c.pth').touch()
    with pytest.raises(RunError, match='c.pth: the file is empty'):
        read_tensors(tmp_path / 'c.pth')


def test_an_ordinary_pickle_is_no_checkpoint(tmp_path):
    (tmp_path / 'a.pth').write_bytes(pickle.dumps([1, 2], 2))
    with pytest.raises(RunError, match='not a PyTorch checkpoint'):
        read_tensors(tmp_path / 'a.pth')


def test_written_files_are_read_back_exactly(tmp_path):
    shared = random_array(3, 4)
    arrays = {
        'a.weight_orig': random_array(6, 5, 4).transpose(2, 0, 1),
        'a.weight_u': shared[0],
        'b': shared,
        'c': shared,
        'half': random_array(3, dtype=np.float16),
        'count': np.array(70000, np.int64),
        'large': np.zeros(40000, np.uint8),
    }
    write_tensors(tmp_path / 'a.pth', arrays)
    found = read_tensors(tmp_path / 'a.pth')
    assert_same(found, arrays)
    assert np.shares_memory(found['b'], found['c'])


def test_a_file_of_python_2_and_pytorch_0_1_is_read(tmp_path):
    """Texts of single bytes, the dict made of pairs and the first form of a tensor, as LPIPS' weights have them."""

    def text(value):
        return b'U' + bytes([len(value)]) + value.encode()

    storage = b'(' + text('storage') + b'ctorch\nFloatStorage\n' + text('7') + text('cpu') + b'K\x06NtQ'
    tensor = b'ctorch._utils\n_rebuild_tensor\n(' + storage + b'K\x00K\x02K\x03\x86K\x03K\x01\x86tR'
    root = b'ccollections\nOrderedDict\n]](' + text('lin0.weight') + tensor + b'ea\x85R'
    header = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {'little_endian': True})]
    parts = [*header, b'\x80\x02' + root + b'.', b'\x80\x02]' + text('7') + b'a.', struct.pack('<q', 6)]
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
    (tmp_path / 'a.pth').write_bytes(b''.join(parts) + numbers.tobytes())
    assert_same(read_tensors(tmp_path / 'a.pth'), {'lin0.weight': numbers})
