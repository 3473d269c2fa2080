"""Photos of many lights, cameras and files: the same colours for a pair, the rest for each picture on its own."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.data.photo_augmentation import BLUR, BRIGHTNESS, JPEG_QUALITY, NOISE, augment_photos
from posewarp_tf.lanes import photo_quality

SEED = tf.constant([4, 9], tf.int64)
COUNT = 64


@pytest.fixture(scope='module')
def pairs():
    """Pairs whose sources are also their targets: a grey disc before a ramp of colours."""
    y, x = np.mgrid[:48, :40].astype(np.float32)
    picture = np.stack([x / 80 - 0.2, 0 * x + 0.1, y / 96 - 0.3], axis=-1)
    picture[(x - 20) ** 2 + (y - 24) ** 2 < 120] = 0.0
    return tf.constant(np.tile(picture, (2 * COUNT, 1, 1, 1)))


@pytest.fixture(scope='module')
def augmented(pairs):
    return augment_photos(pairs, 2, SEED).numpy()


def roughness(images):
    """Mean of squared second differences, by picture: noise raises it."""
    return np.mean((images[:, :, 2:] - 2 * images[:, :, 1:-1] + images[:, :, :-2]) ** 2, axis=(1, 2, 3))


def test_pictures_keep_shape_and_range(pairs, augmented):
    assert augmented.shape == pairs.shape and augmented.dtype == np.float32
    assert augmented.min() >= -1 and augmented.max() <= 1 and np.isfinite(augmented).all()


def test_a_pair_gets_the_same_colours_and_every_pair_its_own(augmented):
    means = augmented.mean(axis=(1, 2))
    # What blur, noise and JPEG do to a mean is little beside colours.
    assert np.abs(means[:COUNT] - means[COUNT:]).max() < 0.03
    assert means[:COUNT].std(axis=0).min() > 0.05
    shift = means.mean(axis=1) / 2
    assert -1.1 * BRIGHTNESS - 0.05 < shift.min() < -0.08 and 0.08 < shift.max() < 1.1 * BRIGHTNESS + 0.05


def test_blur_noise_and_jpeg_come_to_some_pictures_on_their_own(augmented):
    rough = roughness(augmented)
    # The two sides of a pair differ, and some pictures are much rougher than others.
    assert np.mean(np.abs(rough[:COUNT] - rough[COUNT:]) > 0.2 * rough[:COUNT]) > 0.5
    assert np.quantile(rough, 0.9) > 3 * np.quantile(rough, 0.1)
    assert np.sqrt(rough.max() / 6) < 2.2 * NOISE * 2


def test_the_seed_alone_decides(pairs, augmented):
    np.testing.assert_array_equal(augmented, augment_photos(pairs, 2, SEED))
    assert np.abs(augmented - augment_photos(pairs, 2, SEED + 1)).mean() > 0.02


def test_blur_does_not_darken_the_border():
    flat = tf.fill([16, 24, 24, 3], 0.5)
    changed = augment_photos(flat, 2, SEED).numpy()
    middle = changed[:, 6:-6, 6:-6].mean(axis=(1, 2))
    border = changed[:, 0].mean(axis=1)
    assert np.abs(border - middle).max() < 0.05


def test_a_blur_has_the_given_width(pairs):
    dot = np.zeros((3, 31, 31, 3), np.float32)
    dot[:, 15, 15] = 1.0
    # Narrower ones fall between the pixels.
    sigmas = np.float32([0.7, 1.0, BLUR[1]])
    blurred = photo_quality.blur(tf.constant(dot), tf.constant(sigmas)).numpy()[..., 0]
    np.testing.assert_allclose(blurred.sum(axis=(1, 2)), 1, atol=1e-5)
    offset = np.arange(31) - 15
    for axis in (1, 2):
        variance = np.sum(blurred.sum(axis=3 - axis) * offset**2, axis=1)
        np.testing.assert_allclose(np.sqrt(variance), sigmas, rtol=0.06)


def test_worse_files_are_further_from_the_picture():
    rng = np.random.default_rng(0)
    # Grey: colours are stored at half the size, whatever the quality.
    pictures = tf.constant(np.tile(rng.uniform(0, 1, (1, 32, 32, 1)), (3, 1, 1, 3)), tf.float32)
    changed = photo_quality.compress(pictures, tf.constant([JPEG_QUALITY[0], 70, JPEG_QUALITY[1]])).numpy()
    errors = np.abs(changed - pictures).mean(axis=(1, 2, 3))
    assert errors[0] > 1.3 * errors[1] > 1.3 * 1.3 * errors[2] > 0
