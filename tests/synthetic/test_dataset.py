"""The written data set: layout, repeatability, and all or nothing."""

import csv
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.synthetic import Settings, dataset, exact_flow, processes, write_dataset

SETTINGS = Settings(
    num_train_people=2, num_test_people=1, poses_per_person=3, pairs_per_person=4, image_size=(48, 33), seed=5
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('synthetic') / 'people'
    assert write_dataset(path, SETTINGS, num_processes=1, show_progress=False)
    return path


def contents(path):
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob('*')) if file.is_file()}


def read_pairs(path):
    with open(path, newline='') as file:
        return [(row['from'], row['to']) for row in csv.DictReader(file)]


def read_annotations(path):
    lines = path.read_text().splitlines()
    assert lines[0] == 'name:keypoints_y:keypoints_x'
    return {
        name: np.stack([json.loads(x), json.loads(y)], axis=1) for name, y, x in (line.split(':') for line in lines[1:])
    }


def test_layout_is_that_of_deepfashion(folder):
    for split, people in (('train', 2), ('test', 1)):
        pairs = read_pairs(folder / f'fasion-pairs-{split}.csv')
        assert len(pairs) == len(set(pairs)) == people * SETTINGS.pairs_per_person
        names = {file.name for file in (folder / split).iterdir()}
        assert len(names) == people * SETTINGS.poses_per_person
        assert set(read_annotations(folder / f'fasion-annotation-{split}.csv')) == names
        for source, target in pairs:
            assert {source, target} <= names and source != target
            assert source.rsplit('_', 1)[0] == target.rsplit('_', 1)[0]
        for name in names:
            stem = name[: -len('.jpg')]
            assert Image.open(folder / split / name).size == (33, 48)
            for maps, classes in (('parsing', 16), ('parts', 11)):
                labels = Image.open(folder / maps / f'{stem}.png')
                assert labels.mode == 'P' and labels.size == (33, 48)
                assert np.asarray(labels).max() < classes


def test_flows_come_with_the_test_pairs_only(folder):
    expected = {f'{source[:-4]}__{target[:-4]}.npz' for source, target in read_pairs(folder / 'fasion-pairs-test.csv')}
    assert {file.name for file in (folder / 'flows').iterdir()} == expected


def test_files_hold_what_was_drawn(folder):
    pictures = dataset.draw_person(SETTINGS, 'test', 0)
    for number, picture in enumerate(pictures):
        stem = f'test_00000_{number:02d}'
        np.testing.assert_array_equal(np.asarray(Image.open(folder / 'parts' / f'{stem}.png')), picture.parts)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / 'parsing' / f'{stem}.png')), picture.garments)
        saved = np.asarray(Image.open(folder / 'test' / f'{stem}.jpg')).astype(int)
        assert np.abs(saved - picture.image).mean() < 6
    for source, target in read_pairs(folder / 'fasion-pairs-test.csv'):
        with np.load(folder / 'flows' / f'{source[:-4]}__{target[:-4]}.npz') as file:
            flow, visibility = exact_flow(pictures[int(source[-6:-4])], pictures[int(target[-6:-4])])
            np.testing.assert_array_equal(file['flow'], flow)
            np.testing.assert_array_equal(file['visibility'], visibility)


def test_joints_are_in_the_annotation_frame_whatever_the_size(folder):
    joints = read_annotations(folder / 'fasion-annotation-test.csv')
    for number, picture in enumerate(dataset.draw_person(SETTINGS, 'test', 0)):
        written = joints[f'test_00000_{number:02d}.jpg']
        seen = picture.keypoints[:, 0] >= 0
        expected = picture.keypoints[seen] * np.array([176 / 33, 256 / 48])
        assert np.abs(written[seen] - expected).max() <= 0.5 + 1e-3
        assert (written[~seen] == -1).all()


def test_any_number_of_processes_writes_the_same_bytes(folder, tmp_path):
    write_dataset(tmp_path / 'again', SETTINGS, num_processes=2, show_progress=False)
    assert contents(tmp_path / 'again') == contents(folder)


def test_where_processes_cannot_share_memory_one_writes_the_same_bytes(folder, tmp_path, monkeypatch, capsys):
    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(processes.concurrent.futures, 'ProcessPoolExecutor', refuse)
    write_dataset(tmp_path / 'again', SETTINGS, num_processes=2, show_progress=False)
    assert contents(tmp_path / 'again') == contents(folder)
    assert 'working in one process: this machine makes no semaphores (Permission denied' in capsys.readouterr().out


def test_a_person_does_not_depend_on_how_many_there_are():
    more = dataclasses.replace(SETTINGS, num_train_people=50, poses_per_person=2, pairs_per_person=1)
    for one, other in zip(dataset.draw_person(SETTINGS, 'train', 1), dataset.draw_person(more, 'train', 1)):
        np.testing.assert_array_equal(one.image, other.image)


def test_train_and_test_people_and_seeds_differ():
    drawn = [
        dataset.draw_person(SETTINGS, 'train', 0)[0],
        dataset.draw_person(SETTINGS, 'test', 0)[0],
        dataset.draw_person(SETTINGS, 'train', 1)[0],
        dataset.draw_person(dataclasses.replace(SETTINGS, seed=6), 'train', 0)[0],
    ]
    assert len({picture.person.body for picture in drawn}) == 4
    assert len({picture.image.tobytes() for picture in drawn}) == 4


def test_writing_it_again_does_nothing(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob('*')}
    assert not write_dataset(folder, SETTINGS, num_processes=1, show_progress=False)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob('*')}


def test_people_from_before_there_were_layouts_are_found_again(folder, tmp_path):
    description = json.loads((folder / 'dataset.json').read_text())
    assert description.pop('layout') == 'deepfashion'
    (tmp_path / 'dataset.json').write_text(json.dumps(description))
    assert not write_dataset(tmp_path, SETTINGS, num_processes=1, show_progress=False)
    with pytest.raises(DataError, match='already holds something else'):
        write_dataset(tmp_path, dataclasses.replace(SETTINGS, layout='mvc'), num_processes=1, show_progress=False)


def test_other_contents_are_never_overwritten(folder, tmp_path):
    with pytest.raises(DataError, match='already holds something else'):
        write_dataset(folder, dataclasses.replace(SETTINGS, seed=6), num_processes=1, show_progress=False)
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(DataError, match=str(tmp_path)):
        write_dataset(tmp_path, SETTINGS, num_processes=1, show_progress=False)
    assert (tmp_path / 'notes.txt').read_text() == 'mine'


def test_an_empty_folder_is_filled(tmp_path):
    small = dataclasses.replace(SETTINGS, num_train_people=1, num_test_people=0, pairs_per_person=1)
    assert write_dataset(tmp_path, small, num_processes=1, show_progress=False)
    assert json.loads((tmp_path / 'dataset.json').read_text())['num_pairs'] == {'train': 1, 'test': 0}


def test_a_failing_write_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(*args, **kwargs):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(np, 'savez_compressed', full_disk)
    with pytest.raises(OSError, match='No space'):
        write_dataset(tmp_path / 'people', SETTINGS, num_processes=1, show_progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('field', 'value', 'flag'),
    [('pairs_per_person', 7, '--pairs_per_person'), ('poses_per_person', 1, '--poses_per_person'),
     ('image_size', (48, 8), '--image_width'), ('num_test_people', -1, '--num_test_people')],
)  # fmt: skip
def test_impossible_settings_name_their_flag(field, value, flag):
    with pytest.raises(ConfigError, match=f'{flag}: got'):
        dataclasses.replace(SETTINGS, **{field: value})


def test_the_command_writes_and_then_finds_its_data_set(tmp_path):
    command = [sys.executable, '-m', 'posewarp_tf.synthetic', f'--output_dir={tmp_path / "people"}']
    command += ['--num_train_people=1', '--num_test_people=0', '--poses_per_person=2', '--pairs_per_person=2']
    command += ['--image_height=32', '--image_width=24', '--num_processes=1']
    first = subprocess.run(command, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert '1 people, 2 pictures of 32 x 24, 2 training and 0 test pairs' in first.stdout
    again = subprocess.run(command, capture_output=True, text=True)
    assert 'already holds exactly these people' in again.stdout
    other = subprocess.run([*command, '--seed=3'], capture_output=True, text=True)
    assert other.returncode == 1
    assert other.stderr.startswith('error: ') and 'Traceback' not in other.stderr
