"""In which precision networks compute: in float32, or in half of it, where a processor is faster so.

In half precision features are multiplied, added and kept in it. Weights and their updates, flows, the places where
samplers read and what they add up, statistics of norms, weights of attentions, losses and pictures are float32 whatever
the precision.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

from absl import logging

PRECISIONS = ('auto', 'float32', 'bfloat16', 'float16')
# Runs from before there were precisions have this one: float16 on GPUs, bfloat16 on CPUs.
MIXED = 'mixed'

_POLICIES = {'float32': 'float32', 'bfloat16': 'mixed_bfloat16', 'float16': 'mixed_float16'}
# Half precision costs accuracy, and is taken where it saves a fifth of the time.
_WORTH_IT = 0.8
_TRIAL_FILTERS, _TRIAL_SIZE, _TRIAL_REPEATS = 64, 64, 5


@contextlib.contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers made inside compute in it: 'float32', 'bfloat16' or 'float16'."""
    import tensorflow as tf

    earlier = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy(_POLICIES[precision])
    try:
        yield
    finally:
        tf.keras.mixed_precision.set_global_policy(earlier)


def chosen_precision(precision: str, with_gradient: bool = False) -> str:
    """'float32', 'bfloat16' or 'float16': what 'auto' and 'mixed' are on this machine; the others are themselves.

    'auto' is found by a trial: two residual blocks in each precision, with their gradients for training, of which the
    log tells the times. Half precision is taken if it needs at most 0.8 of the time of float32; bfloat16 before
    float16, which is tried on GPUs only and loses small gradients.
    """
    if precision == MIXED:
        return 'float16' if _has_gpu() else 'bfloat16'
    return _fastest(with_gradient) if precision == 'auto' else precision


def precisions_here() -> tuple[str, ...]:
    """Those that are worth a trial on this machine: float16 is slow on CPUs."""
    return ('float32', 'bfloat16', 'float16') if _has_gpu() else ('float32', 'bfloat16')


@functools.cache
def _fastest(with_gradient: bool) -> str:
    names = precisions_here()
    seconds = trial_seconds(names, with_gradient)
    fast = [name for name in names[1:] if seconds[name] <= _WORTH_IT * seconds['float32']]
    found = fast[0] if fast else 'float32'
    times = ', '.join(f'{name} {1000 * value:.1f} ms' for name, value in seconds.items())
    logging.info('precision: %s, chosen by a trial: %s', found, times)
    return found


def trial_seconds(names: tuple[str, ...], with_gradient: bool) -> dict[str, float]:
    """{precision: seconds that two residual blocks take in it}, the fastest of five times in turn."""
    steps = {name: _trial_step(name, with_gradient) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(_TRIAL_REPEATS):
        for name, step in steps.items():
            start = time.perf_counter()
            step().numpy()
            times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


def _trial_step(precision: str, with_gradient: bool) -> Callable[[], Any]:
    """A traced function of nothing that gives one number."""
    import tensorflow as tf

    from posewarp_tf.layers.blocks import ResBlock

    # A GPU is not busy with less than this.
    batch = 32 if _has_gpu() else 1
    image = tf.random.stateless_normal((batch, _TRIAL_SIZE, _TRIAL_SIZE, _TRIAL_FILTERS), seed=(0, 0))
    with computing_in(precision):
        blocks = [ResBlock(_TRIAL_FILTERS) for _ in range(2)]

    def forward() -> tf.Tensor:
        return tf.reduce_sum(tf.cast(blocks[1](blocks[0](image)), tf.float32))

    def with_gradients() -> tf.Tensor:
        with tf.GradientTape() as tape:
            total = forward()
        variables = blocks[0].trainable_variables + blocks[1].trainable_variables
        return tf.add_n([tf.reduce_sum(gradient) for gradient in tape.gradient(total, variables)])

    step = tf.function(with_gradients if with_gradient else forward, autograph=False)
    step()
    return step


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices('GPU'))
