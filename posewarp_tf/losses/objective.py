"""What a stage of training minimises: a weighted sum of terms, chosen and weighted by the config.

A term is one entry of `TERMS`: a function of a `Scene` and what it needs. Everything is one float32 number per
example, so that replicas can be summed and divided by the global batch; the mean over a batch is the published value.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from absl import logging

from posewarp_tf.config import Config, ModelConfig
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses import adversarial
from posewarp_tf.losses.affine_regularization import affine_regularization
from posewarp_tf.losses.perceptual import PERCEPTUAL_TAPS, STYLE_TAPS, perceptual_distance, style_distance
from posewarp_tf.losses.reconstruction import l1
from posewarp_tf.losses.sampling_correctness import sampling_correctness
from posewarp_tf.losses.vgg import TAPS, VGGFeatures

Tensors = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Scene:
    """All that a term may look at; outputs and features in float32."""

    config: Config
    batch: Tensors
    outputs: Tensors
    features: Mapping[str, Mapping[str, tf.Tensor]]  # of 'source', 'target' and 'generated', by tap
    discriminator: Callable[..., tf.Tensor] | None


@dataclasses.dataclass(frozen=True)
class Term:
    """A term of the objective.

    Attributes:
      compute: Scene -> [B], unweighted.
      output: the output of the model without which the term has no meaning, 'flows' or 'image'.
      taps: model config -> the VGG features used, by image ('source', 'target', 'generated').
    """

    compute: Callable[[Scene], tf.Tensor]
    output: str
    taps: Callable[[ModelConfig], dict[str, tuple[str, ...]]] = lambda model: {}


class Objective:
    """The objective of one stage. Make it in the scope of the strategy that uses it: it may hold a VGG-19.

    Raises:
      ConfigError: when `config.loss` names unknown terms, has none for the stage, or does not fit the model.
      RunError: when VGG-19 is needed and its weights cannot be had.
    """

    def __init__(self, config: Config, stage: str) -> None:
        self._config = config
        self._stage = stage
        self._weights, self._left_out = _chosen_terms(config, stage)
        self._taps = _taps_by_image(self._weights, config.model)
        self._vgg = None
        if self._taps:
            self._vgg = VGGFeatures(set().union(*self._taps.values()), config.loss.vgg_weights)
        for name, note in self.notes().items():
            logging.info('objective of stage %s: %s: %s', stage, name, note)
        if self._vgg is not None and config.loss.vgg_weights == 'random':
            logging.warning('--vgg_weights=random: losses compare pictures in the features of an untrained VGG-19')

    @property
    def needs_discriminator(self) -> bool:
        return 'adversarial' in self._weights

    def generator_terms(
        self, batch: Tensors, outputs: Tensors, discriminator: Callable[..., tf.Tensor] | None = None
    ) -> dict[str, tf.Tensor]:
        """Every term with a weight, unweighted: {name: float32 [B]}; without a discriminator all but `adversarial`.

        The discriminator is called without `training`: its spectral vectors stay as its own update left them.
        """
        self._check_outputs(outputs)
        outputs = {
            name: tf.nest.map_structure(_as_float32, outputs[name]) for name in ('flows', 'image') if name in outputs
        }
        scene = Scene(self._config, batch, outputs, self._features(batch, outputs), discriminator)
        names = [name for name in self._weights if name != 'adversarial' or discriminator is not None]
        return {name: TERMS[name].compute(scene) for name in names}

    def total(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum of what `generator_terms` returned: [B]."""
        return tf.add_n([self._weights[name] * term for name, term in terms.items()])

    def discriminator_terms(
        self, batch: Tensors, outputs: Tensors, discriminator: Callable[..., tf.Tensor], step: tf.Tensor | int = 0
    ) -> dict[str, tf.Tensor]:
        """The discriminator's loss as {name: float32 [B]}, to be summed. No gradient reaches the generator.

        Real and generated images go through in one call, so that an update is one power iteration. `step` seeds the
        gradient penalty of wgan-gp; without it a pair is always probed at the same fraction of the way.
        """
        self._check_outputs(outputs)
        form = self._config.loss.adversarial_loss
        real, fake = _as_float32(batch['target_image']), tf.stop_gradient(_as_float32(outputs['image']))
        logits = _as_float32(discriminator(tf.concat([real, fake], axis=0), training=True))
        terms = adversarial.discriminator_losses(form, *tf.split(logits, 2, axis=0))
        if form == 'wgan-gp':
            frozen = functools.partial(discriminator, training=False)
            fraction = adversarial.interpolation_fraction(real, step)
            terms['gradient_penalty'] = adversarial.gradient_penalty(frozen, real, fake, fraction)
        return terms

    def notes(self) -> dict[str, str]:
        """What a reader of the results must know about the objective."""
        notes = {}
        if self._vgg is not None:
            notes['vgg_weights'] = self._config.loss.vgg_weights
        if self._left_out:
            transform = self._config.model.spatial_transform
            notes['terms_left_out'] = f'{", ".join(self._left_out)} (spatial_transform={transform} has no flow)'
        return notes

    def _check_outputs(self, outputs: Tensors) -> None:
        for name in self._weights:
            needed = TERMS[name].output
            if needed not in outputs:
                raise ConfigError(f'--loss_weights: {self._stage}.{name}: the stage computes no {needed}')

    def _features(self, batch: Tensors, outputs: Tensors) -> dict[str, dict[str, tf.Tensor]]:
        """One pass per image, no deeper than its terms need."""
        images = {'source': batch['source_image'], 'target': batch['target_image'], 'generated': outputs.get('image')}
        features = {name: self._vgg(images[name], taps) for name, taps in self._taps.items()} if self._vgg else {}
        return {
            name: taps if name == 'generated' else tf.nest.map_structure(tf.stop_gradient, taps)
            for name, taps in features.items()
        }


def _chosen_terms(config: Config, stage: str) -> tuple[dict[str, float], list[str]]:
    """The terms of a stage with their weights, and the names of those that the model has no outputs for."""
    loss_weights = config.loss.loss_weights
    unknown = {f'{name}.{term}' for name, terms in loss_weights.items() for term in terms if term not in TERMS}
    if unknown:
        raise ConfigError(f'--loss_weights: unknown {", ".join(sorted(unknown))}: the terms are {", ".join(TERMS)}')
    if stage not in loss_weights:
        raise ConfigError(f'--loss_weights: no terms for stage {stage!r}, only for {", ".join(loss_weights)}')
    weights = {term: loss_weights[stage][term] for term in TERMS if loss_weights[stage].get(term)}
    left_out = [term for term in weights if TERMS[term].output == 'flows' and not config.model.has_flow]
    weights = {term: weight for term, weight in weights.items() if term not in left_out}
    if not weights:
        raise ConfigError(
            f'--loss_weights: stage {stage!r} has no term with a weight'
            + (f' besides {", ".join(left_out)}, which need a flow' if left_out else '')
        )
    if 'affine' in weights:
        _check_neighbourhoods(config.model)
    return weights, left_out


def _check_neighbourhoods(model: ModelConfig) -> None:
    for scale, kernel in model.attention_kernels.items():
        size = min(model.image_size) // 2**scale
        if size < kernel:
            raise ConfigError(
                f'--attention_kernels: got kernel {kernel} at scale {scale}, more than the {size} pixels that '
                f'--image_size={",".join(map(str, model.image_size))} leaves there'
            )


def _taps_by_image(terms: Mapping[str, float], model: ModelConfig) -> dict[str, set[str]]:
    taps: dict[str, set[str]] = {}
    for term in terms:
        for image, names in TERMS[term].taps(model).items():
            taps.setdefault(image, set()).update(names)
    return taps


def _as_float32(tensor: tf.Tensor) -> tf.Tensor:
    return tf.cast(tensor, tf.float32)


def _correctness_tap(scale: int) -> str:
    """The features of scale s are as large as its flow: relu(s + 1)_1."""
    tap = f'relu{scale + 1}_1'
    if tap not in TAPS:
        raise ConfigError(f'--attention_kernels: VGG-19 has no features at scale {scale} for the term correctness')
    return tap


def _correctness_taps(model: ModelConfig) -> dict[str, tuple[str, ...]]:
    taps = tuple(_correctness_tap(scale) for scale in model.attention_scales)
    return {'source': taps, 'target': taps}


def _correctness(scene: Scene) -> tf.Tensor:
    mask = None
    if scene.config.loss.foreground_correctness:
        if 'target_parts' not in scene.batch:
            raise DataError('--foreground_correctness needs part maps, which this data set does not have')
        mask = tf.cast(scene.batch['target_parts'] > 0, tf.float32)[..., tf.newaxis]
    source, target = scene.features['source'], scene.features['target']
    taps = map(_correctness_tap, scene.config.model.attention_scales)
    flows = zip(taps, scene.outputs['flows'])
    return tf.add_n([sampling_correctness(flow, source[tap], target[tap], mask) for tap, flow in flows])


def _affine(scene: Scene) -> tf.Tensor:
    model = scene.config.model
    flows = zip(model.attention_scales, scene.outputs['flows'])
    return tf.add_n([affine_regularization(flow, model.attention_kernels[scale]) for scale, flow in flows])


def _l1(scene: Scene) -> tf.Tensor:
    return l1(scene.outputs['image'], _as_float32(scene.batch['target_image']))


def _adversarial(scene: Scene) -> tf.Tensor:
    assert scene.discriminator is not None
    logits = _as_float32(scene.discriminator(scene.outputs['image'], training=False))
    return adversarial.generator_loss(scene.config.loss.adversarial_loss, logits)


def _perceptual(scene: Scene) -> tf.Tensor:
    return perceptual_distance(scene.features['generated'], scene.features['target'])


def _style(scene: Scene) -> tf.Tensor:
    return style_distance(scene.features['generated'], scene.features['target'])


TERMS: dict[str, Term] = {
    'correctness': Term(_correctness, output='flows', taps=_correctness_taps),
    'affine': Term(_affine, output='flows'),
    'l1': Term(_l1, output='image'),
    'adversarial': Term(_adversarial, output='image'),
    'perceptual': Term(
        _perceptual, output='image', taps=lambda model: dict.fromkeys(('generated', 'target'), PERCEPTUAL_TAPS)
    ),
    'style': Term(_style, output='image', taps=lambda model: dict.fromkeys(('generated', 'target'), STYLE_TAPS)),
}
