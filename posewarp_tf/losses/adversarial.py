"""Adversarial losses over maps of logits: lsgan (published), hinge and wgan-gp.

    form      discriminator, real    discriminator, fake    generator
    lsgan     (D(x) - 1)^2           D(x)^2                 (D(x) - 1)^2
    hinge     max(0, 1 - D(x))       max(0, 1 + D(x))       -D(x)
    wgan-gp   -D(x)                  D(x)                   -D(x)

Each is the mean over the map of one example; those of the discriminator are halved, as published.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

GRADIENT_PENALTY_WEIGHT = 10.0


def generator_loss(form: str, fake_logits: tf.Tensor) -> tf.Tensor:
    """How far the discriminator is from taking generated images for real: [B, h, w, 1] -> [B]."""
    values = (fake_logits - 1) ** 2 if form == 'lsgan' else -fake_logits
    return _mean_of_map(values)


def discriminator_losses(form: str, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> dict[str, tf.Tensor]:
    """Half of the discriminator's loss on real and on generated images: {'real': [B], 'fake': [B]}."""
    if form == 'lsgan':
        real, fake = (real_logits - 1) ** 2, fake_logits**2
    elif form == 'hinge':
        real, fake = tf.nn.relu(1 - real_logits), tf.nn.relu(1 + fake_logits)
    else:
        real, fake = -real_logits, fake_logits
    return {'real': _mean_of_map(real) / 2, 'fake': _mean_of_map(fake) / 2}


def gradient_penalty(
    discriminator: Callable[[tf.Tensor], tf.Tensor],
    real_image: tf.Tensor,
    fake_image: tf.Tensor,
    fraction: tf.Tensor,
) -> tf.Tensor:
    """10 * (|gradient of D at a point between real and fake| - 1)^2 (Gulrajani et al., NIPS 2017).

    D of an example is the mean of its map of logits, the value that the wgan-gp loss is made of.

    Args:
      discriminator: image [B, H, W, 3] -> logits [B, h, w, 1], each example on its own.
      real_image: [B, H, W, 3].
      fake_image: [B, H, W, 3].
      fraction: [B], how much of the real image is in the point of each example.

    Returns:
      [B].
    """
    fraction = fraction[:, tf.newaxis, tf.newaxis, tf.newaxis]
    between = fraction * real_image + (1 - fraction) * fake_image
    with tf.GradientTape() as tape:
        tape.watch(between)
        logits = discriminator(between)
        total = tf.reduce_sum(logits)
    # Divided afterwards: the gradient of the mean itself could be too small for float16.
    num_patches = tf.cast(tf.reduce_prod(tf.shape(logits)[1:]), logits.dtype)
    gradient = tape.gradient(total, between) / num_patches
    norm = tf.sqrt(tf.reduce_sum(gradient**2, axis=(1, 2, 3)) + 1e-12)
    return GRADIENT_PENALTY_WEIGHT * (norm - 1) ** 2


def interpolation_fraction(image: tf.Tensor, step: tf.Tensor | int) -> tf.Tensor:
    """Uniform random numbers [B] that depend on nothing but the image of each example and the step.

    So a resumed run draws what a straight one does, and an example gets the same on any replica.
    """
    bits = tf.reduce_sum(tf.cast(tf.bitcast(tf.cast(image, tf.float32), tf.int32), tf.int64), axis=(1, 2, 3))
    seeds = tf.stack([bits, tf.fill(tf.shape(bits), tf.cast(step, tf.int64))], axis=1)
    return tf.map_fn(lambda seed: tf.random.stateless_uniform((), seed), seeds, fn_output_signature=tf.float32)


def _mean_of_map(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(values, axis=(1, 2, 3))
