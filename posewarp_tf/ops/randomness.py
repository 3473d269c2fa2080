"""Random numbers that depend on the example, the step and the seed, not on the batch or the replica around it."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

# Keeps the streams of neighbouring seeds apart.
_STRIDE = 0x9E3779B97F4A7C1


def example_uniform(
    example: tf.Tensor, step: tf.Tensor | int, shape: tf.Tensor | Sequence[int] | int, seed: int = 0
) -> tf.Tensor:
    """Uniform numbers in [0, 1) for each example: [B, ...] -> float32 [B, *shape], or [B, shape] of a number.

    They are a function of (example, step, seed) alone: a resumed run draws what a straight one does, and an example
    gets the same on any replica.
    """
    bits = tf.bitcast(tf.cast(example, tf.float32), tf.int32)
    sums = tf.reduce_sum(tf.cast(bits, tf.int64), axis=list(range(1, bits.shape.rank)))
    sums += tf.constant(seed * _STRIDE % 2**63, tf.int64)
    seeds = tf.stack([sums, tf.fill(tf.shape(sums), tf.cast(step, tf.int64))], axis=1)
    shape = (shape,) if isinstance(shape, int) else shape

    def draw(pair: tf.Tensor) -> tf.Tensor:
        # Left to itself TensorFlow takes another algorithm on other devices; XLA draws other numbers all the same.
        return tf.random.stateless_uniform(shape, pair, alg='philox')

    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)
