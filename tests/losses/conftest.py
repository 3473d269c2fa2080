"""What the tests of the losses share."""

import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(scope='session')
def golden_vgg_path(golden, tmp_path_factory):
    """The VGG-19 of the reference numbers, as a file in torchvision's order."""
    path = tmp_path_factory.mktemp('vgg') / 'vgg19.npz'
    np.savez(path, **golden('losses').seeded_weights('vgg_shapes', 'vgg_seed'))
    return str(path)


@pytest.fixture(scope='session')
def check_gradient():
    """`check_gradient(function, *arrays)`: TensorFlow's gradients against central differences in float64.

    `function` maps float64 tensors to a tensor; its sum is differentiated with respect to every array.
    """

    def check(function, *arrays, step=1e-6, tolerance=1e-6):
        tensors = [tf.constant(array, tf.float64) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            total = tf.reduce_sum(function(*tensors))
        for position, gradient in enumerate(tape.gradient(total, tensors)):
            expected = np.zeros(arrays[position].shape)
            for index in np.ndindex(expected.shape):
                values = []
                for sign in (1, -1):
                    moved = [np.array(array, np.float64) for array in arrays]
                    moved[position][index] += sign * step
                    values.append(np.sum(function(*map(tf.constant, moved))))
                expected[index] = (values[0] - values[1]) / (2 * step)
            np.testing.assert_allclose(gradient, expected, atol=tolerance * np.abs(expected).max())
            assert np.abs(expected).max() > 0

    return check
