"""How long the input pipeline takes for one training batch.

    python -m posewarp_tf.data.benchmark --flagfile=posewarp_tf/configs/quickstart.cfg

Batches are drawn as fast as they come, with nothing else running. Training hides this time behind its steps;
what matters is that it is a small part of theirs.
"""

from __future__ import annotations

import time

from absl import flags

from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags

_WARM_UP_BATCHES = 10


def milliseconds_per_batch(config: Config, num_batches: int) -> float:
    """Mean over `num_batches` training batches, after a warm-up; making the data set is not counted."""
    from posewarp_tf.data.picture_store import reading
    from posewarp_tf.data.pipeline import make_training_dataset
    from posewarp_tf.training.plan import maps_to_train

    with reading():
        batches = iter(make_training_dataset(config, maps_to_train(config)))
        for _ in range(_WARM_UP_BATCHES):
            next(batches)
        start = time.perf_counter()
        for _ in range(num_batches):
            next(batches)
    return (time.perf_counter() - start) / num_batches * 1e3


def define_flags() -> None:
    flags.DEFINE_integer('num_batches', 200, 'Batches to time.', lower_bound=1)
    define_training_flags()


def main() -> None:
    config = config_from_flags()
    num_batches = flags.FLAGS.num_batches
    height, width = config.model.image_size
    results = {
        words: milliseconds_per_batch(config.replace(cache_images=cached), num_batches)
        for words, cached in (('kept in memory', True), ('read every time', False))
    }
    print(f'input pipeline, mean of {num_batches} batches of {config.training.batch_size} pairs, {height}x{width}:')
    for words, milliseconds in results.items():
        print(f'  pictures {words:<16} {milliseconds:8.1f} ms per batch')


if __name__ == '__main__':
    command_line.run(define_flags, main)
