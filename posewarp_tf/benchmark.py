"""Times a network: `python -m posewarp_tf.benchmark --flagfile=posewarp_tf/configs/gfla_fashion.cfg`.

Forward pass, one more pose of the same source (what depends on the source alone is kept), and forward plus backward
pass (gradients of every weight), on random inputs: median and fastest of `--repeats` after a warm-up, and the peak
memory of the process; with `--jit_compile` as XLA compiles them. Machines differ, so the same run also times a matrix
product: at its rate, the network's arithmetic alone would take the time called the floor.

With `--window`, of a model of clips: all that training computes for a window of frames, losses, discriminators and
updates included, on random clips.

With `--accuracy_of`, of a trained model: the time of a forward pass in each precision that this machine has, and how
near the pictures are to those in float32, on test pairs of `--data_dir`.
"""

from __future__ import annotations

import functools
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.precision import chosen_precision, computing_in
from posewarp_tf.runs.starter import STARTER, starter_folder
from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags

FLAGS = flags.FLAGS


def time_network(config: Config, batch_size: int, repeats: int) -> tuple[dict[str, list[float]], float]:
    """Seconds of each repeat, {'forward': [...], ...}, and GFLOP of a forward pass."""
    forward, another_pose, forward_and_backward = network_steps(config, batch_size)
    seconds = {
        'forward': _seconds(forward, repeats),
        'another pose': _seconds(another_pose, repeats),
        'forward and backward': _seconds(forward_and_backward, repeats),
    }
    return seconds, _giga_operations(forward)


def network_steps(config: Config, batch_size: int) -> tuple[Callable, Callable, Callable]:
    """Functions of nothing that run a fresh network on random inputs: the forward pass, that of one more pose of the
    same source, and forward plus backward pass."""
    import tensorflow as tf

    from posewarp_tf.models.registry import build_model

    with computing_in(chosen_precision(config.training.precision)):
        model = build_model(config)
    inputs = {
        name: tf.random.stateless_uniform((batch_size, *spec.shape[1:]), seed=(0, i), minval=-1.0)
        for i, (name, spec) in enumerate(model.example_inputs().items())
    }

    compiled = functools.partial(tf.function, jit_compile=config.training.jit_compile or None)

    @compiled
    def forward() -> tf.Tensor:
        return model(inputs)['image']

    state = tf.function(model.start)(inputs)
    another_pose = compiled(lambda: model.step(state, inputs)['image'])

    @compiled
    def forward_and_backward() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            image = model(inputs, training=True)['image']
        # A gradient that nobody reads would not be computed.
        return [tf.reduce_sum(g) for g in tape.gradient(image, model.trainable_variables) if g is not None]

    return forward, another_pose, forward_and_backward


def time_window(config: Config, batch_size: int, repeats: int) -> list[float]:
    """Seconds of each repeat of a training step on one window of a fresh model of clips."""
    import tensorflow as tf

    from posewarp_tf.losses.windows import objective_of
    from posewarp_tf.models.clips import WINDOW_FRAMES
    from posewarp_tf.models.discriminators.build import build_discriminator
    from posewarp_tf.models.registry import build_model
    from posewarp_tf.training.train_step import Networks
    from posewarp_tf.training.window_step import train_step_of

    with computing_in(chosen_precision(config.training.precision)):
        model = build_model(config)
        stage = model.stages[-1]
        objective = objective_of(config, stage)
        discriminators = {subject: build_discriminator(config, subject) for subject in objective.judges}
        step = train_step_of(config, stage, objective, Networks(model, None, discriminators))
    shapes = {item.name: item.shape(config.model.image_size) for item in config.model.inputs}
    image, pose = ((batch_size, WINDOW_FRAMES, *shapes[f'reference_{what}']) for what in ('image', 'pose'))
    images, poses = (tf.random.stateless_uniform(shape, (0, i), -1.0) for i, shape in enumerate((image, pose)))
    clips = {'reference_image': images[:, 0], 'reference_pose': poses[:, 0]}
    clips.update({'target_images': images, 'target_poses': poses, 'target_masks': tf.ones(image[:-1], tf.uint8)})
    return _seconds(lambda: step(clips), repeats, warm_up=1)


def _giga_operations(step: Any) -> float:
    """Multiplications and additions of one call, in 10^9, as TensorFlow counts them."""
    import tensorflow as tf

    tf.get_logger().setLevel('ERROR')  # The profiler warns about its own insides.
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options['output'] = 'none'
    return tf.compat.v1.profiler.profile(step.get_concrete_function().graph, options=options).total_float_ops / 1e9


def matrix_product_rate() -> float:
    """GFLOP/s of a product of two 2048 x 2048 matrices, the fastest of ten."""
    import tensorflow as tf

    matrix = tf.random.stateless_normal((2048, 2048), seed=(0, 0))
    return 2 * 2048**3 / min(_seconds(lambda: tf.matmul(matrix, matrix)[:1, :1], repeats=10)) / 1e9


def _seconds(step: Callable, repeats: int, warm_up: int = 2) -> list[float]:
    import tensorflow as tf

    seconds = []
    for _ in range(repeats + warm_up):
        start = time.perf_counter()
        tf.nest.map_structure(lambda tensor: tensor.numpy(), step())
        seconds.append(time.perf_counter() - start)
    return seconds[warm_up:]


def define_flags() -> None:
    flags.DEFINE_integer('batch', 1, 'Pictures at a time.', lower_bound=1)
    flags.DEFINE_integer('repeats', 10, 'Timed repeats.', lower_bound=1)
    flags.DEFINE_bool('window', False, 'Time the training step of one window of a model of clips.')
    flags.DEFINE_string('accuracy_of', None, f"Run folder of a trained model, or '{STARTER}'.")
    define_training_flags()


def main() -> None:
    config = config_from_flags()
    if FLAGS.accuracy_of is not None:
        _print_accuracy(config.data.data_dir or None)
        return
    height, width = config.model.image_size
    precision = chosen_precision(config.training.precision)
    settings = f'batch {FLAGS.batch}, sampler {config.model.sampler_impl}, {precision}'
    # The step of a window is never compiled by it.
    compiled = ', XLA' if config.training.jit_compile and not FLAGS.window else ''
    print(f'{config.model.model}, {height}x{width}, {settings}{compiled}')
    if FLAGS.window:
        if config.model.clip_form is None:
            raise ConfigError(f'--window: --model={config.model.model} makes no clips')
        measured = time_window(config, FLAGS.batch, FLAGS.repeats)
        print(f'training step of a window: median {statistics.median(measured):.3f} s, fastest {min(measured):.3f} s')
        _print_peak_memory()
        return
    seconds, giga_operations = time_network(config, FLAGS.batch, FLAGS.repeats)
    rate = matrix_product_rate()
    print(f'{giga_operations:.1f} GFLOP forward; a matrix product runs at {rate:.0f} GFLOP/s here')
    # A backward pass computes two products for each one of the forward pass.
    factors = {'forward': 1, 'forward and backward': 3}
    for name, measured in seconds.items():
        floor = f', floor {factors[name] * giga_operations / rate:.3f} s' if name in factors else ''
        print(f'{name:22s} median {statistics.median(measured):.3f} s, fastest {min(measured):.3f} s{floor}')
    _print_peak_memory()


def _print_accuracy(data_dir: str | None) -> None:
    from posewarp_tf.metrics.precisions import compare_precisions, format_precisions

    run_dir = starter_folder() if FLAGS.accuracy_of == STARTER else FLAGS.accuracy_of
    print(format_precisions(compare_precisions(run_dir, data_dir)))


def _print_peak_memory() -> None:
    # Linux counts in KiB.
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB')


if __name__ == '__main__':
    command_line.run(define_flags, main)
