"""How fast a trained model is in each precision, and how near its pictures are to those in float32."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from posewarp_tf.data.pipeline import make_test_dataset
from posewarp_tf.errors import DataError
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.metrics.image import MAX_PSNR
from posewarp_tf.models.precision import precisions_here


class Precision(NamedTuple):
    """One precision.

    seconds: the median of one forward pass of one picture.
    psnr, least_psnr: of its pictures to those in float32, in dB and at most `MAX_PSNR`: the mean, and the worst.
    """

    name: str
    seconds: float
    psnr: float
    least_psnr: float


def compare_precisions(run_dir: str | os.PathLike, data_dir: str | None = None, num_pairs: int = 8) -> list[Precision]:
    """Those that this machine has, float32 first; each pair is computed in all of them in turn.

    Args:
        run_dir: a run folder in which a stage that makes pictures is trained.
        data_dir: a folder of the data set's layout with test pairs; None: the run's own.
        num_pairs: so many, spread evenly over the test pairs.

    Raises:
        RunError, DataError: the run folder or the data set cannot be used.
    """
    reposers = [Reposer(run_dir, precision=name) for name in precisions_here()]
    config = reposers[0].config
    dataset = make_test_dataset(config if data_dir is None else config.replace(data_dir=data_dir), 1, num_pairs)
    signature = [{item.name: dataset.element_spec[item.name] for item in config.model.inputs}]
    steps = [tf.function(one.stage_outputs, input_signature=signature, autograph=False) for one in reposers]
    seconds: list[list[float]] = [[] for _ in steps]
    pictures: list[list[np.ndarray]] = [[] for _ in steps]
    for number, batch in enumerate(dataset):
        inputs = {name: batch[name] for name in signature[0]}
        for index, step in enumerate(steps):
            if number == 0:
                step(inputs)['image'].numpy()
            start = time.perf_counter()
            pictures[index].append(step(inputs)['image'].numpy())
            seconds[index].append(time.perf_counter() - start)
    if not pictures[0]:
        raise DataError('no test pairs: got an empty list, expected at least one')
    return [
        _compared(reposer.precision, times, made, pictures[0])
        for reposer, times, made in zip(reposers, seconds, pictures)
    ]


def format_precisions(found: Sequence[Precision]) -> str:
    """As lines of text."""
    lines = [f'{"precision":<12}{"forward, ms":>14}{"of float32":>12}{"PSNR, dB":>11}{"worst":>9}']
    for one in found:
        share = one.seconds / found[0].seconds
        quality = f'{one.psnr:11.1f}{one.least_psnr:9.1f}' if one is not found[0] else f'{"-":>11}{"-":>9}'
        lines.append(f'{one.name:<12}{1000 * one.seconds:14.1f}{share:12.2f}{quality}')
    return '\n'.join(lines)


def _compared(name: str, times: list[float], made: list[np.ndarray], expected: list[np.ndarray]) -> Precision:
    # Colours run from -1 to 1.
    errors = [float(np.mean(np.square(one - other))) / 4 for one, other in zip(made, expected)]
    values = [float(min(MAX_PSNR, -10 * np.log10(max(error, 1e-30)))) for error in errors]
    return Precision(name, statistics.median(times), float(np.mean(values)), min(values))
