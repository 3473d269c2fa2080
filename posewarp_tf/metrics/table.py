"""Metrics as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posewarp_tf.metrics.headline import HEADLINES

# Title, which way is better, format.
_IMAGE_ROWS = {
    'l1': ('L1', 'lower', '{:.4f}'),
    'psnr': ('PSNR [dB]', 'higher', '{:.2f}'),
    'ssim_51': ('SSIM, window 51', 'higher', '{:.4f}'),
    'ssim_gaussian': ('SSIM, Gaussian', 'higher', '{:.4f}'),
    'ms_ssim': ('MS-SSIM', 'higher', '{:.4f}'),
    'tint': ('tint', 'lower', '{:.4f}'),
}
# The same of a network's metrics; a deviation belongs to the row above.
_NETWORK_ROWS = {
    'lpips': ('LPIPS', 'lower', '{:.4f}'),
    'inception_score': ('Inception score', 'higher', '{:.3f}'),
    'inception_score_deviation': ('  +- over splits', '', '{:.3f}'),
    'frechet_distance': ('Frechet distance', 'lower', '{:.2f}'),
}
_CLASS_ROWS = {
    'mean_iou': ('mean IoU', 'higher', '{:.4f}'),
    'silhouette_iou': ('silhouette IoU', 'higher', '{:.4f}'),
    'pixel_accuracy': ('pixel accuracy', 'higher', '{:.4f}'),
}


def format_table(metrics: Mapping[str, Any]) -> str:
    """What `evaluation.evaluate` returns as text with aligned columns; '-' where there is no value."""
    image = metrics['image']
    rows = []
    for metric, (title, better, form) in _IMAGE_ROWS.items():
        values = [image[region][metric] for region in image]
        rows.append([title, better, *_formatted(values, form)])
    text = _table('', {region: list(image[region]['l1']) for region in image}, rows)
    if 'networks' in metrics:
        text += '\n' + _answers_table('', metrics['networks'], _NETWORK_ROWS)
    for name, values in metrics.items():
        if 'mean_iou' in values:
            text += '\n' + _answers_table(f'{name} maps', values, _CLASS_ROWS)
    if 'flow' in metrics:
        flow = metrics['flow']
        regions = {region: list(values) for region, values in next(iter(flow.values())).items()}
        rows = [[_shown(scale), 'lower', *_formatted(flow[scale].values(), '{:.3f}')] for scale in flow]
        text += '\n' + _table('end-point error [px]', regions, rows)
    if 'detail' in metrics:
        detail = metrics['detail']
        rows = [['high band', 'as source', *_formatted(detail.values(), '{:.3g}')]]
        text += '\n' + _table('detail', {region: list(values) for region, values in detail.items()}, rows)
    for name, value in metrics.get('headline', {}).items():
        words, better = HEADLINES[name]
        text += f'\n{value:.3f}  {words} ({better} is better)'
    return text


def _answers_table(title: str, values: Mapping[str, Any], choice: Mapping[str, tuple[str, str, str]]) -> str:
    """One row for each chosen metric that is there, one column for each answer."""
    shown = [metric for metric in choice if metric in values]
    answers = list(dict.fromkeys(answer for metric in shown for answer in values[metric]))
    rows = []
    for metric in shown:
        name, better, form = choice[metric]
        rows.append([name, better, *_formatted([{answer: values[metric].get(answer) for answer in answers}], form)])
    return _table(title, {'': answers}, rows)


def _table(title: str, groups: Mapping[str, list[str]], rows: list[list[str]]) -> str:
    """Rows of cells under columns that are grouped: {title of the group: names of its columns}."""
    names = [title, 'better'] + [_shown(name) for columns in groups.values() for name in columns]
    widths = [max(map(len, column)) for column in zip(names, *rows)]
    group_line = ' ' * (widths[0] + 2 + widths[1])
    first = 2
    for group, columns in groups.items():
        width = sum(widths[first : first + len(columns)]) + 2 * (len(columns) - 1)
        group_line += '  | ' + _shown(group).ljust(width)
        first += len(columns)
    starts = {2 + sum(map(len, list(groups.values())[:index])) for index in range(len(groups))}
    lines = [group_line] + [_line(cells, widths, starts) for cells in [names, *rows]]
    lines.insert(2, '-' * len(group_line))
    return '\n'.join(line.rstrip() for line in lines) + '\n'


def _line(cells: list[str], widths: list[int], starts: set[int]) -> str:
    text = cells[0].ljust(widths[0])
    for index, (cell, width) in enumerate(zip(cells[1:], widths[1:]), start=1):
        text += '  | ' if index in starts else '  '
        text += cell.ljust(width) if index == 1 else cell.rjust(width)
    return text


def _formatted(groups: Any, form: str) -> list[str]:
    return ['-' if value is None else form.format(value) for group in groups for value in group.values()]


def _shown(name: str) -> str:
    return name.replace('_', ' ')
