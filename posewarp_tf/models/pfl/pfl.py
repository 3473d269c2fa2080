"""PFL: pose flow, garment map, picture.

A reimplementation after the abstract of Zheng, Chen, Xu, Luo, "Pose Flow Learning From Person Images for Pose Guided
Synthesis", IEEE TIP 30 (2021), 1898-1909 (arXiv 1909.13819), and the authors' demo animation; they published no code.
What these do not say is ours: widths, depths, norms, the form of the gate, the composition without a given context.

source image, both poses, source garments -> PoseFlowNet  -> flows of 1/8, 1/4, 1/2 and 1 of the size
source image and garments, target pose    -> GarmentNet   -> garment map of the target
the same and the predicted garment map    -> SynthesisNet -> picture and composition mask m
image = m * picture + (1 - m) * context, where the context is the source warped by the finest flow, or given

Both generators align the source's features by the flow of their scale (layers/gated_alignment.py).
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.layers.blocks import register
from posewarp_tf.models.base import Inputs, Outputs, ReposingModel
from posewarp_tf.models.pfl.garment_net import GarmentNet
from posewarp_tf.models.pfl.pose_flow_net import PoseFlowNet
from posewarp_tf.models.pfl.synthesis_net import SynthesisNet
from posewarp_tf.ops import bilinear_sample
from posewarp_tf.settings.config import ModelConfig
from posewarp_tf.settings.model_rules import MODEL_RULES, PFL_FLOW_SCALES


@register
class PFL(ReposingModel):
    """The three networks; `config` switches parts of them off.

    Inputs beyond those of every model: with `use_garment` the source's garment map, `source_garment` uint8 [B, H, W].
    Optional: `context_image` [B, H, W, 3] in [-1, 1] with `context_mask` [B, H, W, 1] in [0, 1], 1 where it is to be
    seen (of a picture of somebody in the target pose: head and background). There it is shown as it is.

    Outputs beyond those of every model:
        garment           logits, float32 [B, H, W, 16], with a GarmentNet
        composition_mask  m, float32 [B, H, W, 1]

    flows are of scales 3, 2, 1, 0. masks are SynthesisNet's gates at these scales: 1 = warped source features are used,
    0 = all is invented; 1 everywhere without gates, 0 everywhere at scales that are not aligned.

    spatial_transform   bilinear    published: source features are warped
                        pixel_warp  source image and garment map are warped before they are encoded
                        none        no flow: a plain U-Net, which sees the source pose too
    """

    optional_stages = MODEL_RULES['pfl'].optional_stages

    def __init__(self, config: ModelConfig, **kwargs):
        super().__init__(config, autocast=False, **kwargs)
        self.pose_flow_net = PoseFlowNet.for_model(config, name='pose_flow_net') if config.has_flow else None
        self.garment_net = GarmentNet.for_model(config, name='garment_net') if config.has_garment_net else None
        self.synthesis_net = SynthesisNet.for_model(config, name='synthesis_net')

    def call(self, inputs: Inputs, training: bool = False, return_attention: bool = False) -> Outputs:
        outputs = self._answer(inputs, self.estimate_flows(inputs))
        return {**outputs, 'attentions': []} if return_attention else outputs

    @property
    def stages(self) -> tuple[str, ...]:  # type: ignore[override]
        """Flow, garment map and picture, each on the answers of the networks before it; then all together."""
        return tuple(MODEL_RULES['pfl'].stages(self.model_config))

    @property
    def complete_stages(self) -> tuple[str, ...]:
        return 'synthesis', 'joint'

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        """Computes no further than the stage's network; gradients reach its variables alone."""
        self.check_stage(stage)
        flows = self.estimate_flows(inputs)
        if stage == 'pose_flow':
            return {'flows': flows, 'masks': []}
        if stage == 'joint':
            return self._answer(inputs, flows)
        flows = [tf.stop_gradient(flow) for flow in flows]
        if stage == 'garment':
            return {'flows': flows, 'masks': [], 'garment': self._predict_garment(inputs, flows)}
        return self._answer(inputs, flows, train_garment=False)

    def stage_variables(self, stage: str) -> list[tf.Variable]:
        self.check_stage(stage)
        parts = {'pose_flow': self.pose_flow_net, 'garment': self.garment_net, 'synthesis': self.synthesis_net}
        part: tf.keras.layers.Layer = parts.get(stage, self)
        return part.trainable_variables

    def estimate_flows(self, inputs: Inputs) -> list[tf.Tensor]:
        """Flows of scales 3, 2, 1, 0; none without PoseFlowNet."""
        if self.pose_flow_net is None:
            return []
        poses = inputs['source_pose'], inputs['target_pose']
        return self.pose_flow_net(inputs['source_image'], *poses, self._one_hot_garment(inputs))

    def _predict_garment(self, inputs: Inputs, flows: list[tf.Tensor]) -> tf.Tensor:
        assert self.garment_net is not None
        return self.garment_net(self._source(inputs, flows), inputs['target_pose'], *self._aligned(flows))

    def _answer(self, inputs: Inputs, flows: list[tf.Tensor], train_garment: bool = True) -> Outputs:
        outputs: Outputs = {'flows': flows}
        target = inputs['target_pose']
        if self.garment_net is not None:
            garment = self._predict_garment(inputs, flows)
            garment = outputs['garment'] = garment if train_garment else tf.stop_gradient(garment)
            target = tf.concat([target, tf.nn.softmax(garment)], axis=-1)
        picture, mask, gates = self.synthesis_net(self._source(inputs, flows), target, *self._aligned(flows))
        context = inputs['source_image']
        if flows:
            context = bilinear_sample(context, flows[-1], impl=self.model_config.sampler_impl)
        if 'context_image' in inputs:
            given = inputs['context_mask']
            context = given * inputs['context_image'] + (1 - given) * context
            mask *= 1 - given
        outputs['image'] = mask * picture + (1 - mask) * context
        outputs['composition_mask'] = mask
        outputs['masks'] = self._masks(flows, gates)
        return outputs

    def _source(self, inputs: Inputs, flows: list[tf.Tensor]) -> tf.Tensor:
        """What the source encoders see."""
        parts = [inputs['source_image'], self._one_hot_garment(inputs)]
        if not flows:
            parts.append(inputs['source_pose'])
        source = tf.concat([part for part in parts if part is not None], axis=-1)
        if self.model_config.spatial_transform == 'pixel_warp':
            return bilinear_sample(source, flows[-1], impl=self.model_config.sampler_impl)
        return source

    def _one_hot_garment(self, inputs: Inputs) -> tf.Tensor | None:
        if not self.model_config.use_garment:
            return None
        return tf.one_hot(tf.cast(inputs['source_garment'], tf.int32), len(GARMENT_NAMES))

    def _aligned(self, flows: list[tf.Tensor]) -> list[tf.Tensor]:
        """The flows by which features are warped, coarse first."""
        if self.model_config.spatial_transform == 'pixel_warp':
            return []
        return [flow for scale, flow in zip(_SCALES, flows) if scale in self.model_config.alignment_scales]

    def _masks(self, flows: list[tf.Tensor], gates: list[tf.Tensor]) -> list[tf.Tensor]:
        scales = sorted(self.model_config.alignment_scales, reverse=True)
        by_scale = dict(zip(scales, gates))
        return [by_scale.get(scale, tf.zeros_like(flow[..., :1])) for scale, flow in zip(_SCALES, flows)]


_SCALES = sorted(PFL_FLOW_SCALES, reverse=True)
