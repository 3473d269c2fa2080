"""A walking person is a sequence that prediction can follow."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.poses.sequences import load_sequence, require_poses
from posewarp_tf.synthetic.walk import walk_pose, write_walk

SIZE = (96, 64)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('synthetic') / 'walk'
    write_walk(path, 25, SIZE, seed=3)
    return path


def test_poses_are_those_of_the_pictures(folder):
    sequence = load_sequence(folder / 'poses', SIZE)
    require_poses(sequence)
    assert len(sequence.names) == 25
    for frame in (0, 7):
        parts = np.asarray(Image.open(folder / 'parts' / f'frame-{frame:05d}.png'))
        assert Image.open(folder / 'pictures' / f'frame-{frame:05d}.jpg').size == SIZE[::-1]
        x, y = np.rint(sequence.keypoints[frame][JOINT_NAMES.index('neck')]).astype(int)
        assert parts[y + 4, x] == 1


def test_feet_swing_by_turns_and_come_back(folder):
    keypoints = load_sequence(folder / 'poses', SIZE).keypoints
    assert np.array_equal(keypoints[0], keypoints[24])
    right, left = (keypoints[:24, JOINT_NAMES.index(f'{side}_ankle'), 0] for side in ('right', 'left'))
    right, left = (np.where(x < 0, np.nan, x) for x in (right, left))
    both = np.isfinite(right) & np.isfinite(left)
    assert np.corrcoef(right[both], left[both])[0, 1] < -0.8
    assert np.nanmax(right) - np.nanmin(right) > 5


def test_a_lifted_leg_is_the_one_that_comes_forward():
    for phase in np.linspace(0.01, 0.99, 40):
        now, later = walk_pose(phase), walk_pose(phase + 1e-3)
        for side in ('right', 'left'):
            assert now.legs[side].lifted == (later.legs[side].swing > now.legs[side].swing)


def test_a_folder_with_something_in_it_is_left_alone(folder):
    with pytest.raises(DataError, match='already holds something'):
        write_walk(folder, 2, SIZE)


def test_flags_of_data_sets_are_refused_by_name(tmp_path):
    command = [sys.executable, '-m', 'posewarp_tf.synthetic', f'--output_dir={tmp_path / "walk"}']
    done = subprocess.run([*command, '--sequence=2', '--layout=mvc'], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == 'error: --layout: given together with --sequence, which writes no data set'
    assert not list(tmp_path.iterdir())
