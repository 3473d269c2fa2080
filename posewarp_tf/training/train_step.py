"""One step of training on all replicas, as one graph.

    outputs = generator(batch)
    discriminator <- Adam on its loss over (target image, outputs without their gradient)
    generator     <- Adam on the stage's objective, the discriminator standing still

The loss of a replica is the sum over its examples divided by the global batch size, and gradients are summed over
replicas: two replicas of batch b compute what one replica of batch 2b computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.scene import as_float32
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.optimizers import make_optimizer, update_moving_average

Tensors = Mapping[str, tf.Tensor]


class Networks(NamedTuple):
    """What one stage trains.

    Attributes:
        model: of which the stage trains its part.
        average: the moving average of its weights, where one is kept.
        discriminators: by the output that each judges.
    """

    model: ReposingModel
    average: ReposingModel | None
    discriminators: dict[str, tf.keras.Model]


class TrainStep:
    """Everything that one stage trains. Make it in the scope of the strategy that the networks were made in.

    Attributes:
        parts: what a checkpoint must hold, by name.
        updates_per_step: how often a step changes every weight.
        images_per_example: how many pictures the last step made of each.
    """

    updates_per_step: int | tf.Variable = 1
    images_per_example = 1

    def __init__(self, config: TrainingConfig, stage: str, objective: Objective, networks: Networks):
        self._strategy = tf.distribute.get_strategy()
        num_steps, per_step = config.stage_steps[stage], self.updates_per_step
        self._config = config = config.of_stage(stage)
        self._stage = stage
        self._objective = objective
        self._networks = networks
        self._model = networks.model
        self._variables = networks.model.stage_variables(stage)
        self._optimizer = make_optimizer(config, num_steps, self._variables, updates_per_step=per_step)
        self._discriminator_optimizers = {
            output: make_optimizer(
                config, num_steps, network.trainable_variables, config.discriminator_learning_rate_ratio, per_step
            )
            for output, network in networks.discriminators.items()
        }
        self.parts = {'model': networks.model, 'optimizer': self._optimizer}
        for output, suffix in self._suffixes().items():
            self.parts[f'discriminator{suffix}'] = networks.discriminators[output]
            self.parts[f'discriminator{suffix}_optimizer'] = self._discriminator_optimizers[output]
        if networks.average is not None:
            self.parts.update(average=networks.average)
        self._graph = tf.function(self._traced(), autograph=False, jit_compile=True if config.jit_compile else None)

    def _suffixes(self) -> dict[str, str]:
        """What sets the names of discriminators apart: nothing of the first, and the output of the others.

        That of clips is never taken for one of pictures, although it may be the only one (runs/checkpoints.py).
        """
        return {
            output: f'_{output}' if number or output == 'clip' else ''
            for number, output in enumerate(self._networks.discriminators)
        }

    def __call__(self, batch: Tensors) -> dict[str, tf.Tensor]:
        """Updates everything; the mean over the global batch of every term, as float32 scalars."""
        return self._graph(batch)

    @property
    def learning_rate(self) -> float:
        return float(tf.convert_to_tensor(self._optimizer.learning_rate))

    @property
    def iterations(self) -> tf.Variable:
        """How many updates were done."""
        return self._optimizer.iterations

    def compute(self, batch: Tensors) -> dict[str, tf.Tensor]:
        """What a call computes, to be traced into a graph."""
        per_replica = self._strategy.run(self._replica_step, args=(batch,))
        self._update_average()
        return self._summed(per_replica)

    def _traced(self) -> Callable[..., Any]:
        """What becomes one graph."""
        return self.compute

    def _update_average(self) -> None:
        if self._networks.average is not None:
            with self._strategy.scope():
                update_moving_average(
                    self._networks.average, self._model, self._config.ema_decay, self._optimizer.iterations
                )

    def _summed(self, per_replica: Tensors) -> dict[str, tf.Tensor]:
        return {name: self._strategy.reduce('SUM', value, axis=None) for name, value in per_replica.items()}

    def _replica_step(self, batch: Tensors) -> dict[str, tf.Tensor]:
        return self._update_networks(batch)[0]

    def _update_networks(self, batch: Tensors) -> tuple[dict[str, tf.Tensor], dict[str, Any]]:
        """The losses, already over the global batch, and what the model made before its update."""
        with tf.GradientTape() as tape:
            outputs = self._generate(batch)
            with tape.stop_recording():
                discriminator_terms = self._update_discriminators(batch, outputs)
            terms = self._objective.generator_terms(
                batch, outputs, self._networks.discriminators, self._generate, self._optimizer.iterations
            )
            total = self._over_global_batch(self._objective.total(terms))
            scaled = _scaled(self._optimizer, total)
        self._update(self._optimizer, self._variables, tape.gradient(scaled, self._variables))
        means = {name: self._over_global_batch(term) for name, term in {**terms, **discriminator_terms}.items()}
        return {'total': total, **means}, outputs

    def _generate(self, inputs: Tensors) -> dict[str, Any]:
        return as_float32(self._model.run_stage(inputs, self._stage, training=True))

    def _update_discriminators(self, batch: Tensors, outputs: Tensors) -> dict[str, tf.Tensor]:
        found = {}
        for output, suffix in self._suffixes().items():
            network, optimizer = self._networks.discriminators[output], self._discriminator_optimizers[output]
            variables = network.trainable_variables
            with tf.GradientTape() as tape:
                terms = self._objective.discriminator_terms(batch, outputs, network, optimizer.iterations, output)
                total = self._over_global_batch(tf.add_n(list(terms.values())))
                scaled = _scaled(optimizer, total)
            self._update(optimizer, variables, tape.gradient(scaled, variables))
            found.update({f'discriminator{suffix}_{name}': term for name, term in terms.items()})
        return found

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


def _scaled(optimizer: tf.keras.optimizers.Optimizer, loss: tf.Tensor) -> tf.Tensor:
    if isinstance(optimizer, tf.keras.mixed_precision.LossScaleOptimizer):
        return optimizer.get_scaled_loss(loss)
    return loss
