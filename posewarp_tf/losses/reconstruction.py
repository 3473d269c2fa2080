"""Pixel-wise reconstruction."""

from __future__ import annotations

import tensorflow as tf


def l1(image: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of each example: [B, ...] x [B, ...] -> [B], in the units of the inputs."""
    return tf.reduce_mean(tf.abs(image - target), axis=tuple(range(1, len(image.shape))))
