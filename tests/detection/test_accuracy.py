"""Scores of found joints against known ones, computed by hand."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.detection.accuracy import scores, table, torso

NECK, RIGHT_HIP, LEFT_HIP, WRIST = map(JOINT_NAMES.index, ('neck', 'right_hip', 'left_hip', 'left_wrist'))


def pose(length=50.0):
    """The neck at (30, 20), hips `length` below it; everything else at (30, 30)."""
    keypoints = np.full([18, 2], 30.0, np.float32)
    keypoints[NECK] = 30, 20
    keypoints[RIGHT_HIP], keypoints[LEFT_HIP] = (26, 20 + length), (34, 20 + length)
    return keypoints


def moved(joint, dx, dy):
    keypoints = pose()
    keypoints[joint] += dx, dy
    return keypoints


def test_torso_is_from_the_neck_to_the_middle_of_the_hips():
    assert torso(pose(70.0)) == 70
    without = pose()
    without[LEFT_HIP] = -1
    assert torso(without) is None


def test_pck_counts_joints_within_a_fifth_of_a_torso():
    # 9.9 and 10.1 pixels of a torso of 50; the third is not found at all.
    missed = pose()
    missed[WRIST] = -1
    score = scores([pose()] * 3, [moved(WRIST, 0, 9.9), moved(WRIST, 10.1, 0), missed])['wrists']
    assert (score.num_joints, score.found) == (6, pytest.approx(5 / 6))
    assert score.pck == pytest.approx(4 / 6)
    assert score.pixels == pytest.approx((9.9 + 10.1) / 5) and score.error == pytest.approx(score.pixels / 50)


def test_joints_that_the_truth_lacks_do_not_count():
    truth = pose()
    truth[WRIST] = -1
    groups = scores([truth], [pose()])
    assert groups['wrists'].num_joints == 1 and groups['all'].num_joints == 17
    assert groups['all'].pck == 1 and groups['all'].error == 0


def test_nobody_found_is_all_wrong_and_has_no_error():
    groups = scores([pose()], [np.full([18, 2], -1.0)])
    assert groups['all'][:3] == (18, 0, 0)
    assert table(groups)[-1] == ['all', 18, 0.0, 0.0, None, None]


def test_pictures_without_a_torso_are_left_out():
    truth = pose()
    truth[NECK] = -1
    assert scores([truth], [pose()]) == {}
    assert scores([truth, pose()], [pose(), pose()])['neck'].num_joints == 1
