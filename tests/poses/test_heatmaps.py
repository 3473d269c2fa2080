"""Heatmaps agree with the formula written out as loops."""

import math

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.poses.heatmaps import make_heatmaps


def _by_loops(keypoints, size, sigma):
    maps = np.zeros((len(keypoints), *size, keypoints.shape[1]), np.float32)
    for b, joints in enumerate(keypoints):
        for j, (x, y) in enumerate(joints):
            if x < 0 or y < 0:
                continue
            for row in range(size[0]):
                for column in range(size[1]):
                    distance = (column - int(x)) ** 2 + (row - int(y)) ** 2
                    maps[b, row, column, j] = math.exp(-distance / (2 * sigma**2))
    return maps


@pytest.mark.parametrize('sigma', [6.0, 1.5])
def test_heatmaps_are_gaussians_around_truncated_joints(sigma):
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0, [20, 32], (2, 18, 2)).astype(np.float32)
    keypoints[0, 3] = keypoints[1, 17] = -1
    maps = make_heatmaps(tf.constant(keypoints), (32, 20), sigma)
    assert maps.dtype == tf.float32
    np.testing.assert_allclose(maps, _by_loops(keypoints, (32, 20), sigma), atol=1e-6)


def test_peak_lies_at_row_y_and_column_x():
    maps = make_heatmaps(tf.constant([[[5.9, 20.9]]]), (32, 16)).numpy()
    assert np.unravel_index(np.argmax(maps[0, ..., 0]), (32, 16)) == (20, 5)
    assert maps.max() == 1.0


def test_missing_joint_is_all_zero():
    maps = make_heatmaps(tf.constant([[[-1.0, -1.0], [0.0, 0.0]]]), (32, 16)).numpy()
    assert not maps[..., 0].any()
    assert maps[0, 0, 0, 1] == 1.0


def test_heatmaps_convert_to_tflite_builtins():
    function = tf.function(
        lambda keypoints: make_heatmaps(keypoints, (32, 16)), input_signature=[tf.TensorSpec([1, 18, 2], tf.float32)]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    keypoints = np.random.default_rng(0).uniform(0, 16, (1, 18, 2)).astype(np.float32)
    keypoints[0, 2] = -1
    interpreter.set_tensor(interpreter.get_input_details()[0]['index'], keypoints)
    interpreter.invoke()
    result = interpreter.get_tensor(interpreter.get_output_details()[0]['index'])
    np.testing.assert_allclose(result, make_heatmaps(tf.constant(keypoints), (32, 16)), atol=1e-6)
