"""Gradients of the compiled ops, which are compiled ops themselves."""

from __future__ import annotations

from types import ModuleType

import tensorflow as tf


def register(ops: ModuleType) -> None:
    """Tells TensorFlow about the gradients; once per process."""

    @tf.RegisterGradient('PosewarpLocalAttentionSample')
    def _local_attention(op: tf.Operation, upstream: tf.Tensor) -> list[tf.Tensor]:
        return list(ops.posewarp_local_attention_sample_grad(*op.inputs, upstream))

    @tf.RegisterGradient('PosewarpBilinearSample')
    def _bilinear(op: tf.Operation, upstream: tf.Tensor) -> list[tf.Tensor]:
        return list(ops.posewarp_bilinear_sample_grad(*op.inputs, upstream))

    @tf.RegisterGradient('PosewarpGaussianSample')
    def _gaussian(op: tf.Operation, upstream: tf.Tensor) -> list[tf.Tensor]:
        window = {name: op.get_attr(name) for name in ('kernel_size', 'sigma')}
        return list(ops.posewarp_gaussian_sample_grad(*op.inputs, upstream, **window))
