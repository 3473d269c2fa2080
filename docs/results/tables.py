"""Writes the tables of the documents from the numbers beside this file.

    python docs/results/tables.py

A document has, where a table belongs, two lines `<!-- table quickstart.pictures -->` and `<!-- end -->`; what stands
between them is replaced by that table of quickstart.json, the commands that measured it, and the protocol. A cell is a
text, a number, null (there is none), or [mean, least, largest].
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

RESULTS = pathlib.Path(__file__).resolve().parent
ROOT = RESULTS.parent.parent
_BLOCK = re.compile(r'(<!-- table (\w+)\.(\w+) -->\n).*?(<!-- end -->)', re.DOTALL)
_WIDTH = 110

# The README's few numbers: words, file, table, row, column.
SUMMARY = (
    ('SSIM of the person in the demo with 320 held-out pairs (1 is perfect)', 'quickstart', 'pictures', 4, 1),
    ('The same of the paper\'s network without flow, as many steps', 'quickstart', 'pictures', 4, 2),
    ('The same of the photo itself, unmoved', 'quickstart', 'pictures', 4, 3),
    ('Error of the demo\'s flow where the photo shows the content, zero flow\'s being 1', 'quickstart', 'flow', 0, 4),
    ('Gain of the compiled attention sampler over plain TensorFlow', 'samplers', 'samplers', 0, 3),
    ('Megabytes of a re-posing model for phones (TFLite, dynamic range)', 'exports', 'ways', 4, 1),
)  # fmt: skip


def documents() -> list[pathlib.Path]:
    """Every document that may have tables."""
    return [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]


def with_tables(text: str) -> str:
    """The text of a document with all its tables written anew."""
    return _BLOCK.sub(lambda found: found[1] + block(found[2], found[3]) + found[4], text)


def block(file: str, name: str) -> str:
    if (file, name) == ('summary', 'numbers'):
        return markdown_table(
            ['', ''], [[words, cells(load(f)[t])[row][column]] for words, f, t, row, column in SUMMARY]
        )
    table = load(file)[name]
    rows = cells(table)
    for row, column in best_cells(table):
        rows[row][column] = _bold(rows[row][column])
    commands = '\n'.join(folded(command) for command in table['commands'])
    text = markdown_table(table['columns'], rows)
    return f'{text}\nMeasured by\n\n```\n{commands}\n```\n\n{table["protocol"]}\n'


def load(file: str) -> Mapping[str, Any]:
    return json.loads((RESULTS / f'{file}.json').read_text(encoding='utf-8'))


def cells(table: Mapping[str, Any]) -> list[list[str]]:
    """The texts of all cells below the header."""
    formats = table.get('formats', [''] * len(table['columns']))
    return [[_cell(value, form) for value, form in zip(row, formats)] for row in table['rows']]


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(columns), ['---'] * len(columns), *rows]
    return ''.join(f'| {" | ".join(cells)} |\n' for cells in lines)


def best_cells(table: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(row, column) of what is to be bold: as `best` says, the least or largest of a row or column of numbers."""
    rows, where = table['rows'], table.get('best', '')
    found = []
    if where == 'in each row':
        for index, (words, *values) in enumerate(rows):
            if all(isinstance(value, float) for value in values):
                choose: Callable = min if 'lower' in words else max
                found += [(index, column + 1) for column, value in enumerate(values) if value == choose(values)]
    elif where == 'least in each column':
        for column in range(1, len(rows[0])):
            values = [row[column][0] if isinstance(row[column], list) else row[column] for row in rows]
            found += [(index, column) for index, value in enumerate(values) if value == min(values)]
    return found


def folded(command: str) -> str:
    """A command on lines of a readable length."""
    lines = ['']
    for word in command.split(' '):
        if lines[-1] and len(lines[-1]) + len(word) > _WIDTH:
            lines.append('   ')
        lines[-1] += f' {word}' if lines[-1] else word
    return ' \\\n'.join(lines)


def _cell(value: Any, form: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return '-'
    if isinstance(value, list):
        return '{:.3f} ({:.3f} to {:.3f})'.format(*value)
    return (form or '{:.3f}').format(value)


def _bold(cell: str) -> str:
    mean, space, spread = cell.partition(' ')
    return f'**{mean}**{space}{spread}'


if __name__ == '__main__':
    for path in documents():
        before = path.read_text(encoding='utf-8')
        after = with_tables(before)
        if after != before:
            path.write_text(after, encoding='utf-8')
            print(path.relative_to(ROOT))
