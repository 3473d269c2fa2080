"""GFLA's generators of videos: every frame is made of the reference and of the frame before it.

reference image -> reference encoder -> features;  previous image -> previous encoder -> features
target pose, and images and poses of both -> flow estimators -> per family and scale {flow, mask}
target pose -> target encoder -> decoder, which takes at each attention scale, x the same in both,
    x = (1 - m) * x + m * LocalAttention(features, x, flow)  of the previous image, plus the same of the reference

The two are added and not averaged: where both masks are 0, x is doubled, as published. With `--frame_sources=reference`
there is nothing of the previous image.

A clip is [B, n, H, W, channels]. Its first previous image and pose are those of the reference unless they are given;
then each is what was just made. Nothing is detached: gradients flow back through all frames of a call.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import encode_levels, register
from posewarp_tf.layers.local_attention import LocalAttention
from posewarp_tf.models.animation.config import AnimationConfig
from posewarp_tf.models.base import Inputs, Outputs, State
from posewarp_tf.models.gfla.flow_estimator import FlowEstimator
from posewarp_tf.models.gfla.generator import Generator
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.pytorch_names import named_variables
from posewarp_tf.ops import bilinear_sample, resize_flow


@register
class Animation(Generator):
    """A call makes one frame, `generate` those of a clip, and so does `run_stage` of inputs with `target_poses`.

    Of persons it has a flow estimator for each family, which sees its image, its pose and the target pose; of faces
    one that sees everything and makes both flows.
    """

    model_config: AnimationConfig

    def __init__(self, config: AnimationConfig, **kwargs):
        super().__init__(config, **kwargs)
        self._families = config.families
        if config.shares_flow_estimator:
            estimators = {'flow_net': len(self._families)}
        else:
            estimators = {f'flow_net_{family}': 1 for family in self._families}
        self.flow_estimators = {
            name: FlowEstimator.for_model(config, num_flows=num_flows, name=name)
            for name, num_flows in estimators.items()
        }
        # An attribute each, by which checkpoints know them.
        for family in self._families:
            setattr(self, f'{family}_encoder', self._make_encoder(f'{family}_encoder'))
        self.target_encoder = self._make_encoder('target_encoder')
        self._make_decoder()
        for family in self._families:
            setattr(self, f'{family}_attentions', self._make_attentions(family))
        self.output_conv = self._make_output()

    def start(self, inputs: Inputs) -> State:
        """What all frames take from the reference."""
        return {'reference': self._prepare('reference', inputs['reference_image'])}

    def step(self, state: State, inputs: Inputs, return_attention: bool = False) -> Outputs:
        prepared = dict(state)
        if 'previous' in self._families:
            prepared['previous'] = self._prepare('previous', inputs['previous_image'])
        motions = self._estimate_motions(inputs)
        attentions: dict[str, list] = {family: [] for family in self._families}

        def transform(index: int, features: tf.Tensor) -> tf.Tensor:
            moved = []
            for family in self._families:
                mask = tf.cast(motions[family].masks[index], features.dtype)
                flow = motions[family].flows[index]
                sampled, attention = self._attentions(family)[index](prepared[family][index], features, flow)
                moved.append((1 - mask) * features + mask * sampled)
                attentions[family].append(attention)
            return tf.add_n(moved)

        image, motions = self._decode(inputs, motions, self.model_config.attention_scales, transform)
        if return_attention:
            motions = {family: motions[family]._replace(attentions=attentions[family]) for family in self._families}
        return {'image': image, 'motions': motions}

    def generate(self, inputs: Inputs, training: bool = False) -> Outputs:
        """Frames one after the other.

        Args:
            inputs: `reference_image` [B, H, W, 3], `reference_pose` [B, H, W, channels], `target_poses` [B, n, H, W,
                channels], and, where a clip goes on, `previous_image` and `previous_pose`: the frame before the first.
            training: with `config.recompute` a training call remembers of every frame what goes in and comes out, and
                computes it again for its gradient.

        Returns:
            `images` float32 [B, n, H, W, 3], and `motions` {family: Motion} with lists over scales, coarse first:
            flows [B, n, h, w, 2], masks [B, n, h, w, 1].

        Raises:
            ValueError: n is not known when a graph is traced, or a previous image is given without its pose.
        """
        given = [name for name in ('previous_image', 'previous_pose') if name in inputs]
        if len(given) == 1:
            raise ValueError(f'got {given[0]} alone, expected previous_image and previous_pose, or neither')
        reference = {name: inputs[name] for name in ('reference_image', 'reference_pose')}
        state = self.start(reference)
        previous = {
            f'previous_{what}': inputs.get(f'previous_{what}', inputs[f'reference_{what}'])
            for what in ('image', 'pose')
        }
        make = self._recomputed_step if training and self.model_config.recompute else self.step
        if not tf.executing_eagerly():
            # Traced once, whatever the number of frames.
            make = tf.function(make, autograph=False)
        frames = []
        for pose in tf.unstack(inputs['target_poses'], axis=1):
            frames.append(make(state, {**reference, **previous, 'target_pose': pose}))
            frames[-1]['image'].set_shape(inputs['reference_image'].shape)
            previous = {'previous_image': frames[-1]['image'], 'previous_pose': pose}
        stacked = tf.nest.map_structure(lambda *maps: tf.stack(maps, axis=1), *frames)
        return {'images': stacked['image'], 'motions': stacked['motions']}

    def run_stage(self, inputs: Inputs, stage: str, training: bool = False) -> Outputs:
        self.stage_of(stage)
        if 'target_poses' not in inputs:
            return {'motions': self._estimate_motions(inputs)} if stage == 'flow' else self(inputs, training=training)
        return self._true_motions(inputs) if stage == 'flow' else self.generate(inputs, training)

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array."""
        parts: dict = {**self.flow_estimators, **self._decoder_parts()}
        for family in self._families:
            parts.update(self._encoder_parts(f'source_{family}', self._encoder(family)))
            for scale, attention in zip(self.model_config.attention_scales, self._attentions(family)):
                parts[f'target.attn_{family[0]}{self.model_config.num_layers - scale}'] = attention
        return named_variables(parts)

    def _prepare(self, family: str, image: tf.Tensor) -> list:
        """What the attentions of a family make of its image alone, coarse first."""
        levels = encode_levels(self._encoder(family), image)
        scales = self.model_config.attention_scales
        return [attention.prepare(levels[scale - 1]) for scale, attention in zip(scales, self._attentions(family))]

    def _estimate_motions(self, inputs: Inputs) -> dict[str, Motion]:
        base_flow = self.model_config.make_base_flow(inputs)
        if self.model_config.shares_flow_estimator:
            names = [f'{family}_{what}' for family in self._families for what in ('image', 'pose')]
            seen = inputs['target_pose'], *(inputs[name] for name in names)
            estimator = self.flow_estimators['flow_net']
            flows, masks = estimator(*seen, base_flow=base_flow, moved=inputs['reference_image'])
            parts = [[tf.split(maps, len(self._families), axis=-1) for maps in both] for both in (flows, masks)]
            return {
                family: Motion(*([maps[index] for maps in both] for both in parts))
                for index, family in enumerate(self._families)
            }
        motions = {}
        for family in self._families:
            seen = inputs[f'{family}_image'], inputs[f'{family}_pose'], inputs['target_pose']
            base = base_flow if family == 'reference' else None
            motions[family] = Motion(*self.flow_estimators[f'flow_net_{family}'](*seen, base_flow=base))
        return motions

    def _true_motions(self, window: Inputs) -> Outputs:
        """Motions from the reference and the true frame before, and as `images` what the former alone makes.

        `window`: as in training (training/windows.py).
        """
        truth, poses = window['target_images'], window['target_poses']
        before = {'previous_image': window['previous_image_truth'], 'previous_pose': window['previous_pose']}
        frames = {
            name: tf.concat([first[:, tf.newaxis], after[:, :-1]], axis=1)
            for (name, first), after in zip(before.items(), (truth, poses))
        }
        for name in ('reference_image', 'reference_pose'):
            frames[name] = tf.repeat(window[name][:, tf.newaxis], poses.shape[1], axis=1)
        folded = {
            name: tf.reshape(maps, [-1, *maps.shape[2:]]) for name, maps in {**frames, 'target_pose': poses}.items()
        }
        motions = self._estimate_motions(folded)
        flow = resize_flow(motions['reference'].flows[-1], truth.shape[2:4])
        images = bilinear_sample(folded['reference_image'], flow, impl=self.model_config.sampler_impl)
        outputs = {'images': images, 'motions': motions}
        return tf.nest.map_structure(lambda maps: tf.reshape(maps, [-1, poses.shape[1], *maps.shape[1:]]), outputs)

    def _recomputed_step(self, state: State, inputs: Inputs) -> Outputs:
        """`step`, of which only what goes in and comes out is remembered: its gradient computes the rest again."""
        given = (state, dict(inputs))
        made: list[Outputs] = []

        def compute(*tensors: tf.Tensor) -> list[tf.Tensor]:
            made.append(self.step(*tf.nest.pack_sequence_as(given, tensors)))
            return tf.nest.flatten(made[-1])

        tensors = tf.recompute_grad(compute)(*tf.nest.flatten(given))
        return tf.nest.pack_sequence_as(made[0], tensors)

    def _encoder(self, family: str) -> list[tf.keras.layers.Layer]:
        return getattr(self, f'{family}_encoder')

    def _attentions(self, family: str) -> list[LocalAttention]:
        return getattr(self, f'{family}_attentions')

    def _make_attentions(self, family: str) -> list[LocalAttention]:
        config = self.model_config
        return [
            LocalAttention(config.attention_kernels[scale], config.sampler_impl, name=f'{family}_scale_{scale}')
            for scale in config.attention_scales
        ]
