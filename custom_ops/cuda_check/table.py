"""One table of what run_all.sh measured: `python table.py FOLDER` writes FOLDER/gpu.json and prints.

Reads kernels.jsonl (cuda_check), pytorch.jsonl (time_pytorch.py) and networks.json (time_hlo.py), whichever are there.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

PRECISIONS = ('float32', 'tf32', 'bfloat16', 'float16')


def main(folder: str) -> None:
    kernels, rivals = _lines(folder, 'kernels.jsonl'), _lines(folder, 'pytorch.jsonl')
    networks: dict[str, Any] = {'programs': []}
    path = os.path.join(folder, 'networks.json')
    if os.path.exists(path):
        with open(path) as file:
            networks = json.load(file)
    with open(os.path.join(folder, 'gpu.json'), 'w') as file:
        json.dump({'kernels': kernels, 'pytorch': rivals, 'networks': networks}, file, indent=1)
    for print_table, rows in ((_print_kernels, kernels), (_print_networks, networks['programs'])):
        if rows:
            print_table(rows, rivals)
        else:
            print(f'{print_table.__name__.removeprefix("_print_")}: nothing was measured\n')


def _lines(folder: str, name: str) -> list[dict]:
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file if line.endswith('\n')]


def _print_kernels(rows: list[dict], rivals: list[dict]) -> None:
    """Of each kernel the time, its rate as a part of a copy's, and the two rivals' times."""
    print('| sampler | pass | ms | of a copy as large | of a large copy | published order | PyTorch |')
    print('| --- | --- | --- | --- | --- | --- | --- |')
    for row in rows:
        # A rival's backward pass is compared with all gradients together.
        direction = {'forward': 'forward', 'all gradients': 'backward'}.get(row['what'])
        seconds = [rival[f'{direction}_milliseconds'] for rival in rivals if direction and _is_same(row, rival)]
        rate = row['bytes'] / row['milliseconds'] / 1e6
        published = row['published_order_milliseconds']
        cells = (
            f'{row["format"]} {row["problem"]}',
            row['what'],
            f'{row["milliseconds"]:.4f}',
            f'{100 * row["copy_milliseconds"] / row["milliseconds"]:.0f}%',
            f'{100 * rate / row["large_copy_gb_per_s"]:.0f}%',
            f'{published:.4f}' if published else '',
            f'{min(seconds):.4f} ({min(seconds) / row["milliseconds"]:.1f}x)' if seconds else '',
        )
        print(f'| {" | ".join(cells)} |')
    print()


def _is_same(row: dict, rival: dict) -> bool:
    """Whether both are of one problem; `problem` is as check.h describes it."""
    kind, kernel = re.match(r'(\w+) size (\d+)', row['problem']).groups()  # type: ignore[union-attr]
    size = f'source {rival["batch"]}x{rival["size"]}x{rival["size"]}x{rival["channels"]},'
    return (
        row['format'] == rival['format']
        and size in row['problem']
        and (int(kernel) if kind == 'attention' else 0) == rival['kernel']
    )


def _print_networks(rows: list[dict], _: list[dict]) -> None:
    """Milliseconds of each network pass, a column for each precision."""
    print(f'| network | {" | ".join(PRECISIONS)} |')
    print(f'| --- |{" --- |" * len(PRECISIONS)}')
    for what, batch in dict.fromkeys((row['what'], row['batch']) for row in rows):
        found = {row['precision']: row for row in rows if (row['what'], row['batch']) == (what, batch)}
        cells = [_network_cell(found[precision]) if precision in found else '' for precision in PRECISIONS]
        print(f'| {what.replace("_", " ")}, batch {batch} | {" | ".join(cells)} |')
    print()


def _network_cell(row: dict) -> str:
    return f'not run: {row["reason"]}' if 'reason' in row else f'{1e3 * row["seconds"]:.2f} ms'


if __name__ == '__main__':
    main(sys.argv[1])
