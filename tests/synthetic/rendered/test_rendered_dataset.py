"""Rendered people as a data set: the same layout as drawn ones, shared out, cut short and gone on with."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.poses.sequences import load_sequence, require_poses
from posewarp_tf.synthetic import Settings, dataset, write_dataset
from posewarp_tf.synthetic.rendered import flow, studio
from posewarp_tf.synthetic.walk import walk_pose, write_walk

SIZE = (64, 48)


@pytest.fixture(scope='module')
def settings(no_assets):
    return Settings(3, 1, 2, 2, SIZE, people='rendered', makehuman_dir=str(no_assets), seed=7)


@pytest.fixture(scope='module')
def folder(settings, tmp_path_factory):
    path = tmp_path_factory.mktemp('rendered') / 'people'
    assert write_dataset(path, settings, num_processes=1, show_progress=False)
    return path


def contents(path):
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob('*')) if file.is_file()}


def test_files_hold_what_was_rendered(folder, settings):
    pictures, flow_between = dataset.make_person(settings, 'test', 0)
    for number, picture in enumerate(pictures):
        stem = f'test_00000_{number:02d}'
        np.testing.assert_array_equal(np.asarray(Image.open(folder / 'parts' / f'{stem}.png')), picture.parts)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / 'parsing' / f'{stem}.png')), picture.garments)
        saved = np.asarray(Image.open(folder / 'test' / f'{stem}.jpg')).astype(int)
        assert np.abs(saved - picture.image).mean() < 8
    with np.load(folder / 'flows' / 'test_00000_00__test_00000_01.npz') as file:
        expected, visibility = flow_between(*pictures)
        np.testing.assert_array_equal(file['flow'], expected)
        np.testing.assert_array_equal(file['visibility'], visibility)
    assert sorted(os.listdir(folder)) == sorted(
        ['train', 'test', 'parsing', 'parts', 'flows', 'dataset.json', 'fasion-pairs-train.csv',
         'fasion-pairs-test.csv',
         'fasion-annotation-train.csv', 'fasion-annotation-test.csv']
    )  # fmt: skip


def test_shards_make_the_same_folder_when_the_last_is_done(folder, settings, tmp_path):
    for number in (2, 1):
        assert not (tmp_path / 'people').exists()
        write_dataset(tmp_path / 'people', settings, 1, show_progress=False, shard=(number, 2))
    assert contents(tmp_path / 'people') == contents(folder)


def test_what_is_done_is_not_done_again_after_a_run_was_killed(folder, settings, tmp_path, monkeypatch):
    made = []
    make = dataset.make_person

    def counted(settings, split, index):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append((split, index))
        return make(settings, split, index)

    monkeypatch.setattr(dataset, 'make_person', counted)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / 'people', settings, 1, show_progress=False)
    assert made == [('train', 0), ('train', 1)] and not (tmp_path / 'people').exists()
    other = dataclasses.replace(settings, seed=8)
    with pytest.raises(DataError, match='people-unfinished: people made with other settings, not finished'):
        write_dataset(tmp_path / 'people', other, 1, show_progress=False)
    again = []
    monkeypatch.setattr(dataset, 'make_person', lambda *task: again.append(task[1:]) or make(*task))
    write_dataset(tmp_path / 'people', settings, 1, show_progress=False)
    assert again == [('train', 2), ('test', 0)]
    assert contents(tmp_path / 'people') == contents(folder)


def test_a_walk_is_a_sequence_whose_flow_is_known_between_any_two_frames(settings, tmp_path):
    rng = dataset.person_generator(0, 'test', 0, 'person')
    frames = list(studio.film(settings, rng, [walk_pose(phase) for phase in (0.0, 0.1, 0.5)]))
    assert frames[0].camera is frames[2].camera
    for source, target in ((0, 1), (2, 0)):
        errors = flow.round_trip(frames[source], frames[target])
        assert len(errors) > 200 and np.median(errors) < 0.2
    write_walk(tmp_path / 'walk', 2, SIZE, rendered=settings)
    sequence = load_sequence(tmp_path / 'walk' / 'poses', SIZE)
    require_poses(sequence)
    assert len(sequence.names) == 2


def run(*arguments):
    command = [sys.executable, '-m', 'posewarp_tf.synthetic', *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_flags_that_cannot_work_are_named(tmp_path, no_assets):
    output = f'--output_dir={tmp_path / "people"}'
    missing = run(output, '--people=rendered')
    assert missing.returncode == 1 and 'Traceback' not in missing.stderr
    assert missing.stderr.startswith('error: --people=rendered: --makehuman_dir is missing; ')
    drawn = run(output, f'--makehuman_dir={no_assets}')
    assert drawn.stderr.strip() == 'error: --makehuman_dir: given without --people=rendered'
    shard = run(output, '--shard=3/2')
    assert shard.stderr.startswith("error: --shard: got '3/2', expected i/n")
    assert not list(tmp_path.iterdir())


def test_without_the_compiler_the_extra_is_named():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        'from posewarp_tf.errors import ConfigError\n'
        'try:\n    import posewarp_tf.synthetic.rendered.studio\n'
        'except ConfigError as error:\n    print(error)\n'
    )
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert "pip install 'posewarp_tf[people]'" in found.stdout


def test_a_still_camera_shows_all_stances_before_one_background(settings):
    still = dataclasses.replace(settings, still_camera=1.0, poses_per_person=4)
    pictures, _ = dataset.make_person(still, 'train', 0)
    followed, _ = dataset.make_person(dataclasses.replace(still, still_camera=0.0, one_place=True), 'train', 0)

    def difference(pictures):
        first, second = (picture.image.astype(int) for picture in pictures[:2])
        behind = (pictures[0].parts == 0) & (pictures[1].parts == 0)
        return np.median(np.abs(first - second)[behind])

    assert len({id(picture.camera) for picture in pictures}) == 1
    assert difference(pictures) == 0 < difference(followed)
    for picture, other in zip(pictures, followed):
        assert not picture.parts[[0, -1]].any() and picture.parts.any()
        assert np.isclose(np.ptp(picture.vertices, axis=0), np.ptp(other.vertices, axis=0)).all()
