"""Convolutions whose norm looks at one pixel: the blocks that PFL's networks are made of."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import Block, activate, conv, register

# Added to the mean square of a pixel. Files for phones may store it in half precision, which knows nothing below 6e-8.
_EPSILON = 1e-6


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
