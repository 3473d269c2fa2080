"""How training scales over processes of this machine, each of one thread, as several machines would train.

    python -m posewarp_tf.training.scaling_benchmark --config=quickstart --workers=2

The last stage of the config is trained, first in `--workers` processes apart, none of which knows of the others, then
in as many that work together under TF_CONFIG. Each makes `--batch_size` examples in a step, which together are one
batch. Both ways keep the machine equally busy, so that their ratio is what working together costs: summing gradients,
agreeing, and waiting for the slowest.
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
from typing import Any

from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags
from posewarp_tf.training.cluster import VARIABLE

FLAGS = flags.FLAGS

_ONE_THREAD = dict.fromkeys(('TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'), '1')
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
    context = multiprocessing.get_context('spawn')
    results = context.SimpleQueue()
    processes = []
    for index in range(workers):
        task = {'type': 'worker', 'index': index}
        variable = json.dumps({'cluster': {'worker': addresses}, 'task': task})
        arguments = (config.to_json(), steps, {**_ONE_THREAD, VARIABLE: variable if together else ''}, results)
        processes.append(context.Process(target=_measure, args=arguments))
    try:
        for process in processes:
            process.start()
        running: dict[Any, Any] = {process.sentinel: process for process in processes}
        while running:
            for ended in multiprocessing.connection.wait(running):
                code = running.pop(ended).exitcode
                if code:
                    raise RunError(f'a process has ended with exit code {code}; what it said stands above')
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
    seconds = [results.get() for _ in processes]
    return size * workers / max(seconds) if together else sum(size / each for each in seconds)


def _measure(config: str, steps: int, variables: dict[str, str], results: Any) -> None:
    """Puts the median time of a step, in seconds, into `results`."""
    os.environ.update(variables)
    seconds = seconds_of_steps(Config.from_json(config), steps)
    results.put(statistics.median(seconds))


def seconds_of_steps(config: Config, steps: int) -> list[float]:
    """Of each step of the last stage after a warm-up, input included; nothing is kept."""
    from posewarp_tf.data.materials import material_of
    from posewarp_tf.losses.windows import objective_of
    from posewarp_tf.models.discriminators.build import build_discriminator
    from posewarp_tf.models.precision import chosen_precision, computing_in
    from posewarp_tf.models.registry import build_model
    from posewarp_tf.training import distribution
    from posewarp_tf.training.train_step import Networks
    from posewarp_tf.training.window_step import train_step_of

    workers = distribution.make_workers(config.training)
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
    flags.DEFINE_integer('steps', 20, 'Timed steps of each.', lower_bound=1)
    define_training_flags()


def main() -> None:
    config = config_from_flags()
    if config.training.precision == 'auto':
        raise ConfigError('--precision: got auto, which every process would choose for itself, expected a precision')
    apart, together = (images_per_second(config, FLAGS.workers, FLAGS.steps, way) for way in (False, True))
    print(f'{FLAGS.workers} processes of one thread, {config.training.batch_size} examples in a step of each:')
    print(f'  apart     {apart:8.2f} images per second')
    print(f'  together  {together:8.2f} images per second, {together / apart:.2f} of that')


if __name__ == '__main__':
    command_line.run(define_flags, main)
