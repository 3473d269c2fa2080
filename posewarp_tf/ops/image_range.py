"""The only two ways between pictures in [0, 255] and the [-1, 1] images inside models."""

from __future__ import annotations

import tensorflow as tf


def to_float_image(image: tf.Tensor) -> tf.Tensor:
    """uint8 in [0, 255], or a float of that range, -> float32 in [-1, 1]: image / 127.5 - 1."""
    return tf.cast(image, tf.float32) / 127.5 - 1.0


def to_uint8_image(image: tf.Tensor) -> tf.Tensor:
    """Float in [-1, 1] -> uint8 in [0, 255], rounded; values outside are clipped."""
    return tf.cast(tf.round(tf.clip_by_value((tf.cast(image, tf.float32) + 1.0) * 127.5, 0.0, 255.0)), tf.uint8)
