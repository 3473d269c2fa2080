"""The state of a portable step in files."""

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.training.portable import files
from posewarp_tf.training.portable.files import read_program, read_state, write_program, write_state


def arrays():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(40, 50)).astype(np.float32)
    return [weights, np.array(7, np.int64), weights + 1, weights.copy(), rng.normal(size=3).astype(np.float16)]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize('file_size', [10_000, 12_000_000])
def test_arrays_come_back_as_they_were(tmp_path, monkeypatch, file_size):
    monkeypatch.setattr(files, '_FILE_SIZE', file_size)
    write_state(tmp_path, arrays())
    assert len(list(tmp_path.iterdir())) == (2 if file_size == 10_000 else 1)
    assert_same(read_state(tmp_path), arrays())


def test_equal_arrays_are_stored_once(tmp_path):
    noise = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    write_state(tmp_path, [noise])
    once = (tmp_path / 'state-0.npz').stat().st_size
    write_state(tmp_path, [noise, noise.copy(), noise.copy()])
    assert (tmp_path / 'state-0.npz').stat().st_size < 1.01 * once
    assert_same(read_state(tmp_path), [noise] * 3)


def test_arrays_of_equal_bytes_and_other_shapes_or_types_are_not_equal(tmp_path):
    different = [np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32), np.zeros((2, 3), np.int32)]
    write_state(tmp_path, different)
    assert_same(read_state(tmp_path), different)


def test_a_smaller_state_leaves_no_file_of_a_larger_one(tmp_path, monkeypatch):
    monkeypatch.setattr(files, '_FILE_SIZE', 10_000)
    write_state(tmp_path, arrays())
    write_state(tmp_path, arrays()[:2])
    assert [path.name for path in tmp_path.iterdir()] == ['state-0.npz']
    assert_same(read_state(tmp_path), arrays()[:2])


@pytest.mark.parametrize('lost', [0, 1])
def test_a_missing_file_is_an_error(tmp_path, monkeypatch, lost):
    monkeypatch.setattr(files, '_FILE_SIZE', 10_000)
    write_state(tmp_path, arrays())
    (tmp_path / f'state-{lost}.npz').unlink()
    with pytest.raises(RunError, match='expected state-0.npz'):
        read_state(tmp_path)


def test_a_folder_without_a_state_is_an_error(tmp_path):
    with pytest.raises(RunError, match='expected state-0.npz'):
        read_state(tmp_path)


def test_a_program_comes_back_as_it_was(tmp_path):
    write_program(tmp_path, b'program')
    assert read_program(tmp_path) == b'program'
