"""Adversarial losses over maps of logits: lsgan (published), hinge and wgan-gp; and feature matching.

    form      discriminator, real    discriminator, fake    generator
    lsgan     (D(x) - 1)^2           D(x)^2                 (D(x) - 1)^2
    hinge     max(0, 1 - D(x))       max(0, 1 + D(x))       -D(x)
    wgan-gp   -D(x)                  D(x)                   -D(x)

Each is the mean over the map of one example; those of the discriminator are halved, as published. Logits are one map
[B, h, w, 1] or a list of them, of a discriminator over several scales; then each is the mean over the maps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Union

import tensorflow as tf

from posewarp_tf.losses.reconstruction import l1
from posewarp_tf.ops.randomness import example_uniform

Logits = Union[tf.Tensor, Sequence[tf.Tensor]]

GRADIENT_PENALTY_WEIGHT = 10.0


def generator_loss(form: str, fake_logits: Logits) -> tf.Tensor:
    """How far the discriminator is from taking generated images for real: [B]."""
    return _mean(lambda fake: (fake - 1) ** 2 if form == 'lsgan' else -fake, fake_logits)


def discriminator_losses(form: str, real_logits: Logits, fake_logits: Logits) -> dict[str, tf.Tensor]:
    """Half of the discriminator's loss on real and on generated images: {'real': [B], 'fake': [B]}."""
    losses: dict[str, tuple[Callable, Callable]] = {
        'lsgan': (lambda real: (real - 1) ** 2, lambda fake: fake**2),
        'hinge': (lambda real: tf.nn.relu(1 - real), lambda fake: tf.nn.relu(1 + fake)),
        'wgan-gp': (lambda real: -real, lambda fake: fake),
    }
    of_real, of_fake = losses[form]
    return {'real': _mean(of_real, real_logits) / 2, 'fake': _mean(of_fake, fake_logits) / 2}


def feature_matching(real_features: Sequence[tf.Tensor], fake_features: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean over the discriminator's feature maps of their mean absolute difference: two lists of [B, h, w, C] -> [B].

    After pix2pixHD (Wang et al., CVPR 2018, equation 4). No gradient flows through the real ones.
    """
    distances = [l1(fake, tf.stop_gradient(real)) for real, fake in zip(real_features, fake_features)]
    return tf.add_n(distances) / len(distances)


def gradient_penalty(
    discriminator: Callable[[tf.Tensor], Logits],
    real_image: tf.Tensor,
    fake_image: tf.Tensor,
    fraction: tf.Tensor,
) -> tf.Tensor:
    """10 * (|gradient of D at a point between real and fake| - 1)^2 (Gulrajani et al., NIPS 2017).

    D of an example is the mean of its map of logits, or of the means of its maps: what the wgan-gp loss is made of.

    Args:
        discriminator: image [B, H, W, C] -> logits, each example on its own.
        real_image: [B, H, W, C], or frames [B, n, H, W, C].
        fake_image: the same.
        fraction: [B], how much of the real image is in the point of each example.

    Returns:
        [B].
    """
    axes = tuple(range(1, real_image.shape.rank))
    fraction = tf.reshape(fraction, (-1, *(1 for _ in axes)))
    between = fraction * real_image + (1 - fraction) * fake_image
    with tf.GradientTape() as tape:
        tape.watch(between)
        maps = tf.nest.flatten(discriminator(between))
        sizes = [tf.cast(tf.reduce_prod(tf.shape(logits)[1:]), logits.dtype) for logits in maps]
        total = tf.add_n([tf.reduce_sum(logits) * (sizes[0] / size) for logits, size in zip(maps, sizes)])
    # Divided afterwards: the gradient of the mean itself could be too small for float16.
    gradient = tape.gradient(total, between) / (sizes[0] * len(maps))
    norm = tf.sqrt(tf.reduce_sum(gradient**2, axis=axes) + 1e-12)
    return GRADIENT_PENALTY_WEIGHT * (norm - 1) ** 2


def interpolation_fraction(image: tf.Tensor, step: tf.Tensor | int) -> tf.Tensor:
    """Uniform random numbers [B] that depend on nothing but the image of each example and the step."""
    return example_uniform(image, step, 1)[:, 0]


def _mean(loss: Callable[[tf.Tensor], tf.Tensor], logits: Logits) -> tf.Tensor:
    means = [tf.reduce_mean(loss(values), axis=(1, 2, 3)) for values in tf.nest.flatten(logits)]
    return tf.add_n(means) / len(means)
