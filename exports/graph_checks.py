"""Checks of what a served model is fed with, inside its graph: a bad request is refused by name."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from posewarp_tf.models.kinds import RawInput

# Shown of a wrong shape.
_MOST_DIMENSIONS = 8


def checked_shapes(tensors: Mapping[str, tf.Tensor], specs: Mapping[str, tf.TensorSpec]) -> dict[str, tf.Tensor]:
    """The tensors, once it is certain that they have the shapes of `specs` and the batch size of the first of these.

    A session does not compare what it is fed with the shapes of a signature; sizes are therefore read with the plain
    operation, which is not replaced by what is known when the graph is made.
    """
    first = next(iter(specs))
    batch = tf.raw_ops.Shape(input=tensors[first])[:1]
    with tf.control_dependencies([require(tf.reduce_all(batch > 0), 'empty batch: expected at least one example')]):
        batch = tf.identity(batch)
    checks = []
    for name, spec in specs.items():
        shape, rest = tf.raw_ops.Shape(input=tensors[name]), list(spec.shape[1:])
        shown = ', '.join(map(str, ['B', *rest]))
        message = f'{name}: expected shape [{shown}] with B as in {first}; got shape'
        expected = tf.concat([batch, tf.constant(rest, tf.int32)], axis=0)
        same_rank = tf.raw_ops.Size(input=shape) == len(spec.shape)
        same = tf.cond(same_rank, lambda s=shape, e=expected: tf.reduce_all(s == e), lambda: False)
        checks.append(tf.debugging.Assert(same, [message, shape], summarize=_MOST_DIMENSIONS))
    with tf.control_dependencies(checks):
        return {name: tf.identity(tensor) for name, tensor in tensors.items()}


def checks_of(given: RawInput, tensor: tf.Tensor, size: tuple[int, int] | None) -> list[tf.Operation]:
    """Operations that fail for values that an input of this kind cannot have; without a size, what needs none."""
    return [_require_each(*check) for check in given.kind.graph_checks(tensor, given.name, size)]


def require(condition: tf.Tensor, message: str) -> tf.Operation:
    """An operation that fails, saying `message`, unless the condition holds."""
    return tf.debugging.Assert(condition, [message])


def _require_each(conditions: tf.Tensor, message: str) -> tf.Operation:
    """`conditions`: bool [B]; the first example that has it not is named."""
    first = tf.argmin(tf.cast(conditions, tf.int32), output_type=tf.int32)
    return tf.debugging.Assert(tf.reduce_all(conditions), [message, first])
