"""GarmentNet: the garment map of the target, from that of the source and the flow.

After the abstract of Zheng et al., "Pose Flow Learning From Person Images for Pose Guided Synthesis", IEEE TIP 30
(2021): the layout first, with source features aligned by the pose flow at several scales. The network itself is ours.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.layers.aligned_u_net import AlignedUNet
from posewarp_tf.layers.blocks import conv, register
from posewarp_tf.models.pfl.config import PFLConfig


@register
class GarmentNet(tf.keras.layers.Layer):
    """AlignedUNet, then one logit per class.

    (source's garment map and image [B, H, W, 19], or what the body prepared of them, target pose [B, H, W, J], flows)
    -> float32 logits [B, H, W, 16].
    `sizes` are the arguments of AlignedUNet.
    """

    def __init__(self, sizes: dict, **kwargs):
        super().__init__(**kwargs)
        self.sizes = dict(sizes)
        self.body = AlignedUNet(**self.sizes, name='body')
        self.logits_conv = conv(len(GARMENT_NAMES), 3)

    @classmethod
    def for_model(cls, config: PFLConfig, **kwargs) -> GarmentNet:
        return cls(body_sizes(config, config.garment_base_filters, config.garment_max_filters), **kwargs)

    def call(self, source: Any, target_pose: tf.Tensor, *flows: tf.Tensor) -> tf.Tensor:
        features, _ = self.body(source, target_pose, *flows)
        return tf.cast(self.logits_conv(features), tf.float32)

    def get_config(self) -> dict:
        return {**super().get_config(), 'sizes': self.sizes}


def body_sizes(config: PFLConfig, base_filters: int, max_filters: int) -> dict:
    """The arguments of the AlignedUNet of one of the two generators."""
    return {
        'base_filters': base_filters,
        'max_filters': max_filters,
        'num_layers': config.num_layers,
        'scales': config.alignment_scales,
        'use_gate': config.use_gate,
        'impl': config.sampler_impl,
    }
