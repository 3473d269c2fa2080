"""Sampling correctness: does the flow bring features together that look alike (GFLA, section 3.1)?"""

from __future__ import annotations

import math

import tensorflow as tf

from posewarp_tf.losses.reconstruction import weighted_mean
from posewarp_tf.ops import gaussian_sample

_EPSILON = 1e-8


def sampling_correctness(
    flow: tf.Tensor,
    source_features: tf.Tensor,
    target_features: tf.Tensor,
    mask: tf.Tensor | None = None,
) -> tf.Tensor:
    """How much less alike flowed source and target features are than the best match anywhere in the source.

        mean over pixels p of exp(-cos(sampled(p), target(p)) / (max_q cos(source(q), target(p)) + 1e-8)) - exp(-1)

    `sampled` is the source under the Gaussian sampler. 0: each target pixel found the best there is.

    The published code averages a masked loss over the foreground of the whole batch, which couples its examples:
    a large person weighs more than a small one. Here every example is averaged over its own foreground.

    Args:
        flow: [B, H, W, 2], as large as the features.
        source_features: [B, H, W, C].
        target_features: [B, H, W, C].
        mask: optional [B, any, any, 1], the weight of each target pixel (1: foreground); resized to the size of the
          features (nearest).

    Returns:
        [B] in the dtype of the features; 0 for an example with an empty mask.
    """
    sampled = gaussian_sample(source_features, flow)
    cosine = tf.reduce_sum(_unit(sampled) * _unit(target_features), axis=-1)
    best = tf.reshape(tf.stop_gradient(best_cosine(source_features, target_features)), tf.shape(cosine))
    excess = tf.exp(-cosine / (best + _EPSILON)) - math.exp(-1)
    if mask is None:
        return tf.reduce_mean(excess, axis=(1, 2))
    height, width = tf.unstack(tf.shape(target_features)[1:3])
    return weighted_mean(excess, tf.cast(resize_nearest(mask, height, width)[..., 0], excess.dtype))


def best_cosine(source_features: tf.Tensor, target_features: tf.Tensor) -> tf.Tensor:
    """Largest cosine of each target pixel's features with those of any source pixel: two [B, H, W, C] -> [B, H * W]."""

    def of_one_example(pair: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        source, target = (tf.reshape(_unit(features), (-1, tf.shape(features)[-1])) for features in pair)
        return tf.reduce_max(tf.matmul(target, source, transpose_b=True), axis=1)

    # One example at a time: its matrix has (H * W)^2 entries, 64 MiB for the 64 x 64 features of a 256 x 256 image.
    return tf.map_fn(
        of_one_example,
        (source_features, target_features),
        fn_output_signature=target_features.dtype,
        parallel_iterations=1,
    )


def resize_nearest(image: tf.Tensor, height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """Row floor(i * H / height), likewise for columns; TensorFlow's own nearest takes the middle when it shrinks."""
    rows = tf.range(height) * tf.shape(image)[1] // height
    columns = tf.range(width) * tf.shape(image)[2] // width
    return tf.gather(tf.gather(image, rows, axis=1), columns, axis=2)


def _unit(features: tf.Tensor) -> tf.Tensor:
    return tf.math.l2_normalize(features, axis=-1, epsilon=_EPSILON**2)
