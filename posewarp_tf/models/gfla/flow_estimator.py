"""The global flow field estimator (GFLA, section 3.1)."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import EncoderBlock, ReflectConv, ResBlockDecoder, conv, level_filters, register
from posewarp_tf.models.flow_config import AttentionConfig
from posewarp_tf.models.gfla.code_block import CodeBlock, ModulatedBlock
from posewarp_tf.ops import bilinear_sample, resize_flow

# A flow of so many pixels is 1 where the network sees it.
SEEN_FLOW_UNIT = 32.0


@register
class FlowHead(tf.keras.layers.Layer):
    """Two convolutions: flows (linear) and occlusion masks (sigmoid) of one scale, both float32.

    Of `num_flows` of both: [B, h, w, 2 * num_flows] and [B, h, w, num_flows].
    """

    keeps_initial_gain = True

    def __init__(self, num_flows: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.num_flows = num_flows
        self.flow_conv = conv(2 * num_flows, 3)
        self.mask_conv = conv(num_flows, 3)

    def call(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        flow = tf.cast(self.flow_conv(features), tf.float32)
        return flow, tf.sigmoid(tf.cast(self.mask_conv(features), tf.float32))

    def get_config(self) -> dict:
        return {**super().get_config(), 'num_flows': self.num_flows}


@register
class FlowEstimator(tf.keras.layers.Layer):
    """A U-Net over source image and both poses that predicts a flow and a mask per attention scale.

    (image [B, H, W, 3], pose [B, H, W, J], pose [B, H, W, J]) -> (flows, masks), lists coarse first.

    With a flow to begin from, `base_flow` [B, H, W, 2], the U-Net sees it too, and the image that it moves: `moved`, or
    the first argument. What it predicts is added to it; of several flows to the last.

    With a `code_size` n it sees the image alone, and a code [B, n] joins at its coarsest map. With `is_modulated` a
    vector `turn` [B, m] changes its coarsest map, and each that comes after.

    With `num_flows` it sees any pictures and poses, and every map has so many flows and masks beside each other:
    [B, h, w, 2 * num_flows] and [B, h, w, num_flows].
    """

    def __init__(
        self,
        base_filters: int,
        max_filters: int,
        num_layers: int,
        scales: tuple[int, ...],
        impl: str = 'auto',
        code_size: int = 0,
        num_flows: int = 1,
        is_modulated: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.impl = impl
        self.code_size = code_size
        self.is_modulated = is_modulated
        self.num_flows = num_flows
        self.base_filters = base_filters
        self.max_filters = max_filters
        self.num_layers = num_layers
        self.scales = tuple(sorted(scales, reverse=True))

        def filters(level: int) -> int:
            return level_filters(level, base_filters, max_filters)

        self.encoders = [EncoderBlock(filters(level), name=f'encoder_{level}') for level in range(num_layers)]
        self.code_block = CodeBlock(filters(num_layers - 1), code_size, name='code_block') if code_size else None
        self.decoders = []
        self.jumps = []
        # Step i ends at scale num_layers - i - 1, where level num_layers - i - 2 of the encoder has its output.
        for step in range(num_layers - self.scales[-1]):
            width = filters(num_layers - step - 2)
            self.decoders.append(ResBlockDecoder(width, hidden_filters=width, name=f'decoder_{step}'))
            self.jumps.append(ReflectConv(width, name=f'jump_{step}'))
        widths = [filters(num_layers - 1), *(decoder.filters for decoder in self.decoders)] if is_modulated else []
        self.modulations = [ModulatedBlock(width, name=f'modulation_{i}') for i, width in enumerate(widths)]
        self.heads = [FlowHead(num_flows, name=f'head_scale_{scale}') for scale in self.scales]

    @classmethod
    def for_model(cls, config: AttentionConfig, **kwargs) -> FlowEstimator:
        return cls(
            config.flow_base_filters,
            config.flow_max_filters,
            config.flow_num_layers,
            config.attention_scales,
            config.sampler_impl,
            **kwargs,
        )

    def call(
        self,
        source_image: tf.Tensor,
        *others: tf.Tensor,
        base_flow: tf.Tensor | None = None,
        moved: tf.Tensor | None = None,
        code: tf.Tensor | None = None,
        turn: tf.Tensor | None = None,
    ) -> tuple[list, list]:
        seen = [source_image, *others]
        if base_flow is not None:
            moved = source_image if moved is None else moved
            seen += [bilinear_sample(moved, base_flow, impl=self.impl), base_flow / SEEN_FLOW_UNIT]
        # Keras casts the first argument only.
        inputs = [tf.cast(tensor, self.compute_dtype) for tensor in seen]
        features = tf.concat(inputs, axis=-1)
        skips = []
        for encoder in self.encoders:
            features = encoder(features)
            skips.append(features)
        skips.pop()
        if self.code_block is not None:
            features = self.code_block(features, code)
        if self.modulations:
            features = self.modulations[0](features, turn)
        flows, masks = [], []
        for step, (decoder, jump) in enumerate(zip(self.decoders, self.jumps)):
            features = decoder(features) + jump(skips.pop())
            if self.modulations:
                features = self.modulations[step + 1](features, turn)
            scale = self.num_layers - step - 1
            if scale in self.scales:
                flow, mask = self.heads[self.scales.index(scale)](features)
                if base_flow is not None:
                    others_first = [[0, 0], [0, 0], [0, 0], [2 * (self.num_flows - 1), 0]]
                    flow += tf.pad(resize_flow(base_flow, flow.shape[1:3]), others_first)
                flows.append(flow)
                masks.append(mask)
        return flows, masks

    @property
    def pytorch_parts(self) -> dict:
        parts: dict = {'block0': self.encoders[0]}
        parts.update({f'encoder{i}': encoder for i, encoder in enumerate(self.encoders[1:])})
        if self.code_block is not None:
            # The published block is nested once more.
            parts['cat.model.0'] = self.code_block
        for step, (decoder, jump) in enumerate(zip(self.decoders, self.jumps)):
            parts.update({f'decoder{step}': decoder, f'jump{step}': jump})
        for scale, head in zip(self.scales, self.heads):
            step = self.num_layers - scale - 1
            parts.update({f'output{step}': head.flow_conv, f'mask{step}.0': head.mask_conv})
        return parts

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            'base_filters': self.base_filters,
            'max_filters': self.max_filters,
            'num_layers': self.num_layers,
            'scales': self.scales,
            'impl': self.impl,
            'code_size': self.code_size,
            'num_flows': self.num_flows,
            'is_modulated': self.is_modulated,
        }
