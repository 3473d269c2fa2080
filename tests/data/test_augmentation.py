"""Pictures and joints move together, within the published ranges, the same for the same seed."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.data.augmentation import jitter_colors, move_images, move_keypoints, random_affine

SIZE = (48, 64)
COUNT = 64


def _matrices(seed=3):
    return random_affine(COUNT, SIZE, tf.constant([seed, 0], tf.int64))


def test_dot_at_a_joint_moves_with_its_keypoint():
    keypoints = np.array([[40.0, 12.0], [15.0, 30.0]], np.float32)
    # A Gaussian spot per joint, whose centre of mass tells where it went to better than a pixel.
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    spots = np.stack([np.exp(-((x - jx) ** 2 + (y - jy) ** 2) / 8) for jx, jy in keypoints], axis=-1)
    images = tf.constant(np.tile(spots, (COUNT, 1, 1, 1)), tf.float32)
    matrices = _matrices()
    moved_images = move_images(images, matrices).numpy()
    moved_keypoints = move_keypoints(tf.tile(keypoints[np.newaxis], [COUNT, 1, 1]), matrices, SIZE).numpy()
    mass = moved_images.sum(axis=(1, 2))
    centers = np.stack([(moved_images * axis[..., np.newaxis]).sum(axis=(1, 2)) / mass for axis in (x, y)], axis=-1)
    np.testing.assert_allclose(centers, moved_keypoints, atol=0.1)
    assert np.abs(moved_keypoints - keypoints).max() > 5


def test_motion_stays_in_the_published_ranges():
    matrices = random_affine(4096, SIZE, tf.constant([1, 2], tf.int64)).numpy()
    linear = matrices[:, :2, :2]
    scale = np.sqrt(np.linalg.det(linear))
    degrees = np.degrees(np.arctan2(linear[:, 1, 0], linear[:, 0, 0]))
    # The shift is where the centre of the picture goes.
    center = np.array([(SIZE[1] - 1) / 2, (SIZE[0] - 1) / 2, 1])
    shift = (matrices @ center)[:, :2] - center[:2]
    for values, low, high in ((scale, 0.95, 1.05), (degrees, -5, 5), (shift[:, 0], -5, 5), (shift[:, 1], -5, 5)):
        width = high - low
        assert low - 1e-3 <= values.min() < low + 0.02 * width
        assert high + 1e-3 >= values.max() > high - 0.02 * width
        assert abs(values.mean() - (low + high) / 2) < 0.03 * width


def test_joints_that_leave_the_picture_become_missing():
    shift = tf.constant([[[1.0, 0, 10], [0, 1, -4], [0, 0, 1]]])
    keypoints = tf.constant([[[20.0, 30], [60, 30], [20, 3], [-1, -1], [53.5, 4]]])
    moved = move_keypoints(keypoints, shift, SIZE).numpy()
    assert moved.tolist() == [[[30, 26], [-1, -1], [-1, -1], [-1, -1], [63.5, 0]]]


def test_what_comes_in_continues_the_edge():
    image = tf.constant(np.tile(np.arange(SIZE[1], dtype=np.float32)[:, np.newaxis], (1, SIZE[0], 1, 3)))
    shift = tf.constant([[[1.0, 0, 10], [0, 1, 0], [0, 0, 1]]])
    moved = move_images(image, shift).numpy()
    np.testing.assert_allclose(moved[0, 5, :, 0], np.maximum(np.arange(SIZE[1]) - 10, 0), atol=1e-4)


def test_seed_alone_decides():
    np.testing.assert_array_equal(_matrices(), _matrices())
    assert np.abs(_matrices() - _matrices(4)).max() > 0.01


@pytest.fixture(scope='module')
def pairs():
    """Two pairs whose sources are also their targets."""
    images = np.random.default_rng(0).uniform(-0.6, 0.6, (2, *SIZE, 3)).astype(np.float32)
    return tf.constant(np.concatenate([images, images]))


def test_both_pictures_of_a_pair_get_the_same_colours(pairs):
    jittered = jitter_colors(pairs, tf.constant([0, 1], tf.int64)).numpy()
    np.testing.assert_array_equal(jittered[:2], jittered[2:])
    change = np.abs(jittered - pairs).mean(axis=(1, 2, 3))
    assert np.all(change > 0.01)
    assert abs(change[0] - change[1]) > 1e-3
    assert jittered.min() >= -1 - 1e-5 and jittered.max() <= 1 + 1e-5


def test_colours_depend_on_the_seed_alone(pairs):
    seed = tf.constant([0, 1], tf.int64)
    np.testing.assert_array_equal(jitter_colors(pairs, seed), jitter_colors(pairs, seed))
    assert np.abs(jitter_colors(pairs, seed) - jitter_colors(pairs, seed + 1)).max() > 0.01


def test_brightness_and_contrast_change_grey_pictures_as_drawn():
    ramp = np.tile(np.linspace(-0.5, 0.5, SIZE[1], dtype=np.float32)[:, np.newaxis], (1, SIZE[0], 1, 3))
    images = tf.constant(np.repeat(ramp, 32, axis=0))
    jittered = jitter_colors(images, tf.constant([5, 0], tf.int64)).numpy()
    # Grey stays grey, whatever happens to hue and saturation.
    np.testing.assert_allclose(jittered[..., 0], jittered[..., 2], atol=1e-5)
    levels = jittered[:16].mean(axis=(1, 2, 3))
    contrasts = jittered[:16].std(axis=(1, 2, 3)) / ramp.std()
    assert -0.2 <= levels.min() < -0.1 and 0.1 < levels.max() <= 0.2
    assert 0.8 <= contrasts.min() < 0.9 and 1.1 < contrasts.max() <= 1.2 + 1e-5
