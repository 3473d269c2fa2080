"""Metrics as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IMAGE_ROWS = {
    'l1': ('L1', 'lower', '{:.4f}'),
    'psnr': ('PSNR [dB]', 'higher', '{:.2f}'),
    'ssim_51': ('SSIM, window 51', 'higher', '{:.4f}'),
    'ssim_gaussian': ('SSIM, Gaussian', 'higher', '{:.4f}'),
    'ms_ssim': ('MS-SSIM', 'higher', '{:.4f}'),
}
_REGION_TITLES = {'whole': 'whole picture', 'foreground': 'foreground', 'visible': 'visible', 'occluded': 'occluded'}


def format_table(metrics: Mapping[str, Any]) -> str:
    """What `evaluation.evaluate` returns as text with aligned columns; '-' where there is no value."""
    image = metrics['image']
    answers = list(image['whole']['l1'])
    header = ['', 'better'] + [f'{_REGION_TITLES[region]}: {_shown(answer)}' for region in image for answer in answers]
    rows = [
        [title, better] + [_format(image[region][metric][answer], form) for region in image for answer in answers]
        for metric, (title, better, form) in _IMAGE_ROWS.items()
    ]
    text = _aligned([header] + rows)
    if 'flow' in metrics:
        regions = next(iter(metrics['flow'].values()))
        columns = [(region, column) for region in regions for column in regions[region]]
        header = ['end-point error [px]', 'better']
        header += [f'{_REGION_TITLES[region]}: {_shown(column)}' for region, column in columns]
        rows = [
            [_shown(scale), 'lower'] + [_format(values[region][column], '{:.3f}') for region, column in columns]
            for scale, values in metrics['flow'].items()
        ]
        text += '\n' + _aligned([header] + rows)
    return text


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for row in rows:
        first, *others = (cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        lines.append('  '.join([first, *others]).rstrip())
    lines.insert(1, '-' * sum(widths, 2 * (len(widths) - 1)))
    return '\n'.join(lines) + '\n'


def _format(value: float | None, form: str) -> str:
    return '-' if value is None else form.format(value)


def _shown(name: str) -> str:
    return name.replace('_', ' ')
