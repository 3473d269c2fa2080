"""GFLA's generator of novel views (Ren et al., "Deep Image Spatial Transformation for Person Image Generation").

source image -> flow estimator, which the difference of the views joins at its coarsest map -> per scale {flow, mask}
source image -> source encoder -> features per level
target view, in every pixel of a map of 1/32 -> two blocks that double the size -> decoder with attention as of people

A view is a vector of 21 numbers (poses/views.py). An instance norm makes zeros of a map that is the same in every
pixel, so the view enters the target through the shortcuts of the two blocks alone; released weights depend on it.
For the same reason the flow hardly learns to depend on the view in a short training; `--turn_modulation` (ours) lets
the view act behind the norms.
"""

from __future__ import annotations

import math

import tensorflow as tf

from posewarp_tf.layers.blocks import EncoderBlock, ResBlockDecoder, register
from posewarp_tf.models.base import Inputs
from posewarp_tf.models.gfla.code_block import CodeBlock, ModulatedBlock
from posewarp_tf.models.gfla.flow_estimator import FlowEstimator
from posewarp_tf.models.gfla.gfla import GFLANetworks
from posewarp_tf.models.gfla_views.config import GFLAViewsConfig
from posewarp_tf.poses.views import AZIMUTHS, VIEW_SIZE


@register
class GFLAViews(GFLANetworks):
    """{'source_image', 'source_view', 'target_view' [B, 21]} -> {'image', 'motions': {'source': Motion}}.

    `config.spatial_transform` is as of `GFLANetworks`; 'none', an encoder-decoder without flow, sees the source image,
    which the difference of the views joins at the coarsest map.
    """

    model_config: GFLAViewsConfig

    def _make_flow_estimator(self) -> FlowEstimator:
        is_modulated = self.model_config.turn_modulation
        return FlowEstimator.for_model(
            self.model_config, code_size=VIEW_SIZE, is_modulated=is_modulated, name='flow_estimator'
        )

    def _make_target_encoder(self) -> list[tf.keras.layers.Layer]:
        config = self.model_config
        if config.spatial_transform != 'none':
            return self._make_growth(VIEW_SIZE)
        levels = range(config.flow_num_layers)
        encoder = [EncoderBlock(self._filters(level), name=f'target_encoder_{level}') for level in levels]
        width = self._filters(levels[-1])
        joined = [CodeBlock(width, VIEW_SIZE, name='code_block')]
        if config.turn_modulation:
            joined.append(ModulatedBlock(width, name='modulation'))
        return [*encoder, *joined, *self._make_growth(width)]

    def _make_growth(self, width: int) -> list[tf.keras.layers.Layer]:
        """Blocks from a map of 1 / 2**flow_num_layers of the size and so many channels to the decoder's coarsest."""
        config = self.model_config
        num_blocks = config.flow_num_layers - config.num_layers
        widths = [config.base_filters] * (num_blocks - 1) + [self._filters(config.num_layers - 1)]
        return [
            ResBlockDecoder(filters, hidden_filters=hidden, name=f'growth_{i}')
            for i, (hidden, filters) in enumerate(zip([width, *widths], widths))
        ]

    def _flows_and_masks(self, estimator: FlowEstimator, inputs: Inputs) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        turn = turn_of(inputs) if estimator.is_modulated else None
        return estimator(inputs['source_image'], code=_difference(inputs), turn=turn)

    def _target_features(self, inputs: Inputs) -> tf.Tensor:
        features = inputs['source_image'] if not self.source_encoder else self._spread(inputs['target_view'])
        for block in self.target_encoder:
            if isinstance(block, CodeBlock):
                features = block(features, _difference(inputs))
            elif isinstance(block, ModulatedBlock):
                features = block(features, turn_of(inputs))
            else:
                features = block(features)
        return features

    def _target_parts(self) -> dict:
        return {f'target.block{i}': block for i, block in enumerate(self.target_encoder)}

    def _spread(self, view: tf.Tensor) -> tf.Tensor:
        """The view [B, 21] in every pixel of the coarsest map."""
        height, width = (side // 2**self.model_config.flow_num_layers for side in self.model_config.image_size)
        return tf.tile(view[:, tf.newaxis, tf.newaxis], [1, height, width, 1])


def _difference(inputs: Inputs) -> tf.Tensor:
    return inputs['source_view'] - inputs['target_view']


def turn_of(inputs: Inputs) -> tf.Tensor:
    """[B, 10]: cosine and sine of the turn from the target to the source and of its double, and both elevations."""
    angles = tf.constant([2 * math.pi * place / len(AZIMUTHS) for place in range(len(AZIMUTHS))])
    circle = tf.stack([tf.cos(angles), tf.sin(angles)], axis=-1)
    source, target = (tf.cast(inputs[f'{role}_view'], tf.float32) for role in ('source', 'target'))
    (source_x, source_y), (target_x, target_y) = (
        tf.split(view[:, : len(AZIMUTHS)] @ circle, 2, axis=-1) for view in (source, target)
    )
    cosine, sine = source_x * target_x + source_y * target_y, source_y * target_x - source_x * target_y
    double = [cosine**2 - sine**2, 2 * cosine * sine]
    return tf.concat([cosine, sine, *double, source[:, len(AZIMUTHS) :], target[:, len(AZIMUTHS) :]], axis=-1)
