"""Motion by the joints alone: similarities and mirrors of a whole body are known exactly, limbs move on their own."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.poses.limb_motion import GROUPS, layer_flows, limb_flow

SIZE = (64, 48)
POSE = np.array(
    [
        (24, 8), (24, 14), (18, 15), (15, 23), (13, 30), (30, 15), (33, 23), (35, 30), (20, 31),
        (19, 43), (19, 55), (28, 31), (29, 43), (29, 55), (23, 7), (25, 7), (21, 8), (27, 8),
    ],
    np.float32,
)  # fmt: skip
PIXELS = np.stack(np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0])), axis=-1).astype(np.float32)


def flow_of(source, target, size=SIZE):
    return limb_flow(tf.constant(source[None]), tf.constant(target[None]), size)[0].numpy()


def turned(points, degrees, scale, shift):
    angle = np.radians(degrees)
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    return (points @ matrix.T + np.array(shift)).astype(np.float32)


@pytest.mark.parametrize(
    ('degrees', 'scale', 'shift'), [(0, 1, (0, 0)), (0, 1, (5, -3)), (30, 0.8, (20, 5)), (-90, 1.3, (4, 60))]
)
def test_a_similarity_of_the_whole_body_is_found_exactly(degrees, scale, shift):
    expected = turned(PIXELS, degrees, scale, shift) - PIXELS
    source = turned(POSE, degrees, scale, shift)
    offset = np.maximum(0, 1 - source.min(axis=0))  # a joint with a negative coordinate is a missing one
    found = flow_of(source + offset, POSE)
    np.testing.assert_allclose(found, expected + offset, atol=2e-3 * np.abs(expected).max() + 1e-3)
    layers = layer_flows(tf.constant((source + offset)[None]), tf.constant(POSE[None]), SIZE)[0].numpy()
    assert layers.shape == (*SIZE, len(GROUPS), 2)
    for layer in range(len(GROUPS)):
        np.testing.assert_allclose(layers[:, :, layer], expected + offset, atol=2e-3 * np.abs(expected).max() + 1e-3)


def test_one_arm_moves_and_the_rest_stays():
    raised = POSE.copy()
    elbow, wrist = JOINT_NAMES.index('right_elbow'), JOINT_NAMES.index('right_wrist')
    raised[elbow], raised[wrist] = (10, 10), (7, 3)
    layers = layer_flows(tf.constant(POSE[None]), tf.constant(raised[None]), SIZE)[0].numpy()
    arm, leg = (layers[:, :, GROUPS.index(group)] for group in ('right_arm', 'left_leg'))
    np.testing.assert_allclose(leg[30:], 0, atol=1.0)  # far from the leg its layer follows what is near
    x, y = np.rint(raised[wrist]).astype(int)
    np.testing.assert_allclose(arm[y, x], POSE[wrist] - raised[wrist], atol=2.5)


def test_a_person_seen_from_behind_is_mirrored():
    """The trunk of a back view shows the right shoulder on the right."""
    behind = POSE * [-1, 1] + [48, 0]
    found = flow_of(POSE, behind.astype(np.float32))
    middle = found[22, 24]
    beside = found[22, 29]
    assert abs(middle[0]) < 1.5 and beside[0] < -6, (middle, beside)


def test_missing_joints_leave_their_limb_to_its_neighbours():
    source, target = POSE + np.float32(4), POSE.copy()
    for joint in (3, 4, 9, 10, 13):
        target[joint] = -1
    np.testing.assert_allclose(flow_of(source, target), 4.0, atol=1e-2)


def test_nothing_known_is_no_motion():
    missing = np.full_like(POSE, -1)
    assert np.all(flow_of(POSE, missing) == 0) and np.all(flow_of(missing, missing) == 0)


def test_one_joint_is_finite():
    alone = np.full_like(POSE, -1)
    alone[0] = 20
    assert np.isfinite(flow_of(alone, alone)).all()


def test_compiled_by_xla_it_is_the_same():
    target = turned(POSE, 10, 1.1, (3, 1))
    compiled = tf.function(lambda a, b: layer_flows(a, b, SIZE), jit_compile=True)
    source, target = tf.constant(POSE[None]), tf.constant(target[None])
    np.testing.assert_allclose(compiled(source, target), layer_flows(source, target, SIZE), atol=2e-3)
