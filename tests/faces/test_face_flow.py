"""The flow that the curves of a face tell, where what moves is known."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.faces.face_flow import curves_flow
from posewarp_tf.faces.face_maps import make_face_maps, to_pose
from posewarp_tf.faces.landmarks import INNER_LIPS, OUTER_LIPS
from posewarp_tf.synthetic.talking.videos import FaceSettings, talking_frames

SIZE = (96, 96)


@pytest.fixture(scope='module')
def frame():
    return next(talking_frames(FaceSettings(2, SIZE), 'train', 0))


def pose_of(frame, landmarks):
    maps = make_face_maps(landmarks, frame.image, SIZE, use_background_edges=False)
    return tf.constant(to_pose(maps[np.newaxis].astype(np.float32)))


def flow_at(flow, points):
    x, y = np.rint(points).astype(int).T
    return flow.numpy()[0, y, x]


def test_a_face_that_moved_as_a_whole_is_led_back_and_what_is_far_from_it_stays(frame):
    moved = frame.landmarks + [5, -3]
    flow = curves_flow(pose_of(frame, frame.landmarks), pose_of(frame, moved))
    np.testing.assert_allclose(flow_at(flow, moved[17:]), np.tile([-5.0, 3.0], (51, 1)), atol=0.5)
    assert np.abs(flow_at(flow, np.array([[0, 0], [95, 0]]))).max() < 1.5


def test_a_larger_face_is_led_to_its_own_place(frame):
    middle = frame.landmarks.mean(axis=0)
    larger = middle + 1.2 * (frame.landmarks - middle)
    flow = curves_flow(pose_of(frame, frame.landmarks), pose_of(frame, larger))
    wrong = np.linalg.norm(flow_at(flow, larger) - (frame.landmarks - larger), axis=1)
    assert wrong[17:].mean() < 0.35 * np.linalg.norm(frame.landmarks - larger, axis=1)[17:].mean()


def test_only_what_is_near_lips_that_move_follows_them(frame):
    lips = list(OUTER_LIPS + INNER_LIPS)
    moved = frame.landmarks.copy()
    moved[lips] += [0, 4]
    flow = curves_flow(pose_of(frame, frame.landmarks), pose_of(frame, moved))
    np.testing.assert_allclose(flow_at(flow, moved[lips]).mean(axis=0), [0, -4], atol=1)
    assert np.abs(flow_at(flow, moved[36:48])).max() < 0.3


def test_there_is_no_flow_without_a_face(frame):
    pose = pose_of(frame, frame.landmarks)
    nobody = tf.concat([tf.zeros_like(pose[..., :1]), tf.ones_like(pose[..., 1:15]), tf.zeros_like(pose[..., :1])], -1)
    for poses in ((pose, nobody), (nobody, pose)):
        np.testing.assert_array_equal(curves_flow(*poses), 0)
