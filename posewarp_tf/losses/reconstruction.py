"""Means over the pixels of each example."""

from __future__ import annotations

import tensorflow as tf

_EPSILON = 1e-8


def l1(image: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of each example: [B, ...] x [B, ...] -> [B], in the units of the inputs."""
    return tf.reduce_mean(tf.abs(image - target), axis=tuple(range(1, len(image.shape))))


def weighted_mean(values: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    """sum(weight * values) / sum(weight) over the pixels of each example: two [B, h, w] -> [B]; 0 without weight."""
    return tf.reduce_sum(weight * values, axis=(1, 2)) / (tf.reduce_sum(weight, axis=(1, 2)) + _EPSILON)
