"""Grids, resizing and ranges."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.ops import coords_grid, replicate_pad, resize_flow, to_float_image, to_uint8_image


def test_grid_is_x_first():
    grid = coords_grid(2, 3)
    assert grid.shape == (2, 3, 2)
    np.testing.assert_array_equal(grid[1, 2], [2, 1])


def test_resized_flow_is_in_the_new_pixels():
    flow = tf.tile(tf.constant([[[[1.0, 2.0]]]]), [1, 4, 8, 1])
    resized = resize_flow(flow, (8, 32))
    np.testing.assert_allclose(resized, np.broadcast_to([4.0, 4.0], (1, 8, 32, 2)), rtol=1e-6)


@pytest.mark.parametrize('size', [(3, 4), (6, 8), (12, 4), (7, 19)])
def test_nearest_resizing_takes_the_flow_of_the_pixel_at_the_same_place(size):
    flow = np.random.default_rng(0).normal(0, 3, (2, 6, 8, 2)).astype(np.float32)
    resized = resize_flow(flow, size, 'nearest').numpy()
    (height, width), (rows, columns) = size, flow.shape[1:3]
    for y, x in np.ndindex(height, width):
        row, column = int((y + 0.5) * rows / height), int((x + 0.5) * columns / width)
        expected = flow[:, row, column] * np.array([width / columns, height / rows], np.float32)
        np.testing.assert_allclose(resized[:, y, x], expected, rtol=1e-6)


def test_replicate_pad_is_numpys_edge_padding():
    image = np.random.default_rng(0).standard_normal((2, 3, 4, 2)).astype(np.float32)
    np.testing.assert_array_equal(replicate_pad(image, 3), np.pad(image, [(0, 0), (3, 3), (3, 3), (0, 0)], mode='edge'))


def test_every_level_survives_the_way_to_float_and_back():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    image = to_float_image(levels)
    assert float(tf.reduce_min(image)) == -1 and float(tf.reduce_max(image)) == 1
    np.testing.assert_array_equal(to_uint8_image(image), levels)


def test_images_out_of_range_are_clipped():
    np.testing.assert_array_equal(to_uint8_image(np.array([-3.0, 3.0])), [0, 255])
