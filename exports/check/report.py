"""The table that `python -m exports.check` writes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Row:
    """One step of the way.

    max_difference, psnr: of all pictures from those of the Keras model, in levels of 255 and dB (None: equal).
    max_change: levels from the step before, which is `before`.
    milliseconds, ratio: median time of one picture, and that divided by the Keras model's.
    """

    name: str
    max_difference: int
    psnr: float | None
    before: str
    max_change: int
    milliseconds: float
    ratio: float


def compare_steps(
    pictures: Mapping[str, np.ndarray], before: Mapping[str, str], milliseconds: Mapping[str, float]
) -> list[Row]:
    """One row per step, from the pictures and the time of each: {step: integers [pairs, ...]}, {step: ms}.

    `before` names the step that each but Keras is also compared with.
    """
    from ..tflite.report import psnr

    rows = []
    for name, picture in pictures.items():
        difference = picture - pictures['Keras']
        earlier = before.get(name, '')
        rows.append(
            Row(
                name=name,
                max_difference=int(np.abs(difference).max()),
                psnr=psnr(difference),
                before=earlier,
                max_change=int(np.abs(picture - pictures[earlier]).max()) if earlier else 0,
                milliseconds=milliseconds[name],
                ratio=milliseconds[name] / milliseconds['Keras'],
            )
        )
    return rows


def markdown(report: Mapping[str, Any]) -> str:
    height, width = report['image_size']
    lines = [
        f'# Exports of `{report["run"]}`, {height}x{width}',
        '',
        '| step | PSNR to Keras, dB | largest difference to Keras | to the step before | ms | time / Keras |',
        '|---|---|---|---|---|---|',
    ]
    for step in report['steps']:
        cells = [
            step['name'],
            'equal' if step['psnr'] is None else f'{step["psnr"]:.1f}',
            str(step['max_difference']),
            f'{step["max_change"]} ({step["before"]})' if step['before'] else '-',
            f'{step["milliseconds"]:.1f}',
            f'{step["ratio"]:.2f}',
        ]
        lines.append(f'| {" | ".join(cells)} |')
    lines += [
        '',
        f'{report["num_pairs"]} {report["pairs"]}; differences in levels of 255. Medians of {report["timed_runs"]} '
        f'runs on {os.cpu_count()} CPUs, all of which Keras and SavedModel use: in turns, those of the page after all '
        f'others and one file after the other. The page was {report["page"]}.',
        '',
    ]
    return '\n'.join(lines)
