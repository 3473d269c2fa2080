"""Outputs appear whole or not at all."""

import resource

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path, read_text, write_text
from posewarp_tf.pictures.picture_files import save_image


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


@pytest.mark.parametrize(
    ('contents', 'message'),
    [
        (b'\xff\xd8\xff\xe0', r'notes\.txt: a JPEG picture, expected notes: take no photos'),
        (b'PK\x03\x04\x14\0', r'notes\.txt: a ZIP archive, expected notes$'),
        ('words'.encode('utf-16'), r'notes\.txt: text in UTF-16, expected notes: save it as UTF-8'),
        ('Größe'.encode('latin-1'), r'notes\.txt: text that is not UTF-8, expected notes: save it as UTF-8'),
        (b'x' * 5000 + b'\xe4', r'notes\.txt: text that is not UTF-8: save it as UTF-8'),
        (b' \n', r'notes\.txt: the file is empty'),
        (b'', r'notes\.txt: the file is empty'),
    ],
)
def test_what_is_no_text_is_called_by_its_name(tmp_path, contents, message):
    (tmp_path / 'notes.txt').write_bytes(contents)
    with pytest.raises(DataError, match=message):
        read_text(tmp_path / 'notes.txt', 'notes', 'take no photos')


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(DataError, match='a folder, expected notes'):
        read_text(tmp_path, 'notes')


def test_marks_and_line_ends_of_other_systems_are_read(tmp_path):
    (tmp_path / 'notes.txt').write_bytes(b'\xef\xbb\xbfone\r\ntwo\rthree\n')
    assert read_text(tmp_path / 'notes.txt') == 'one\ntwo\nthree\n'
