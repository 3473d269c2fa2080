"""The person in a true picture, from part maps or from the pose."""

import numpy as np

from posewarp_tf.conventions import LIMBS
from posewarp_tf.metrics.foreground import body_mask, foreground_mask


def _standing(height, width):
    """Joints of a person seen from the front, in pixels."""
    relative = np.array(
        [[.5, .12], [.5, .2], [.38, .2], [.33, .35], [.3, .5], [.62, .2], [.67, .35], [.7, .5], [.42, .5],
         [.42, .7], [.42, .9], [.58, .5], [.58, .7], [.58, .9], [.48, .1], [.52, .1], [.45, .11], [.55, .11]]
    )  # fmt: skip
    return relative * [width, height]


def _only(joints):
    keypoints = np.full((18, 2), -1.0)
    for joint, point in joints.items():
        keypoints[joint] = point
    return keypoints


def test_part_map_is_the_foreground_where_there_is_one():
    parts = np.zeros((2, 32, 32), np.uint8)
    parts[1, 4:8, 5:9] = 3
    batch = {'target_parts': parts, 'target_keypoints': np.zeros((2, 18, 2))}
    assert not foreground_mask(batch, 0).any()
    assert np.array_equal(foreground_mask(batch, 1), parts[1] == 3)


def test_without_part_maps_it_is_the_body_around_the_target_pose():
    batch = {'target_keypoints': _standing(128, 64)[None], 'target_image': np.zeros((1, 128, 64, 3))}
    mask = foreground_mask(batch, 0)
    assert np.array_equal(mask, body_mask(_standing(128, 64), (128, 64)))
    assert 0.1 < mask.mean() < 0.5


def test_one_joint_is_a_disc_of_radius_4():
    y, x = np.mgrid[:128, :64]
    expected = np.hypot(x - 30, y - 50) <= 4
    mask = body_mask(_only({0: (30, 50)}), (128, 64))
    assert mask[expected].all()
    # Closing with a square fills the steps of a digital disc and no more than that.
    assert not mask[np.hypot(x - 30, y - 50) > 5.7].any()


def test_a_limb_covers_the_line_between_its_joints():
    start, end = LIMBS[2]
    mask = body_mask(_only({start: (10, 20), end: (50, 20)}), (128, 64))
    assert mask[16:25, 10:51].all()
    assert not mask[:14].any()
    assert not mask[27:].any()


def test_the_torso_is_closed():
    mask = body_mask(_standing(128, 64), (128, 64))
    shoulders_to_hips = mask[int(0.2 * 128) : int(0.5 * 128), 27:37]
    assert shoulders_to_hips.mean() > 0.9


def test_the_body_grows_with_the_picture():
    small = body_mask(_standing(128, 64), (128, 64)).mean()
    large = body_mask(_standing(512, 256), (512, 256)).mean()
    assert abs(large - small) < 0.1 * small


def test_missing_joints_leave_nothing():
    assert not body_mask(np.full((18, 2), -1.0), (128, 64)).any()
