"""Times a network: `python -m posewarp_tf.benchmark --flagfile=posewarp_tf/configs/gfla_fashion.cfg`.

Forward pass, and forward plus backward pass (gradients of every weight), on random inputs: median and
fastest of `--repeats` after a warm-up, and the peak memory of the process.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable

from absl import flags

from posewarp_tf import command_line
from posewarp_tf.flags import config_from_flags, define_config_flags

FLAGS = flags.FLAGS


def time_network(config, batch_size: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of each repeat: {'forward': [...], 'forward and backward': [...]}."""
    import tensorflow as tf

    from posewarp_tf.models.registry import build_model

    model = build_model(config)
    inputs = {
        name: tf.random.stateless_uniform((batch_size, *spec.shape[1:]), seed=(0, i), minval=-1.0)
        for i, (name, spec) in enumerate(model.example_inputs().items())
    }

    @tf.function
    def forward() -> tf.Tensor:
        return model(inputs)['image']

    @tf.function
    def forward_and_backward() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            image = model(inputs, training=True)['image']
        # A gradient that nobody reads would not be computed.
        return [tf.reduce_sum(g) for g in tape.gradient(image, model.trainable_variables) if g is not None]

    return {
        'forward': _seconds(forward, repeats),
        'forward and backward': _seconds(forward_and_backward, repeats),
    }


def _seconds(step: Callable, repeats: int) -> list[float]:
    import tensorflow as tf

    seconds = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        tf.nest.map_structure(lambda tensor: tensor.numpy(), step())
        seconds.append(time.perf_counter() - start)
    return seconds[2:]


def main() -> None:
    config = config_from_flags()
    height, width = config.model.image_size
    print(f'{config.model.model}, {height}x{width}, batch {FLAGS.batch}, sampler {config.model.sampler_impl}')
    for name, seconds in time_network(config, FLAGS.batch, FLAGS.repeats).items():
        print(f'{name:22s} median {statistics.median(seconds):.3f} s, fastest {min(seconds):.3f} s')
    # Linux counts in KiB.
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB')


if __name__ == '__main__':
    define_config_flags()
    flags.DEFINE_string('run_dir', '', 'Ignored: shipped configs name one.')
    flags.DEFINE_integer('batch', 1, 'Pictures at a time.', lower_bound=1)
    flags.DEFINE_integer('repeats', 10, 'Timed repeats.', lower_bound=1)
    command_line.run(main)
