"""A run folder of motion extraction as TFLite files of one published piece, each compared with the Keras model first.

The files have the precisions of tflite/convert.py. Whole videos are cut into pieces by who uses them, as
poses/skeletons.py does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, from_skeletons

from ..held_out import each_pair
from ..tflite.export import Exported, split_examples
from ..tflite.litert import SIGNATURE, LiteRTReposer
from ..tflite.operations import TFLiteGraph
from ..tflite.report import THREADS, begun_report, closing_lines, milliseconds
from ..trained_run import TrainedRun
from .card import make_metadata
from .signatures import NAME, make_piece_signature

# Errors are told in its pixels.
_SIZE = (256, 256)
# How far a joint may be from where the model has it, on average.
MAX_MEAN_DIFFERENCE = {'float32': 0.02, 'float16': 0.25, 'dynamic': 1.5, 'int8': 1.5}


def files_of_cleaner(run: TrainedRun, check_pieces: int, calibration_pieces: int, timed_runs: int) -> Exported:
    """What `export_tflite` writes of a run of motion extraction; arguments and errors as there."""
    cleaner = run.cleaner
    held_out = run.held_out_skeletons(check_pieces + calibration_pieces)
    compared, ranges = split_examples({NAME: held_out.pieces}, check_pieces)
    expected = np.concatenate([cleaner.model({NAME: piece[np.newaxis]})[NAME] for piece in compared[NAME]])
    signature = make_piece_signature(cleaner)
    report = begun_report(cleaner.run, len(expected), held_out.whose, ranges, ranges is compared, timed_runs)
    check = {'results': 'results.json', **report['compared_on']}
    metadata = {
        **make_metadata(cleaner, {SIGNATURE: signature}, check, []),
        'kind': 'posewarp_tf TFLite',
        'name': report['run'],
        'does': 'Cleans the joints of a person over time, '
        f'from {", ".join(COCO_17)} to {", ".join(HUMAN36M_17)}, both in this order',
    }

    def measured(contents: bytes) -> dict[str, Any]:
        return measure(contents, compared, expected, timed_runs)

    given = raw_inputs(cleaner.config.model.inputs)
    return Exported(cleaner, signature, SIGNATURE, given, ranges, report, metadata, measured, shortfall, markdown)


def measure(contents: bytes, pieces: Mapping[str, np.ndarray], expected: np.ndarray, timed_runs: int) -> dict[str, Any]:
    """Numbers of one file against the answers of its model, `expected` [N, 24, 34].

    Returns:
        size: bytes.
        max_difference, mean_difference: distance of a joint from the model's, in pixels of 256x256.
        milliseconds: {threads: median time of one piece}.
        operations: {kind and type: how many}.
    """
    graph, examples = TFLiteGraph(contents), each_pair(pieces)
    answers = np.concatenate([reposer.run(piece)[NAME] for reposer in [LiteRTReposer(contents)] for piece in examples])
    distances = np.linalg.norm(from_skeletons(answers, _SIZE) - from_skeletons(expected, _SIZE), axis=-1)
    return {
        'size': len(contents),
        'max_difference': float(distances.max()),
        'mean_difference': float(distances.mean()),
        'milliseconds': {str(n): milliseconds(contents, examples[0], n, timed_runs) for n in THREADS},
        'operations': graph.counts(),
    }


def shortfall(precision: str, measured: Mapping[str, Any]) -> str:
    """How a file misses the limit of its precision; empty if it keeps it."""
    difference, limit = measured['mean_difference'], MAX_MEAN_DIFFERENCE[precision]
    if not difference <= limit:
        return (
            f'{precision}: joints differ by {difference:.3g} pixels of 256x256 on average, expected at most {limit:g}'
        )
    return ''


def markdown(report: Mapping[str, Any]) -> str:
    """The table of a report, and the operations of each file."""
    lines = [
        f'# TFLite files of `{report["run"]}`',
        '',
        '| file | MB | mean difference, px of 256x256 | largest | ms, 1 thread | ms, 2 threads |',
        '|---|---|---|---|---|---|',
    ]
    for file in report['files'].values():
        cells = [
            f'`{file["file"]}`',
            f'{file["size"] / 1e6:.2f}',
            f'{file["mean_difference"]:.2g}',
            f'{file["max_difference"]:.2g}',
            *(f'{file["milliseconds"][str(n)]:.1f}' for n in THREADS),
        ]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([*lines, *closing_lines(report, 'piece by piece')])
