"""Puts the metrics of several evaluated run folders beside each other, as a Markdown table:

    python -m posewarp_tf.compare --runs='PFL=runs/pfl_0,runs/pfl_1' --runs='no texture=runs/bare_0,runs/bare_1'

Each `--runs` is one row: a title and the run folders (of several seeds, say) that it is the mean of. A cell is the mean
and, of more than one run, the smallest and largest value.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import flags

from posewarp_tf import command_line
from posewarp_tf.errors import ConfigError, RunError

Metrics = Mapping[str, Any]


def _finest_flow(region: str) -> Callable[[Metrics], float | None]:
    return lambda metrics: list(metrics['flow'].values())[-1][region]['ratio']


# {column: its value in metrics.json}; a KeyError means that the model has no such output.
COLUMNS: dict[str, Callable[[Metrics], float | None]] = {
    'flow error / zero flow, visible': _finest_flow('visible'),
    'occluded': _finest_flow('occluded'),
    'garment mean IoU': lambda metrics: metrics['garment']['mean_iou']['model'],
    'SSIM': lambda metrics: metrics['image']['whole']['ssim_gaussian']['model'],
    'MS-SSIM': lambda metrics: metrics['image']['whole']['ms_ssim']['model'],
    'foreground L1': lambda metrics: metrics['image']['foreground']['l1']['model'],
}


def compare(rows: Mapping[str, Sequence[str]]) -> str:
    """The table of {title: run folders}; columns that no run has are left out.

    Raises:
        RunError: a folder that was not evaluated, or runs that were evaluated on different pairs.
    """
    metrics = {title: [_load_metrics(run_dir) for run_dir in run_dirs] for title, run_dirs in rows.items()}
    pairs = {one['protocol']['num_pairs'] for runs in metrics.values() for one in runs}
    if len(pairs) > 1:
        raise RunError(f'--runs: evaluated on different numbers of pairs: {", ".join(map(str, sorted(pairs)))}')
    values = {
        title: {name: _values(runs, column) for name, column in COLUMNS.items()} for title, runs in metrics.items()
    }
    shown = [name for name in COLUMNS if any(row[name] for row in values.values())]
    lines = [['', 'steps', *shown], ['---'] * (len(shown) + 2)]
    lines += [[title, _steps(metrics[title]), *(_cell(row[name]) for name in shown)] for title, row in values.items()]
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in lines)


def _load_metrics(run_dir: str) -> Metrics:
    from posewarp_tf.training.run_folder import RunFolder

    path = RunFolder(run_dir).metrics_path
    if not path.exists():
        raise RunError(f'{path}: missing: run `python -m posewarp_tf.evaluate --run_dir={run_dir}` first')
    return json.loads(path.read_text(encoding='utf-8'))


def _values(runs: Sequence[Metrics], column: Callable[[Metrics], float | None]) -> list[float]:
    found = []
    for metrics in runs:
        try:
            value = column(metrics)
        except KeyError:
            continue
        found += [] if value is None else [value]
    return found


def _steps(runs: Sequence[Metrics]) -> str:
    weights = [metrics['protocol']['weights'] for metrics in runs]
    return ', '.join(sorted({f'{one["stage"]} {one["step"]}' for one in weights}))


def _cell(values: Sequence[float]) -> str:
    if not values:
        return '-'
    spread = f' ({min(values):.3f} to {max(values):.3f})' if len(values) > 1 else ''
    return f'{statistics.mean(values):.3f}{spread}'


def _rows(given: Sequence[str]) -> dict[str, list[str]]:
    rows = {}
    for row in given:
        title, equals, run_dirs = row.partition('=')
        if not equals or not all(run_dirs.split(',')):
            raise ConfigError(f'--runs: got {row!r}, expected title=run_dir or title=run_dir,run_dir')
        rows[title] = run_dirs.split(',')
    return rows


def main() -> None:
    print(compare(_rows(flags.FLAGS.runs)))


if __name__ == '__main__':
    flags.DEFINE_multi_string('runs', None, 'title=run_dir,run_dir,...: one row of the table.', required=True)
    command_line.run(main)
