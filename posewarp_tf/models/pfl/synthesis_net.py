"""SynthesisNet: the person's picture in the target pose, and where to show it.

After the abstract of Zheng et al., "Pose Flow Learning From Person Images for Pose Guided Synthesis", IEEE TIP 30
(2021), for the alignment by the pose flow, and the authors' demo, which shows the mask. The network itself is ours.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.aligned_u_net import AlignedUNet
from posewarp_tf.layers.blocks import conv, register
from posewarp_tf.models.pfl.config import PFLConfig
from posewarp_tf.models.pfl.garment_net import body_sizes


@register
class SynthesisNet(tf.keras.layers.Layer):
    """AlignedUNet, then two heads: colours (tanh) and the composition mask (sigmoid).

    `sizes` are the arguments of AlignedUNet.
    """

    def __init__(self, sizes: dict, **kwargs):
        super().__init__(**kwargs)
        self.sizes = dict(sizes)
        self.body = AlignedUNet(**self.sizes, name='body')
        self.color_conv = conv(3, 3)
        self.mask_conv = conv(1, 3)

    @classmethod
    def for_model(cls, config: PFLConfig, **kwargs) -> SynthesisNet:
        return cls(body_sizes(config, config.base_filters, config.max_filters), **kwargs)

    def call(self, source: Any, target: tf.Tensor, *flows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Picture [B, H, W, 3] in [-1, 1], mask [B, H, W, 1] in [0, 1] and the gates, coarse first; all float32.

        Args:
            source: the source's image and what else is known of it, [B, H, W, any], or what the body prepared of it.
            target: pose and, where there is one, the soft garment map of the target, [B, H, W, any].
            flows: of all scales that are aligned, coarse first.
        """
        features, gates = self.body(source, target, *flows)
        picture = tf.tanh(tf.cast(self.color_conv(features), tf.float32))
        return picture, tf.sigmoid(tf.cast(self.mask_conv(features), tf.float32)), gates

    def get_config(self) -> dict:
        return {**super().get_config(), 'sizes': self.sizes}
