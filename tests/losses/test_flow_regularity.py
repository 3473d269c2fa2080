"""Smoothness and forward-backward consistency of flows, in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.flow_regularity import (
    SMALLEST_WEIGHT,
    consistency_weight,
    label_edges,
    picture_edges,
    second_order_smoothness,
)

HEIGHT, WIDTH = 7, 9


def affine_flow():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([0.3 * x - 1.2 * y + 5, 0.7 * x + 0.1 * y - 2], axis=-1)[None]


def no_edges():
    return tf.ones((1, HEIGHT, WIDTH - 2), tf.float64), tf.ones((1, HEIGHT - 2, WIDTH), tf.float64)


def test_an_affine_flow_is_smooth():
    assert second_order_smoothness(affine_flow(), *no_edges())[0] < 1e-12


@pytest.mark.parametrize('component', [0, 1])
@pytest.mark.parametrize('axis', [0, 1])
def test_a_parabola_costs_its_curvature(component, axis):
    """c (x - 4)^2 has the second difference 2 c at every pixel, in x only."""
    flow = affine_flow()
    flow[0, ..., component] += 0.25 * (np.mgrid[:HEIGHT, :WIDTH][axis] - 4) ** 2
    np.testing.assert_allclose(second_order_smoothness(flow, *no_edges()), [0.5], rtol=1e-9)
    halved = [weights * (1 if index == axis else 0.5) for index, weights in enumerate(reversed(no_edges()))]
    np.testing.assert_allclose(second_order_smoothness(flow, *reversed(halved)), [0.5], rtol=1e-9)


def test_the_flow_may_break_where_the_label_changes_and_nowhere_else():
    """The flow jumps between columns 4 and 5; so do the labels, or they do one column later."""
    flow = affine_flow()
    flow[:, :, 5:] += 3
    for column, free in ((5, True), (6, False)):
        labels = np.zeros((1, HEIGHT, WIDTH), int)
        labels[:, :, column:] = 2
        weights = [tf.cast(weight, tf.float64) for weight in label_edges(tf.constant(labels))]
        cost = float(second_order_smoothness(flow, *weights)[0])
        assert (cost < 1e-12) == free
    turned, labels = flow.transpose(0, 2, 1, 3), np.zeros((1, WIDTH, HEIGHT), int)
    labels[:, 5:] = 1
    weights = [tf.cast(weight, tf.float64) for weight in label_edges(tf.constant(labels))]
    assert second_order_smoothness(turned, *weights)[0] < 1e-12


def test_edges_of_a_picture_are_where_its_colours_change():
    image = np.zeros((1, 4, 6, 3))
    image[:, :, 3:] = 0.5
    weight_x, weight_y = picture_edges(tf.constant(image))
    np.testing.assert_allclose(weight_x[0, 0], [1, np.exp(-5), np.exp(-5), 1])
    np.testing.assert_array_equal(weight_y, np.ones((1, 2, 6)))


def test_there_and_back_is_trusted_and_anything_else_less_and_less_but_never_nothing():
    flow = tf.broadcast_to(tf.constant([2.0, -1.0]), (1, HEIGHT, WIDTH, 2))
    np.testing.assert_allclose(consistency_weight(flow, -flow), np.ones((1, HEIGHT, WIDTH)))
    weights = []
    for gap in (0.5, 1.0, 3.0, 30.0):
        weights.append(float(consistency_weight(flow, -flow + tf.constant([gap, 0.0]))[0, 3, 4]))
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0.7
    assert weights[2] < 0.4
    assert min(weights) >= SMALLEST_WEIGHT > 0


def test_the_way_back_is_read_where_the_flow_leads():
    """Target column 4 shows source column 6, and only there does the way back lead to column 4."""
    flow, backward = np.zeros((2, 1, HEIGHT, WIDTH, 2), np.float32)
    flow[:, :, 4, 0] = 2
    backward[:, :, 6, 0] = -2
    weight = consistency_weight(tf.constant(flow), tf.constant(backward))[0, 3].numpy()
    assert weight[4] == 1
    assert weight[6] < 0.5
    assert weight[2] == 1
    swapped = consistency_weight(tf.constant(backward), tf.constant(flow))[0, 3].numpy()
    assert swapped[4] < 0.5 and swapped[6] == 1


def test_weights_have_no_gradient():
    flow, backward = tf.ones((2, 1, HEIGHT, WIDTH, 2))
    with tf.GradientTape() as tape:
        tape.watch([flow, backward])
        weight = consistency_weight(flow, backward)
    assert tape.gradient(weight, [flow, backward]) == [None, None]


def test_gradient(check_gradient):
    rng = np.random.default_rng(0)
    weights = [tf.constant(rng.uniform(0, 1, shape)) for shape in ((1, 4, 3), (1, 2, 5))]
    check_gradient(lambda flow: second_order_smoothness(flow, *weights), rng.normal(0, 1, (1, 4, 5, 2)))
