"""The layouts of PyTorch checkpoints, against convolutions written out as loops."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, from_pytorch, to_pytorch


def test_conv_kernel_is_that_of_the_pytorch_formula():
    rng = np.random.default_rng(0)
    image, kernel = rng.standard_normal((5, 6, 2)), rng.standard_normal((4, 2, 3, 2))
    expected = np.zeros((3, 5, 4))
    for y, x, out in np.ndindex(expected.shape):
        expected[y, x, out] = np.sum(image[y : y + 3, x : x + 2].transpose(2, 0, 1) * kernel[out])
    actual = tf.nn.conv2d(image[None], from_pytorch(kernel, 'conv'), 1, 'VALID')[0]
    np.testing.assert_allclose(actual, expected, rtol=1e-10)


def test_3d_kernel_is_that_of_the_pytorch_formula():
    rng = np.random.default_rng(4)
    frames, kernel = rng.standard_normal((4, 5, 6, 2)), rng.standard_normal((3, 2, 2, 3, 4))
    expected = np.zeros((3, 3, 3, 3))
    for t, y, x, out in np.ndindex(expected.shape):
        expected[t, y, x, out] = np.sum(frames[t : t + 2, y : y + 3, x : x + 4].transpose(3, 0, 1, 2) * kernel[out])
    actual = tf.nn.conv3d(frames[None], from_pytorch(kernel, 'conv_3d'), (1, 1, 1, 1, 1), 'VALID')[0]
    np.testing.assert_allclose(actual, expected, rtol=1e-10)


def test_transposed_kernel_spreads_an_input_without_a_flip():
    rng = np.random.default_rng(1)
    image, kernel = rng.standard_normal((3, 4, 2)), rng.standard_normal((2, 5, 3, 3))
    expected = np.zeros((7, 9, 5))
    for y, x, channel in np.ndindex(image.shape):
        spread = image[y, x, channel] * kernel[channel].transpose(1, 2, 0)
        expected[2 * y : 2 * y + 3, 2 * x : 2 * x + 3] += spread
    converted = from_pytorch(kernel, 'transposed_conv')
    actual = tf.nn.conv2d_transpose(image[None], converted, (1, 7, 9, 5), 2, 'VALID')[0]
    np.testing.assert_allclose(actual, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ('kind', 'shape'),
    [('conv', (4, 2, 3, 5)), ('conv_3d', (4, 2, 3, 5, 6)), ('transposed_conv', (4, 2, 3, 5)), ('vector', (7,))],
)
def test_to_pytorch_undoes_from_pytorch(kind, shape):
    array = np.random.default_rng(2).standard_normal(shape)
    np.testing.assert_array_equal(to_pytorch(from_pytorch(array, kind), kind), array)


def test_assignment_reaches_every_variable_in_its_own_layout():
    kernel, bias = tf.Variable(tf.zeros((3, 3, 2, 4))), tf.Variable(tf.zeros(4))
    weights = {'a.weight': np.random.default_rng(3).standard_normal((4, 2, 3, 3)), 'a.bias': np.arange(4.0)}
    assign_pytorch_weights([('a.weight', kernel, 'conv'), ('a.bias', bias, 'vector')], weights)
    np.testing.assert_allclose(kernel[1, 2, 0, 3], weights['a.weight'][3, 0, 1, 2], rtol=1e-6)
    np.testing.assert_array_equal(bias, np.arange(4.0))


@pytest.mark.parametrize(
    ('weights', 'message'),
    [
        ({'a.weight': np.ones((4, 2, 3, 3))}, '1 missing: a.bias'),
        ({'a.weight': np.ones((4, 2, 3, 3)), 'a.bias': np.ones(4), 'b.bias': np.ones(4)}, '1 unexpected: b.bias'),
        (
            {'a.weight': np.ones((4, 2, 1, 1)), 'a.bias': np.ones(4)},
            r'a.weight is \[4, 2, 1, 1\], expected \[4, 2, 3, 3\]',
        ),
        ({'a.weight': np.ones((4, 2, 3, 3)), 'a.bias': np.array([1, np.nan, 1, 1])}, '1 not finite: a.bias'),
        ({'a.weight': np.ones((4, 2, 3, 3)), 'a.bias': np.full(4, 1e300)}, '1 not finite: a.bias'),
    ],
)
def test_misfit_is_named_and_nothing_is_assigned(weights, message):
    kernel, bias = tf.Variable(tf.zeros((3, 3, 2, 4))), tf.Variable(tf.zeros(4))
    with pytest.raises(RunError, match=message):
        assign_pytorch_weights([('a.weight', kernel, 'conv'), ('a.bias', bias, 'vector')], weights)
    np.testing.assert_array_equal(kernel, np.zeros((3, 3, 2, 4)))
    np.testing.assert_array_equal(bias, np.zeros(4))


def test_every_misfit_is_listed_at_once():
    bias = tf.Variable(tf.zeros(4))
    weights = {'a': np.ones(5), **{f'left{i}': np.ones(1) for i in range(10)}}
    with pytest.raises(RunError) as error:
        assign_pytorch_weights([('a', bias, 'vector'), ('b', bias, 'vector')], weights)
    lines = str(error.value).splitlines()[1:]
    assert lines[0] == '  1 missing: b'
    assert lines[1].startswith('  10 unexpected: left0, left1') and lines[1].endswith('and 2 more')
    assert lines[2] == '  1 of another shape: a is [5], expected [4]'


def test_of_two_names_of_one_layer_the_last_counts():
    bias = tf.Variable(tf.zeros(2))
    weights = {'second': np.ones(2), 'first': np.zeros(2)}
    assign_pytorch_weights([('first', bias, 'vector'), ('second', bias, 'vector')], weights)
    np.testing.assert_array_equal(bias, np.ones(2))


def test_numbers_of_other_precisions_are_converted():
    bias = tf.Variable(tf.zeros(2))
    for dtype in (np.float16, np.float64, np.int64, tf.bfloat16.as_numpy_dtype):
        assign_pytorch_weights([('a', bias, 'vector')], {'a': np.array([3, -2]).astype(dtype)})
        np.testing.assert_array_equal(bias, [3, -2])
