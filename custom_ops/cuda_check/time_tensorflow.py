"""Times the published network in TensorFlow, with and without XLA: `python -m custom_ops.cuda_check.time_tensorflow`.

Compiled ops and gathers, in every precision; the median of runs that are waited for one by one.
"""

from __future__ import annotations

import json
import statistics
import time

from absl import flags

from custom_ops.cuda_check.programs import PROGRAMS, make_program
from custom_ops.cuda_check.time_hlo import make_argument
from posewarp_tf.settings import command_line

FLAGS = flags.FLAGS

# How a step runs: the samplers, and whether XLA compiles it.
_WAYS = {'compiled ops': ('kernel', False), 'gathers': ('gather', False), 'XLA': ('gather', True)}


def define_flags() -> None:
    flags.DEFINE_string('json', None, 'File for the results.', required=True)
    flags.DEFINE_string('config', 'gfla_fashion', 'Name of a config of the package, of a GFLA model.')
    flags.DEFINE_list('ways', list(_WAYS), 'Which of these.')
    flags.DEFINE_integer('count', len(PROGRAMS), 'Only so many programs, the most important ones.', lower_bound=1)
    flags.DEFINE_integer('repeats', 20, 'Timed runs of each.', lower_bound=1)


def main() -> None:
    rows = []
    for what, batch, precision in PROGRAMS[: FLAGS.count]:
        for way in FLAGS.ways:
            seconds = _seconds(way, what, batch, precision)
            rows.append({'what': what, 'batch': batch, 'precision': precision, 'way': way, 'seconds': seconds})
            print(f'{what} {batch} {precision} {way}: {1e3 * seconds:.2f} ms', flush=True)
            with open(FLAGS.json, 'w') as file:
                json.dump({'programs': rows}, file, indent=1)


def _seconds(way: str, what: str, batch: int, precision: str) -> float:
    import tensorflow as tf

    sampler_impl, is_compiled = _WAYS[way]
    program = make_program(FLAGS.config, sampler_impl, what, batch, precision)
    arguments = [tf.constant(make_argument(parameter, i)) for i, parameter in enumerate(program.parameters)]
    step = tf.function(program.step, jit_compile=is_compiled, autograph=False)
    seconds = []
    for _ in range(FLAGS.repeats + 3):
        started = time.perf_counter()
        step(*arguments)
        tf.test.experimental.sync_devices()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[3:])


if __name__ == '__main__':
    command_line.run(define_flags, main)
