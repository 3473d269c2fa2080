"""Affine regularisation against least squares fits, one neighbourhood at a time."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.affine_regularization import affine_regularization
from tests.conftest import assert_agrees


def random_flow(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 3, shape)


def affine_flow(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([0.3 * x - 1.2 * y + 5, 0.7 * x + 0.1 * y - 2], axis=-1)[None]


def test_agrees_with_reference(golden):
    numbers = golden('losses')
    flows = [tf.constant(numbers['flow0']), tf.constant(numbers['flow1'])]
    with tf.GradientTape() as tape:
        tape.watch(flows)
        value = tf.reduce_mean(affine_regularization(flows[0], 3) + affine_regularization(flows[1], 5))
    assert_agrees(value, numbers['regularization'])
    for i, gradient in enumerate(tape.gradient(value, flows)):
        assert_agrees(gradient, numbers[f'regularization_grad_flow{i}'], 1e-3)


@pytest.mark.parametrize('kernel', [3, 5])
def test_is_what_the_best_affine_fit_of_each_neighbourhood_leaves_over(kernel):
    flow = random_flow(2, 6, 8, 2)
    y, x = np.mgrid[:6, :8]
    coords = flow + np.stack([x, y], axis=-1)
    expected = np.zeros(2)
    positions = list(np.ndindex(6 - kernel + 1, 8 - kernel + 1))
    for example in range(2):
        for top, left in positions:
            window = np.s_[top : top + kernel, left : left + kernel]
            here = np.stack([x[window].ravel(), y[window].ravel(), np.ones(kernel**2)], axis=1)
            pointed_at = coords[example][window].reshape(-1, 2)
            fit = here @ np.linalg.lstsq(here, pointed_at, rcond=None)[0]
            expected[example] += np.sum((pointed_at - fit) ** 2)
    np.testing.assert_allclose(affine_regularization(flow, kernel), expected / len(positions), rtol=1e-9)


@pytest.mark.parametrize('kernel', [1, 3, 5])
def test_an_affine_flow_costs_nothing(kernel):
    assert np.max(affine_regularization(affine_flow(9, 7), kernel)) < 1e-20
    assert np.max(affine_regularization(affine_flow(64, 64).astype(np.float32), kernel)) < 1e-7


@pytest.mark.parametrize('axis', [0, 1])
def test_one_pixel_out_of_line_costs_the_same_in_x_and_in_y(axis):
    """A single flow vector off by d leaves d^2 * (1 - leverage) in each neighbourhood that sees it."""
    flow = affine_flow(5, 5)
    flow[0, 2, 2, axis] += 2.0
    y, x = np.mgrid[-1:2, -1:2]
    leverage = 1 / 9 + x.ravel() ** 2 / 6 + y.ravel() ** 2 / 6
    expected = np.sum(4.0 * (1 - leverage)) / 9
    np.testing.assert_allclose(affine_regularization(flow, 3), [expected], rtol=1e-9)


def test_gradient(check_gradient):
    check_gradient(lambda flow: affine_regularization(flow, 3), random_flow(2, 4, 5, 2))
