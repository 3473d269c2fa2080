"""Where target poses come to stand in the picture to make."""

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.inference.placement import Placement, windows_of_sequence
from posewarp_tf.photos.person_frame import default_person_frame
from posewarp_tf.photos.windows import Window
from tests.run_folders import person

SIZE, TARGET = (100, 200), (300, 150)


def test_none_lays_the_targets_picture_into_the_middle_and_never_squashes_it():
    """Fails if x and y are swapped: the larger picture is high, the other one wide."""
    corners = np.full((18, 2), -1, np.float32)
    corners[:3] = [[0, 0], [150, 300], [75, 150]]
    placed = Placement(person(SIZE), corners, TARGET, SIZE, 'none')(corners)
    np.testing.assert_allclose(placed[:3], [[75, 0], [125, 100], [100, 50]], atol=1e-4)
    assert np.all(placed[3:] == -1)


@pytest.mark.parametrize('mode', ['none', 'place'])
def test_the_part_of_the_target_that_stands_in_a_window_is_where_the_joints_say(mode):
    target = person(TARGET, lean=10)
    placement = Placement(person(SIZE), target, TARGET, SIZE, mode)
    window = Window(60.0, 20.0, 50.0, 70.0)
    part = placement.part_of_target(window)
    in_window = (placement(target) - [window.left, window.top]) / [window.width, window.height]
    in_part = (target / [TARGET[1], TARGET[0]] - [part.left, part.top]) / [part.width, part.height]
    np.testing.assert_allclose(in_window, in_part, atol=1e-4)


def test_changed_limbs_are_no_part_of_the_target():
    placement = Placement(person(SIZE), person(TARGET), TARGET, SIZE, 'limbs')
    with pytest.raises(DataError, match='--retarget=limbs'):
        placement.part_of_target(Window.whole(SIZE))


def test_windows_of_a_sequence_have_one_size_and_follow_the_person():
    size = (400, 900)
    poses = [person((200, 150)) + np.float32([100 + 60 * step, 80]) for step in range(5)]
    poses[2][4] -= [0, 90]  # an arm goes up
    windows = windows_of_sequence(size, poses, default_person_frame((256, 176)))
    assert len({window.size for window in windows}) == 1
    middles = [window.left + window.width / 2 for window in windows]
    np.testing.assert_allclose(np.diff([middles[0], middles[1], middles[3], middles[4]]), [60, 120, 60], atol=1.5)
    for window, pose in zip(windows, poses):
        assert np.all(window.to_window(pose, (64, 64)) >= 0)
