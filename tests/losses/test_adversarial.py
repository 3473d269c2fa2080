"""Adversarial losses in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.losses.adversarial import (
    discriminator_losses,
    feature_matching,
    generator_loss,
    gradient_penalty,
    interpolation_fraction,
)

FORMS = ('lsgan', 'hinge', 'wgan-gp')
REAL = np.array([[0.5, 2.0], [-1.0, 0.0]]).reshape(2, 2, 1, 1)
FAKE = np.array([[0.25, -2.0], [1.0, 3.0]]).reshape(2, 2, 1, 1)


def pictures(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (2, *shape))


@pytest.mark.parametrize(
    ('form', 'real', 'fake', 'generator'),
    [
        ('lsgan', [0.625, 2.5], [2.03125, 5.0], [4.78125, 2.0]),
        ('hinge', [0.25, 1.5], [0.625, 3.0], [0.875, -2.0]),
        ('wgan-gp', [-1.25, 0.5], [-0.875, 2.0], [0.875, -2.0]),
    ],
)
def test_values_on_paper_with_the_discriminator_halved(form, real, fake, generator):
    losses = discriminator_losses(form, tf.constant(REAL), tf.constant(FAKE))
    np.testing.assert_allclose(losses['real'], np.array(real) / 2)
    np.testing.assert_allclose(losses['fake'], np.array(fake) / 2)
    np.testing.assert_allclose(generator_loss(form, tf.constant(FAKE)), generator)


@pytest.mark.parametrize('form', FORMS)
def test_gradients(check_gradient, form):
    check_gradient(lambda fake: generator_loss(form, fake), FAKE)
    check_gradient(lambda real, fake: tf.add_n(list(discriminator_losses(form, real, fake).values())), REAL, FAKE)


@pytest.mark.parametrize('form', FORMS)
def test_each_side_pulls_its_way(form):
    """The discriminator wants real logits up and fake ones down, the generator fake ones up."""
    real, fake = tf.zeros((1, 2, 2, 1)), tf.fill((1, 2, 2, 1), 0.5)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        losses = discriminator_losses(form, real, fake)
        generator = generator_loss(form, fake)
    assert np.all(tape.gradient(losses['real'], real) < 0)
    assert np.all(tape.gradient(losses['fake'], fake) > 0)
    assert np.all(tape.gradient(generator, fake) < 0)


def test_penalty_of_a_linear_critic_is_that_of_its_slope():
    slope = pictures(3, 4, 3)[0]

    def critic(image):
        return tf.reduce_sum(image * slope, axis=(1, 2, 3), keepdims=True)

    fraction = np.array([0.3, 0.8])
    actual = gradient_penalty(critic, tf.constant(pictures(3, 4, 3, seed=1)), tf.constant(pictures(3, 4, 3)), fraction)
    np.testing.assert_allclose(actual, np.full(2, 10 * (np.linalg.norm(slope) - 1) ** 2), rtol=1e-9)


def test_penalty_of_a_map_is_that_of_its_mean():
    image = tf.constant(pictures(2, 2, 3))

    def critic(image):
        return tf.reduce_sum(image, axis=-1, keepdims=True)

    # The mean over 4 pixels has the slope 1/4 in 12 directions.
    expected = 10 * (np.sqrt(12) / 4 - 1) ** 2
    np.testing.assert_allclose(gradient_penalty(critic, image, image, np.zeros(2)), [expected] * 2, rtol=1e-9)


def test_logits_of_several_scales_count_alike_whatever_their_size():
    maps = [tf.constant(FAKE), tf.constant(REAL[:, :1, :1])]
    single = [generator_loss('lsgan', logits) for logits in maps]
    np.testing.assert_allclose(generator_loss('lsgan', maps), (single[0] + single[1]) / 2)
    found = discriminator_losses('hinge', maps, maps[::-1])
    each = [discriminator_losses('hinge', real, fake) for real, fake in zip(maps, maps[::-1])]
    for name, value in found.items():
        np.testing.assert_allclose(value, (each[0][name] + each[1][name]) / 2)


def test_penalty_of_several_maps_is_that_of_the_mean_of_their_means():
    image = tf.constant(pictures(2, 2, 3))

    def critic(image):
        return [tf.reduce_sum(image, axis=-1, keepdims=True), 3 * image[:, :1, :1, :1]]

    # Slope: half of 1/4 in 12 directions, and half of 3 more in one of them.
    expected = 10 * (np.sqrt(11 / 64 + (1 / 8 + 3 / 2) ** 2) - 1) ** 2
    np.testing.assert_allclose(gradient_penalty(critic, image, image, np.zeros(2)), [expected] * 2, rtol=1e-9)


def test_feature_matching_is_the_mean_over_maps_and_teaches_the_generator_only():
    real = [tf.constant(pictures(2, 2, 4)), tf.constant(pictures(1, 1, 8))]
    fake = [tf.constant(pictures(2, 2, 4, seed=1)), tf.constant(pictures(1, 1, 8, seed=1))]
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = feature_matching(real, fake)
    expected = sum(np.abs(f - r).mean(axis=(1, 2, 3)) for f, r in zip(fake, real)) / 2
    np.testing.assert_allclose(value, expected)
    of_real, of_fake = tape.gradient(value, [real, fake])
    assert of_real == [None, None]
    assert all(np.any(gradient != 0) for gradient in of_fake)


def test_penalty_is_taken_between_real_and_fake_of_each_example():
    """A critic with D(x) = |x|^2 / 2 has the gradient x."""
    real, fake = pictures(2, 3, 3), pictures(2, 3, 3, seed=1)
    fraction = np.array([1.0, 0.25])
    points = np.stack([real[0], 0.25 * real[1] + 0.75 * fake[1]])
    expected = [10 * (np.linalg.norm(point) - 1) ** 2 for point in points]

    def critic(image):
        return tf.reduce_sum(image**2, axis=(1, 2, 3), keepdims=True) / 2

    actual = gradient_penalty(critic, tf.constant(real), tf.constant(fake), fraction)
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


def test_gradient_of_the_penalty_reaches_the_weights_of_the_critic(check_gradient):
    real, fake, fraction = tf.constant(pictures(2, 2, 3)), tf.constant(pictures(2, 2, 3, seed=1)), np.array([0.4, 0.9])

    def penalty(weights):

        def critic(image):
            return tf.tanh(tf.tensordot(image, weights, 1))

        return gradient_penalty(critic, real, fake, fraction)

    check_gradient(penalty, np.random.default_rng(2).standard_normal((3, 2)))


def test_fraction_belongs_to_the_example_and_the_step_not_to_the_batch():
    images = np.random.default_rng(3).uniform(-1, 1, (500, 4, 4, 3)).astype(np.float32)
    fraction = interpolation_fraction(images, 7).numpy()
    np.testing.assert_array_equal(interpolation_fraction(images[3:5], tf.constant(7)), fraction[3:5])
    assert 0 <= fraction.min() < 0.05
    assert 0.95 < fraction.max() < 1
    assert abs(fraction.mean() - 0.5) < 0.05
    assert np.abs(np.corrcoef(fraction, interpolation_fraction(images, 8))[0, 1]) < 0.2
