"""What a stage of training minimises: a weighted sum of the terms (terms.py) that the config chooses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from absl import logging

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses import adversarial
from posewarp_tf.losses.chosen_terms import choose_terms, taps_of_terms
from posewarp_tf.losses.needs import NEEDS
from posewarp_tf.losses.scene import Scene, as_float32, generated_subject, real_subject
from posewarp_tf.losses.terms import TERMS
from posewarp_tf.losses.vgg import VGGFeatures
from posewarp_tf.losses.vgg_weights import describe
from posewarp_tf.settings.config import Config

Tensors = Mapping[str, Any]


class Objective:
    """The objective of one stage. Make it in the scope of the strategy that uses it: it may hold a VGG-19.

    Attributes:
        judges: the outputs that discriminators judge, each by one of its own; empty where the stage needs none.
        iterates_at_each_call: whether spectral norms do a power iteration whenever a discriminator is asked; otherwise
            one for each update.

    Raises:
        ConfigError: when `config.loss` names unknown terms, has none for the stage, or does not fit the model.
        RunError: when VGG-19 is needed and its weights cannot be had.
    """

    iterates_at_each_call = False

    def __init__(self, config: Config, stage: str) -> None:
        self._config = config
        self._stage = stage
        self._weights, self._left_out, self.judges, taps = choose_terms(config, stage)
        self._vgg = VGGFeatures(set().union(*taps.values()), config.loss.vgg_weights) if taps else None
        for name, note in self.notes().items():
            logging.info('objective of stage %s: %s: %s', stage, name, note)
        if self._vgg is not None and config.loss.vgg_weights == 'random':
            logging.warning('--vgg_weights=random: losses compare pictures in the features of an untrained VGG-19')

    def generator_terms(
        self,
        batch: Tensors,
        outputs: Tensors,
        discriminators: Mapping[str, Callable[..., Any]] | None = None,
        generator: Callable[[Tensors], Tensors] | None = None,
        step: tf.Tensor | int = 0,
    ) -> dict[str, tf.Tensor]:
        """Every term with a weight, unweighted: {name: float32 [B]}.

        Args:
            batch: what the model got, and the truth.
            outputs: what it made of it in this stage.
            discriminators: picture -> logits, by the output of `judges`; without them the adversarial terms are left
              out. Unless `iterates_at_each_call` spectral vectors stay as their own update left them.
            generator: inputs -> outputs of this stage of the model, for other pairs; without it the terms over such
              pairs are left out, and occlusion is not weighted.
            step: with `config.training.seed` the seed of random warps.

        Raises:
            ConfigError: the stage does not compute what a term is about.
            DataError: the batch lacks class maps or truth that a term needs.
        """
        self._check_outputs(outputs)
        names = [
            name
            for name in self._weights
            if (discriminators or not NEEDS[name].judged) and (generator is not None or not TERMS[name].pair)
        ]
        return self._compute(names, batch, outputs, discriminators, generator, step)

    def total(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The weighted sum of what `generator_terms` returned: [B]."""
        return tf.add_n([self._weights[name] * term for name, term in terms.items()])

    def discriminator_terms(
        self,
        batch: Tensors,
        outputs: Tensors,
        discriminator: Callable[..., Any],
        step: tf.Tensor | int = 0,
        subject: str = 'image',
    ) -> dict[str, tf.Tensor]:
        """The loss of the discriminator of `subject` as {name: float32 [B]}, to be summed; none of the generator.

        Real and generated pictures go through in one call, so that an update is one power iteration, unless
        `iterates_at_each_call`. `step` seeds the gradient penalty of wgan-gp; without it a pair is always probed at the
        same fraction of the way.
        """
        self._check_outputs(outputs)
        form = self._config.loss.adversarial_loss
        scene = Scene(self._config, batch, outputs, {})
        real = real_subject(scene, subject)
        fake = tf.stop_gradient(as_float32(generated_subject(scene, subject)))
        if self.iterates_at_each_call:
            real_logits, fake_logits = (as_float32(discriminator(shown, training=True)) for shown in (real, fake))
        else:
            maps = tf.nest.flatten(as_float32(discriminator(tf.concat([real, fake], axis=0), training=True)))
            real_logits, fake_logits = zip(*(tf.split(logits, 2, axis=0) for logits in maps))
        terms = adversarial.discriminator_losses(form, real_logits, fake_logits)
        if form == 'wgan-gp':
            frozen = functools.partial(discriminator, training=False)
            fraction = adversarial.interpolation_fraction(real, step)
            terms['gradient_penalty'] = adversarial.gradient_penalty(frozen, real, fake, fraction)
        return terms

    def notes(self) -> dict[str, str]:
        """What a reader of the results must know about the objective."""
        notes = {}
        if self._vgg is not None:
            notes['vgg_weights'] = describe(self._config.loss.vgg_weights)
        if self._left_out:
            notes['terms_left_out'] = ', '.join(f'{name} ({reason})' for name, reason in self._left_out.items())
        return notes

    def _compute(
        self,
        names: list[str],
        batch: Tensors,
        outputs: Tensors,
        discriminators: Mapping[str, Callable[..., Any]] | None = None,
        generator: Callable[[Tensors], Tensors] | None = None,
        step: tf.Tensor | int = 0,
    ) -> dict[str, tf.Tensor]:
        self._check_maps(batch, names)
        outputs = {name: as_float32(outputs[name]) for name in _OUTPUTS if name in outputs}
        scene = Scene(
            self._config,
            batch,
            outputs,
            self._features(names, batch, outputs),
            discriminators or {},
            generator,
            step,
            pairs=tuple(TERMS[name].pair for name in names if TERMS[name].pair),
            match_features='feature_matching' in names,
            iterates=self.iterates_at_each_call,
        )
        return {name: TERMS[name].compute(scene) for name in names}

    def _check_outputs(self, outputs: Tensors) -> None:
        for name in self._weights:
            needed = NEEDS[name].output
            if needed not in outputs:
                raise ConfigError(f'--loss_weights: {self._stage}.{name}: the stage computes no {needed}')

    def _check_maps(self, batch: Tensors, names: list[str]) -> None:
        for name in names:
            for key in NEEDS[name].keys:
                if key not in batch:
                    raise DataError(f'--loss_weights: {self._stage}.{name} needs {key}, which the batch has not')

    def _features(self, names: list[str], batch: Tensors, outputs: Tensors) -> dict[str, dict[str, tf.Tensor]]:
        """One pass per image, no deeper than the terms of these names need."""
        if self._vgg is None:
            return {}
        images = {role: batch[f'{role}_image'] for role in self._config.model.roles if f'{role}_image' in batch}
        images['generated'] = outputs.get('image')
        features = self._features_of(self._vgg, images, taps_of_terms(names, self._config))
        return {
            name: taps if name == 'generated' else tf.nest.map_structure(tf.stop_gradient, taps)
            for name, taps in features.items()
        }

    def _features_of(
        self, vgg: VGGFeatures, images: Mapping[str, Any], wanted: Mapping[str, set[str]]
    ) -> dict[str, dict[str, tf.Tensor]]:
        """The features that are wanted of each image."""
        return {name: vgg(images[name], taps) for name, taps in wanted.items()}


_OUTPUTS = sorted({name for needs in NEEDS.values() for name in (needs.output, needs.subject)})
