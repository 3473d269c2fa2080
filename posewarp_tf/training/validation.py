"""A few test pairs: the loss by which the best checkpoint is chosen, and the pairs that pictures are drawn of."""

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

NUM_PICTURED_PAIRS = 4


class Validation:
    """The first `validation_pairs` test pairs, always the same ones, through one stage of a model."""

    def __init__(self, config: Config, stage: str, model: ReposingModel, objective: Objective):
        self._stage = stage
        self._model = model
        self._objective = objective
        training = config.training
        self._batches = material_of(config).test(config, training.batch_size, training.validation_pairs)
        self._graph = tf.function(self._batch_losses, reduce_retracing=True, autograph=False)

    def losses(self) -> dict[str, float]:
        """Means over the pairs of every term of the stage's objective but the adversarial one, and their `total`.

        The total is the weighted sum, as in training; the lower, the better. It needs no discriminator, whose opinion
        changes while it learns.
        """
        sums: dict[str, float] = {}
        num_pairs = 0
        for batch in self._batches:
            terms = self._graph(_numbers(batch))
            num_pairs += len(terms['total'])
            for name, values in terms.items():
                sums[name] = sums.get(name, 0.0) + float(np.sum(values.numpy(), dtype=np.float64))
        return {name: value / num_pairs for name, value in sums.items()}

    def pictured(self) -> tuple[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]]:
        """The first few pairs and what the model makes of them; with its attention where the stage trains all of it."""
        batch = next(iter(self._batches.unbatch().batch(NUM_PICTURED_PAIRS)))
        if self._stage in self._model.complete_stages:
            return batch, as_float32(self._model(batch, return_attention=True))
        return batch, self._generate(batch)

    def _generate(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        return as_float32(self._model.run_stage(inputs, self._stage))

    def _batch_losses(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        terms = self._objective.generator_terms(batch, self._generate(batch), generator=self._generate)
        return {'total': self._objective.total(terms), **terms}


def _numbers(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: value for name, value in batch.items() if value.dtype != tf.string}
