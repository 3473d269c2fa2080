"""A plain U-Net."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import UpConv, encode_levels, register
from posewarp_tf.layers.pixel_norm_blocks import ConvBlock, DownBlock


@register
class UNet(tf.keras.layers.Layer):
    """widths: of its levels; level s has maps of 1 / 2**s of the size, and all but the last have a skip."""

    def __init__(self, widths: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        self.widths = tuple(widths)
        first = ConvBlock(widths[0], name='encoder_0')
        rest = [DownBlock(width, name=f'encoder_{level}') for level, width in enumerate(widths[1:], start=1)]
        self.encoder = [first, *rest]
        self.bottom = ConvBlock(widths[-1], name='bottom')
        coarse_first = list(enumerate(widths[:-1]))[::-1]
        self.up_convs = [UpConv(width, name=f'up_{level}') for level, width in coarse_first]
        self.merges = [ConvBlock(width, name=f'merge_{level}') for level, width in coarse_first]

    def call(self, image: tf.Tensor, context: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Features [B, H, W, widths[0]] and those of the coarsest level [B, h, w, widths[-1]].

        Args:
            image: [B, H, W, any], H and W multiples of 2**(levels - 1).
            context: [B, h, w, any], joins the coarsest level.
        """
        levels = encode_levels(self.encoder, tf.cast(image, self.compute_dtype))
        features = levels[-1]
        if context is not None:
            features = tf.concat([features, tf.cast(context, features.dtype)], axis=-1)
        bottom = features = self.bottom(features)
        for up_conv, merge, skip in zip(self.up_convs, self.merges, levels[-2::-1]):
            features = merge(tf.concat([up_conv(features), skip], axis=-1))
        return features, bottom

    def get_config(self) -> dict:
        return {**super().get_config(), 'widths': self.widths}
