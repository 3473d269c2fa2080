"""Sampling correctness on known motions and against the reference numbers."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.sampling_correctness import best_cosine, resize_nearest, sampling_correctness
from posewarp_tf.losses.vgg import VGGFeatures
from tests.conftest import assert_agrees

TAPS = ('relu4_1', 'relu3_1')


@pytest.fixture(scope='module')
def reference(golden, golden_vgg_path):
    """The reference numbers with the features of both images."""
    numbers = golden('losses')
    extract = VGGFeatures(TAPS, golden_vgg_path)
    return numbers, extract(numbers['source'], TAPS), extract(numbers['target'], TAPS)


def smooth_features(height, width, channels=6, seed=0):
    noise = np.random.default_rng(seed).uniform(0, 1, (1, height // 4, width // 4, channels))
    return tf.image.resize(noise, (height, width), method='bicubic').numpy().astype(np.float64)


def constant_flow(dx, dy, height, width):
    return np.tile(np.array([dx, dy], np.float64), (1, height, width, 1))


def test_agrees_with_reference(reference):
    numbers, source, target = reference
    flows = [tf.constant(numbers['c_flow0']), tf.constant(numbers['c_flow1'])]
    with tf.GradientTape() as tape:
        tape.watch(flows)
        terms = [sampling_correctness(flow, source[tap], target[tap]) for flow, tap in zip(flows, TAPS)]
        value = tf.reduce_mean(tf.add_n(terms))
    assert_agrees(value, numbers['correctness'])
    for i, gradient in enumerate(tape.gradient(value, flows)):
        assert_agrees(gradient, numbers[f'correctness_grad_flow{i}'], 1e-3)


def test_masked_value_is_the_reference_when_examples_are_weighted_by_their_foreground(reference):
    """The published average runs over the foreground pixels of the whole batch."""
    numbers, source, target = reference
    mask, total = numbers['mask'], 0.0
    for flow, tap in ((numbers['c_flow0'], TAPS[0]), (numbers['c_flow1'], TAPS[1])):
        values = sampling_correctness(flow, source[tap], target[tap], mask)
        step = mask.shape[1] // flow.shape[1]
        foreground = mask[:, ::step, ::step].sum(axis=(1, 2, 3))
        total += np.sum(values * foreground) / np.sum(foreground)
    assert_agrees(total, numbers['correctness_masked'])


def test_masked_value_of_an_example_does_not_depend_on_its_batch(reference):
    numbers, source, target = reference
    flow, tap = numbers['c_flow1'], 'relu3_1'
    together = sampling_correctness(flow, source[tap], target[tap], numbers['mask'])
    for i in range(2):
        one = slice(i, i + 1)
        alone = sampling_correctness(flow[one], source[tap][one], target[tap][one], numbers['mask'][one])
        np.testing.assert_allclose(alone, together[one], rtol=1e-5)


def test_empty_mask_costs_nothing():
    features = smooth_features(8, 8)
    value = sampling_correctness(constant_flow(1, 0, 8, 8), features, features[:, ::-1], np.zeros((1, 8, 8, 1)))
    np.testing.assert_array_equal(value, [0])


def test_equal_features_everywhere_cost_nothing_under_any_flow():
    features = np.tile([0.2, 1.0, 3.0], (1, 6, 8, 1))
    flow = np.random.default_rng(0).normal(0, 4, (1, 6, 8, 2))
    np.testing.assert_allclose(sampling_correctness(flow, features, features), [0], atol=1e-8)


def test_orthogonal_features_cost_one_minus_a_third():
    """Nothing in the source looks like the target: exp(-0) - exp(-1)."""
    source, target = np.zeros((1, 4, 4, 2)), np.zeros((1, 4, 4, 2))
    source[..., 0], target[..., 1] = 1.0, 2.0
    np.testing.assert_allclose(
        sampling_correctness(constant_flow(0, 0, 4, 4), source, target), [1 - np.exp(-1)], rtol=1e-7
    )


def test_right_flow_costs_least_and_swapping_x_and_y_is_wrong():
    source = smooth_features(24, 32)
    target = np.zeros_like(source)
    target[:, :-2, :-6] = source[:, 2:, 6:]
    mask = np.zeros((1, 24, 32, 1))
    mask[:, 2:-4, 2:-8] = 1

    def cost(dx, dy):
        return float(sampling_correctness(constant_flow(dx, dy, 24, 32), source, target, mask)[0])

    right = cost(6, 2)
    for wrong in [(2, 6), (0, 0), (-6, -2), (6, -2), (-6, 2)]:
        assert right < 0.5 * cost(*wrong), wrong


def test_best_cosine_is_the_maximum_over_all_source_pixels():
    rng = np.random.default_rng(1)
    source, target = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 4, 5))
    expected = np.full((2, 12), -np.inf)
    for example, y, x, v, u in np.ndindex(2, 3, 4, 3, 4):
        a, b = target[example, y, x], source[example, v, u]
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        expected[example, 4 * y + x] = max(expected[example, 4 * y + x], cosine)
    np.testing.assert_allclose(best_cosine(source, target), expected, rtol=1e-9)


def test_flow_of_another_size_is_refused():
    features = smooth_features(8, 8), smooth_features(8, 8, seed=1)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        sampling_correctness(constant_flow(1, 0, 4, 4), *features)


def test_nearest_takes_the_first_pixel_when_it_shrinks():
    image = np.arange(48.0).reshape(1, 6, 8, 1)
    np.testing.assert_array_equal(resize_nearest(image, 3, 2), image[:, ::2, ::4])


def test_gradient(check_gradient):
    source, target = np.random.default_rng(2).uniform(0, 1, (2, 1, 3, 4, 5))
    mask = np.random.default_rng(3).integers(0, 2, (1, 3, 4, 1))
    flow = np.random.default_rng(4).normal(0, 2, (1, 3, 4, 2))
    check_gradient(lambda flow: sampling_correctness(flow, source, target), flow)
    check_gradient(lambda flow: sampling_correctness(flow, source, target, mask), flow)


def test_features_that_are_zero_give_finite_gradients():
    flow = tf.constant(constant_flow(0.5, 0.5, 4, 4), tf.float32)
    source = np.zeros((1, 4, 4, 3), np.float32)
    source[:, :2] = 1.0
    with tf.GradientTape() as tape:
        tape.watch(flow)
        value = sampling_correctness(flow, source, source[:, ::-1])
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(tape.gradient(value, flow)))
