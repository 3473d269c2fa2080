"""Which flags the programs have, and whether the commands of the documents give them right; nothing is run."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from absl import flags

from posewarp_tf.__main__ import COMMANDS, find_module
from posewarp_tf.errors import PosewarpError
from posewarp_tf.settings.flags import expand_config
from tests.docs.commands import all_commands
from tests.processes import CONTEXT


class Program(NamedTuple):
    """The flags of a program, and what is wrong with the arguments that the documents give it: '' if nothing is."""

    flags: set[str]
    problems: dict[tuple[str, ...], str]


@functools.cache
def programs() -> dict[str, Program]:
    """By module: all subcommands of `posewarp`, and what else the documents run."""
    calls: dict[str, list[tuple[str, ...]]] = {module: [] for module, _ in COMMANDS.values()}
    for command in all_commands():
        if command.module:
            calls.setdefault(command.module, []).append(command.arguments)
    # Flags are global: each program has a process of its own.
    with CONTEXT.Pool(1, maxtasksperchild=1) as pool:
        return dict(zip(calls, pool.starmap(_inspect, calls.items(), chunksize=1)))


def _inspect(module: str, calls: Sequence[tuple[str, ...]]) -> Program:
    find_module(module).define_flags()
    return Program(set(flags.FLAGS), {arguments: _problem(module, arguments) for arguments in calls})


def _problem(module: str, arguments: tuple[str, ...]) -> str:
    flags.FLAGS.unparse_flags()
    try:
        rest = flags.FLAGS(expand_config([module, *arguments], flags.FLAGS))
    except (flags.Error, PosewarpError) as error:
        return str(error)
    return f'no flags: {", ".join(rest[1:])}' if rest[1:] else ''
