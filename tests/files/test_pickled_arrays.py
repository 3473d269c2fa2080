"""Dicts of arrays in .npz files are read, and nothing in their pickles is run."""

import pickle
import zipfile

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.files.pickled_arrays import read_pickled_dict


@pytest.mark.parametrize('dtype', ['<f4', '<f8', '>f4'])
def test_nested_arrays_come_out_as_they_went_in(dtype, tmp_path):
    rng = np.random.default_rng(0)
    views = [rng.normal(size=(length, 17, 2)).astype(dtype) for length in (3, 5)]
    np.savez_compressed(tmp_path / 'a.npz', positions=np.array({'S1': {'Walking 1': views}}, dtype=object))
    found = read_pickled_dict(tmp_path / 'a.npz', 'positions')['S1']['Walking 1']
    for one, other in zip(found, views):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, other.astype(np.float32))


@pytest.mark.parametrize('protocol', [2, 3, 4])
def test_pickles_of_every_protocol_are_read(protocol, tmp_path):
    array = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    write_raw(tmp_path / 'a.npz', pickle.dumps(np.array({'a': array}, dtype=object), protocol))
    np.testing.assert_array_equal(read_pickled_dict(tmp_path / 'a.npz', 'positions')['a'], array)


def write_raw(path, contents):
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }\n"
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('positions.npy', b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header + contents)


class Hostile:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, 'w')


def test_a_pickle_that_would_run_something_is_refused(tmp_path):
    marker = tmp_path / 'run'
    write_raw(tmp_path / 'a.npz', pickle.dumps({'a': Hostile(str(marker))}))
    with pytest.raises(DataError, match=r'a.npz: positions cannot be read: asks for .*open, .*nothing was run'):
        read_pickled_dict(tmp_path / 'a.npz', 'positions')
    assert not marker.exists()


def test_an_array_larger_than_its_bytes_is_refused(tmp_path):
    contents = pickle.dumps(np.array({'a': np.zeros(7, np.float32)}, dtype=object), 3).replace(
        b'K\x07\x85', b'K\xff\x85'
    )
    write_raw(tmp_path / 'a.npz', contents)
    with pytest.raises(DataError, match=r'an array of shape \(255,\) in 28 bytes'):
        read_pickled_dict(tmp_path / 'a.npz', 'positions')


def test_files_of_something_else_are_named(tmp_path):
    np.savez(tmp_path / 'a.npz', positions=np.zeros(3))
    (tmp_path / 'b.npz').write_bytes(b'no zip')
    for name, key, message in (
        ('a.npz', 'positions', 'cannot be read'),
        ('a.npz', 'others', 'holds no others'),
        ('b.npz', 'positions', 'cannot be read'),
        ('c.npz', 'positions', 'no such file'),
    ):
        with pytest.raises(DataError, match=f'{name}: .*{message}'):
            read_pickled_dict(tmp_path / name, key)
