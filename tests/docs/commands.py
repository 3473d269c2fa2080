"""The commands in the documents, as they stand there."""

from __future__ import annotations

import pathlib
import re
import shlex
from typing import NamedTuple

from posewarp_tf.__main__ import COMMANDS
from tests.source_code import ROOT

_BLOCK = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_SHELL = ('', 'bash', 'sh', 'shell')


class Command(NamedTuple):
    """A command of a document: `words` as a shell splits them."""

    document: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return ' '.join(self.words)

    @property
    def module(self) -> str | None:
        """The module of this project that it runs, by `python -m` or `posewarp`; None for another program."""
        if self.words[:2] == ('python', '-m'):
            name = self.words[2]
            package = ROOT / name.replace('.', '/') / '__main__.py'
            return f'{name}.__main__' if package.exists() else name
        if self.words[0] == 'posewarp' and self.words[1:2] and self.words[1] in COMMANDS:
            return COMMANDS[self.words[1]][0]
        return None

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.words[3:] if self.words[0] == 'python' else self.words[2:]


def documents() -> list[pathlib.Path]:
    return [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]


def commands_of(path: pathlib.Path) -> list[Command]:
    """Every command in the fenced blocks of a document that name no language, or a shell."""
    found = []
    for language, block in _BLOCK.findall(path.read_text(encoding='utf-8')):
        if language in _SHELL:
            for line in block.replace('\\\n', ' ').splitlines():
                words = shlex.split(line, comments=True)
                while words:
                    end = words.index('&&') if '&&' in words else len(words)
                    found.append(Command(path.relative_to(ROOT).as_posix(), tuple(words[:end])))
                    words = words[end + 1 :]
    return found


def all_commands() -> list[Command]:
    return [command for path in documents() for command in commands_of(path)]
