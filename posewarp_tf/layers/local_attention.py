"""The attention sampler: local attention around flowed points (GFLA, section 3.2), and the paper's two rivals."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import activate, conv, initializer, register
from posewarp_tf.ops import bilinear_sample, local_attention_sample, replicate_pad, sample_at
from posewarp_tf.ops.warp import flow_to_coords

HIDDEN_FILTERS = 128


@register
class LocalAttention(tf.keras.layers.Layer):
    """Warps source features by a flow, with a k x k attention that looks at source and target content.

        P_s[y, x] = k x k source patch around (x + dx, y + dy);  P_t[y, x] = k x k target patch around (x, y)
        attention = softmax(conv1x1(act(conv_kxk(concat(P_t, P_s)))))
        out[y, x] = mean over the patch of attention * P_s        (the sum divided by k * k)

    The convolution over patches is computed without patches. Its target half is an ordinary convolution
    with replicated borders. So is its source half: bilinear sampling is linear, so the flowed patch's
    convolution is a bilinear sample of the convolved source. Far outside, every tap is clamped to the
    same border pixel; a border of 2 * (k // 2) replicated pixels holds all that can be read there.
    """

    def __init__(self, kernel_size: int, impl: str = 'auto', **kwargs):
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.impl = impl
        self.logits_conv = conv(kernel_size**2, 1)

    def build(self, input_shape) -> None:
        channels = input_shape[-1]
        shape = (self.kernel_size, self.kernel_size, 2 * channels, HIDDEN_FILTERS)
        self.kernel = self.add_weight('kernel', shape, initializer=initializer())
        self.bias = self.add_weight('bias', (HIDDEN_FILTERS,), initializer='zeros')
        super().build(input_shape)

    def prepare(self, source: tf.Tensor) -> Any:
        """What a call makes of the source [B, H, W, C] alone: it serves any number of targets and flows."""
        return self(source)

    def call(self, source: Any, target: tf.Tensor | None = None, flow: tf.Tensor | None = None) -> Any:
        """Samples [B, H, W, C] and the attention [B, H, W, k * k]; without a target what `prepare` promises.

        Args:
            source: features [B, H, W, C], or what `prepare` made of them.
            target: features [B, H, W, C].
            flow: [B, H, W, 2].
        """
        source, convolved_source = source if isinstance(source, tuple) else (source, self._source_half(source))
        if target is None:
            return source, convolved_source
        attention = self._attention(convolved_source, target, flow)
        sampled = local_attention_sample(source, flow, attention, impl=self.impl)
        return sampled / self.kernel_size**2, attention

    def _source_half(self, source: tf.Tensor) -> tf.Tensor:
        _, kernel_source = tf.split(tf.cast(self.kernel, source.dtype), 2, axis=2)
        return tf.nn.conv2d(replicate_pad(source, 2 * (self.kernel_size // 2)), kernel_source, 1, 'VALID')

    def _attention(self, convolved_source: tf.Tensor, target: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
        """softmax over the k * k taps; float32, because half precision loses small weights."""
        radius = self.kernel_size // 2
        target = tf.cast(target, convolved_source.dtype)
        kernel_target, _ = tf.split(tf.cast(self.kernel, target.dtype), 2, axis=2)
        convolved_target = tf.nn.conv2d(replicate_pad(target, radius), kernel_target, 1, 'VALID')
        # The convolved source has `radius` more pixels on every side than the source.
        coords = flow_to_coords(tf.cast(flow, tf.float32)) + tf.cast(radius, tf.float32)
        hidden = convolved_target + sample_at(convolved_source, coords, self.impl) + tf.cast(self.bias, target.dtype)
        return tf.nn.softmax(tf.cast(self.logits_conv(activate(hidden)), tf.float32))

    @property
    def pytorch_parts(self) -> dict:
        return {
            'fully_connect_layer.0.weight': (self.kernel, 'conv'),
            'fully_connect_layer.0.bias': (self.bias, 'vector'),
            'fully_connect_layer.2': self.logits_conv,
        }

    def get_config(self) -> dict:
        return {**super().get_config(), 'kernel_size': self.kernel_size, 'impl': self.impl}


@register
class BilinearWarp(tf.keras.layers.Layer):
    """The paper's ablation "Bi-Sample": the source features warped bilinearly, no attention."""

    def __init__(self, impl: str = 'auto', **kwargs):
        super().__init__(**kwargs)
        self.impl = impl

    def prepare(self, source: tf.Tensor) -> tf.Tensor:
        return source

    def call(self, source: tf.Tensor, target: tf.Tensor, flow: tf.Tensor) -> tuple[tf.Tensor, None]:
        return bilinear_sample(source, flow, self.impl), None

    def get_config(self) -> dict:
        return {**super().get_config(), 'impl': self.impl}


@register
class GlobalAttention(tf.keras.layers.Layer):
    """The paper's ablation "Global-Attn": every target position attends to every source position; no flow.

        attention = softmax(query(target) . key(source) / sqrt(C / 8));  out = sum over the source of attention * source

    The paper says no more than that; projections to C / 8 channels are our choice, after non-local networks.
    """

    def build(self, input_shape) -> None:
        self.projected = max(1, input_shape[-1] // 8)
        self.query = conv(self.projected, 1)
        self.key = conv(self.projected, 1)
        super().build(input_shape)

    def prepare(self, source: tf.Tensor) -> tf.Tensor:
        return source

    def call(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        batch, height, width, channels = tf.unstack(tf.shape(source))
        query = tf.reshape(self.query(target), [batch, -1, self.projected])
        key = tf.reshape(self.key(source), [batch, -1, self.projected])
        logits = tf.matmul(query, key, transpose_b=True) / self.projected**0.5
        pixels = tf.reshape(source, [batch, height * width, channels])
        attended = tf.matmul(tf.nn.softmax(logits), pixels)
        return tf.reshape(attended, tf.shape(source))
