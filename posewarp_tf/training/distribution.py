"""Replicas: on which devices of which machines, and which part of a batch each of them gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from posewarp_tf.data.materials import material_of
from posewarp_tf.data.shard import Shard
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.cluster import VARIABLE, Cluster, cluster_of
from posewarp_tf.training.plan import check_replicas, maps_to_train
from posewarp_tf.training.workers import Workers


def make_workers(config: TrainingConfig, devices: Sequence[str] | None = None) -> Workers:
    """The processes to train in, each with one replica per device, as `--distribution` and `--num_gpus` say.

    With `devices` this process alone, with a replica on each of these. Several workers wait here for each other, and
    TensorFlow must not have computed anything before.

    Raises:
        ConfigError: TF_CONFIG is wrong, there are fewer GPUs, the batch cannot be divided, or XLA would have to span
            replicas.
        RunError: the address of this worker cannot be listened at.
    """
    if devices:
        check_replicas(config, len(devices))
        return Workers(tf.distribute.MirroredStrategy(list(devices)), None)
    chosen = _choose_devices(config.num_gpus)
    if config.distribution == 'none':
        return Workers(tf.distribute.OneDeviceStrategy(chosen[0]), None)
    cluster = cluster_of(config)
    check_replicas(config, len(chosen) * (len(cluster.addresses) if cluster else 1))
    return Workers(_join(cluster, chosen) if cluster else tf.distribute.MirroredStrategy(chosen), cluster)


def training_batches(config: Config, workers: Workers, start_step: int, examples: Any) -> Iterator:
    """Batches start_step, start_step + 1, ... of the run; replica r gets the r-th part of each.

    A worker reads and makes its own part alone.
    """
    strategy, shard = workers.strategy, Shard(workers.index, workers.count)
    dataset = material_of(config).training(config, maps_to_train(config), start_step, examples, shard)
    dataset = dataset.map(_without_names)
    if workers.count == 1:
        return iter(strategy.experimental_distribute_dataset(dataset))
    size = config.training.batch_size // strategy.num_replicas_in_sync
    # Of a data set that ends, workers would ask each other at every step whether it has.
    endless = dataset.rebatch(size, drop_remainder=True).repeat()
    return iter(strategy.distribute_datasets_from_function(lambda context: endless))


def _choose_devices(num_gpus: int) -> list[str]:
    gpus = [f'GPU:{index}' for index in range(len(tf.config.list_physical_devices('GPU')))]
    if num_gpus > len(gpus):
        raise ConfigError(f'--num_gpus: got {num_gpus}, expected at most the {len(gpus)} there are')
    return gpus[: len(gpus) if num_gpus < 0 else num_gpus] or ['CPU:0']


def _join(cluster: Cluster, devices: Sequence[str]) -> tf.distribute.MultiWorkerMirroredStrategy:
    own, others = cluster.addresses[cluster.index], [*cluster.addresses]
    others.remove(own)
    awaited = ', '.join(others) or 'nobody'
    print(f'worker {cluster.index} of {len(cluster.addresses)}, {own}: waiting for {awaited}', flush=True)
    # TensorFlow tells of every kind of sum over workers.
    tf.get_logger().setLevel('WARNING')
    # The strategy takes all GPUs that it sees.
    gpus = tf.config.list_physical_devices('GPU')
    tf.config.set_visible_devices(gpus[: sum(device.startswith('GPU') for device in devices)], 'GPU')
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise RunError(f'{VARIABLE}: worker {cluster.index} cannot take its place at {own}: {error}') from error


def _without_names(batch: dict) -> dict:
    """Text cannot go to a GPU, and training has no use for it."""
    return {name: value for name, value in batch.items() if value.dtype != tf.string}
