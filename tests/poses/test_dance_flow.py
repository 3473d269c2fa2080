"""Joints are found again in the poses that networks see, and lead the flow."""

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.dance_flow import joints_flow, keypoints_of_maps
from posewarp_tf.poses.dance_maps import pose_maps
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17

SIZE = (64, 48)


def maps_of(places, order):
    joints = np.array([places.get(name, (0, 0)) for name in order], np.float64)
    return tf.constant(pose_maps(joints, order, SIZE)[np.newaxis])


def test_keypoints_are_read_from_heat_maps_by_name_and_missing_ones_are_missing():
    places = {'left_knee': (20.25, 40.5), 'right_shoulder': (30.0, 20.0), 'left_shoulder': (20.0, 24.0)}
    found = keypoints_of_maps(maps_of(places, COCO_17), COCO_17)[0].numpy()
    expected = {**places, 'neck': (25.0, 22.0)}
    for name, keypoint in zip(JOINT_NAMES, found):
        np.testing.assert_allclose(keypoint, expected.get(name, (-1, -1)), atol=1e-2, err_msg=name)
    found = keypoints_of_maps(maps_of({**places, 'neck': (26.0, 21.0)}, HUMAN36M_17), HUMAN36M_17)[0].numpy()
    np.testing.assert_allclose(found[JOINT_NAMES.index('neck')], (26, 21), atol=1e-2)


def test_a_limb_that_moved_leads_the_flow_from_the_target_to_the_reference():
    reference = {'left_knee': (20.0, 30.0), 'left_ankle': (20.0, 50.0)}
    target = {name: (x + 6, y - 4) for name, (x, y) in reference.items()}
    flow = joints_flow(maps_of(reference, COCO_17), maps_of(target, HUMAN36M_17))
    np.testing.assert_allclose(flow[0, 36, 26], (-6, 4), atol=0.05)
    nothing = joints_flow(maps_of({}, COCO_17), maps_of(target, HUMAN36M_17))
    np.testing.assert_array_equal(nothing, np.zeros((1, *SIZE, 2)))
