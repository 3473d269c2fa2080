"""Distances of warped pictures against plain formulas."""

import numpy as np
import tensorflow as tf
from skimage.metrics import structural_similarity

from posewarp_tf.losses.appearance import charbonnier, feature_dissimilarity, structural_dissimilarity


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def test_charbonnier_is_the_absolute_difference_rounded_off_at_zero():
    image, target = pictures(2, 3, 4, 3), pictures(2, 3, 4, 3, seed=1)
    expected = np.sqrt((image - target) ** 2 + 1e-6).mean(axis=-1)
    np.testing.assert_allclose(charbonnier(image, target), expected, rtol=1e-9)
    np.testing.assert_allclose(charbonnier(image, image), np.full((2, 3, 4), 1e-3), rtol=1e-6)


def test_structural_dissimilarity_agrees_with_scikit_image():
    image = pictures(1, 9, 10, 3)
    target = np.clip(image + 0.3 * pictures(1, 9, 10, 3, seed=1), -1, 1)
    similarity = structural_similarity(
        (image[0] + 1) / 2, (target[0] + 1) / 2, win_size=3, channel_axis=-1, data_range=1, full=True,
        use_sample_covariance=False,
    )[1].mean(axis=-1)  # fmt: skip
    actual = structural_dissimilarity(tf.constant(image), tf.constant(target))
    np.testing.assert_allclose(actual[0, 1:-1, 1:-1], (1 - similarity[1:-1, 1:-1]) / 2, rtol=1e-6)


def test_structural_dissimilarity_is_zero_for_equal_pictures_and_up_to_one_for_opposite_ones():
    image = tf.constant(pictures(2, 8, 8, 3))
    assert np.abs(structural_dissimilarity(image, image)).max() < 1e-9
    stripes = tf.constant(np.tile([[-1.0], [1.0]], (4, 8))[None, ..., None])
    assert np.min(structural_dissimilarity(stripes, -stripes)[:, 1:-1]) > 0.85


def test_feature_dissimilarity_is_one_less_the_cosine():
    features = np.array([[[[3.0, 0.0], [1.0, 1.0], [0.0, 2.0]]]])
    target = np.array([[[[5.0, 0.0], [1.0, -1.0], [0.0, -7.0]]]])
    np.testing.assert_allclose(feature_dissimilarity(features, target), [[[0, 1, 2]]], atol=1e-9)


def test_gradients(check_gradient):
    image, target = pictures(1, 4, 5, 2), tf.constant(pictures(1, 4, 5, 2, seed=1))
    for distance in (charbonnier, structural_dissimilarity, feature_dissimilarity):
        check_gradient(lambda image, distance=distance: distance(image, target), image, tolerance=1e-5)
