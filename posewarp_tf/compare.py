"""Puts the metrics of several evaluated run folders beside each other, as a Markdown table:

    python -m posewarp_tf.compare --runs='PFL=runs/pfl_0,runs/pfl_1' --runs='no texture=runs/bare_0,runs/bare_1'

Each `--runs` is one row: a title and the run folders (of several seeds, say) that it is the mean of. A cell is the mean
and, of more than one run, the smallest and largest value. The last row is what the source itself scores, as the answer.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import flags

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.settings import command_line

Metrics = Mapping[str, Any]


# What has to be the same for two values to be comparable.
SAME_PROTOCOL = ('dataset', 'split', 'resolution', 'num_pairs')


def _finest_flow(region: str) -> Callable[[Metrics, str], float | None]:
    return lambda metrics, whose: list(metrics['flow'].values())[-1][region]['ratio'] if whose == 'model' else 1.0


# {column: its value in metrics.json of 'model' or 'copy_source'}; a KeyError means that there is none. The source as
# the answer is a flow of zero.
COLUMNS: dict[str, Callable[[Metrics, str], float | None]] = {
    'flow error / zero flow, visible': _finest_flow('visible'),
    'occluded': _finest_flow('occluded'),
    'garment mean IoU': lambda metrics, whose: metrics['garment']['mean_iou'][whose],
    'SSIM': lambda metrics, whose: metrics['image']['whole']['ssim_gaussian'][whose],
    'MS-SSIM': lambda metrics, whose: metrics['image']['whole']['ms_ssim'][whose],
    'foreground L1': lambda metrics, whose: metrics['image']['foreground']['l1'][whose],
}


def compare(rows: Mapping[str, Sequence[str]]) -> str:
    """The table of {title: run folders}; columns that no run has are left out.

    Raises:
        RunError: a folder that was not evaluated, or runs that were evaluated with different protocols.
    """
    metrics = {title: [_load_metrics(run_dir) for run_dir in run_dirs] for title, run_dirs in rows.items()}
    everyone = [one for runs in metrics.values() for one in runs]
    for name in SAME_PROTOCOL:
        found = sorted({str(one['protocol'][name]) for one in everyone})
        if len(found) > 1:
            raise RunError(f'--runs: evaluated with different {name}: {", ".join(found)}')
    values = {title: _row(runs, 'model') for title, runs in metrics.items()}
    shown = [name for name in COLUMNS if any(row[name] for row in values.values())]
    copied = _row(everyone, 'copy_source')
    for name in shown:
        # What the source scores as the answer depends on the pairs only.
        if max(copied[name], default=0) - min(copied[name], default=0) > 1e-5:
            raise RunError(f'--runs: evaluated on different pairs: {name} of the source itself is not the same')
    lines = [['', 'steps', *shown], ['---'] * (len(shown) + 2)]
    lines += [[title, _steps(metrics[title]), *(_cell(row[name]) for name in shown)] for title, row in values.items()]
    lines.append(['copy the source', '-', *(_cell(copied[name][:1]) for name in shown)])
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in lines)


def _load_metrics(run_dir: str) -> Metrics:
    from posewarp_tf.runs.run_folder import RunFolder

    path = RunFolder(run_dir).metrics_path
    if not path.exists():
        raise RunError(f'{path}: missing: run `python -m posewarp_tf.evaluate --run_dir={run_dir}` first')
    return json.loads(path.read_text(encoding='utf-8'))


def _row(runs: Sequence[Metrics], whose: str) -> dict[str, list[float]]:
    """{column: the values of those runs that have one}."""
    row: dict[str, list[float]] = {name: [] for name in COLUMNS}
    for metrics in runs:
        for name, column in COLUMNS.items():
            try:
                value = column(metrics, whose)
            except KeyError:
                continue
            if value is not None:
                row[name].append(value)
    return row


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


def define_flags() -> None:
    flags.DEFINE_multi_string('runs', None, 'title=run_dir,run_dir,...: one row of the table.', required=True)


def main() -> None:
    print(compare(_rows(flags.FLAGS.runs)))


if __name__ == '__main__':
    command_line.run(define_flags, main)
