"""The objective of a window of frames: its terms are those of single pictures, summed over the frames.

Time is folded into the batch, so that a frame is an example like any other; what discriminators judge is one frame and
one clip of the window, drawn anew for the step of the discriminators and for that of the generator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from posewarp_tf.losses.needs import NEEDS
from posewarp_tf.losses.objective import Objective, Tensors
from posewarp_tf.losses.vgg import VGGFeatures
from posewarp_tf.models.clips import WINDOW_FRAMES, ClipForm
from posewarp_tf.settings.config import Config


class Places(NamedTuple):
    """Where discriminators look: the number of a frame, and that of a clip's first frame."""

    frame: tf.Tensor | int
    clip: tf.Tensor | int


class WindowObjective(Objective):
    """The objective of one stage over windows of frames.

    A batch is a window (training/windows.py): `target_images` [B, n, H, W, 3], `reference_image`, the true
    `previous_image_truth` [B, H, W, 3] before its first frame, and with `--foreground_correctness` `target_masks` uint8
    [B, n, H, W], 1 where the person is. Outputs are those of `Animation.generate`.

    The picture that previous flows move is, in the correctness, the true frame before or the generated one, without
    its gradient, as the model declares; in the stage 'flow' always the true one.
    """

    # As published: one power iteration for the real clip, one for the generated one, one in the generator's step.
    iterates_at_each_call = True

    def generator_terms(
        self,
        batch: Tensors,
        outputs: Tensors,
        discriminators: Mapping[str, Callable[..., Any]] | None = None,
        generator: Callable[[Tensors], Tensors] | None = None,
        step: tf.Tensor | int = 0,
    ) -> dict[str, tf.Tensor]:
        """As of single pictures, each term the sum over the frames of a window; `generator` is not asked."""
        frames, made = self._folded(batch, outputs)
        self._check_outputs(made)
        num_frames = outputs['images'].shape[1]
        of_frames = [name for name in self._weights if not NEEDS[name].judged]
        found = self._compute(of_frames, frames, made, step=step)
        found = {name: tf.reduce_sum(tf.reshape(term, [-1, num_frames]), axis=1) for name, term in found.items()}
        if discriminators:
            judged = [name for name in self._weights if NEEDS[name].judged]
            places = self._places(step, generating=True)
            found.update(self._compute(judged, *self._drawn(batch, outputs, places), discriminators, step=step))
        return {name: found[name] for name in self._weights if name in found}

    def discriminator_terms(
        self,
        batch: Tensors,
        outputs: Tensors,
        discriminator: Callable[..., Any],
        step: tf.Tensor | int = 0,
        subject: str = 'image',
    ) -> dict[str, tf.Tensor]:
        drawn = self._drawn(batch, outputs, self._places(step, generating=False))
        return super().discriminator_terms(*drawn, discriminator, step, subject)

    def notes(self) -> dict[str, str]:
        """Those of single pictures, and that occluded pixels count, where it was asked that they count less."""
        notes = super().notes()
        unweighted = [name for name in self._weights if NEEDS[name].swapped]
        if unweighted and self._config.loss.occlusion_weighting:
            notes['occlusion_weighting'] = f'none in clips, of {", ".join(unweighted)}'
        return notes

    @property
    def _compares_true_previous(self) -> bool:
        # The stage of the flows alone generates nothing.
        return _form_of(self._config).compares_true_previous or self._stage == 'flow'

    def _places(self, step: tf.Tensor | int, generating: bool) -> Places:
        return draw_places(self._config, step, generating)

    def _folded(self, batch: Tensors, outputs: Tensors) -> tuple[dict[str, Any], dict[str, Any]]:
        """The window as a batch of its frames, and what was made of it: [B * n, ...]."""
        targets, images = batch['target_images'], tf.cast(outputs['images'], tf.float32)
        if self._compares_true_previous:
            before, frames = batch['previous_image_truth'], targets
        else:
            before, frames = batch['previous_image'], tf.stop_gradient(images)
        previous = tf.concat([before[:, tf.newaxis], frames[:, :-1]], axis=1)
        reference = tf.repeat(batch['reference_image'][:, tf.newaxis], targets.shape[1], axis=1)
        folded = {'target_image': targets, 'previous_image': previous, 'reference_image': reference}
        if 'target_masks' in batch:
            folded['target_weight'] = tf.cast(batch['target_masks'], tf.float32)[..., tf.newaxis]
        made = {'image': images, 'motions': outputs['motions']}
        return {name: _fold(tensor) for name, tensor in folded.items()}, tf.nest.map_structure(_fold, made)

    def _features_of(
        self, vgg: VGGFeatures, images: Mapping[str, Any], wanted: Mapping[str, set[str]]
    ) -> dict[str, dict[str, tf.Tensor]]:
        """No picture twice: one reference is that of all frames, and true frames before are those of the targets.

        With `recompute` the gradient computes the layers between the features again, a part of the window at a time.
        """
        once = {'reference', 'previous'} if self._compares_true_previous else {'reference'}
        of_all = {name: taps for name, taps in wanted.items() if name not in once}
        if getattr(self._config.model, 'recompute', False):
            found = {name: _recomputed_features(vgg, images[name], taps) for name, taps in of_all.items()}
        else:
            found = super()._features_of(vgg, images, of_all)
        for name in once & wanted.keys():
            first = vgg(images[name][::WINDOW_FRAMES], wanted[name])
            if name == 'reference':
                found[name] = {tap: tf.repeat(features, WINDOW_FRAMES, axis=0) for tap, features in first.items()}
            else:
                found[name] = {tap: _moved_on(features, found['target'][tap]) for tap, features in first.items()}
        return found

    def _drawn(self, batch: Tensors, outputs: Tensors, places: Places) -> tuple[dict[str, Any], dict[str, Any]]:
        """One frame and one clip of every example, true and generated."""
        form = _form_of(self._config)
        truth, made = batch['target_images'], tf.cast(outputs['images'], tf.float32)
        real = {'target_image': truth[:, places.frame], 'target_clip': form.cut(truth, places.clip)}
        fake = {'image': made[:, places.frame], 'clip': form.cut(made, places.clip)}
        return real, {**fake, 'motions': outputs['motions']}


def draw_places(config: Config, step: tf.Tensor | int, generating: bool) -> Places:
    """What a step's discriminators see, a function of (config.training.seed, step) alone, the same on every replica.

    `generating`: in the generator's step, which draws other places than the step of the discriminators.
    """
    seed = tf.stack([tf.constant(config.training.seed, tf.int64), 2 * tf.cast(step, tf.int64) + int(generating)])
    draws = tf.random.stateless_uniform([2], seed, alg='philox')
    numbers = tf.constant([WINDOW_FRAMES, _form_of(config).num_places], tf.float32)
    frame, clip = tf.unstack(tf.cast(draws * numbers, tf.int32))
    return Places(frame, clip)


def objective_of(config: Config, stage: str) -> Objective:
    """That of the config's model: over windows, or over single pictures."""
    return Objective(config, stage) if config.model.clip_form is None else WindowObjective(config, stage)


def _form_of(config: Config) -> ClipForm:
    form = config.model.clip_form
    assert form is not None, config.model.model
    return form


def _fold(tensor: tf.Tensor) -> tf.Tensor:
    """[B, n, ...] -> [B * n, ...]."""
    return tf.reshape(tensor, [-1, *tensor.shape[2:]])


def _recomputed_features(vgg: VGGFeatures, images: tf.Tensor, taps: set[str]) -> dict[str, tf.Tensor]:
    """Those of `vgg`, of which only the features themselves are remembered for the gradient."""
    names: list[str] = []

    def compute(part: tf.Tensor) -> list[tf.Tensor]:
        features = vgg(part, taps)
        names[:] = features
        return list(features.values())

    parts = [tf.recompute_grad(compute)(part) for part in tf.split(images, WINDOW_FRAMES)]
    return {name: tf.concat(maps, axis=0) for name, maps in zip(names, zip(*parts))}


def _moved_on(first: tf.Tensor, folded: tf.Tensor) -> tf.Tensor:
    """Of the frame before each: [B, ...] before the first one, [B * n, ...] of all -> [B * n, ...]."""
    frames = tf.reshape(folded, [-1, WINDOW_FRAMES, *folded.shape[1:]])
    return _fold(tf.concat([first[:, tf.newaxis], frames[:, :-1]], axis=1))
