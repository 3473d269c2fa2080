"""Losses over maps of classes against plain loops."""

import numpy as np
import tensorflow as tf

from posewarp_tf.losses.labels import class_balanced_cross_entropy, label_disagreement


def test_disagreement_is_the_share_that_is_not_of_the_right_class():
    warped = np.array([[[[0.25, 0.75, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]])
    target = np.array([[[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]]])
    np.testing.assert_allclose(label_disagreement(warped, target), [[[0.25, 1, 0]]])


def test_cross_entropy_agrees_with_a_loop_over_pixels():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (2, 4, 5, 6))
    labels = rng.choice(4, (2, 4, 5), p=[0.6, 0.2, 0.1, 0.1])
    expected = []
    for example in range(2):
        total, weights = 0.0, 0.0
        for row, column in np.ndindex(4, 5):
            values = np.exp(logits[example, row, column])
            label = labels[example, row, column]
            weight = 1 / np.sqrt(np.sum(labels[example] == label))
            total -= weight * np.log(values[label] / values.sum())
            weights += weight
        expected.append(total / weights)
    np.testing.assert_allclose(class_balanced_cross_entropy(tf.constant(logits), labels), expected, rtol=1e-9)


def test_a_rare_class_counts_more_than_its_share_but_less_than_a_common_one():
    """1 pixel of 100 wrong: plain cross entropy gives it 1%, all classes alike would give it 50%."""
    labels = np.zeros((1, 10, 10), int)
    labels[0, 0, 0] = 1
    logits = np.zeros((1, 10, 10, 2))
    logits[..., 0] = 100
    loss = float(class_balanced_cross_entropy(tf.constant(logits), labels)[0]) / 100
    np.testing.assert_allclose(loss, 1 / (1 + np.sqrt(99)), rtol=1e-6)


def test_the_right_map_costs_nothing():
    labels = np.random.default_rng(1).integers(0, 16, (1, 8, 8))
    assert class_balanced_cross_entropy(50.0 * tf.one_hot(labels, 16), labels)[0] < 1e-6


def test_gradient(check_gradient):
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, (1, 3, 4))
    check_gradient(lambda logits: class_balanced_cross_entropy(logits, labels), rng.normal(0, 1, (1, 3, 4, 5)))
