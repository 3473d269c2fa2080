"""What networks that animate persons see of a pose agrees with the published data code, to the pixel."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.dance_joints import coco_joints
from posewarp_tf.poses.dance_maps import (
    LIMBS_OF,
    Move,
    heat_maps,
    move_joints,
    move_picture,
    pose_maps,
    resize_joints,
    skeleton_picture,
)
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, to_skeletons

SIZE = (256, 256)


def move_of(row):
    affine = row['affine']
    return Move(affine['angle'], tuple(affine['shift']), affine['scale'])


@pytest.fixture(scope='module')
def reference(golden):
    return golden('dance_maps')


@pytest.mark.parametrize('number', range(4))
def test_maps_of_both_orders_are_those_of_the_published_code(reference, number):
    row, joints = reference.meta['rows'][number], reference[f'keypoints{number}'][:, :2]
    order = HUMAN36M_17 if row['kind'] == 'human36m' else COCO_17
    if order is COCO_17:
        joints = coco_joints(joints)
    joints = resize_joints(joints, (row['height'], row['width']), SIZE)
    if row['affine']:
        joints = move_joints(joints, move_of(row), SIZE)
    np.testing.assert_allclose(to_skeletons(joints, SIZE), reference[f'normalised{number}'], atol=1e-6)
    maps = pose_maps(joints, order, SIZE)
    np.testing.assert_allclose(maps[4::8, 4::8, :17], reference[f'heat{number}'], atol=1e-6, rtol=0)
    np.testing.assert_array_equal(maps[..., 17:], reference[f'skeleton{number}'])


def test_moved_pictures_are_those_of_the_published_code(reference):
    move = move_of(reference.meta['rows'][3])
    for outside, name in ((255, 'white'), (0, 'black')):
        moved = move_picture(reference['picture'], move, outside)
        np.testing.assert_array_equal(moved, reference[f'picture_{name}'])
        np.testing.assert_array_equal(move_picture(reference['picture'][..., 1], move, outside), moved[..., 1])


def test_a_move_takes_a_picture_and_its_joints_to_the_same_place():
    picture = np.zeros((96, 64), np.uint8)
    picture[60:63, 20:23] = 255
    move = Move(angle=30.0, shift=(7.0, -4.0), scale=1.1)
    rows, columns = np.nonzero(move_picture(picture, move, outside=0))
    # Pillow's pixels have their centres half a pixel further on, as the centre of the move has it.
    joint = move_joints(np.array([[21.5, 61.5]]), move, (96, 64))[0]
    assert abs(columns.mean() + 0.5 - joint[0]) < 1.0
    assert abs(rows.mean() + 0.5 - joint[1]) < 1.0
    assert joint[0] != joint[1]


def test_a_heat_map_has_its_peak_at_the_joint_and_the_published_width_in_proportion_to_the_height():
    joints = np.zeros((17, 2))
    joints[5] = 40.0, 10.0
    for size, sigma in (((256, 192), 6.0), ((64, 48), 1.5)):
        maps = heat_maps(joints, size)
        assert maps.dtype == np.float32
        assert maps[10, 40, 5] == 1.0
        np.testing.assert_allclose(maps[10, 43, 5], np.exp(-(3.0**2) / (2 * sigma**2)), rtol=1e-6)
        assert not np.any(np.delete(maps, 5, axis=-1))


def test_a_joint_with_a_zero_is_missing_and_neither_scaled_moved_nor_drawn():
    joints = np.full((17, 2), 30.0)
    joints[3], joints[4] = (0.0, 93.25), (12.5, 0.0)
    resized = resize_joints(joints, (32, 64), (64, 64))
    np.testing.assert_array_equal(resized[[0, 3, 4]], [[30.0, 60.0], [0.0, 93.25], [12.5, 0.0]])
    moved = move_joints(resized, Move(shift=(5.0, 5.0)), (64, 64))
    np.testing.assert_array_equal(moved[[0, 3, 4]], [[35.0, 65.0], [0.0, 93.25], [12.5, 0.0]])
    assert not heat_maps(resized, (64, 64))[..., 3:5].any()
    nobody = pose_maps(np.zeros((17, 2)), COCO_17, (64, 64))
    assert not nobody.any()
    # Drawn is what is left after truncation.
    assert not skeleton_picture(np.full((17, 2), 0.9), COCO_17, (64, 64)).any()


def test_limbs_connect_each_order_s_own_neighbours():
    named = {order: {(order[a], order[b]) for a, b in limbs} for order, limbs in LIMBS_OF.items()}
    assert {('hip', 'right_hip'), ('neck', 'nose'), ('left_elbow', 'left_wrist')} <= named[HUMAN36M_17]
    assert {('nose', 'left_eye'), ('left_hip', 'right_hip'), ('right_shoulder', 'right_hip')} <= named[COCO_17]
    assert [len(limbs) for limbs in named.values()] == [16, 16]


def test_found_joints_of_openpose_are_reordered_by_name():
    keypoints = np.arange(36, dtype=np.float64).reshape(18, 2)
    joints = coco_joints(keypoints)
    for number, name in enumerate(COCO_17):
        np.testing.assert_array_equal(joints[number], keypoints[JOINT_NAMES.index(name)])
