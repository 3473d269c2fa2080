"""Outputs appear whole or not at all."""

import resource

import numpy as np
import pytest

from posewarp_tf.data.images import save_image
from posewarp_tf.files import atomic_path, write_text


def test_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / 'new/notes.txt'
    write_text(path, 'first')
    write_text(path, 'second')
    assert path.read_text() == 'second'
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_the_earlier_file(tmp_path):
    path = tmp_path / 'notes.txt'
    path.write_text('first')
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text('half')
        raise ZeroDivisionError
    assert path.read_text() == 'first'
    assert list(tmp_path.iterdir()) == [path]


def write_much_text(path):
    write_text(path, 'x' * 5000)


def write_picture(path):
    save_image(path, np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize(('name', 'write'), [('notes.txt', write_much_text), ('picture.png', write_picture)])
def test_full_disk_names_the_file_and_leaves_the_earlier_one(tmp_path, name, write):
    path = tmp_path / name
    path.write_bytes(b'first')
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(OSError) as error:
            write(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert error.value.filename == str(path)
    assert path.read_bytes() == b'first'
    assert list(tmp_path.iterdir()) == [path]
