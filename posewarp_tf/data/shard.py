"""Which part of every training batch a worker makes, so that several of them make one batch together.

The examples of a batch and what is drawn for them at random depend on the step and on their places in the whole batch:
the parts of all workers, one behind the other, are the batch that one machine makes.
"""

from __future__ import annotations

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Shard:
    """The part with this index of `count` equal ones; the size of batches is a multiple of `count`."""

    index: int = 0
    count: int = 1

    def counters(self, step: tf.Tensor, batch_size: int) -> tf.Tensor:
        """Numbers int64 [batch_size / count] of the part's examples, counted from the first one of the training."""
        size = batch_size // self.count
        return step * batch_size + self.index * size + tf.range(size, dtype=tf.int64)

    def of(self, whole: tf.Tensor, axis: int = 0, roles: int = 1) -> tf.Tensor:
        """The part of what was drawn for a whole batch.

        Args:
            whole: of static shape; along `axis` the examples, `roles` times one behind the other.
        """
        if self.count == 1:
            return whole
        before, after = whole.shape[:axis], whole.shape[axis + 1 :]
        size = whole.shape[axis] // (roles * self.count)
        split = tf.reshape(whole, [*before, roles, self.count, size, *after])
        return tf.reshape(tf.gather(split, self.index, axis=axis + 1), [*before, roles * size, *after])


WHOLE = Shard()
