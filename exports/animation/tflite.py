"""A run folder of animation as TFLite files of one step, each compared with the Keras model over clips first.

The files have the precisions of tflite/convert.py, and the limits of tflite/report.py: here of clips in which each
frame is made from the one that the file made before, so that errors may grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..held_out import each_pair
from ..tflite.export import Exported, split_examples
from ..tflite.litert import LiteRTReposer
from ..tflite.operations import TFLiteGraph
from ..tflite.report import THREADS, begun_report, closing_lines, milliseconds, psnr, shortfall
from ..trained_run import TrainedRun
from .card import make_metadata
from .clips import Arrays, animated, animated_by_model, as_step, steps_of
from .held_out import clips_for
from .signature import NAME, make_step, step_inputs


def files_of_animator(run: TrainedRun, check_frames: int, calibration_frames: int, timed_runs: int) -> Exported:
    """What `export_tflite` writes of a run of animation; arguments, of frames instead of pairs, and errors as there."""
    animator = run.portable_animator
    num_compared = clips_for(check_frames)
    clips, whose = run.held_out_clips(num_compared + clips_for(calibration_frames))
    compared, others = split_examples(clips, num_compared)
    expected = animated_by_model(compared, run.original_animator)['image']
    signature = make_step(animator, batch_size=1, is_served=False)
    ranges = _requests(others, signature)
    num_frames, size = int(np.prod(expected.shape[:2])), list(animator.size)
    report = begun_report(
        animator.run, num_frames, f'frames of {whose}', ranges, others is compared, timed_runs, image_size=size
    )
    check = {'results': 'results.json', **report['compared_on']}
    metadata = {
        **make_metadata(animator, {NAME: signature}, check, []),
        'kind': 'posewarp_tf TFLite',
        'name': report['run'],
    }
    return Exported(
        animator,
        signature,
        NAME,
        step_inputs(animator.config.model),
        ranges,
        report,
        metadata,
        lambda contents: measure(contents, compared, expected, timed_runs),
        shortfall,
        markdown,
    )


def _requests(clips: Arrays, step: Any) -> dict[str, np.ndarray]:
    """What goes into the steps of these clips, one after the other: [frames, ...]."""
    requests = [request for clip in each_pair(clips) for request, _ in steps_of(clip, as_step(step))]
    return {name: np.concatenate([request[name] for request in requests]) for name in requests[0]}


def measure(contents: bytes, clips: Arrays, expected: np.ndarray, timed_runs: int) -> dict[str, Any]:
    """Numbers of one file against the frames of its model, `expected` uint8 [N, n, H, W, 3].

    Returns:
        size: bytes.
        max_difference: levels of 255, over all frames.
        psnr: dB, over all frames together; None if they are equal. psnr_first, psnr_last: of the frames that are made
            first and last.
        milliseconds: {threads: median time of one frame}.
        operations: {kind and type: how many}.
    """
    graph, animator = TFLiteGraph(contents), LiteRTReposer(contents)
    frames = np.concatenate([animated(clip, animator.run)['image'] for clip in each_pair(clips)])
    differences = frames.astype(np.float64) - expected
    first, _ = next(steps_of(each_pair(clips)[0], animator.run))
    return {
        'size': len(contents),
        'max_difference': int(np.abs(differences).max()),
        'psnr': psnr(differences),
        'psnr_first': psnr(differences[:, 0]),
        'psnr_last': psnr(differences[:, -1]),
        'milliseconds': {str(n): milliseconds(contents, first, n, timed_runs) for n in THREADS},
        'operations': graph.counts(),
    }


def markdown(report: Mapping[str, Any]) -> str:
    """The table of a report, and the operations of each file."""
    height, width = report['image_size']
    lines = [
        f'# TFLite files of `{report["run"]}`, {height}x{width}',
        '',
        '| file | MB | PSNR, dB | of first frames | of last frames | max difference, levels | ms, 1 thread '
        '| ms, 2 threads |',
        '|---|---|---|---|---|---|---|---|',
    ]
    for file in report['files'].values():
        decibels = (
            'equal' if file[name] is None else f'{file[name]:.1f}' for name in ('psnr', 'psnr_first', 'psnr_last')
        )
        cells = [
            f'`{file["file"]}`',
            f'{file["size"] / 1e6:.2f}',
            *decibels,
            str(file['max_difference']),
            *(f'{file["milliseconds"][str(n)]:.1f}' for n in THREADS),
        ]
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join([*lines, *closing_lines(report, 'each frame made from the one before')])
