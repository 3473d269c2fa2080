"""Source features at their place in the target, as far as they can be trusted there: PFL's alignment of features.

After the abstract of Zheng et al., "Pose Flow Learning From Person Images for Pose Guided Synthesis", IEEE TIP 30
(2021): features are aligned by the pose flow, at several scales. Norm, gate and widths are ours.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import Block, activate, conv, register
from posewarp_tf.ops import bilinear_sample

# Of a pixel's mean square. Half precision, in which files for phones may store it, knows nothing below 6e-8.
_EPSILON = 1e-6


@register
class GatedAlignment(tf.keras.layers.Layer):
    """gate * warp(source, flow) with gate = sigmoid(conv3x3(concat(warp(source, flow), target))).

    Where the source has nothing that fits the target, the gate can close. It is one channel for all features, so that
    it says where the source is used.
    """

    def __init__(self, use_gate: bool = True, impl: str = 'auto', **kwargs):
        super().__init__(**kwargs)
        self.use_gate = use_gate
        self.impl = impl
        self.gate_conv = conv(1, 3) if use_gate else None

    def call(self, source: tf.Tensor, target: tf.Tensor, flow: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Aligned features [B, H, W, C] and the gate, float32 [B, H, W, 1], all ones without one.

        Args:
          source: features [B, H, W, C].
          target: features [B, H, W, any].
          flow: [B, H, W, 2]; None: the source stays where it is.
        """
        warped = source if flow is None else bilinear_sample(source, flow, impl=self.impl)
        if self.gate_conv is None:
            return warped, tf.ones_like(warped[..., :1], tf.float32)
        gate = tf.sigmoid(tf.cast(self.gate_conv(tf.concat([warped, tf.cast(target, warped.dtype)], -1)), tf.float32))
        return tf.cast(gate, warped.dtype) * warped, gate

    def get_config(self) -> dict:
        return {**super().get_config(), 'use_gate': self.use_gate, 'impl': self.impl}


@register
class ConvBlock(Block):
    """act(norm(conv(x))), with the features of every pixel scaled to a mean square of 1.

    The norm (Karras et al., ICLR 2018) needs no other pixel, so that a map of a few pixels is as good as any, and no
    other example; and it makes the scale of the initial weights irrelevant.
    """

    def __init__(self, filters: int, kernel_size: int = 3, strides: int = 1, **kwargs):
        super().__init__(filters, **kwargs)
        self.kernel_size = kernel_size
        self.strides = strides
        self.conv = conv(filters, kernel_size, strides=strides)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        image = self.conv(image)
        mean_square = tf.reduce_mean(tf.square(tf.cast(image, tf.float32)), axis=-1, keepdims=True)
        return activate(image * tf.cast(tf.math.rsqrt(mean_square + _EPSILON), image.dtype))

    def get_config(self) -> dict:
        return {**super().get_config(), 'kernel_size': self.kernel_size, 'strides': self.strides}


@register
class DownBlock(Block):
    """ConvBlock 4x4 of stride 2, then ConvBlock 3x3: halves the size, ends at `filters` channels."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(filters, **kwargs)
        self.down = ConvBlock(filters, 4, strides=2)
        self.block = ConvBlock(filters)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        return self.block(self.down(image))
