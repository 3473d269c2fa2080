"""Texture per garment: equal cloth costs nothing wherever it lies, other cloth does."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.texture import texture_descriptors, texture_distance

HEIGHT, WIDTH = 16, 24
LABELS = 4
ALL = tf.ones((1, LABELS), tf.bool)


def upright(phase=0):
    """Stripes of period 4 that run downwards, [H, W, 3]; `phase` moves them to the right."""
    columns = np.arange(WIDTH) - phase
    return np.broadcast_to(np.where(columns % 4 < 2, 0.6, -0.6)[None, :, None], (HEIGHT, WIDTH, 3))


def lying():
    return np.broadcast_to(np.where(np.arange(HEIGHT) % 4 < 2, 0.6, -0.6)[:, None, None], (HEIGHT, WIDTH, 3))


def labels():
    """1 in the left half, 2 in the right; label 0 around them."""
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    found[2:-2, 2:10] = 1
    found[2:-2, 12:20] = 2
    return found


def distance(image, target, shared=ALL):
    image, target = (tf.constant(np.asarray(picture)[None], tf.float32) for picture in (image, target))
    return float(texture_distance(image, target, tf.constant(labels()[None]), shared, LABELS)[0])


def test_agrees_with_a_plain_loop_over_garments():
    rng = np.random.default_rng(0)
    image, target = rng.uniform(-1, 1, (2, 1, HEIGHT, WIDTH, 3)).astype(np.float32)
    grams = {}
    for name, picture in (('image', image), ('target', target)):
        descriptors = texture_descriptors(tf.constant(picture)).numpy()[0]
        for label in (1, 2):
            inside = descriptors[labels() == label]
            grams[name, label] = inside.T @ inside / len(inside)
    areas = {label: np.sum(labels() == label) for label in (1, 2)}
    expected = sum(areas[n] * np.abs(grams['image', n] - grams['target', n]).mean() for n in (1, 2))
    assert distance(image[0], target[0]) == pytest.approx(expected / sum(areas.values()), rel=1e-4)


def test_descriptors_are_a_constant_the_colour_and_the_change_of_brightness():
    picture = np.arange(2 * 3 * 3, dtype=np.float32).reshape(1, 2, 3, 3)
    found = texture_descriptors(tf.constant(picture)).numpy()
    np.testing.assert_array_equal(found[0, 0, 0], [1, 0, 1, 2, 3, 9])
    np.testing.assert_array_equal(found[0, 1, 2], [1, 15, 16, 17, 0, 0])


def test_equal_textures_cost_nothing_even_out_of_step():
    assert distance(upright(), upright()) < 1e-6
    assert distance(upright(), upright(phase=2)) < 0.02


@pytest.mark.parametrize('other', [lying(), -0.6 + 0 * upright(), 0 * upright(), upright()[..., :1] * [1, 0, 0]])
def test_another_texture_costs_much_more(other):
    assert distance(upright(), other) > 10 * distance(upright(), upright(phase=2))


def test_a_colour_differs_from_its_negative():
    flat = np.full((HEIGHT, WIDTH, 3), 0.5)
    assert distance(flat, -flat) > 0.05


def test_background_and_garments_of_one_picture_alone_do_not_count():
    image = np.array(upright())
    image[labels() == 2] = -1
    image[0, :] = 1
    shared = tf.constant([[True, True, False, False]])
    # The descriptors of label 1 do not reach into label 2: two background columns lie between them.
    assert distance(image, upright(), shared) < 1e-6
    assert distance(image, upright()) > 0.05
    assert distance(image, upright(), tf.zeros((1, LABELS), tf.bool)) == 0


def test_gradient(check_gradient):
    rng = np.random.default_rng(1)
    image, target = rng.uniform(-1, 1, (2, 1, 3, 4, 3))
    labels = tf.constant(rng.integers(0, 3, (1, 3, 4)))
    check_gradient(lambda image: texture_distance(image, tf.constant(target), labels, ALL, LABELS), image)
