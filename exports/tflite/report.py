"""How good, large and fast the files of an export are: measured here, and written as one table."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.models.outputs import titled
from posewarp_tf.runs.run_folder import RunFolder

from ..held_out import each_pair, num_pairs
from .litert import LiteRTReposer
from .operations import TFLiteGraph

# What a file must keep of its model: levels of 255 that a picture may differ by, and least PSNR in dB.
MAX_DIFFERENCE = {'float32': 1}
MIN_PSNR = {'float16': 45.0, 'dynamic': 35.0, 'int8': 30.0}
THREADS = (1, 2)

Arrays = Mapping[str, np.ndarray]


def model_answers(model: Reposer, pairs: Arrays) -> list[dict[str, np.ndarray]]:
    """The Keras model's `image`, and the finest flow of each family, for each of the pairs, one at a time."""
    answers = []
    for pair in each_pair(pairs):
        answer = model({name: tf.constant(array) for name, array in pair.items()})
        flows = {titled(role, 'flow'): motion.flows[-1] for role, motion in answer['motions'].items()}
        answers.append({name: tensor.numpy() for name, tensor in {'image': answer['image'], **flows}.items()})
    return answers


def measure(contents: bytes, pairs: Arrays, expected: Sequence[Arrays], timed_runs: int) -> dict[str, Any]:
    """Numbers of one file against the answers of its model, `expected`.

    Returns:
        size: bytes.
        max_difference: levels of 255, over all pictures.
        psnr: dB, 10 log10(255^2 / mean square difference), over all pictures together; None if they are equal.
        max_flow_difference: pixels of the map of a finest flow; None without flows.
        milliseconds: {threads: median time of one pair}.
        operations: {kind and type: how many}.
    """
    graph = TFLiteGraph(contents)
    answers = [reposer.run(pair) for reposer in [LiteRTReposer(contents)] for pair in each_pair(pairs)]
    differences = _stacked_differences(answers, expected, 'image')
    flows = [name for name in expected[0] if name != 'image']
    flow_differences = [np.abs(_stacked_differences(answers, expected, name)).max() for name in flows]
    return {
        'size': len(contents),
        'max_difference': int(np.abs(differences).max()),
        'psnr': psnr(differences),
        'max_flow_difference': float(max(flow_differences)) if flows else None,
        'milliseconds': {str(n): milliseconds(contents, each_pair(pairs)[0], n, timed_runs) for n in THREADS},
        'operations': graph.counts(),
    }


def psnr(differences: np.ndarray) -> float | None:
    """10 log10(255^2 / mean(differences^2)) in dB; None if there is no difference."""
    error = float(np.mean(np.square(differences)))
    return 10 * math.log10(255**2 / error) if error else None


def milliseconds(contents: bytes, pair: Arrays, num_threads: int, timed_runs: int) -> float:
    """Median time of one inference, after one that is not timed."""
    reposer, times = LiteRTReposer(contents, num_threads), []
    for _ in range(timed_runs + 1):
        start = time.perf_counter()
        reposer.run(pair)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times[1:])


def shortfall(precision: str, measured: Mapping[str, Any]) -> str:
    """How a file misses the limits of its precision; empty if it keeps them."""
    difference, found = measured['max_difference'], measured['psnr']
    if difference > MAX_DIFFERENCE.get(precision, 255):
        return f'{precision}: differs by {difference} levels, expected at most {MAX_DIFFERENCE[precision]}'
    if found is not None and not found >= MIN_PSNR.get(precision, 0.0):
        return f'{precision}: PSNR {found:.1f} dB, expected at least {MIN_PSNR[precision]:g}'
    return ''


def markdown(report: Mapping[str, Any]) -> str:
    """The table of a report as `exports.tflite` makes it, and the operations of each file."""
    height, width = report['image_size']
    lines = [
        f'# TFLite files of `{report["run"]}`, {height}x{width}',
        '',
        '| file | MB | PSNR, dB | max difference, levels | max flow difference, px | ms, 1 thread | ms, 2 threads |',
        '|---|---|---|---|---|---|---|',
    ]
    for file in report['files'].values():
        cells = [
            f'`{file["file"]}`',
            f'{file["size"] / 1e6:.2f}',
            'equal' if file['psnr'] is None else f'{file["psnr"]:.1f}',
            str(file['max_difference']),
            '-' if file['max_flow_difference'] is None else f'{file["max_flow_difference"]:.2g}',
            *(f'{file["milliseconds"][str(n)]:.1f}' for n in THREADS),
        ]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([*lines, *closing_lines(report, 'picture by picture')])


def closing_lines(report: Mapping[str, Any], how: str) -> list[str]:
    """What stands below the table: what was compared, and the operations of each file."""
    compared, conditions = report['compared_on'], report['conditions']
    lines = [
        '',
        f'Compared with the Keras model, {how}, on {compared["num_pairs"]} {compared["pairs"]}. '
        f'{_whence_ranges(report)}Medians of '
        f'{conditions["timed_runs"]} runs with ai-edge-litert {conditions["ai_edge_litert"]} on '
        f'{conditions["cpus"]} CPUs ({conditions["machine"]}).',
        '',
        '## Operations',
        '',
    ]
    for file in report['files'].values():
        counts = ', '.join(f'{name} x {count}' for name, count in file['operations'].items())
        lines += [f'`{file["file"]}`: {counts}', '']
    return lines


def _whence_ranges(report: Mapping[str, Any]) -> str:
    if 'int8' not in report['files']:
        return ''
    ranges = report['ranges_from']
    if ranges['same']:
        return 'int8 took its ranges from the same pairs, for want of others: with new pictures it may be worse. '
    return (
        f'int8 took its ranges from {ranges["num_pairs"]} other {ranges["pairs"]}, which lie between those (none is in '
        'both, a person may be). '
    )


def begun_report(
    run: RunFolder, num_compared: int, whose: str, ranges: Arrays, is_same: bool, timed_runs: int, **more: Any
) -> dict[str, Any]:
    """The beginning of results.json, to which the files are added.

    Args:
        run: whose model is exported.
        num_compared: on how many pairs (pieces, frames) files are compared; `whose` they are, in words.
        ranges: what the ranges of int8 are from; `is_same`: as the pairs to compare on.
        more: what else it says of the run.
    """
    return {
        'run': run.path.resolve().name,
        **more,
        'compared_on': {'num_pairs': num_compared, 'pairs': whose},
        'ranges_from': {'num_pairs': num_pairs(ranges), 'pairs': whose, 'same': is_same},
        'conditions': conditions(timed_runs),
        'files': {},
    }


def conditions(timed_runs: int) -> dict[str, Any]:
    """What the times depend on."""
    import importlib.metadata
    import platform

    return {
        'timed_runs': timed_runs,
        'ai_edge_litert': importlib.metadata.version('ai-edge-litert'),
        'cpus': len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count(),
        'machine': platform.machine(),
    }


def _stacked_differences(answers: Sequence[Arrays], expected: Sequence[Arrays], name: str) -> np.ndarray:
    return np.stack([a[name].astype(np.float64) - b[name] for a, b in zip(answers, expected)])
