"""Dropout whose choice hangs on the example alone, so that a run that goes on trains as one that never stopped."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import register
from posewarp_tf.ops.randomness import example_uniform


@register
class ExampleDropout(tf.keras.layers.Layer):
    """Features [B, T, C], each 0 with probability `rate` and otherwise divided by 1 - rate.

    Which ones is a function of (example, place): other frames of a video, or the same ones augmented otherwise, are
    another example, and an example gets the same on any replica.

    Args:
        rate: in [0, 1).
        place: number of this layer in its network; no two draw the same.
    """

    def __init__(self, rate: float, place: int, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.place = place

    def call(self, features: tf.Tensor, example: tf.Tensor) -> tf.Tensor:
        kept = example_uniform(example, self.place, tf.shape(features)[1:]) >= self.rate
        return tf.where(kept, features / (1.0 - self.rate), tf.zeros_like(features))

    def get_config(self) -> dict:
        return {**super().get_config(), 'rate': self.rate, 'place': self.place}
