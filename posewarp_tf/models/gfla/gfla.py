"""GFLA's person image generator (Ren et al., "Deep Image Spatial Transformation for Person Image Generation").

source image + poses -> flow estimator -> per scale {flow, mask}
source image -> source encoder -> features per level
target pose -> target encoder -> decoder, which takes at each attention scale
    x = (1 - m) * x + m * LocalAttention(source features, x, flow)
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import (
    EncoderBlock,
    ReflectConv,
    ResBlock,
    ResBlockDecoder,
    encode_levels,
    level_filters,
    register,
)
from posewarp_tf.layers.local_attention import BilinearWarp, GlobalAttention, LocalAttention
from posewarp_tf.models.base import Inputs, Outputs, ReposingModel, State
from posewarp_tf.models.gfla.config import GFLAConfig, GFLANetworksConfig
from posewarp_tf.models.gfla.flow_estimator import FlowEstimator
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.pytorch_names import named_variables


@register
class GFLA(ReposingModel):
    """The generator; `config.spatial_transform` chooses the published method or an ablation of the paper.

    local_attention   published: flow, then attention over the neighbourhood of each flowed point
    bilinear          flow, then a bilinear warp
    global_attention  no flow: every target position attends to the whole source map, and the result is added
    none              no transformation: an encoder-decoder over source image and both poses together
    """

    model_config: GFLANetworksConfig

    def __init__(self, config: GFLANetworksConfig, **kwargs):
        super().__init__(config, **kwargs)
        num_layers, filters = config.num_layers, self._filters
        self.flow_estimator = self._make_flow_estimator() if config.has_flow else None
        self.source_encoder = [] if config.spatial_transform == 'none' else self._make_encoder('source_encoder')
        self.target_encoder = self._make_target_encoder()
        self.residuals = [ResBlock(filters(num_layers - i - 1), name=f'residual_{i}') for i in range(num_layers)]
        self.decoders = [
            ResBlockDecoder(
                filters(max(num_layers - i - 2, 0)), hidden_filters=filters(num_layers - i - 1), name=f'decoder_{i}'
            )
            for i in range(num_layers)
        ]
        self.transforms = [self._make_transform(scale) for scale in self._scales]
        self.output_conv = ReflectConv(3, name='output_conv')

    def start(self, inputs: Inputs) -> State:
        """Source features at the scales that are transformed, and what each transform makes of them alone."""
        if not self.source_encoder:
            return {}
        levels = encode_levels(self.source_encoder, inputs['source_image'])
        return {
            'sources': [transform.prepare(levels[scale - 1]) for scale, transform in zip(self._scales, self.transforms)]
        }

    def step(self, state: State, inputs: Inputs, return_attention: bool = False) -> Outputs:
        motions = self._estimate_motions(inputs)
        features = self._target_features(inputs)
        attentions = []
        for step, (residual, decoder) in enumerate(zip(self.residuals, self.decoders)):
            scale = self.model_config.num_layers - step
            if scale in self._scales:
                index = self._scales.index(scale)
                features, attention = self._transform(index, state['sources'][index], features, motions)
                attentions.append(attention)
            features = decoder(residual(features))
        image = tf.tanh(tf.cast(self.output_conv(features), tf.float32))
        if return_attention and self.model_config.spatial_transform == 'local_attention':
            motions = {family: motion._replace(attentions=attentions) for family, motion in motions.items()}
        return {'image': image, 'motions': motions}

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        self.stage_of(stage)
        return {'motions': self._estimate_motions(inputs)} if stage == 'flow' else self(inputs, training=training)

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array; only for the published method."""
        parts: dict = {f'source.{_encoder_name(i)}': block for i, block in enumerate(self.source_encoder)}
        parts.update(self._target_parts())
        for i, (residual, decoder) in enumerate(zip(self.residuals, self.decoders)):
            # The published residual blocks are nested once more.
            parts.update({f'target.decoder{i}.0.model.0': residual, f'target.decoder{i}.1': decoder})
        for scale, attention in zip(self._scales, self.transforms):
            parts[f'target.attn{self.model_config.num_layers - scale}'] = attention
        parts.update({'target.outconv': self.output_conv, 'flow_net': self.flow_estimator})
        return named_variables(parts)

    def _target_parts(self) -> dict:
        return {f'target.{_encoder_name(i)}': block for i, block in enumerate(self.target_encoder)}

    def _filters(self, level: int) -> int:
        return level_filters(level, self.model_config.base_filters, self.model_config.max_filters)

    def _make_encoder(self, name: str) -> list[EncoderBlock]:
        levels = range(self.model_config.num_layers)
        return [EncoderBlock(self._filters(level), name=f'{name}_{level}') for level in levels]

    def _make_flow_estimator(self) -> FlowEstimator:
        return FlowEstimator.for_model(self.model_config, name='flow_estimator')

    def _make_target_encoder(self) -> list[tf.keras.layers.Layer]:
        """Blocks that end at the coarsest scale of the decoder."""
        return list(self._make_encoder('target_encoder'))

    @property
    def _scales(self) -> tuple[int, ...]:
        return () if self.model_config.spatial_transform == 'none' else self.model_config.attention_scales

    def _make_transform(self, scale: int) -> tf.keras.layers.Layer:
        config, name = self.model_config, f'transform_scale_{scale}'
        if config.spatial_transform == 'local_attention':
            return LocalAttention(config.attention_kernels[scale], impl=config.sampler_impl, name=name)
        return (
            BilinearWarp(impl=config.sampler_impl, name=name)
            if config.spatial_transform == 'bilinear'
            else GlobalAttention(name=name)
        )

    def _estimate_motions(self, inputs: Inputs) -> dict[str, Motion]:
        if self.flow_estimator is None:
            return {}
        assert isinstance(self.model_config, GFLAConfig)
        seen = (inputs[name] for name in ('source_image', 'source_pose', 'target_pose'))
        flows, masks = self.flow_estimator(*seen, self.model_config.make_base_flow(inputs))
        return {'source': Motion(flows, masks)}

    def _target_features(self, inputs: Inputs) -> tf.Tensor:
        """What the decoder begins from."""
        names = ('target_pose',) if self.source_encoder else ('source_image', 'source_pose', 'target_pose')
        seen = [inputs[name] for name in names]
        return encode_levels(self.target_encoder, seen[0] if len(seen) == 1 else tf.concat(seen, axis=-1))[-1]

    def _transform(self, index: int, source: Any, features: tf.Tensor, motions: dict[str, Motion]) -> tuple:
        """`source`: what the transform prepared."""
        if not motions:
            return features + self.transforms[index](source, features), None
        mask = tf.cast(motions['source'].masks[index], features.dtype)
        sampled, attention = self.transforms[index](source, features, motions['source'].flows[index])
        return (1 - mask) * features + mask * sampled, attention


def _encoder_name(index: int) -> str:
    """The published name of a block of an encoder."""
    return f'encoder{index - 1}' if index else 'block0'
