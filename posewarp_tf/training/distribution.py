"""Replicas: on which devices, and which part of a batch each of them gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from posewarp_tf.data.materials import material_of
from posewarp_tf.errors import ConfigError
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.plan import check_replicas, maps_to_train


def make_strategy(config: TrainingConfig, devices: Sequence[str] | None = None) -> tf.distribute.MirroredStrategy:
    """One replica per device; without `devices`, `--num_gpus` says which.

    Raises:
        ConfigError: there are fewer GPUs, the batch cannot be divided, or XLA would have to span replicas.
    """
    devices = list(devices) if devices else _choose_devices(config.num_gpus)
    check_replicas(config, len(devices))
    return tf.distribute.MirroredStrategy(devices)


def training_batches(config: Config, strategy: tf.distribute.Strategy, start_step: int, examples: Any) -> Iterator:
    """Batches start_step, start_step + 1, ... of the run; replica r gets the r-th part of each."""
    dataset = material_of(config).training(config, maps_to_train(config), start_step, examples)
    dataset = dataset.map(_without_names)
    return iter(strategy.experimental_distribute_dataset(dataset))


def _choose_devices(num_gpus: int) -> list[str]:
    gpus = [f'GPU:{index}' for index in range(len(tf.config.list_physical_devices('GPU')))]
    if num_gpus > len(gpus):
        raise ConfigError(f'--num_gpus: got {num_gpus}, expected at most the {len(gpus)} there are')
    return gpus[: len(gpus) if num_gpus < 0 else num_gpus] or ['CPU:0']


def _without_names(batch: dict) -> dict:
    """Text cannot go to a GPU, and training has no use for it."""
    return {name: value for name, value in batch.items() if value.dtype != tf.string}
