"""Norms of sequences over channels and time together, float32 [B, T, C]."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import initializer, register


def normalized(sequence: tf.Tensor) -> tf.Tensor:
    """(x - mean) / sqrt(variance + 1e-5) over the channels and the time of each example, float32."""
    centered = tf.cast(sequence, tf.float32)
    centered -= tf.reduce_mean(centered, axis=(1, 2), keepdims=True)
    return centered * tf.math.rsqrt(tf.reduce_mean(tf.square(centered), axis=(1, 2), keepdims=True) + 1e-5)


@register
class SequenceNorm(tf.keras.layers.Layer):
    """scale * normalized(x) + offset, of each channel."""

    def build(self, input_shape) -> None:
        # Columns in released files, rows here.
        self.scale = self.add_weight('scale', (1, input_shape[-1]), initializer='ones')
        self.offset = self.add_weight('offset', (1, input_shape[-1]), initializer='zeros')
        super().build(input_shape)

    def call(self, sequence: tf.Tensor) -> tf.Tensor:
        scale, offset = tf.cast(self.scale, tf.float32), tf.cast(self.offset, tf.float32)
        return tf.cast(normalized(sequence) * scale + offset, sequence.dtype)

    @property
    def pytorch_parts(self) -> dict:
        return {'weight': (self.scale, 'matrix'), 'bias': (self.offset, 'matrix')}


@register
class CodedNorm(tf.keras.layers.Layer):
    """normalized(x) * (1 + gamma) + beta; gamma and beta [B, 1, C] = linear(relu(linear(code [B, n])))."""

    def __init__(self, hidden: int, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden

    def build(self, input_shape) -> None:
        def dense(units: int, activation: str | None = None) -> tf.keras.layers.Dense:
            layer = tf.keras.layers.Dense(units, activation, kernel_initializer=initializer())
            layer.kernel_kind = 'matrix'
            return layer

        self.shared = dense(self.hidden, 'relu')
        self.gamma_dense, self.beta_dense = dense(input_shape[-1]), dense(input_shape[-1])
        super().build(input_shape)

    def call(self, sequence: tf.Tensor, code: tf.Tensor) -> tf.Tensor:
        hidden = self.shared(code)
        scale, offset = (
            tf.cast(layer(hidden), tf.float32)[:, tf.newaxis] for layer in (self.gamma_dense, self.beta_dense)
        )
        return tf.cast(normalized(sequence) * (1.0 + scale) + offset, sequence.dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), 'hidden': self.hidden}

    @property
    def dense_layers(self) -> tuple[tf.keras.layers.Dense, ...]:
        return self.shared, self.gamma_dense, self.beta_dense

    @property
    def pytorch_parts(self) -> dict:
        return {'mlp_shared.0': self.shared, 'mlp_gamma': self.gamma_dense, 'mlp_beta': self.beta_dense}
