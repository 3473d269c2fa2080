"""What the terms of an objective look at, with everything that several of them use made once.

A `Scene` is a batch and what the model made of it; a `Level` is the same at the resolution of one of its flows.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.losses.flow_regularity import consistency_weight, label_edges, picture_edges
from posewarp_tf.losses.pairs import join, make_pair, move_person, one_side
from posewarp_tf.losses.random_warp import NUM_DRAWS, RandomWarp
from posewarp_tf.models.outputs import ClassLogits, Motion, each_flow
from posewarp_tf.ops import bilinear_sample
from posewarp_tf.ops.randomness import example_uniform
from posewarp_tf.settings.config import Config

Tensors = Mapping[str, Any]

# Pairs made of a picture and its own warp (self_supervision.py).
MOVED_TARGET, MOVED_SOURCE = 'moved_target', 'moved_source'

# What discriminators see as it is; other outputs are of classes.
_COLOURED = ('image', 'clip')

_NUM_CLASSES = {'garment': len(GARMENT_NAMES), 'parts': len(PART_NAMES)}


class Judgement(NamedTuple):
    """What a discriminator says: logits (of several scales a list), and features where they are wanted; float32."""

    logits: Any
    features: list[tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Scene:
    """A batch and what a model made of it; outputs and features in float32.

    Attributes:
        features: of the roles and 'generated', by tap of VGG-19.
        discriminators: picture -> logits, by the output that each judges.
        generator: inputs -> outputs of the model's current stage; None where other pairs cannot be computed.
        step: seeds what is random.
        pairs: the pairs with a moved side that terms will ask for; all of them pass the generator in one call.
        match_features: whether the features of discriminators are wanted.
        iterates: whether discriminators do a power iteration when they are asked.
    """

    config: Config
    batch: Tensors
    outputs: Tensors
    features: Mapping[str, Mapping[str, tf.Tensor]]
    discriminators: Mapping[str, Callable[..., Any]] = dataclasses.field(default_factory=dict)
    generator: Callable[[Tensors], Tensors] | None = None
    step: tf.Tensor | int = 0
    pairs: tuple[str, ...] = ()
    match_features: bool = False
    iterates: bool = False
    _judgements: dict[str, Judgement] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def levels(self) -> list[Level]:
        """One for each flow, family by family and coarse first."""
        places = enumerate(each_flow(self.motions))
        return [Level(self, family, index, number) for number, (family, index, _) in places]

    @property
    def motions(self) -> Mapping[str, Motion]:
        return self.outputs['motions']

    @functools.cached_property
    def warp(self) -> RandomWarp:
        """T, another one for each example and step."""
        image = self.batch['source_image']
        draws = example_uniform(image, self.step, NUM_DRAWS, self.config.training.seed)
        return RandomWarp(draws, tuple(image.shape[1:3]))

    @functools.cached_property
    def moved_source(self) -> dict[str, tf.Tensor]:
        return move_person(self.warp, one_side(self.batch, 'source'), self.config.model)

    @functools.cached_property
    def moved_flows(self) -> dict[str, list[tf.Tensor]]:
        """The flows of every one of `pairs`, in the order of `levels`."""
        assert self.generator is not None
        source, target = one_side(self.batch, 'source'), one_side(self.batch, 'target')
        made = {MOVED_TARGET: (source, self.moved_source), MOVED_SOURCE: (self.moved_source, target)}
        outputs = self.generator(join([make_pair(*made[name]) for name in self.pairs]))
        flows = [tf.cast(flow, tf.float32) for _, _, flow in each_flow(outputs['motions'])]
        parts = [tf.split(flow, len(self.pairs)) for flow in flows]
        return {name: [part[index] for part in parts] for index, name in enumerate(self.pairs)}

    def judgement(self, subject: str) -> Judgement:
        """What the discriminator of an output says of what the model made."""
        if subject not in self._judgements:
            self._judgements[subject] = self.judge(subject, generated_subject(self, subject))
        return self._judgements[subject]

    def judge(self, subject: str, picture: tf.Tensor) -> Judgement:
        """What it says of any picture; without `iterates` its spectral vectors are left as they are."""
        discriminator = self.discriminators[subject]
        if self.match_features and subject == 'image':
            return Judgement(*as_float32(discriminator(picture, training=self.iterates, return_features=True)))
        return Judgement(as_float32(discriminator(picture, training=self.iterates)), [])

    @functools.cached_property
    def backward_flows(self) -> list[tf.Tensor] | None:
        """Those of the pair with its sides swapped, in the order of `levels`; None where occlusion is not weighted."""
        if self.generator is None or not self.config.loss.occlusion_weighting:
            return None
        # A call of its own: nothing is learned from it, so its gradient is never computed.
        swapped = make_pair(one_side(self.batch, 'target'), one_side(self.batch, 'source'))
        motions = self.generator(swapped)['motions']
        return [tf.stop_gradient(tf.cast(flow, tf.float32)) for _, _, flow in each_flow(motions)]


@dataclasses.dataclass(frozen=True)
class Level:
    """A scene at the resolution of one flow: pictures are means over blocks of pixels.

    `index` counts the flows of the family, coarse first, `number` those of all families.
    """

    scene: Scene
    family: str
    index: int
    number: int

    @property
    def flow(self) -> tf.Tensor:
        """[B, h, w, 2]."""
        return self.scene.motions[self.family].flows[self.index]

    @property
    def factor(self) -> int:
        """How many pixels of the picture are one of this level, per axis."""
        return self.scene.batch['target_image'].shape[1] // self.flow.shape[1]

    @property
    def weight(self) -> float:
        """1, .5, .25, .125 from full size to coarse."""
        return 1 / self.factor

    @functools.cached_property
    def target(self) -> tf.Tensor:
        return self.shrink(self.scene.batch['target_image'])

    @functools.cached_property
    def warped(self) -> tf.Tensor:
        """The family's picture at its place in the target, [B, h, w, 3]."""
        return bilinear_sample(self.shrink(self.scene.batch[f'{self.family}_image']), self.flow)

    @functools.cached_property
    def foreground(self) -> tf.Tensor:
        """The target's person, [B, h, w] in [0, 1]; everything where there are no maps."""
        return self.foreground_of(one_side(self.scene.batch, 'target'))

    @functools.cached_property
    def trusted(self) -> tf.Tensor:
        """The foreground, occluded pixels lowered where the swapped pair's flow is known: [B, h, w]."""
        backward_flows = self.scene.backward_flows
        if backward_flows is None:
            return self.foreground
        return self.foreground * consistency_weight(self.flow, backward_flows[self.number])

    @property
    def edges(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Where the flow may bend freely (flow_regularity.py), from the target's class maps or else its colours."""
        maps = [self.labels('target', name) for name in _NUM_CLASSES if f'target_{name}' in self.scene.batch]
        if not maps:
            return picture_edges(self.target)
        return label_edges(functools.reduce(lambda first, second: first * max(_NUM_CLASSES.values()) + second, maps))

    def foreground_of(self, person: Mapping[str, tf.Tensor]) -> tf.Tensor:
        maps = [person[name] > 0 for name in _NUM_CLASSES if name in person]
        if not maps:
            return tf.ones(tf.shape(self.flow)[:3])
        inside = tf.cast(functools.reduce(tf.logical_or, maps), tf.float32)
        return self.shrink(inside[..., tf.newaxis])[..., 0]

    def labels(self, side: str, kind: str) -> tf.Tensor:
        """'parts' or 'garment' of a side: the class in the middle of each block, int32 [B, h, w]."""
        middle = self.factor // 2
        labels = self.scene.batch[f'{side}_{kind}'][:, middle :: self.factor, middle :: self.factor]
        return tf.cast(labels, tf.int32)

    def soft_labels(self, side: str, kind: str) -> tf.Tensor:
        """The share of each class in each block, [B, h, w, classes]."""
        return self.shrink(tf.one_hot(self.scene.batch[f'{side}_{kind}'], _NUM_CLASSES[kind]))

    def shrink(self, picture: tf.Tensor) -> tf.Tensor:
        return tf.nn.avg_pool2d(picture, self.factor, self.factor, 'VALID') if self.factor > 1 else picture


def generated_subject(scene: Scene, subject: str) -> tf.Tensor:
    """What a discriminator sees of the model's output, [B, H, W, channels], or of a clip its frames."""
    output = scene.outputs[subject]
    return output if subject in _COLOURED else _class_logits(scene, subject).judged(output)


def real_subject(scene: Scene, subject: str) -> tf.Tensor:
    """What it compares that with."""
    if subject in _COLOURED:
        return as_float32(scene.batch[f'target_{subject}'])
    return _class_logits(scene, subject).truth(scene.batch, subject)


def _class_logits(scene: Scene, subject: str) -> ClassLogits:
    (kind,) = (output.kind for output in scene.config.model.outputs if output.name == subject)
    assert isinstance(kind, ClassLogits)
    return kind


def as_float32(tensors: Any) -> Any:
    return tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32), tensors)
