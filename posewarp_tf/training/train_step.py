"""One step of training on all replicas, as one graph.

    outputs = generator(batch)
    discriminator <- Adam on its loss over (target image, outputs without their gradient)
    generator     <- Adam on the stage's objective, the discriminator standing still

The loss of a replica is the sum over its examples divided by the global batch size, and gradients are summed over
replicas: two replicas of batch b compute what one replica of batch 2b computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from posewarp_tf.losses.objective import Objective
from posewarp_tf.settings.config import TrainingConfig
from posewarp_tf.training.optimizers import make_optimizer, update_moving_average

Tensors = Mapping[str, tf.Tensor]


class TrainStep:
    """Everything that one stage trains. Make it in the scope of the strategy that the models were made in.

    Attributes:
        parts: what a checkpoint must hold, by name.
    """

    def __init__(
        self,
        config: TrainingConfig,
        stage: str,
        num_steps: int,
        objective: Objective,
        model: tf.keras.Model,
        average: tf.keras.Model | None,
        discriminator: tf.keras.Model | None,
    ):
        self._strategy = tf.distribute.get_strategy()
        self._config = config = config.of_stage(stage)
        self._stage = stage
        self._objective = objective
        self._model = model
        self._average = average
        self._discriminator = discriminator
        self._variables = model.stage_variables(stage)
        self._optimizer = make_optimizer(config, num_steps, self._variables)
        self.parts = {'model': model, 'optimizer': self._optimizer}
        if discriminator is not None:
            self._discriminator_optimizer = make_optimizer(
                config, num_steps, discriminator.trainable_variables, config.discriminator_learning_rate_ratio
            )
            self.parts.update(discriminator=discriminator, discriminator_optimizer=self._discriminator_optimizer)
        if average is not None:
            self.parts.update(average=average)
        self._graph = tf.function(self._step, autograph=False, jit_compile=True if config.jit_compile else None)

    def __call__(self, batch: Tensors) -> dict[str, tf.Tensor]:
        """Updates everything; the mean over the global batch of every term, as float32 scalars."""
        return self._graph(batch)

    @property
    def learning_rate(self) -> float:
        return float(tf.convert_to_tensor(self._optimizer.learning_rate))

    def _step(self, batch: Tensors) -> dict[str, tf.Tensor]:
        per_replica = self._strategy.run(self._replica_step, args=(batch,))
        if self._average is not None:
            with self._strategy.scope():
                update_moving_average(self._average, self._model, self._config.ema_decay, self._optimizer.iterations)
        return {name: self._strategy.reduce('SUM', value, axis=None) for name, value in per_replica.items()}

    def _replica_step(self, batch: Tensors) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            outputs = self._generate(batch)
            with tape.stop_recording():
                discriminator_terms = self._update_discriminator(batch, outputs)
            terms = self._objective.generator_terms(
                batch, outputs, self._discriminator, self._generate, self._optimizer.iterations
            )
            total = self._over_global_batch(self._objective.total(terms))
            scaled = _scaled(self._optimizer, total)
        self._update(self._optimizer, self._variables, tape.gradient(scaled, self._variables))
        means = {name: self._over_global_batch(term) for name, term in {**terms, **discriminator_terms}.items()}
        return {'total': total, **means}

    def _generate(self, inputs: Tensors) -> dict[str, Any]:
        return as_float32(self._model.run_stage(inputs, self._stage, training=True))

    def _update_discriminator(self, batch: Tensors, outputs: Tensors) -> dict[str, tf.Tensor]:
        if self._discriminator is None:
            return {}
        variables = self._discriminator.trainable_variables
        with tf.GradientTape() as tape:
            step = self._discriminator_optimizer.iterations
            terms = self._objective.discriminator_terms(batch, outputs, self._discriminator, step)
            total = self._over_global_batch(tf.add_n(list(terms.values())))
            scaled = _scaled(self._discriminator_optimizer, total)
        self._update(self._discriminator_optimizer, variables, tape.gradient(scaled, variables))
        return {f'discriminator_{name}': term for name, term in terms.items()}

    def _over_global_batch(self, term: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(term) / self._config.batch_size

    def _update(
        self,
        optimizer: tf.keras.optimizers.Optimizer,
        variables: list[tf.Variable],
        gradients: list[tf.Tensor | None],
    ) -> None:
        """Sums gradients over the replicas, clips the sum, and applies it."""
        # The occlusion masks, for one, have no part in the objective of the flow stage.
        used = [(gradient, variable) for gradient, variable in zip(gradients, variables) if gradient is not None]
        sums = list(tf.distribute.get_replica_context().all_reduce('SUM', [gradient for gradient, _ in used]))
        if isinstance(optimizer, tf.keras.mixed_precision.LossScaleOptimizer):
            sums = optimizer.get_unscaled_gradients(sums)
        if self._config.gradient_clip_norm > 0:
            sums, _ = tf.clip_by_global_norm(sums, self._config.gradient_clip_norm)
        optimizer.apply_gradients(zip(sums, (variable for _, variable in used)), skip_gradients_aggregation=True)


def as_float32(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """A model's outputs for losses and pictures, whatever precision it computes in."""
    return tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32), dict(outputs))


def _scaled(optimizer: tf.keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    if isinstance(optimizer, tf.keras.mixed_precision.LossScaleOptimizer):
        return optimizer.get_scaled_loss(loss)
    return loss
