"""How long a step would take on more machines: a model, not a measurement.

    python -m posewarp_tf.training.scaling --config=gfla_fashion --step_seconds=0.5

Every replica makes its part of a batch, as large as that of one replica alone, and then all of them sum their gradients
on a ring: with R replicas, N bytes of gradients, B bytes per second over the slowest link of the ring and a latency l

    step = time of one replica's step alone + 2 (R - 1) / R * N / B + 2 (R - 1) l.

The sum begins when all gradients are there, so nothing of it hides behind the backward pass. Between the replicas of
one machine the slowest link is that between its GPUs, and between machines the network. `--step_seconds` is what one
replica takes for its part: batch size / images per second of a training on one GPU. The bytes are those of the weights
that a stage trains, its discriminators among them.
"""

from __future__ import annotations

from typing import Any

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags

FLAGS = flags.FLAGS

# Gradients are float32 under mixed precision too.
_BYTES_PER_WEIGHT = 4


def ring_seconds(num_bytes: int, replicas: int, bytes_per_second: float, latency: float) -> float:
    """The time in which `replicas` on a ring sum arrays of `num_bytes` each: 2 (R - 1) / R * N / B + 2 (R - 1) l."""
    messages = 2 * (replicas - 1)
    return messages / replicas * num_bytes / bytes_per_second + messages * latency


def gradient_bytes(config: Config) -> dict[str, int]:
    """By stage: bytes of the gradients that replicas sum in one update."""
    from posewarp_tf.models.discriminators.build import build_discriminator
    from posewarp_tf.models.registry import build_model
    from posewarp_tf.training.plan import plan_training

    model = build_model(config)
    found = {}
    for stage, terms in plan_training(config).items():
        judges = [build_discriminator(config, output).trainable_variables for output in terms.judges]
        weights = [weight for some in (model.stage_variables(stage), *judges) for weight in some]
        found[stage] = _BYTES_PER_WEIGHT * sum(weight.shape.num_elements() for weight in weights)
    return found


def define_flags() -> None:
    flags.DEFINE_list('replicas', ['8', '64'], 'Numbers of replicas, one on each GPU.')
    flags.DEFINE_integer('replicas_per_machine', 8, 'GPUs of a machine.', lower_bound=1)
    flags.DEFINE_float('step_seconds', 0.5, "Time of one replica's step alone, in seconds.", lower_bound=1e-6)
    flags.DEFINE_float(
        'gpu_gigabytes', 300.0, 'GB per second and direction between GPUs of a machine.', lower_bound=1e-6
    )
    flags.DEFINE_list('network_gigabits', ['25', '100', '400'], 'Gbit per second and direction, of several networks.')
    flags.DEFINE_float('latency_microseconds', 20.0, 'Latency of a message.', lower_bound=0.0)
    define_training_flags()


def main() -> None:
    config = config_from_flags()
    counts, networks = _positive('replicas', int), _positive('network_gigabits', float)
    print(f'a model, nothing is measured: {FLAGS.step_seconds:g} s for the step of one replica alone')
    for stage, num_bytes in gradient_bytes(config).items():
        print(f'stage {stage}: {num_bytes / _BYTES_PER_WEIGHT / 1e6:.2f} million weights, {num_bytes / 1e6:.1f} MB')
        for count in counts:
            if count <= FLAGS.replicas_per_machine:
                _print_line(f'{count} in one machine', num_bytes, count, FLAGS.gpu_gigabytes * 1e9)
                continue
            for rate in networks:
                _print_line(f'{count}, {rate:g} Gbit/s', num_bytes, count, rate * 1e9 / 8)


def _print_line(words: str, num_bytes: int, replicas: int, bytes_per_second: float) -> None:
    seconds = ring_seconds(num_bytes, replicas, bytes_per_second, FLAGS.latency_microseconds * 1e-6)
    efficiency = FLAGS.step_seconds / (FLAGS.step_seconds + seconds)
    print(
        f'  {words:18s} {1e3 * seconds:7.2f} ms to sum gradients, {100 * efficiency:5.1f}% of the time computing, '
        f'{replicas * efficiency:5.1f} times the images of one'
    )


def _positive(name: str, kind: type) -> list:
    flag: Any = FLAGS[name]
    try:
        values = [kind(text) for text in flag.value]
    except ValueError:
        values = []
    if not values or min(values) <= 0:
        given, example = ','.join(flag.value), ','.join(flag.default)
        raise ConfigError(f'--{name}: got {given!r}, expected positive numbers, for example {example}')
    return values


if __name__ == '__main__':
    command_line.run(define_flags, main)
