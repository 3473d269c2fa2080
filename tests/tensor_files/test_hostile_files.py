"""A checkpoint is a file from a stranger: whatever is in it, nothing runs, and the answer is quick, small and clear."""

import os
import pickle
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.tensor_files.pytorch import read_tensors
from posewarp_tf.tensor_files.pytorch_unpickler import MAX_INSTRUCTIONS
from tests.tensor_files.torch_save import FakeStorage, FakeTensor, state_dict, torch_save, zip_bytes

HEADER = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({'little_endian': True}, 2)
MEGABYTES = 2**20

each_container = pytest.mark.parametrize('container', ['zip', 'stream'])


def refusal(path):
    """The message about a file, which comes within seconds of this thread (collecting garbage included) and 64 MB."""
    tracemalloc.start()
    started = time.thread_time()
    try:
        with pytest.raises(RunError) as error:
            read_tensors(path)
        seconds, (_, peak) = time.thread_time() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seconds < 5
    assert peak < 64 * MEGABYTES
    message = str(error.value)
    assert message.startswith(f'{path}: ') and len(message) < 1000
    return message


def write_pickle(path, contents, container):
    """A checkpoint whose object is the pickle `contents`, with a storage '0' of four floats."""
    numbers = np.ones(4, np.float32).tobytes()
    if container == 'zip':
        path.write_bytes(zip_bytes({'a/data.pkl': contents, 'a/data/0': numbers}))
    else:
        path.write_bytes(HEADER + contents + pickle.dumps(['0'], 2) + struct.pack('<q', 4) + numbers)
    return path


class Calls:
    """Pickles into a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@each_container
@pytest.mark.parametrize('protocol', [0, 1, 2, 4, 5])
def test_a_call_of_os_system_is_refused_by_name_and_not_run(container, protocol, tmp_path):
    trace = tmp_path / 'trace'
    hostile = pickle.dumps(Calls(os.system, f'touch {trace}'), protocol)
    message = refusal(write_pickle(tmp_path / 'a.pth', hostile, container))
    assert f'{os.system.__module__}.system' in message or 'INST' in message
    assert not trace.exists()


@pytest.mark.parametrize('protocol', [0, 2, 4])
def test_a_call_in_the_place_of_the_magic_number_is_not_run(protocol, tmp_path):
    trace, path = tmp_path / 'trace', tmp_path / 'a.pth'
    path.write_bytes(pickle.dumps(Calls(os.system, f'touch {trace}'), protocol))
    assert 'refused' in refusal(path)
    assert not trace.exists()


@each_container
@pytest.mark.parametrize(
    ('contents', 'message'),
    [
        (b'cbuiltins\neval\n(X\1\0\0\x001tR.', 'builtins.eval'),
        (b'\x80\4\x8c\2os\x8c\6system\x93.', 'os.system'),
        (b'ctorch\nload\n)R.', 'torch.load'),
        (b'ctorch._utils\n_rebuild_tensor_v2\nctorch.hub\nload\nR.', 'torch.hub.load'),
        (b'(ios\nsystem\n.', 'INST'),
        (b'(ccollections\nOrderedDict\no.', 'OBJ'),
        (b'ccollections\nOrderedDict\n)\x81.', 'NEWOBJ'),
        (b'\x82\1.', 'EXT1'),
        (b'Pos\n.', 'PERSID'),
        (b'ctorch\nFloatStorage\n)R.', 'calls torch.FloatStorage'),
        (b'ccollections\nOrderedDict\n}R.', 'dict in the wrong place'),
        (b'\xff.', 'instruction'),
    ],
)
def test_what_no_dict_of_tensors_needs_is_refused_by_name(contents, message, container, tmp_path):
    assert message in refusal(write_pickle(tmp_path / 'a.pth', contents, container))


HUGE = b'\xff\xff\xff\x7f'
PAIR = b'h\0h\0\x86q\0'
# What the message must say: what the pickle is.
LARGE_PICKLES = {
    'a text of 2147483647 bytes': b'X' + HUGE + b'a.',
    'BINUNICODE8': b'\x8d' + HUGE * 2 + b'.',
    'BINBYTES is': b'B' + HUGE + b'.',
    'BINBYTES8': b'\x8e' + HUGE * 2 + b'.',
    'BYTEARRAY8': b'\x96' + HUGE * 2 + b'.',
    'LONG4': b'\x8b' + HUGE + b'.',
    'an integer of 255 bytes': b'\x8a\xff' + b'\x7f' * 255 + b'.',
    'INT is': b'I' + b'9' * 100_000 + b'\n.',
    'name in the pickle does not end': b'c' + b'a' * 100_000,
    'holds a dict without tensors': b'}r' + HUGE + b'j' + HUGE + b'.',
    f'more than {MAX_INSTRUCTIONS} instructions': b'N' * (MAX_INSTRUCTIONS + 1),
    'uses a tuple as a key': b'}(' + b')q\0' + PAIR * 1000 + b'Nu.',
    'holds a tuple': b')q\0' + PAIR * 15_000 + b'.',
    'holds a list': b']' * 40_000 + b'a' * 39_999 + b'.',
    'empty stack': b'(' * 40_000 + b't' * 40_000 + b't.',
    'holds a tuple without': b'(' * 40_000 + b'N' + b't' * 40_000 + b'.',
}


@each_container
@pytest.mark.parametrize('message', LARGE_PICKLES)
def test_sizes_and_nesting_cost_no_more_than_their_bytes(message, container, tmp_path):
    assert message in refusal(write_pickle(tmp_path / 'a.pth', LARGE_PICKLES[message], container))


@each_container
@pytest.mark.parametrize(
    ('contents', 'message'),
    [
        (b']q\0h\0a.', 'holds a list'),
        (b'}q\0X\1\0\0\0ah\0s.', "holds a dict under 'a'"),
        (b'}q\0X\1\0\0\0ah\0sh\0b.', "holds a dict under 'a'"),
        (b'}q\0h\0Ns.', 'uses a dict as a key'),
        (b'ccollections\nOrderedDict\n]q\0h\0a\x85R.', 'made of arguments'),
        (b'(X\7\0\0\0storage]q\0h\0ah\0h\0h\0tQ.', 'not a storage'),
    ],
)
def test_cycles_end(contents, message, container, tmp_path):
    assert message in refusal(write_pickle(tmp_path / 'a.pth', contents, container))


def tensor_file(path, container, offset, shape, strides):
    root = {'a': FakeTensor(FakeStorage(np.ones(4, np.float32)), offset, shape, strides)}
    return torch_save(path, root, container)


@each_container
@pytest.mark.parametrize(
    ('offset', 'shape', 'strides'),
    [
        (0, (2**28,), (1,)),
        (0, (2**28,), (0,)),
        (0, (2**20, 2**20, 2**20), (0, 0, 0)),
        (0, (5,), (1,)),
        (0, (2, 2), (3, 1)),
        (1, (4,), (1,)),
        (4, (), ()),
        (2**62, (1,), (1,)),
        (-1, (2,), (1,)),
        (0, (-2,), (1,)),
        (3, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0, (1,) * 9, (1,) * 9),
        (0, (0, 2**62), (1, 1)),
        (0, ('2',), (1,)),
        (0, (2.0,), (1,)),
    ],
)
def test_tensors_outside_their_storage_are_refused(container, offset, shape, strides, tmp_path):
    assert 'damaged: a tensor' in refusal(tensor_file(tmp_path / 'a.pth', container, offset, shape, strides))


class ClaimingArray(np.ndarray):
    """Four floats that say they are a terabyte."""

    @property
    def size(self):
        return 2**38


@each_container
def test_a_storage_that_claims_more_than_the_file_has_is_refused(container, tmp_path):
    storage = FakeStorage(np.ones(4, np.float32))
    storage.array = storage.array.view(ClaimingArray)
    root = {'a': FakeTensor(storage, 0, (2**38,), (1,))}
    message = refusal(torch_save(tmp_path / 'a.pth', root, container))
    assert 'has 16 bytes, expected 1099511627776' in message or 'ends after the file' in message


@each_container
def test_every_beginning_of_a_file_is_refused(container, tmp_path):
    path = torch_save(tmp_path / 'a.pth', state_dict({'a': np.ones(5, np.float32), 'b': np.ones(3)}), container)
    contents = path.read_bytes()
    for size in range(0, len(contents), 7):
        path.write_bytes(contents[:size])
        with pytest.raises(RunError, match='a.pth: '):
            read_tensors(path)


def test_a_changed_weight_is_noticed_in_a_zip_file(tmp_path):
    path = torch_save(tmp_path / 'a.pth', state_dict({'a': np.full(5, 1.25, np.float32)}))
    contents = path.read_bytes()
    path.write_bytes(contents.replace(np.float32(1.25).tobytes(), np.float32(1.5).tobytes(), 1))
    assert "entry 'a/data/0' has another checksum" in refusal(path)


def test_checksums_that_were_left_out_are_not_missed(tmp_path):
    path = torch_save(tmp_path / 'a.pth', state_dict({'a': np.full(5, 1.25, np.float32)}))
    contents = path.read_bytes()
    for data in (np.full(5, 1.25, np.float32).tobytes(), b'little', b'3\n'):
        contents = contents.replace(struct.pack('<L', zlib.crc32(data)), bytes(4))
    path.write_bytes(contents)
    np.testing.assert_array_equal(read_tensors(path)['a'], np.full(5, 1.25))


def directory_entry(contents, name):
    """Where the entry of the zip file's list that is called `name` starts."""
    return contents.rindex(name) - 46


@pytest.mark.parametrize(
    ('place', 'layout', 'value', 'message'),
    [
        (8, '<H', 1, 'compressed or encrypted'),
        (10, '<H', 8, 'compressed or encrypted'),
        (20, '<L', 8, 'two sizes'),
        (20, '<LL', (2**30, 2**30), 'ends after the file'),
        (20, '<LL', (0xFFFFFFFF, 0xFFFFFFFF), 'ends after the file'),
        (42, '<L', 2**31, 'do not fit together'),
        (42, '<L', 1, 'do not fit together'),
        (28, '<H', 0xFFFF, 'not fit together'),
        (0, '<L', 0, 'do not fit together'),
    ],
)
def test_zip_lists_that_lie_are_refused(place, layout, value, message, tmp_path):
    path = torch_save(tmp_path / 'a.pth', state_dict({'a': np.ones(5, np.float32)}))
    contents = bytearray(path.read_bytes())
    struct.pack_into(layout, contents, directory_entry(contents, b'a/data/0') + place, *np.atleast_1d(value).tolist())
    path.write_bytes(contents)
    assert message in refusal(path) or 'UTF-8' in refusal(path)


def test_a_zip_bomb_is_not_inflated(tmp_path):
    bomb = zlib.compress(bytes(64 * MEGABYTES), 9)
    contents = bytearray(zip_bytes({'a/data.pkl': bomb}))
    start = directory_entry(contents, b'a/data.pkl')
    struct.pack_into('<H', contents, start + 10, 8)
    struct.pack_into('<L', contents, start + 24, 64 * MEGABYTES)
    path = tmp_path / 'a.pth'
    path.write_bytes(contents)
    assert 'compressed' in refusal(path)


def test_entries_over_each_other_are_refused(tmp_path):
    """Ten thousand entries that are all the same megabyte would take minutes to check."""
    contents = zip_bytes({'a/data.pkl': bytes(MEGABYTES)})
    start = directory_entry(contents, b'a/data.pkl')
    entry = contents[start : start + 46]
    entries = b''.join(entry + b'a/%08d' % index for index in range(10_000))
    end = struct.pack('<4s4H2LH', b'PK\5\6', 0, 0, 10_000, 10_000, len(entries), start, 0)
    path = tmp_path / 'a.pth'
    path.write_bytes(contents[:start] + entries + end)
    assert 'lie over each other' in refusal(path)


def test_a_zip_file_of_millions_of_entries_is_refused(tmp_path):
    contents = bytearray(zip_bytes({'a/data.pkl': b'N.'}))
    locator = contents.rindex(b'PK\6\6')
    struct.pack_into('<Q', contents, locator + 32, 10**9)
    struct.pack_into('<H', contents, contents.rindex(b'PK\5\6') + 10, 0xFFFF)
    path = tmp_path / 'a.pth'
    path.write_bytes(contents)
    assert 'of 1000000000 entries' in refusal(path)


@pytest.mark.parametrize(
    ('entries', 'message'),
    [
        ({'a/b': b''}, '0 <name>/data.pkl'),
        ({'a/data.pkl': b'N.', 'b/data.pkl': b'N.'}, '2 <name>/data.pkl'),
        ({'a/data.pkl': b'N.', 'a/constants.pkl': b'N.'}, 'a TorchScript program'),
        ({'a/data.pkl': b'N.', 'a/byteorder': b'big'}, "byte order 'big'"),
    ],
)
def test_other_zip_files_are_named(entries, message, tmp_path):
    (tmp_path / 'a.pth').write_bytes(zip_bytes(entries))
    assert message in refusal(tmp_path / 'a.pth')


def test_a_zip_file_without_the_numbers_is_named(tmp_path):
    path = torch_save(tmp_path / 'a.pth', state_dict({'a': np.ones(5, np.float32)}))
    path.write_bytes(path.read_bytes().replace(b'a/data/0', b'a/data/1'))
    assert "no entry 'a/data/0'" in refusal(path)


@pytest.mark.parametrize(
    ('keys', 'num_elements', 'message'),
    [
        (['0'], 3, 'has 3 elements, expected 4'),
        (['0'], -1, 'has -1 elements, expected 4'),
        (['0'], 2**62, 'expected 4'),
        (['0', '0'], 4, 'listed twice'),
        (['1'], 4, 'not used'),
        ([], 4, 'used but not listed'),
        ([0], 4, 'no list of storages'),
        ({}, 4, 'no list of storages'),
    ],
)
def test_streams_whose_storages_do_not_fit_are_refused(keys, num_elements, message, tmp_path):
    path = torch_save(tmp_path / 'a.pth', state_dict({'a': np.ones(4, np.float32)}), 'stream')
    numbers = np.ones(4, np.float32).tobytes()
    listed = pickle.dumps(['0'], 2) + struct.pack('<q', 4) + numbers
    start = path.read_bytes().replace(listed, b'')
    path.write_bytes(start + pickle.dumps(keys, 2) + struct.pack('<q', num_elements) + numbers)
    assert message in refusal(path)


def test_streams_of_other_versions_and_machines_are_named(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(7, 2))
    assert 'another version than 1001' in refusal(path)
    path.write_bytes(HEADER.replace(b'\x88', b'\x89'))
    assert "byte order 'big'" in refusal(path)


def test_a_pickled_model_is_refused(tmp_path):
    contents = b'(X\6\0\0\0moduleNNNtQ.'
    assert 'a whole pickled model' in refusal(write_pickle(tmp_path / 'a.pth', contents, 'stream'))
