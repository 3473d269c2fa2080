"""What the compiled ops gain: `python -m custom_ops.benchmarks.local_attention`.

Times the sampler, the whole LocalAttention layer and the published 256x256 generator with compiled ops and with plain
TensorFlow, in turns within one run, and prints medians, ratios and floors as a table. Peak memory of the layer is
measured in a process of its own for each implementation. Nothing else should be running.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from absl import flags

from posewarp_tf.settings import command_line

FLAGS = flags.FLAGS
# batch, height and width, channels, kernel: the finer attention of the generator, and a batch of the coarser.
SHAPES = {'1x64x64x128 k=5': (1, 64, 128, 5), '8x32x32x256 k=3': (8, 32, 256, 3)}

Step = Callable[[], Any]


def define_flags() -> None:
    flags.DEFINE_integer('repeats', 30, 'Timed turns.', lower_bound=1)
    flags.DEFINE_bool('generator', True, 'Time the whole published generator too.')
    flags.DEFINE_string('memory_of', '', 'shape,implementation: print the peak memory of that layer only.')


def main() -> None:
    if FLAGS.memory_of:
        _print_peak_memory(*FLAGS.memory_of.split(','))
        return
    rate, bandwidth = machine_rates()
    print(f'matrix product {rate:.0f} GFLOP/s, memory {bandwidth:.1f} GB/s; medians of {FLAGS.repeats}, in turns\n')
    print('| | compiled ops | rival | ratio |\n|---|---|---|---|')
    for name, shape in SHAPES.items():
        _compare_samplers(name, shape, rate, bandwidth)
        _compare_layers(name, shape)
    if FLAGS.generator:
        _compare_generators()


def _compare_samplers(name: str, shape: tuple, rate: float, bandwidth: float) -> None:
    steps = {}
    for impl, rival in (('kernel', 'compiled ops'), ('gather', 'gather'), ('gather', 'XLA gather')):
        jit_compile = True if rival.startswith('XLA') else None
        steps[rival] = sampler_steps(shape, impl, jit_compile)
    for index, direction in enumerate(('forward', 'gradient')):
        seconds = time_in_turns({rival: pair[index] for rival, pair in steps.items()})
        for rival in ('gather', 'XLA gather'):
            _print_row(f'sampler, {name}, {direction}, against {rival}', seconds['compiled ops'], seconds[rival])
        floor, reason = sampler_floor(shape, direction, rate, bandwidth)
        print(f'| floor of that, {reason} | {1e3 * floor:.2f} ms | | {seconds["compiled ops"] / floor:.1f}x |')


def _compare_layers(name: str, shape: tuple) -> None:
    seconds = time_in_turns({impl: layer_step(shape, impl) for impl in ('kernel', 'gather', 'patches')})
    memory = {impl: _peak_memory(name, impl) for impl in ('kernel', 'gather', 'patches')}
    for impl, rival in (('gather', 'the gather layer'), ('patches', 'the published order')):
        place = f'layer, {name}, forward + gradient, against {rival}'
        _print_row(place, seconds['kernel'], seconds[impl])
        print(f'| {place}: peak memory | {memory["kernel"]:.0f} MB | {memory[impl]:.0f} MB | '
              f'{memory[impl] / memory["kernel"]:.1f}x |')  # fmt: skip


def _compare_generators() -> None:
    steps = {impl: generator_steps(impl) for impl in ('kernel', 'gather')}
    for index, direction in enumerate(('forward', 'forward + backward')):
        seconds = time_in_turns({impl: pair[index] for impl, pair in steps.items()})
        _print_row(f'generator, 256x256, {direction}, against gathers', seconds['kernel'], seconds['gather'])


def sampler_steps(shape: tuple, impl: str, jit_compile: bool | None) -> tuple[Step, Step]:
    """The sampler's forward pass, and its gradient alone with respect to every input."""
    import tensorflow as tf

    from posewarp_tf.ops import local_attention_sample

    source, _, flow, attention = _inputs(shape)

    def forward(source, flow, attention):
        return local_attention_sample(source, flow, attention, impl=impl)

    def gradient(source, flow, attention, upstream):
        inputs = [source, flow, attention]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            out = forward(*inputs)
        # Nobody reads `out`: the forward pass is pruned.
        return tape.gradient(out, inputs, upstream)

    forward_step = tf.function(forward, jit_compile=jit_compile)
    gradient_step = tf.function(gradient, jit_compile=jit_compile)
    return lambda: forward_step(source, flow, attention), lambda: gradient_step(source, flow, attention, source)


def layer_step(shape: tuple, impl: str) -> Step:
    """Forward pass and gradients (inputs and weights) of a LocalAttention layer; 'patches' is the published order."""
    import tensorflow as tf

    from posewarp_tf.layers.local_attention import LocalAttention

    from .patches import PatchLocalAttention

    tf.keras.utils.set_random_seed(0)
    layer = PatchLocalAttention(shape[3]) if impl == 'patches' else LocalAttention(shape[3], impl=impl)
    inputs = _inputs(shape)[:3]
    layer(*(tensor[:1, :1, :1] for tensor in inputs))

    @tf.function
    def step(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            sampled, _ = layer(*inputs)
        return tape.gradient(sampled, [*inputs, *layer.trainable_variables], inputs[0])

    return lambda: step(*inputs)


def generator_steps(impl: str) -> tuple[Step, Step]:
    from posewarp_tf.benchmark import network_steps
    from posewarp_tf.settings.flags import load_config

    forward, _, forward_and_backward = network_steps(
        load_config('gfla_fashion').replace(sampler_impl=impl), batch_size=1
    )
    return forward, forward_and_backward


def _inputs(shape: tuple) -> tuple:
    """Source and target features, a smooth flow of some pixels with noise on top, attention."""
    import tensorflow as tf

    batch, size, channels, kernel = shape

    def normal(index: int, *sizes: int) -> Any:
        return tf.random.stateless_normal(sizes, seed=(0, index))

    flow = 4 * tf.image.resize(normal(2, batch, 4, 4, 2), (size, size)) + 0.3 * normal(3, batch, size, size, 2)
    attention = tf.nn.softmax(normal(4, batch, size, size, kernel**2))
    return normal(0, batch, size, size, channels), normal(1, batch, size, size, channels), flow, attention


def sampler_floor(shape: tuple, direction: str, rate: float, bandwidth: float) -> tuple[float, str]:
    """The least time: (k + 1)^2 multiplications and additions per number, twice for the gradient, at the rate of a
    matrix product; or reading inputs and writing outputs once at the rate of the memory, whichever is longer."""
    batch, size, channels, kernel = shape
    numbers = batch * size * size * channels
    passes, arrays = (2, 3) if direction == 'gradient' else (1, 2)
    operations = 2 * passes * (kernel + 1) ** 2 * numbers
    moved = 4 * (arrays * numbers + passes * batch * size * size * (kernel**2 + 2))
    by_arithmetic, by_memory = operations / rate / 1e9, moved / bandwidth / 1e9
    reason = f'{operations / 1e6:.0f} MFLOP, {moved / 1e6:.1f} MB'
    return max(by_arithmetic, by_memory), reason


def machine_rates() -> tuple[float, float]:
    """GFLOP/s of a matrix product and GB/s, read and written, of adding 256 MB to 256 MB in place, of all cores."""
    import tensorflow as tf

    from posewarp_tf.benchmark import matrix_product_rate

    numbers = tf.zeros([64 << 20])
    total = tf.Variable(numbers)  # In place: memory that is new costs more than its bytes.
    seconds = min(_seconds(lambda: total.assign_add(numbers)) for _ in range(10))
    return matrix_product_rate(), 3 * 4 * (64 << 20) / seconds / 1e9


def time_in_turns(steps: dict[str, Step]) -> dict[str, float]:
    """Median seconds of each; they take turns, so that all see the same weather. The first calls of a turn do not
    count: they find the caches as the others left them."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(FLAGS.repeats):
        for name, step in steps.items():
            seconds[name] += [_seconds(step) for _ in range(4)][2:]
    return {name: statistics.median(values) for name, values in seconds.items()}


def _seconds(step: Step) -> float:
    import tensorflow as tf

    start = time.perf_counter()
    tf.nest.map_structure(lambda tensor: tensor.numpy() if tensor.shape.rank == 0 else tensor, step())
    return time.perf_counter() - start


def _print_row(name: str, ours: float, rival: float) -> None:
    print(f'| {name} | {1e3 * ours:.2f} ms | {1e3 * rival:.2f} ms | {rival / ours:.1f}x |', flush=True)


def _peak_memory(shape_name: str, impl: str) -> float:
    command = [sys.executable, '-m', 'custom_ops.benchmarks.local_attention', f'--memory_of={shape_name},{impl}']
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def _print_peak_memory(shape_name: str, impl: str) -> None:
    """MB that ten steps of the layer need beyond TensorFlow itself, weights and inputs."""
    step = layer_step(SHAPES[shape_name], impl)
    before = _own_memory()
    seen, is_done = [before], threading.Event()

    def watch() -> None:
        while not is_done.wait(0.001):
            seen.append(_own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(10):
        step()
    is_done.set()
    watcher.join()
    print(max(seen) - before)


def _own_memory() -> float:
    """MB that this process has filled itself; the pages of its libraries come and go as Linux likes."""
    with open('/proc/self/status') as file:
        found = re.search(r'RssAnon:\s*(\d+) kB', file.read())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == '__main__':
    command_line.run(define_flags, main)
