"""How training scales over processes of this machine, or over logical devices of one process.

    python -m posewarp_tf.training.scaling_benchmark --config=quickstart --workers=2
    python -m posewarp_tf.training.scaling_benchmark --config=quickstart --logical_devices=2

The last stage of the config is trained. Processes have one thread each, as several machines would train: first
`--workers` of them apart, none of which knows of the others, then as many that work together under TF_CONFIG. With
`--logical_devices` one process trains, with as many threads: first on one device, then on so many that share the
batch under MirroredStrategy, as the GPUs of one machine would. There are `--batch_size` examples in a step for each
process or device. Both ways keep the machine equally busy, so that their ratio is what working together costs: summing
gradients, agreeing, and waiting for the slowest.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import multiprocessing.connection
import os
import socket
import statistics
import time
from collections.abc import Sequence
from typing import Any

from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags
from posewarp_tf.training.cluster import VARIABLE

FLAGS = flags.FLAGS

_THREADS = ('TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS')
_NO_CLUSTER = '{}'
_WARM_UP_STEPS = 2


def images_per_second(config: Config, workers: int, steps: int, together: bool) -> float:
    """Of all processes; of each the median of its steps counts.

    Raises:
        RunError: a process has ended before it was done.
    """
    size = config.training.batch_size
    config = (
        config.replace(batch_size=size * workers, distribution='multi_worker')
        if together
        else config.replace(distribution='none')
    )
    addresses = _free_addresses(workers)
    variables = []
    for index in range(workers):
        task = {'type': 'worker', 'index': index}
        cluster = json.dumps({'cluster': {'worker': addresses}, 'task': task}) if together else _NO_CLUSTER
        variables.append({**dict.fromkeys(_THREADS, '1'), VARIABLE: cluster})
    seconds = _seconds(config, steps, variables)
    return size * workers / max(seconds) if together else sum(size / each for each in seconds)


def images_per_second_of_devices(config: Config, workers: int, steps: int, together: bool) -> float:
    """Of one process, whose batch is made on one device, or on as many as there are workers, which share it."""
    size = config.training.batch_size * workers
    config = config.replace(batch_size=size, distribution='mirrored')
    variables = {**dict.fromkeys(_THREADS, str(workers)), VARIABLE: _NO_CLUSTER}
    return size / _seconds(config, steps, [variables], workers if together else 1)[0]


def _seconds(config: Config, steps: int, variables: list[dict[str, str]], devices: int = 0) -> list[float]:
    """The median time of a step in each of as many processes as there are environments; `devices` as of `_measure`."""
    context = multiprocessing.get_context('spawn')
    results = context.SimpleQueue()
    arguments = [(config.to_json(), steps, one, devices, results) for one in variables]
    processes = [context.Process(target=_measure, args=of_process) for of_process in arguments]
    try:
        for process in processes:
            process.start()
        running: dict[Any, Any] = {process.sentinel: process for process in processes}
        while running:
            for ended in multiprocessing.connection.wait(running):
                process = running.pop(ended)
                # A process that is about to end has no code yet.
                process.join()
                if process.exitcode:
                    raise RunError(f'a process has ended with exit code {process.exitcode}; what it said stands above')
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
    return [results.get() for _ in processes]


def _measure(config: str, steps: int, variables: dict[str, str], devices: int, results: Any) -> None:
    """Puts the median time of a step, in seconds, into `results`; on so many logical devices of the CPU, or, with 0, on
    those that the config says."""
    os.environ.update(variables)
    names = _logical_devices(devices) if devices else None
    results.put(statistics.median(seconds_of_steps(Config.from_json(config), steps, names)))


def _logical_devices(number: int) -> list[str]:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices('CPU')[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * number)
    return [f'CPU:{index}' for index in range(number)]


def seconds_of_steps(config: Config, steps: int, devices: Sequence[str] | None = None) -> list[float]:
    """Of each step of the last stage after a warm-up, input included; nothing is kept."""
    from posewarp_tf.data.materials import material_of
    from posewarp_tf.losses.windows import objective_of
    from posewarp_tf.models.discriminators.build import build_discriminator
    from posewarp_tf.models.precision import chosen_precision, computing_in
    from posewarp_tf.models.registry import build_model
    from posewarp_tf.training import distribution
    from posewarp_tf.training.train_step import Networks
    from posewarp_tf.training.window_step import train_step_of

    workers = distribution.make_workers(config.training, devices)
    precision = chosen_precision(config.training.precision, with_gradient=True)
    with computing_in(precision), workers.strategy.scope():
        model = build_model(config)
        stage = model.stages[-1]
        objective = objective_of(config, stage)
        discriminators = {output: build_discriminator(config, output) for output in objective.judges}
        step = train_step_of(config, stage, objective, Networks(model, None, discriminators))
    batches = distribution.training_batches(config, workers, 0, material_of(config).examples(config))
    seconds = []
    for _ in range(_WARM_UP_STEPS + steps):
        start = time.perf_counter()
        losses = step(next(batches))
        # Reading one waits for the step.
        float(losses['total'])
        seconds.append(time.perf_counter() - start)
    return seconds[_WARM_UP_STEPS:]


def _free_addresses(count: int) -> list[str]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [f'127.0.0.1:{one.getsockname()[1]}' for one in sockets]


def define_flags() -> None:
    flags.DEFINE_integer('workers', 2, 'How many processes.', lower_bound=1)
    flags.DEFINE_integer('logical_devices', None, 'In place of processes: devices of one process.', lower_bound=2)
    flags.DEFINE_integer('steps', 20, 'Timed steps of each.', lower_bound=1)
    define_training_flags()


def main() -> None:
    config = config_from_flags()
    if config.training.precision == 'auto':
        raise ConfigError('--precision: got auto, which every process would choose for itself, expected a precision')
    number = FLAGS.logical_devices or FLAGS.workers
    measure = images_per_second_of_devices if FLAGS.logical_devices else images_per_second
    apart, together = (measure(config, number, FLAGS.steps, way) for way in (False, True))
    words = 'logical devices of one process' if FLAGS.logical_devices else 'processes of one thread'
    print(f'{number} {words}, {config.training.batch_size} examples in a step of each:')
    print(f'  {"one device" if FLAGS.logical_devices else "apart":10s} {apart:8.2f} images per second')
    print(f'  together   {together:8.2f} images per second, {together / apart:.2f} of that')


if __name__ == '__main__':
    command_line.run(define_flags, main)
