"""How long the input pipeline takes for one training batch, and how much memory.

    python -m posewarp_tf.data.benchmark --flagfile=posewarp_tf/configs/quickstart.cfg

Batches are drawn as fast as they come, with nothing else running. Training hides this time behind its steps;
what matters is that it is a small part of theirs. Of folders, and of those that prepare-data wrote.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import NamedTuple

from absl import flags

from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags

_WARM_UP_BATCHES = 10


class Speed(NamedTuple):
    """Of training batches, after a warm-up; making the data set is not counted.

    Attributes:
        milliseconds: per batch.
        pictures_per_core: in one second of one core's time.
        megabytes: the most memory of this process so far, before and after the batches.
    """

    milliseconds: float
    pictures_per_core: float
    megabytes: tuple[float, float]


def measure(config: Config, num_batches: int) -> Speed:
    """Of so many batches that are drawn as fast as they come."""
    from posewarp_tf.data.picture_store import reading
    from posewarp_tf.data.pipeline import make_training_dataset
    from posewarp_tf.training.plan import maps_to_train

    with reading():
        batches = iter(make_training_dataset(config, maps_to_train(config)))
        for _ in range(_WARM_UP_BATCHES):
            next(batches)
        before, start, worked = _most_megabytes(), time.perf_counter(), time.process_time()
        for _ in range(num_batches):
            next(batches)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    num_pictures = num_batches * config.training.batch_size * len(config.model.roles)
    return Speed(seconds / num_batches * 1e3, num_pictures / worked, (before, _most_megabytes()))


def _most_megabytes() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes, but on macOS bytes.
    return most / (1e6 if sys.platform == 'darwin' else 1e3)


def define_flags() -> None:
    flags.DEFINE_integer('num_batches', 200, 'Batches to time.', lower_bound=1)
    define_training_flags()


def main() -> None:
    config = config_from_flags()
    num_batches = flags.FLAGS.num_batches
    height, width = config.model.image_size
    results = {
        words: measure(config.replace(cache_images=cached), num_batches)
        for words, cached in (('read every time', False), ('kept in memory', True))
    }
    print(f'input pipeline, mean of {num_batches} batches of {config.training.batch_size} pairs, {height}x{width}:')
    for words, speed in results.items():
        before, after = speed.megabytes
        print(
            f'  pictures {words:<16} {speed.milliseconds:8.1f} ms per batch, {speed.pictures_per_core:8,.0f} pictures '
            f'a second of one core; at most {before:,.0f} MB before, {after:,.0f} MB after'
        )


if __name__ == '__main__':
    command_line.run(define_flags, main)
