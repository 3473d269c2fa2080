"""One step of training on clips: their windows one after the other, each with an update of everything.

    for each window
        outputs = generator(window), from the last frame that was made before it
        discriminators, then generator <- Adam                        (train_step.py)

A step takes whole clips, so that nothing but weights and optimizers has to be kept between steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from posewarp_tf.losses.objective import Objective
from posewarp_tf.models.clips import TRAINING_WINDOWS, WINDOW_FRAMES
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.train_step import Networks, Tensors, TrainStep
from posewarp_tf.training.windows import cut_window, first_state, next_state, num_windows


class WindowTrainStep(TrainStep):
    """Everything that one stage of a model of clips trains; a batch is as in windows.py."""

    updates_per_step: tf.Variable

    def __init__(self, config: TrainingConfig, stage: str, objective: Objective, networks: Networks):
        # Clips of short videos have fewer windows: the first batch tells.
        self._num_windows = tf.Variable(TRAINING_WINDOWS, trainable=False)
        self.updates_per_step = self._num_windows
        super().__init__(config, stage, objective, networks)

    def __call__(self, batch: Tensors) -> dict[str, tf.Tensor]:
        """Updates everything in every window; the means of the terms over the windows and the global batch."""
        return self._over_windows(batch, self._graph)

    def compute(self, batch: Tensors) -> dict[str, tf.Tensor]:
        return self._over_windows(batch, self._compute_window)

    def _traced(self) -> Callable[..., Any]:
        # One graph for all windows: one of the whole clip would be five times as large.
        return self._compute_window

    def _over_windows(self, batch: Tensors, compute: Callable[..., Any]) -> dict[str, tf.Tensor]:
        count = num_windows(self._strategy.experimental_local_results(batch['target_images'])[0])
        self._num_windows.assign(count)
        self.images_per_example = count * WINDOW_FRAMES
        state, found = first_state(batch), []
        for index in range(count):
            losses, state = compute(batch, state, tf.constant(index))
            found.append(losses)
        return {name: tf.add_n([losses[name] for losses in found]) / count for name in found[0]}

    def _compute_window(self, batch: Tensors, state: Tensors, index: tf.Tensor) -> tuple[dict[str, tf.Tensor], Tensors]:
        per_replica, state = self._strategy.run(self._replica_window, args=(batch, state, index))
        self._update_average()
        return self._summed(per_replica), state

    def _replica_window(self, batch: Tensors, state: Tensors, index: tf.Tensor) -> tuple[Tensors, Tensors]:
        window = cut_window(batch, state, index)
        losses, outputs = self._update_networks(window)
        return losses, next_state(window, outputs)


def train_step_of(config: Config, stage: str, objective: Objective, networks: Networks) -> TrainStep:
    """That of the config's model: over windows of clips, or over single pictures."""
    make = TrainStep if config.model.clip_form is None else WindowTrainStep
    return make(config.training, stage, objective, networks)
