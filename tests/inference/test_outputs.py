"""An output that cannot be written is refused before any work, and nothing is made by looking."""

import os
import pathlib

import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.inference.jobs import Job
from posewarp_tf.inference.outputs import check_output, require_folder


def job(folder, output):
    return Job('', str(folder / 'me.jpg'), folder / 'me.json', folder / 'pose.png', folder / output)


@pytest.mark.parametrize('name', ['o.mp4', 'o.WEBM', 'o.mov', 'o.gif', 'o.webp', 'o.png', 'o.apng', 'o.json', 'o.npz'])
def test_what_is_called_like_a_file_is_no_folder(tmp_path, name):
    with pytest.raises(DataError, match=f'--output: got .*{name}.*expected a folder for frames'):
        require_folder(str(tmp_path / name), 'for frames')


@pytest.mark.parametrize('name', ['dance', 'walk_v1.2', 'frames.d', 'new/folder', '.'])
def test_folders_may_have_dots_and_are_not_made_by_looking(tmp_path, name):
    require_folder(str(tmp_path / name), 'for frames')
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / 'notes').write_text('mine')
    for name in ('notes', 'notes/frames'):
        with pytest.raises(DataError, match='notes exists and is not a folder'):
            require_folder(str(tmp_path / name), 'for frames')


def test_a_folder_that_is_not_ours_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: pathlib.Path(path) != tmp_path)
    with pytest.raises(DataError, match=f'no permission to write in {tmp_path}'):
        require_folder(str(tmp_path / 'new' / 'frames'), 'for frames')


@pytest.mark.parametrize(
    ('output', 'message'),
    [
        ('o.mp4', r'video files are not written from one pose, expected a name that ends in \.jpg.*--target_video'),
        ('o.gif', 'video files are not written'),
        ('o.webp', r'expected a name that ends in \.jpg, \.jpeg, \.png'),
        ('o', r'expected a name that ends in \.jpg'),
        ('', r'is a folder, expected a name that ends in \.jpg'),
        ('me.jpg', 'is the source picture itself'),
        ('pose.png', 'is the file of the target pose'),
    ],
)
def test_a_picture_needs_a_name_of_its_own(tmp_path, output, message):
    with pytest.raises(DataError, match=message):
        check_output(job(tmp_path, output), set())


def test_no_output_is_written_twice(tmp_path):
    outputs = set()
    check_output(job(tmp_path, 'sub/../a.png'), outputs)
    with pytest.raises(DataError, match='written by an earlier one'):
        check_output(job(tmp_path, 'a.png'), outputs)
