"""One stage of training:

    for each batch that is left
        train_step(batch)                                           (train_step.py)
        now and then: show the losses, validate and keep the best, draw pictures, save a checkpoint

Batch n of a stage depends on (seed, n) alone and a checkpoint holds everything that a step changes, so that a run that
was killed and started again ends with the weights of a run that was not.
"""

from __future__ import annotations

import math
import time
from typing import Any

import tensorflow as tf

from posewarp_tf.data.materials import material_of
from posewarp_tf.data.picture_store import reading
from posewarp_tf.losses.objective import Objective
from posewarp_tf.photos.person_frame import measure_person_frame
from posewarp_tf.runs.checkpoints import AVERAGE, MODEL, CheckpointFolder, require_finite
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.distribution import training_batches
from posewarp_tf.training.interruption import Interruption
from posewarp_tf.training.progress import Progress
from posewarp_tf.training.train_step import Networks
from posewarp_tf.training.validation import Validation
from posewarp_tf.training.window_step import train_step_of
from posewarp_tf.training.workers import Workers


class StageTraining:
    """Everything that one stage needs. Make it in the strategy's scope.

    Where a moving average is kept, it is validated and drawn instead of the model. Of several workers the chief alone
    reads and writes the run folder, and validates; the others go on to the next step, where they wait for it.
    """

    def __init__(
        self,
        config: Config,
        stage: str,
        run_folder: RunFolder,
        objective: Objective,
        networks: Networks,
        workers: Workers,
    ):
        training = config.training
        self._config = config
        self._stage = stage
        self._run_folder = run_folder
        self._num_steps = training.stage_steps[stage]
        self._networks = networks
        self._workers = workers
        self._train_step = train_step_of(config, stage, objective, networks)
        if workers.is_chief:
            self._validation = Validation(config, stage, networks.average or networks.model, objective)
        self._best_loss = tf.Variable(math.inf, trainable=False, dtype=tf.float64)
        parts = {**self._train_step.parts, 'best_loss': self._best_loss}
        self._latest = CheckpointFolder(run_folder.stage_dir(stage), training.keep_checkpoints, parts)
        weights = {name: parts[name] for name in (MODEL, AVERAGE) if name in parts}
        self._best = CheckpointFolder(run_folder.best_dir(stage), 1, weights)

    def restore(self) -> int:
        """Back to the latest good checkpoint, in all workers: its step, or 0 if there is none."""
        step = self._workers.told_by_chief((self._latest.restore() or 0) if self._workers.is_chief else 0)
        self._workers.copy_from_chief(self._latest.variables)
        return step

    def train(self, step: int, interruption: Interruption) -> None:
        """Does the steps after `step`, until they are done or somebody interrupts; the last one is saved."""
        examples = material_of(self._config).examples(self._config)
        if self._workers.is_chief:
            keep_person_frame(self._config, self._run_folder, examples)
        batches = training_batches(self._config, self._workers, step, examples)
        batch_size = self._config.training.batch_size
        log_dir = self._run_folder.log_dir if self._workers.is_chief else None
        with Progress(self._stage, step, self._num_steps, batch_size, log_dir) as progress:
            first_step = step + 1
            stopping = self._workers.agree_to_stop(interruption)
            while step < self._num_steps and not stopping:
                waiting_since = time.perf_counter()
                with reading():
                    batch = next(batches)
                input_seconds = time.perf_counter() - waiting_since
                losses = self._train_step(batch)
                step += 1
                progress.add(step, losses, input_seconds, self._train_step.images_per_example)
                if step == first_step:
                    progress.restart_clock()  # The first step was compiled.
                stopping = self._workers.agree_to_stop(interruption)
                self._after_step(step, progress, stopping)

    def _after_step(self, step: int, progress: Progress, stopping: bool) -> None:
        training = self._config.training
        last = step == self._num_steps
        validating = last or step % training.validate_every == 0
        drawing = self._config.model.makes_pictures and (last or step % training.sample_every == 0)
        saving = last or stopping or step % training.checkpoint_every == 0
        if saving or validating or drawing or step % training.log_every == 0:
            losses = progress.read(self._latest.last_good)
            progress.show(step, {**losses, 'learning_rate': self._train_step.learning_rate})
        if saving or validating:
            self._require_finite_weights(step)
        if self._workers.is_chief:
            self._keep(step, progress, validating, drawing, saving)
        if saving or validating or drawing:
            progress.restart_clock()

    def _keep(self, step: int, progress: Progress, validating: bool, drawing: bool, saving: bool) -> None:
        if validating:
            self._validate(step, progress)
        if drawing:
            picture_path = self._run_folder.sample_dir / f'{self._stage}-{step}.png'
            declared = self._config.model.outputs
            progress.write_pictures(step, *self._validation.pictured(), picture_path, declared)
        if saving:
            self._latest.save(step)

    def _require_finite_weights(self, step: int) -> None:
        for network in (self._networks.model, *self._networks.discriminators.values()):
            require_finite(network.weights, step, self._latest.last_good)

    def _validate(self, step: int, progress: Progress) -> None:
        losses = self._validation.losses()
        progress.write_scalars(step, losses, 'validation')
        if losses['total'] < self._best_loss.numpy():
            self._best_loss.assign(losses['total'])
            self._best.save(step)
        progress.say(f'stage {self._stage}, step {step}: validation loss {losses["total"]:.5g}')


def keep_person_frame(config: Config, run_folder: RunFolder, examples: Any) -> None:
    """Predictions cut people out of photos as they stand in the pictures of the training."""
    if config.model.material != 'pictures':
        return
    frame = measure_person_frame(examples.keypoints, config.model.image_size, examples.aspect)
    if frame is not None:
        run_folder.save_person_frame(frame)
