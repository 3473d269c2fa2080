"""The generator of GFLA, whatever moves its features: the target is encoded, and decoded to a picture.

target pose, or view -> target encoder -> at each scale of `model_config.attention_scales`, coarse first, what the
model makes of the features there -> residual block -> twice the size -> ... -> picture
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import tensorflow as tf

from posewarp_tf.layers.blocks import (
    EncoderBlock,
    ReflectConv,
    ResBlock,
    ResBlockDecoder,
    encode_levels,
    level_filters,
)
from posewarp_tf.models.base import Inputs, ReposingModel
from posewarp_tf.models.flow_config import AttentionConfig
from posewarp_tf.models.outputs import Motion
from posewarp_tf.ops import bilinear_sample, resize_flow

# (index of the scale, features [B, h, w, C]) -> features.
Transform = Callable[[int, tf.Tensor], tf.Tensor]


class Generator(ReposingModel):
    """What all generators of GFLA have in common; a subclass makes its encoders, and calls `_make_decoder`."""

    model_config: AttentionConfig
    target_encoder: list[tf.keras.layers.Layer]
    residuals: list[ResBlock]
    decoders: list[ResBlockDecoder]
    output_conv: ReflectConv

    def _filters(self, level: int) -> int:
        return level_filters(level, self.model_config.base_filters, self.model_config.max_filters)

    def _make_encoder(self, name: str) -> list[tf.keras.layers.Layer]:
        return [EncoderBlock(self._filters(level), name=f'{name}_{level}') for level in range(self._num_layers)]

    def _make_decoder(self) -> None:
        levels = self._num_layers
        self.residuals = [ResBlock(self._filters(levels - i - 1), name=f'residual_{i}') for i in range(levels)]
        self.decoders = [
            ResBlockDecoder(
                self._filters(max(levels - i - 2, 0)), hidden_filters=self._filters(levels - i - 1), name=f'decoder_{i}'
            )
            for i in range(levels)
        ]

    def _target_features(self, inputs: Inputs) -> tf.Tensor:
        """What the decoder begins from, at its coarsest scale."""
        return encode_levels(self.target_encoder, inputs['target_pose'])[-1]

    def _make_output(self) -> ReflectConv:
        if not self.model_config.pixel_blend:
            return ReflectConv(3, name='output_conv')
        # The fourth is the share of the moved picture. If it begins with much of it, it soon takes that as it is.
        output, share = ReflectConv(4, name='output_conv'), self.model_config.initial_blend
        output.conv.bias_initializer = tf.constant_initializer([0.0, 0.0, 0.0, math.log(share / (1 - share))])
        return output

    def _decode(
        self, inputs: Inputs, motions: Mapping[str, Motion], scales: tuple[int, ...], transform: Transform
    ) -> tuple[tf.Tensor, dict[str, Motion]]:
        """The picture, float32 [B, H, W, 3] in [-1, 1]: tanh(c), and with `pixel_blend`

            (1 - w) * tanh(c) + w * (the picture of the last family, moved by its finest flow),    w = sigmoid(d),

        where c, d are the last convolution. The flow does not learn from these pixels: it would find the nearest ones
        of a like colour. Of a generated frame before none are taken: a network soon learns to repeat that.

        And the motions: where the picture takes pixels, features need not be taken, so that the finest mask m of the
        family becomes 1 - (1 - m) (1 - w).
        """
        features = self._target_features(inputs)
        for step, (residual, decoder) in enumerate(zip(self.residuals, self.decoders)):
            scale = self._num_layers - step
            if scale in scales:
                features = transform(scales.index(scale), features)
            features = decoder(residual(features))
        maps = tf.cast(self.output_conv(features), tf.float32)
        picture = tf.tanh(maps[..., :3])
        if not self.model_config.pixel_blend:
            return picture, dict(motions)
        family = self.model_config.families[-1]
        motion = motions[family]
        flow = tf.stop_gradient(resize_flow(motion.flows[-1], picture.shape[1:3]))
        # In half precision Keras rounds what comes in.
        source = tf.cast(inputs[f'{family}_image'], tf.float32)
        moved = bilinear_sample(source, flow, impl=self.model_config.sampler_impl)
        share = tf.sigmoid(maps[..., 3:])
        *coarse, mask = motion.masks
        step = picture.shape[1] // mask.shape[1]
        mask = 1 - (1 - tf.cast(mask, tf.float32)) * (1 - tf.nn.avg_pool2d(share, step, step, 'VALID'))
        motions = {**motions, family: motion._replace(masks=[*coarse, mask])}
        return (1 - share) * picture + share * moved, motions

    @property
    def _num_layers(self) -> int:
        return self.model_config.num_layers

    def _encoder_parts(self, name: str, blocks: list[tf.keras.layers.Layer]) -> dict:
        """The parts of an encoder by their names in released checkpoints."""
        return {f'{name}.{"encoder" if i else "block"}{max(i - 1, 0)}': block for i, block in enumerate(blocks)}

    def _target_parts(self) -> dict:
        """The same of the target's encoder."""
        return self._encoder_parts('target', self.target_encoder)

    def _decoder_parts(self) -> dict:
        """The same of the target's encoder and of the decoder, without the attentions between its steps."""
        parts = self._target_parts()
        for i, (residual, decoder) in enumerate(zip(self.residuals, self.decoders)):
            # The published residual blocks are nested once more.
            parts.update({f'target.decoder{i}.0.model.0': residual, f'target.decoder{i}.1': decoder})
        return {**parts, 'target.outconv': self.output_conv}
