"""Random warps: flow, pictures, points and maps of classes must move in one and the same way."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses import random_warp
from posewarp_tf.losses.random_warp import NUM_DRAWS, RandomWarp, nearest_sample, warp_person

SIZE = (64, 96)


def warp(batch=3, seed=0, size=SIZE):
    return RandomWarp(tf.constant(np.random.default_rng(seed).uniform(0, 1, (batch, NUM_DRAWS)), tf.float32), size)


def draws(**values):
    """Nothing but the named draws; the others at the middle, where they do nothing."""
    found = np.full((1, NUM_DRAWS), 0.5, np.float32)
    for name, value in values.items():
        found[0, ('angle', 'scale', 'shift_x', 'shift_y').index(name)] = (1 + value) / 2
    return tf.constant(found)


def bump(x, y, size=SIZE, width=3.0):
    """A picture with a spot at (x, y)."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))


def centre(picture):
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.array([np.sum(columns * picture), np.sum(rows * picture)]) / np.sum(picture)


def test_a_draw_in_the_middle_moves_nothing():
    np.testing.assert_allclose(RandomWarp(draws(), SIZE).flow, 0, atol=1e-5)


def test_a_shift_to_the_right_in_the_source_is_a_positive_dx():
    """The warped picture shows what lies a tenth of the width further right in the old one: content moves left."""
    moving = RandomWarp(draws(shift_x=1), SIZE)
    np.testing.assert_allclose(moving.flow, np.broadcast_to([9.6, 0], (1, *SIZE, 2)), atol=1e-4)
    np.testing.assert_allclose(moving.move(tf.constant([[[40.0, 20.0]]])), [[[30.4, 20.0]]], atol=1e-4)
    moving = RandomWarp(draws(shift_y=1), SIZE)
    np.testing.assert_allclose(moving.flow, np.broadcast_to([0, 6.4], (1, *SIZE, 2)), atol=1e-4)


def test_rotation_and_scaling_are_about_the_middle_in_closed_form():
    moving = RandomWarp(draws(angle=1, scale=-1), SIZE)
    angle, scale = np.deg2rad(15), 0.85
    points = np.array([[47.5, 31.5], [60.0, 31.5], [47.5, 40.0]])
    offset = points - [47.5, 31.5]
    rotated = offset @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * scale
    expected = rotated + [47.5, 31.5]
    np.testing.assert_allclose(moving.source_of(tf.constant(points[None], tf.float32))[0], expected, atol=1e-3)


def test_control_points_go_where_they_are_told():
    draws = np.full((1, NUM_DRAWS), 0.5, np.float32)
    bends = np.random.default_rng(1).uniform(-1, 1, (16, 2))
    draws[0, 4:] = ((1 + bends) / 2).ravel()
    x, y = np.meshgrid(np.linspace(0, SIZE[1] - 1, 4), np.linspace(0, SIZE[0] - 1, 4))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    found = RandomWarp(tf.constant(draws), SIZE).source_of(tf.constant(points[None], tf.float32))[0]
    np.testing.assert_allclose(found, points + bends * random_warp.MAX_BEND * 64, atol=1e-3)


def test_flow_is_where_each_pixel_comes_from():
    moving = warp()
    flow = moving.flow.numpy()
    points = np.array([[[10.0, 20.0], [70.0, 50.0]]] * 3, np.float32)
    came_from = moving.source_of(tf.constant(points)).numpy()
    for example in range(3):
        for point, source in zip(points[example].astype(int), came_from[example]):
            np.testing.assert_allclose(flow[example, point[1], point[0]], source - point, atol=1e-3)


@pytest.mark.parametrize('size', [(64, 96), (256, 256)])
def test_moving_a_point_is_the_inverse_also_for_the_strongest_warps(size):
    rng = np.random.default_rng(2)
    extreme = RandomWarp(tf.constant(rng.integers(0, 2, (50, NUM_DRAWS)), tf.float32), size)
    points = tf.constant(rng.uniform(0.1, 0.9, (50, 5, 2)) * size[::-1], tf.float32)
    error = np.abs(extreme.source_of(extreme.move(points)) - points)
    assert error.max() < 0.1
    assert error.mean() < 0.01


def test_warps_do_not_fold_even_at_their_strongest():
    size = (64, 64)
    extreme = RandomWarp(tf.constant(np.random.default_rng(3).integers(0, 2, (50, NUM_DRAWS)), tf.float32), size)
    y, x = np.mgrid[:64, :64]
    coords = extreme.flow.numpy() + np.stack([x, y], axis=-1)
    along_x, along_y = np.diff(coords, axis=2)[:, :-1], np.diff(coords, axis=1)[:, :, :-1]
    areas = along_x[..., 0] * along_y[..., 1] - along_x[..., 1] * along_y[..., 0]
    assert areas.min() > 0


def test_picture_keypoints_and_maps_move_together():
    """A spot, the joint on it and the class around it are at one place before, and at one other place after."""
    places = np.array([[30.0, 40.0], [60.0, 25.0], [52.0, 34.0]])
    image = np.stack([bump(*place) for place in places]).astype(np.float32)
    person = {
        'image': tf.constant(np.repeat(image[..., None], 3, axis=-1)),
        'keypoints': tf.constant(np.stack([places, np.full((3, 2), -1.0)], axis=1), tf.float32),
        'garment': tf.constant((image > 0.5).astype(np.uint8) * 7),
    }
    moved = warp_person(warp(seed=4), person)
    for example, place in enumerate(places):
        spot = centre(moved['image'][example, ..., 0].numpy())
        assert np.linalg.norm(spot - place) > 1
        np.testing.assert_allclose(moved['keypoints'][example, 0], spot, atol=0.3)
        np.testing.assert_allclose(centre(moved['garment'][example].numpy() / 7.0), spot, atol=0.3)
    assert moved['garment'].dtype == tf.uint8
    assert set(np.unique(moved['garment'])) == {0, 7}
    np.testing.assert_array_equal(moved['keypoints'][:, 1], np.full((3, 2), -1.0))


def test_joints_that_leave_the_picture_become_missing():
    person = {
        'image': tf.zeros((1, *SIZE, 3)),
        'keypoints': tf.constant([[[5.0, 30.0], [12.0, 30.0]]]),
    }
    keypoints = warp_person(RandomWarp(draws(shift_x=1), SIZE), person)['keypoints']
    np.testing.assert_allclose(keypoints, [[[-1, -1], [2.4, 30]]], atol=1e-4)


def test_nearest_sample_reads_x_and_y_in_this_order():
    labels = tf.constant(np.arange(12, dtype=np.uint8).reshape(1, 3, 4))
    flow = tf.broadcast_to(tf.constant([1.4, -0.6]), (1, 3, 4, 2))
    expected = np.array([[1, 2, 3, 3], [1, 2, 3, 3], [5, 6, 7, 7]])
    np.testing.assert_array_equal(nearest_sample(labels, flow)[0], expected)
