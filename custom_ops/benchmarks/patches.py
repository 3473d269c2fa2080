"""The rival: local attention in the published order of operations, with every patch in memory."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import activate
from posewarp_tf.layers.local_attention import LocalAttention
from posewarp_tf.ops import bilinear_sample, coords_grid


class PatchLocalAttention(LocalAttention):
    """LocalAttention with the same weights and results: patches [B, k H, k W, C] are stored, convolved with stride k,
    multiplied and pooled."""

    def call(self, source: tf.Tensor, target: tf.Tensor | None = None, flow: tf.Tensor | None = None) -> Any:
        assert target is not None and flow is not None
        kernel = self.kernel_size
        source_patches = self._patches(source, flow)
        patches = tf.concat([self._patches(target, tf.zeros_like(flow)), source_patches], axis=-1)
        hidden = tf.nn.conv2d(patches, self.kernel, kernel, 'VALID') + self.bias
        attention = tf.nn.softmax(self.logits_conv(activate(hidden)))
        weighted = source_patches * tf.nn.depth_to_space(attention, kernel)
        return tf.nn.avg_pool2d(weighted, kernel, kernel, 'VALID'), attention

    def _patches(self, image: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
        """The k x k bilinear samples around each flowed point, side by side: [B, k H, k W, C]."""
        kernel = self.kernel_size
        height, width = flow.shape[1:3]
        offsets = coords_grid(kernel, kernel) - (kernel // 2)
        points = tf.repeat(tf.repeat(coords_grid(height, width) + flow, kernel, axis=1), kernel, axis=2)
        coords = points + tf.tile(offsets, [height, width, 1])
        return bilinear_sample(image, coords - coords_grid(kernel * height, kernel * width), impl='gather')
