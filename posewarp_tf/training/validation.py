"""A few test pairs or clips: the loss by which the best checkpoint is chosen, and those that pictures are drawn of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.data.materials import material_of
from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.scene import as_float32
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.settings.config import Config
from posewarp_tf.training.windows import cut_window, first_state, next_state, num_windows, whole_windows

NUM_PICTURED_PAIRS = 4


class Validation:
    """The first `validation_pairs` test pairs or clips, always the same ones, through one stage of a model."""

    def __init__(self, config: Config, stage: str, model: ReposingModel, objective: Objective):
        self._stage = stage
        self._model = model
        self._objective = objective
        training = config.training
        self._takes_clips = config.model.clip_form is not None
        self._batches = material_of(config).test(config, training.batch_size, training.validation_pairs)
        self._graph = tf.function(self._batch_losses, reduce_retracing=True, autograph=False)

    def losses(self) -> dict[str, float]:
        """Means over the pairs of every term of the stage's objective but the adversarial one, and their `total`.

        The total is the weighted sum, as in training; the lower, the better. It needs no discriminator, whose opinion
        changes while it learns. Of clips: the means over their first windows.
        """
        sums: dict[str, float] = {}
        num_pairs = 0
        for batch in self._batches:
            terms = self._clip_losses(_numbers(batch)) if self._takes_clips else self._graph(_numbers(batch))[0]
            num_pairs += len(terms['total'])
            for name, values in terms.items():
                sums[name] = sums.get(name, 0.0) + float(np.sum(values.numpy(), dtype=np.float64))
        return {name: value / num_pairs for name, value in sums.items()}

    def pictured(self) -> tuple[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]]:
        """The first few pairs and what the model makes of them; with its attention where the stage trains all of it.

        Of clips the first window.
        """
        if self._takes_clips:
            clips = whole_windows({name: few[:NUM_PICTURED_PAIRS] for name, few in next(iter(self._batches)).items()})
            window = cut_window(clips, first_state(clips), 0)
            return window, self._generate(window)
        batch = next(iter(self._batches.unbatch().batch(NUM_PICTURED_PAIRS)))
        if self._stage in self._model.complete_stages:
            return batch, as_float32(self._model(batch, return_attention=True))
        return batch, self._generate(batch)

    def _generate(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        return as_float32(self._model.run_stage(inputs, self._stage))

    def _batch_losses(self, batch: Mapping[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """Of pairs, or of a window and then what the next one goes on from."""
        outputs = self._generate(batch)
        terms = self._objective.generator_terms(batch, outputs, generator=self._generate)
        return {'total': self._objective.total(terms), **terms}, next_state(batch, outputs) if self._takes_clips else {}

    def _clip_losses(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        clips = whole_windows(batch)
        state, found = first_state(clips), []
        for index in range(num_windows(clips['target_images'])):
            terms, state = self._graph(cut_window(clips, state, index))
            found.append(terms)
        return {name: tf.add_n([terms[name] for terms in found]) / len(found) for name in found[0]}


def _numbers(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: value for name, value in batch.items() if value.dtype != tf.string}
