"""GFLA's person image generator (Ren et al., "Deep Image Spatial Transformation for Person Image Generation").

source image + poses -> flow estimator -> per scale {flow, mask}
source image -> source encoder -> features per level
target pose -> target encoder -> decoder, which takes at each attention scale
    x = (1 - m) * x + m * LocalAttention(source features, x, flow)
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import encode_levels, register
from posewarp_tf.layers.local_attention import BilinearWarp, GlobalAttention, LocalAttention
from posewarp_tf.models.base import Inputs, Outputs, State
from posewarp_tf.models.gfla.config import GFLAConfig, GFLANetworksConfig
from posewarp_tf.models.gfla.flow_estimator import FlowEstimator
from posewarp_tf.models.gfla.generator import Generator
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.pytorch_names import named_variables


class GFLANetworks(Generator):
    """The generator, whatever tells the target: a subclass says what its flows are, and what the decoder begins from.

    `config.spatial_transform` chooses the published method or an ablation of the paper.

    local_attention   published: flow, then attention over the neighbourhood of each flowed point
    bilinear          flow, then a bilinear warp
    global_attention  no flow: every target position attends to the whole source map, and the result is added
    none              no transformation: an encoder-decoder over source image and both poses together
    """

    model_config: GFLANetworksConfig

    def __init__(self, config: GFLANetworksConfig, **kwargs):
        super().__init__(config, **kwargs)
        self.flow_estimator = self._make_flow_estimator() if config.has_flow else None
        self.source_encoder = [] if config.spatial_transform == 'none' else self._make_encoder('source_encoder')
        self.target_encoder = self._make_target_encoder()
        self._make_decoder()
        self.transforms = [self._make_transform(scale) for scale in self._scales]
        self.output_conv = self._make_output()

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
        attentions = []

        def transform(index: int, features: tf.Tensor) -> tf.Tensor:
            features, attention = self._transform(index, state['sources'][index], features, motions)
            attentions.append(attention)
            return features

        image, motions = self._decode(inputs, motions, self._scales, transform)
        if return_attention and self.model_config.spatial_transform == 'local_attention':
            motions = {family: motion._replace(attentions=attentions) for family, motion in motions.items()}
        return {'image': image, 'motions': motions}

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        self.stage_of(stage)
        return {'motions': self._estimate_motions(inputs)} if stage == 'flow' else self(inputs, training=training)

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array; only for the published method."""
        parts = {**self._encoder_parts('source', self.source_encoder), **self._decoder_parts()}
        for scale, attention in zip(self._scales, self.transforms):
            parts[f'target.attn{self.model_config.num_layers - scale}'] = attention
        parts['flow_net'] = self.flow_estimator
        return named_variables(parts)

    def _make_flow_estimator(self) -> FlowEstimator:
        return FlowEstimator.for_model(self.model_config, name='flow_estimator')

    def _make_target_encoder(self) -> list[tf.keras.layers.Layer]:
        """Blocks that end at the coarsest scale of the decoder."""
        return self._make_encoder('target_encoder')

    def _estimate_motions(self, inputs: Inputs) -> dict[str, Motion]:
        if self.flow_estimator is None:
            return {}
        return {'source': Motion(*self._flows_and_masks(self.flow_estimator, inputs))}

    def _flows_and_masks(self, estimator: FlowEstimator, inputs: Inputs) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Those from the source, coarse first."""
        raise NotImplementedError

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

    def _transform(self, index: int, source: Any, features: tf.Tensor, motions: dict[str, Motion]) -> tuple:
        """`source`: what the transform prepared."""
        if not motions:
            return features + self.transforms[index](source, features), None
        mask = tf.cast(motions['source'].masks[index], features.dtype)
        sampled, attention = self.transforms[index](source, features, motions['source'].flows[index])
        return (1 - mask) * features + mask * sampled, attention


@register
class GFLA(GFLANetworks):
    """The generator of pictures of people: {'source_image', 'source_pose', 'target_pose'} -> {'image', 'motions'}."""

    model_config: GFLAConfig

    def _flows_and_masks(self, estimator: FlowEstimator, inputs: Inputs) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        seen = (inputs[name] for name in ('source_image', 'source_pose', 'target_pose'))
        return estimator(*seen, base_flow=self.model_config.make_base_flow(inputs))

    def _target_features(self, inputs: Inputs) -> tf.Tensor:
        if self.source_encoder:
            return super()._target_features(inputs)
        seen = tf.concat([inputs['source_image'], inputs['source_pose'], inputs['target_pose']], axis=-1)
        return encode_levels(self.target_encoder, seen)[-1]
