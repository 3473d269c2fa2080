"""GFLA's generator of novel views (Ren et al., "Deep Image Spatial Transformation for Person Image Generation").

source image -> flow estimator, which the difference of the views joins at its coarsest map -> per scale {flow, mask}
source image -> source encoder -> features per level
target view, in every pixel of a map of 1/32 -> two blocks that double the size -> decoder with attention as of people

A view is a vector of 21 numbers (poses/views.py). An instance norm makes zeros of a map that is the same in every
pixel, so the view enters the target through the shortcuts of the two blocks alone; released weights depend on it.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import EncoderBlock, ResBlockDecoder, register
from posewarp_tf.models.base import Inputs
from posewarp_tf.models.gfla.code_block import CodeBlock
from posewarp_tf.models.gfla.flow_estimator import FlowEstimator
from posewarp_tf.models.gfla.gfla import GFLANetworks
from posewarp_tf.models.gfla_views.config import GFLAViewsConfig
from posewarp_tf.poses.views import VIEW_SIZE


@register
class GFLAViews(GFLANetworks):
    """{'source_image', 'source_view', 'target_view' [B, 21]} -> {'image', 'motions': {'source': Motion}}.

    `config.spatial_transform` is as of `GFLANetworks`; 'none', an encoder-decoder without flow, sees the source image,
    which the difference of the views joins at the coarsest map.
    """

    model_config: GFLAViewsConfig

    def _make_flow_estimator(self) -> FlowEstimator:
        return FlowEstimator.for_model(self.model_config, code_size=VIEW_SIZE, name='flow_estimator')

    def _make_target_encoder(self) -> list[tf.keras.layers.Layer]:
        config = self.model_config
        if config.spatial_transform != 'none':
            return self._make_growth(VIEW_SIZE)
        levels = range(config.flow_num_layers)
        encoder = [EncoderBlock(self._filters(level), name=f'target_encoder_{level}') for level in levels]
        width = self._filters(levels[-1])
        return [*encoder, CodeBlock(width, VIEW_SIZE, name='code_block'), *self._make_growth(width)]

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
        return estimator(inputs['source_image'], code=_difference(inputs))

    def _target_features(self, inputs: Inputs) -> tf.Tensor:
        features = inputs['source_image'] if not self.source_encoder else self._spread(inputs['target_view'])
        for block in self.target_encoder:
            features = block(features, _difference(inputs)) if isinstance(block, CodeBlock) else block(features)
        return features

    def _target_parts(self) -> dict:
        return {f'target.block{i}': block for i, block in enumerate(self.target_encoder)}

    def _spread(self, view: tf.Tensor) -> tf.Tensor:
        """The view [B, 21] in every pixel of the coarsest map."""
        height, width = (side // 2**self.model_config.flow_num_layers for side in self.model_config.image_size)
        return tf.tile(view[:, tf.newaxis, tf.newaxis], [1, height, width, 1])


def _difference(inputs: Inputs) -> tf.Tensor:
    return inputs['source_view'] - inputs['target_view']
