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

from typing import Any

import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.layers.blocks import register
from posewarp_tf.models.base import Inputs, Outputs, ReposingModel, State
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.pfl.config import PFL_FLOW_SCALES, PFLConfig
from posewarp_tf.models.pfl.garment_net import GarmentNet
from posewarp_tf.models.pfl.pose_flow_net import PoseFlowNet
from posewarp_tf.models.pfl.synthesis_net import SynthesisNet
from posewarp_tf.ops import bilinear_sample


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

    model_config: PFLConfig

    def __init__(self, config: PFLConfig, **kwargs):
        super().__init__(config, autocast=False, **kwargs)
        self.pose_flow_net = PoseFlowNet.for_model(config, name='pose_flow_net') if config.has_flow else None
        self.garment_net = GarmentNet.for_model(config, name='garment_net') if config.has_garment_net else None
        self.synthesis_net = SynthesisNet.for_model(config, name='synthesis_net')

    def start(self, inputs: Inputs) -> State:
        """The source's garment map, and its features for both generators unless the source is warped before."""
        state: State = {'garment': self._one_hot_garment(inputs)}
        if self.model_config.spatial_transform != 'pixel_warp':
            source = self._source(inputs, state['garment'])
            for name in ('garment_net', 'synthesis_net'):
                if getattr(self, name) is not None:
                    state[name] = getattr(self, name).body.prepare(source)
        return state

    def step(self, state: State, inputs: Inputs, return_attention: bool = False) -> Outputs:
        return self._answer(state, inputs, self._estimate_flows(state, inputs))

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        """Computes no further than the stage's network; gradients reach its variables alone."""
        self.stage_of(stage)
        if stage == 'pose_flow':
            flows = self._estimate_flows({'garment': self._one_hot_garment(inputs)}, inputs)
            return {'motions': self._motions(flows, [])}
        state = self.start(inputs)
        flows = self._estimate_flows(state, inputs)
        if stage == 'joint':
            return self._answer(state, inputs, flows)
        flows = [tf.stop_gradient(flow) for flow in flows]
        if stage == 'garment':
            return {'motions': self._motions(flows, []), 'garment': self._predict_garment(state, inputs, flows)}
        return self._answer(state, inputs, flows, train_garment=False)

    def _estimate_flows(self, state: State, inputs: Inputs) -> list[tf.Tensor]:
        """Flows of scales 3, 2, 1, 0; none without PoseFlowNet."""
        if self.pose_flow_net is None:
            return []
        poses = inputs['source_pose'], inputs['target_pose']
        base = self.model_config.make_base_flow(inputs)
        return self.pose_flow_net(inputs['source_image'], *poses, state['garment'], base)

    def _predict_garment(self, state: State, inputs: Inputs, flows: list[tf.Tensor]) -> tf.Tensor:
        assert self.garment_net is not None
        source = self._prepared(state, 'garment_net', inputs, flows)
        return self.garment_net(source, inputs['target_pose'], *self._aligned(flows))

    def _answer(self, state: State, inputs: Inputs, flows: list[tf.Tensor], train_garment: bool = True) -> Outputs:
        outputs: Outputs = {}
        target = inputs['target_pose']
        if self.garment_net is not None:
            garment = self._predict_garment(state, inputs, flows)
            garment = outputs['garment'] = garment if train_garment else tf.stop_gradient(garment)
            target = tf.concat([target, tf.nn.softmax(garment)], axis=-1)
        source = self._prepared(state, 'synthesis_net', inputs, flows)
        picture, mask, gates = self.synthesis_net(source, target, *self._aligned(flows))
        context = inputs['source_image']
        if flows:
            context = bilinear_sample(context, flows[-1], impl=self.model_config.sampler_impl)
        if 'context_image' in inputs:
            given = inputs['context_mask']
            context = given * inputs['context_image'] + (1 - given) * context
            mask *= 1 - given
        outputs['image'] = mask * picture + (1 - mask) * context
        outputs['composition_mask'] = mask
        outputs['motions'] = self._motions(flows, self._masks(flows, gates))
        return outputs

    def _motions(self, flows: list[tf.Tensor], masks: list[tf.Tensor]) -> dict[str, Motion]:
        return {'source': Motion(flows, masks)} if flows else {}

    def _prepared(self, state: State, network: str, inputs: Inputs, flows: list[tf.Tensor]) -> Any:
        """What the source encoder of a generator sees, or its features where they were made before."""
        if network in state:
            return state[network]
        source = self._source(inputs, state['garment'])
        return bilinear_sample(source, flows[-1], impl=self.model_config.sampler_impl)

    def _source(self, inputs: Inputs, garment: tf.Tensor | None) -> tf.Tensor:
        """What is known of the source: image, garments and, where no flow has seen it, the pose."""
        parts = [inputs['source_image'], garment]
        if self.pose_flow_net is None:
            parts.append(inputs['source_pose'])
        return tf.concat([part for part in parts if part is not None], axis=-1)

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
