"""Random numbers that depend on the example, the step and the seed, not on the batch or the replica around it."""

from __future__ import annotations

import tensorflow as tf

# Keeps the streams of neighbouring seeds apart.
_STRIDE = 0x9E3779B97F4A7C1


def example_uniform(image: tf.Tensor, step: tf.Tensor | int, count: int, seed: int = 0) -> tf.Tensor:
    """`count` uniform numbers in [0, 1) for each example: images [B, H, W, C], or clips of them -> float32 [B, count].

    They are a function of (image, step, seed) alone: a resumed run draws what a straight one does, and an example gets
    the same on any replica.
    """
    bits = tf.reduce_sum(
        tf.cast(tf.bitcast(tf.cast(image, tf.float32), tf.int32), tf.int64), axis=tuple(range(1, image.shape.rank))
    )
    bits += tf.constant(seed * _STRIDE % 2**63, tf.int64)
    seeds = tf.stack([bits, tf.fill(tf.shape(bits), tf.cast(step, tf.int64))], axis=1)

    def draw(pair: tf.Tensor) -> tf.Tensor:
        # Left to itself TensorFlow takes another algorithm on other devices; XLA draws other numbers all the same.
        return tf.random.stateless_uniform((count,), pair, alg='philox')

    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)
