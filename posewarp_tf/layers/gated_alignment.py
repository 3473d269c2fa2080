"""Source features at their place in the target, as far as they can be trusted there: PFL's alignment of features.

After the abstract of Zheng et al., "Pose Flow Learning From Person Images for Pose Guided Synthesis", IEEE TIP 30
(2021): features are aligned by the pose flow, at several scales. Norm, gate and widths are ours.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import conv, register
from posewarp_tf.ops import bilinear_sample


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
