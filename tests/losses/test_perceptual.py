"""Perceptual and style distances."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.perceptual import PERCEPTUAL_TAPS, STYLE_TAPS, gram_matrix, perceptual_distance, style_distance
from posewarp_tf.losses.reconstruction import l1
from posewarp_tf.losses.vgg import VGGFeatures
from tests.conftest import assert_agrees


def random_features(seed):
    """Small features for every tap."""
    rng = np.random.default_rng(seed)
    return {tap: rng.uniform(0, 1, (2, 2, 3, 4)) for tap in sorted({*PERCEPTUAL_TAPS, *STYLE_TAPS})}


@pytest.fixture
def features():
    return random_features(0), random_features(1)


def test_agrees_with_reference(golden, golden_vgg_path):
    numbers = golden('losses')
    taps = {*PERCEPTUAL_TAPS, *STYLE_TAPS}
    extract = VGGFeatures(taps, golden_vgg_path)
    truth, image = extract(numbers['source'], taps), tf.constant(numbers['target'])
    with tf.GradientTape() as tape:
        tape.watch(image)
        generated = extract(image, taps)
        content, style = perceptual_distance(generated, truth), style_distance(generated, truth)
        total = tf.reduce_mean(content + style)
    assert_agrees(tf.reduce_mean(content), numbers['content'])
    assert_agrees(tf.reduce_mean(style), numbers['style'])
    assert_agrees(tape.gradient(total, image), numbers['perceptual_grad'], 1e-3)


def test_gram_matrix_is_the_mean_product_of_channels_over_channels():
    features = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    expected = np.zeros((2, 5, 5))
    for example, i, j in np.ndindex(2, 5, 5):
        expected[example, i, j] = np.sum(features[example, ..., i] * features[example, ..., j]) / (3 * 4 * 5)
    np.testing.assert_allclose(gram_matrix(features), expected, rtol=1e-10)


def test_style_ignores_where_things_are_and_content_does_not(features):
    original, _ = features
    moved = {tap: np.roll(value, 1, axis=2) for tap, value in original.items()}
    np.testing.assert_allclose(style_distance(original, moved), [0, 0], atol=1e-12)
    assert np.all(perceptual_distance(original, moved) > 0.1)


def test_distances_are_sums_over_taps_of_means_per_example(features):
    a, b = features
    content = sum(np.abs(a[tap] - b[tap]).mean(axis=(1, 2, 3)) for tap in PERCEPTUAL_TAPS)
    np.testing.assert_allclose(perceptual_distance(a, b), content, rtol=1e-10)
    flat = {tap: (a[tap].reshape(2, 6, -1), b[tap].reshape(2, 6, -1)) for tap in STYLE_TAPS}
    style = sum(
        np.abs(np.einsum('bni,bnj->bij', x, x) - np.einsum('bni,bnj->bij', y, y)).mean(axis=(1, 2)) / x[0].size
        for x, y in flat.values()
    )
    np.testing.assert_allclose(style_distance(a, b), style, rtol=1e-10)


def test_l1_is_the_mean_absolute_difference_of_each_example():
    a, b = np.random.default_rng(2).uniform(-1, 1, (2, 3, 4, 5, 3))
    np.testing.assert_allclose(l1(a, b), np.abs(a - b).mean(axis=(1, 2, 3)), rtol=1e-12)


def test_gradients(check_gradient, features):
    a, b = ({tap: value[:1, :, :2, :3] for tap, value in maps.items()} for maps in features)
    names = sorted(a)

    def total(*values):
        generated = dict(zip(names, values))
        return perceptual_distance(generated, b) + 100 * style_distance(generated, b)

    check_gradient(total, *(a[name] for name in names))
    check_gradient(lambda x: l1(x, b['relu1_1']), a['relu1_1'])
