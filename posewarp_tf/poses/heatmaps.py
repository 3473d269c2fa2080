"""Joints as pictures: a form in which networks see a pose (the other is a part map)."""

from __future__ import annotations

import tensorflow as tf


def make_heatmaps(keypoints: tf.Tensor, size: tuple[int, int], sigma: float = 6.0) -> tf.Tensor:
    """One bump per joint: exp(-((x - trunc(jx))^2 + (y - trunc(jy))^2) / (2 sigma^2)).

    The exponential of a sum is a product of two 1-D bumps, so only H + W exponentials per joint are
    computed. Plain arithmetic throughout: it converts to TFLite's builtin operations.

    Args:
        keypoints: [B, J, 2] (x, y) in pixels of `size`; a joint with a negative coordinate is missing.
        size: height and width of the maps.
        sigma: standard deviation in pixels.

    Returns:
        float32 [B, H, W, J] in [0, 1], all zero for a missing joint. The centre is truncated to whole
        pixels, as in the published data loader.
    """
    height, width = size
    keypoints = tf.cast(keypoints, tf.float32)
    visible = tf.cast(tf.reduce_min(keypoints, axis=-1) >= 0.0, tf.float32)[:, tf.newaxis, tf.newaxis, :]
    centers = tf.floor(keypoints)
    x = tf.reshape(tf.range(width, dtype=tf.float32), [1, 1, width, 1])
    y = tf.reshape(tf.range(height, dtype=tf.float32), [1, height, 1, 1])
    column_bumps = _bump(x - centers[:, tf.newaxis, tf.newaxis, :, 0], sigma) * visible
    row_bumps = _bump(y - centers[:, tf.newaxis, tf.newaxis, :, 1], sigma)
    return row_bumps * column_bumps


def _bump(distance: tf.Tensor, sigma: float) -> tf.Tensor:
    return tf.exp(tf.square(distance) * (-0.5 / sigma**2))
