"""Self-supervised flow: zero for the exact flow, found without the code under test, and for no other."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.random_warp import NUM_DRAWS, RandomWarp
from posewarp_tf.losses.self_supervision import equivariance_error, self_flow_error
from posewarp_tf.ops import bilinear_sample

SIZE = (32, 48)
EVERYWHERE = tf.ones((1, *SIZE))


def constant(x, y, size=SIZE):
    return tf.broadcast_to(tf.constant([x, y], tf.float32), (1, *size, 2))


def random_warp(seed=0, size=SIZE):
    return RandomWarp(tf.constant(np.random.default_rng(seed).uniform(0, 1, (1, NUM_DRAWS)), tf.float32), size)


def dense_inverse(flow, points):
    """For every point p [h, w, 2] the y with y + t(y) = p, by search over the pixels of a dense flow [H, W, 2]."""
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    shown = (flow + np.stack([columns, rows], axis=-1)).reshape(-1, 2)
    jacobian_x, jacobian_y = (
        np.gradient(shown.reshape(height, width, 2), axis=1),
        np.gradient(shown.reshape(height, width, 2), axis=0),
    )
    found = np.zeros_like(points)
    for index in np.ndindex(points.shape[:2]):
        nearest = np.argmin(np.sum((shown - points[index]) ** 2, axis=1))
        row, column = divmod(nearest, width)
        matrix = np.stack([jacobian_x[row, column], jacobian_y[row, column]], axis=1)
        found[index] = [column, row] + np.linalg.solve(matrix, points[index] - shown[nearest])
    return found


def test_only_the_exact_flow_costs_nothing():
    exact = constant(3, -2)
    assert self_flow_error(exact, exact, EVERYWHERE)[0] < 1e-6
    for x, y, error in ((-2, 3, 10), (-3, 2, 10), (3, 2, 4), (0, 0, 5)):
        np.testing.assert_allclose(self_flow_error(constant(x, y), exact, EVERYWHERE), [error], rtol=1e-5)


def test_a_coarse_flow_is_exact_in_its_own_pixels():
    exact = constant(4, -2)
    half = constant(2, -1, (16, 24))
    assert self_flow_error(half, exact, tf.ones((1, 16, 24)))[0] < 1e-6


def test_pixels_whose_content_comes_from_outside_do_not_count():
    """Where x + 10 leaves the picture, and in the background, the flow may be anything."""
    exact = constant(10, 0)
    flow = exact.numpy()
    flow[:, :, 38:] = 99
    flow[:, :8] = -99
    foreground = np.ones((1, *SIZE), np.float32)
    foreground[:, :8] = 0
    assert self_flow_error(tf.constant(flow), exact, tf.constant(foreground))[0] < 1e-6
    flow[:, 20, 37] = 99
    assert self_flow_error(tf.constant(flow), exact, tf.constant(foreground))[0] > 0.1


def test_flow_of_a_shifted_source_is_the_flow_less_the_shift():
    """The source's point p is at p - (3, -2) in the shifted source."""
    exact, flow = constant(3, -2), constant(1, 1)
    assert equivariance_error(constant(-2, 3), flow, exact, EVERYWHERE)[0] < 1e-6
    # The warp the wrong way round, x and y swapped, the warp ignored.
    for x, y in ((4, -1), (3, -2), (1, 1)):
        assert equivariance_error(constant(x, y), flow, exact, EVERYWHERE)[0] > 3


@pytest.mark.parametrize('seed', [0, 1])
def test_a_moved_source_warped_by_the_equivariant_flow_is_the_source_warped_by_the_flow(seed):
    """With an arbitrary warp, its inverse found by search: the flow that costs nothing fetches the same content."""
    warp = random_warp(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    flow = np.stack([2 * np.sin(rows / 9), 1.5 * np.cos(columns / 11)], axis=-1)
    points = np.stack([columns, rows], axis=-1) + flow
    moved_flow = dense_inverse(warp.flow[0].numpy().astype(np.float64), points) - np.stack([columns, rows], axis=-1)
    inner = np.zeros((1, *SIZE), np.float32)
    inner[:, 10:-10, 12:-12] = 1
    tensors = [tf.constant(array[None], tf.float32) for array in (moved_flow, flow)]
    assert equivariance_error(*tensors, warp.flow, tf.constant(inner))[0] < 0.1
    for wrong in (flow, flow[..., ::-1], -moved_flow):
        error = equivariance_error(tf.constant(wrong[None], tf.float32), tensors[1], warp.flow, tf.constant(inner))
        assert error[0] > 0.5

    source = np.stack([np.sin(columns / 4 + rows / 9), np.cos(rows / 5), np.sin(columns / 7)], axis=-1)[None]
    source = tf.constant(source, tf.float32)
    fetched = bilinear_sample(bilinear_sample(source, warp.flow), tensors[0])
    difference = np.abs(fetched - bilinear_sample(source, tensors[1]))[inner > 0]
    assert difference.max() < 0.1
    assert np.abs(source - bilinear_sample(source, tensors[1]))[inner > 0].max() > 0.3


def test_the_flow_of_the_plain_pair_teaches_and_does_not_learn():
    flow, moved_flow = constant(1, 1), constant(0, 0)
    with tf.GradientTape() as tape:
        tape.watch([flow, moved_flow])
        error = equivariance_error(moved_flow, flow, constant(3, -2), EVERYWHERE)
    teacher, learner = tape.gradient(error, [flow, moved_flow])
    assert teacher is None
    # The right flow is (-2, 3): descent goes left and down.
    inner = learner.numpy()[0, 8:-8, 8:-8]
    assert (inner[..., 0] > 0).all() and (inner[..., 1] < 0).all()


def test_gradients(check_gradient):
    rng = np.random.default_rng(0)
    flow, moved = rng.normal(0, 0.4, (2, 2, 5, 6, 2))
    exact = tf.constant(rng.normal(0, 1, (2, 5, 6, 2)))
    weight = tf.constant(rng.uniform(0, 1, (2, 5, 6)))
    check_gradient(lambda moved: equivariance_error(moved, tf.constant(flow), exact, weight), moved)
    check_gradient(lambda flow: self_flow_error(flow, exact, weight), flow)
