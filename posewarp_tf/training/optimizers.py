"""Adam as published, with an optional linear decay; and the moving average of a generator."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.settings.sections import TrainingConfig


class LinearDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Constant until step `start`, then linearly down to 0 at step `end`.

    An optimizer asks with the number of its updates, of which a step has `updates_per_step`.
    """

    def __init__(self, learning_rate: float, start: int, end: int, updates_per_step: int | tf.Variable = 1):
        self.learning_rate = learning_rate
        self.start = start
        self.end = end
        self.updates_per_step = updates_per_step

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        steps = tf.cast(step, tf.float32) / tf.cast(self.updates_per_step, tf.float32)
        part_done = (steps - self.start) / max(self.end - self.start, 1)
        return self.learning_rate * (1.0 - tf.clip_by_value(part_done, 0.0, 1.0))

    def get_config(self) -> dict:
        return {
            'learning_rate': self.learning_rate,
            'start': self.start,
            'end': self.end,
            'updates_per_step': int(self.updates_per_step),
        }


def make_optimizer(
    config: TrainingConfig,
    num_steps: int,
    variables: list[tf.Variable],
    learning_rate_ratio: float = 1.0,
    updates_per_step: int | tf.Variable = 1,
) -> tf.keras.optimizers.Optimizer:
    """Adam for `variables`, its slots already made; with loss scaling where gradients are float16."""
    start = round(config.decay_start * num_steps)
    schedule = LinearDecay(config.learning_rate * learning_rate_ratio, start, num_steps, updates_per_step)
    optimizer = tf.keras.optimizers.Adam(
        schedule, beta_1=config.adam_beta_1, beta_2=config.adam_beta_2, epsilon=1e-8, jit_compile=False
    )
    optimizer.build(variables)
    if tf.keras.mixed_precision.global_policy().name == 'mixed_float16':
        optimizer = tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer


def update_moving_average(average: tf.keras.Model, model: tf.keras.Model, decay: float, step: tf.Tensor) -> None:
    """average <- d * average + (1 - d) * model, weight by weight, with d = min(decay, (1 + step) / (10 + step)).

    The smaller d of the first steps lets the average forget the initial weights. The average is a model of its own,
    not the optimizer's, so that it validates and draws pictures without swapping weights. Call it in the
    cross-replica context.
    """
    step = tf.cast(step, tf.float32)
    decay = tf.minimum(decay, (1.0 + step) / (10.0 + step))
    strategy = tf.distribute.get_strategy()

    def update(mean: tf.Variable, value: tf.Tensor) -> None:
        mean.assign_sub((1.0 - decay) * (mean - value))

    for mean, weight in zip(average.weights, model.weights):
        strategy.extended.update(mean, update, args=(weight,))
