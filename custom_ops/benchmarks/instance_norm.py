"""What the compiled instance norm gains: `python -m custom_ops.benchmarks.instance_norm`.

Times the norm with its leaky ReLU, and the published 256x256 generator, whose samplers are compiled both times, with
the compiled norm and with stock TensorFlow's, in turns within one run: medians, and the median of the ratios within a
turn, which depends little on what else the machine does.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from absl import flags

from posewarp_tf.settings import command_line

from .local_attention import Step, generator_steps, seconds_of

if TYPE_CHECKING:
    import tensorflow as tf

FLAGS = flags.FLAGS
SHAPES = ((1, 256, 256, 64), (1, 128, 128, 128), (1, 64, 64, 256))


def define_flags() -> None:
    flags.DEFINE_integer('repeats', 30, 'Timed turns.', lower_bound=1)
    flags.DEFINE_bool('generator', True, 'Time the whole published generator too.')


def main() -> None:
    print('| | compiled norm | stock norm | ratio |\n|---|---|---|---|')
    for shape in SHAPES:
        steps = {impl: norm_steps(shape, impl) for impl in ('kernel', 'gather')}
        _compare(f'norm, {"x".join(map(str, shape))}', steps['kernel'], steps['gather'])
    if FLAGS.generator:
        # 'kernel' is for the samplers alone.
        _compare('generator, 256x256', generator_steps('auto'), generator_steps('kernel'))


def norm_steps(shape: tuple[int, ...], impl: str) -> tuple[Step, Step]:
    """The norm with its activation, and that with its gradients of the image and the parameters."""
    import tensorflow as tf

    from posewarp_tf.ops import instance_norm

    image, upstream = (tf.random.stateless_normal(shape, seed=(0, i)) for i in range(2))
    inputs = (image, tf.ones(shape[3]), tf.zeros(shape[3]))

    @tf.function
    def forward() -> tf.Tensor:
        return instance_norm(*inputs, 0.1, impl)

    @tf.function
    def forward_and_backward() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            out = instance_norm(*inputs, 0.1, impl)
        return tape.gradient(out, inputs, upstream)

    return forward, forward_and_backward


def _compare(name: str, ours: tuple[Step, Step], stock: tuple[Step, Step]) -> None:
    for index, direction in enumerate(('forward', 'forward + backward')):
        turns = [[seconds_of(steps[index]) for steps in (ours, stock)] for _ in range(FLAGS.repeats + 2)][2:]
        own, other = (1e3 * statistics.median(seconds) for seconds in zip(*turns))
        ratio = statistics.median(other / own for own, other in turns)
        print(f'| {name}, {direction} | {own:.1f} ms | {other:.1f} ms | {ratio:.2f}x |', flush=True)


if __name__ == '__main__':
    command_line.run(define_flags, main)
