"""What every main of this project shares: help in groups, and a user's mistake ends in one line, not in a traceback.

A main is a module with `define_flags()` and `main()`; `run` makes a program of them, under `python -m` as under
`posewarp`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Any

from absl import app, flags, logging

import posewarp_tf
from posewarp_tf import lanes
from posewarp_tf.errors import PosewarpError
from posewarp_tf.settings.flags import config_flag_groups, expand_config, takes_config

# What a value looks like in the help, by absl's name of the type.
_VALUES = {'string': 'TEXT', 'int': 'N', 'float': 'X'}


def run(define_flags: Callable[[], None], main: Callable[[], int | None], program: str = '') -> None:
    """Parses flags and runs `main`; exits 1 with its message on a `PosewarpError` or a failing write.

    Args:
        define_flags: defines the flags of this program.
        main: the program; its module's docstring is the help's first part, its result the exit code (None: 0).
        program: how it was called; default: `python -m` and the module's name.
    """
    # At 2, TensorFlow greets every CPU user with three errors about CUDA libraries.
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    logging.set_verbosity(logging.INFO)
    module = sys.modules[main.__module__]
    spec = module.__spec__
    program = program or f'python -m {spec.name.removesuffix(".__main__") if spec else main.__module__}'
    foreign = set(flags.FLAGS)
    define_flags()
    own = [name for name in flags.FLAGS if name not in foreign]

    def parse(argv: list[str]) -> list[str]:
        if any(argument in ('--help', '-h', '-help', '-?') for argument in argv[1:]):
            print(help_text(program, module.__doc__ or '', flags.FLAGS, own))
            sys.exit()
        if '--version' in argv[1:]:
            print(version_text())
            sys.exit()
        try:
            return flags.FLAGS(expand_config(argv, flags.FLAGS))
        except (flags.Error, PosewarpError) as error:
            print(f'error: {error}', file=sys.stderr)
            sys.exit(2)

    app.run(lambda argv: _guarded(main, argv), flags_parser=parse)


def _guarded(main: Callable[[], int | None], argv: list[str]) -> int:
    if len(argv) > 1:
        print(f'error: unexpected argument {argv[1]!r}: every setting is a --flag; --help shows them', file=sys.stderr)
        return 2
    try:
        return main() or 0
    except PosewarpError as error:
        print(f'error: {error}', file=sys.stderr)
    except KeyboardInterrupt:
        print('stopped', file=sys.stderr)
        return 130
    except OSError as error:
        print(f'error: {error.filename or "a file"}: {error.strerror or error}', file=sys.stderr)
    return 1


def version_text() -> str:
    return f'posewarp_tf {posewarp_tf.__version__} ({lanes.describe()})'


def help_text(program: str, description: str, flag_values: flags.FlagValues, names: list[str]) -> str:
    """The description and the flags of these names, one line each: the program's own, then those of the config."""
    config_groups = config_flag_groups() if takes_config(flag_values) else {}
    of_config = {name for defaults in config_groups.values() for name in defaults}
    own = {name: flag_values[name].default for name in names if name not in of_config}
    width = shutil.get_terminal_size((sys.maxsize, 0)).columns
    lines = [description.strip(), '', f'usage: {program} --setting=value ...']
    for title, defaults in {'Settings of this command': own, **config_groups}.items():
        if defaults:
            lines += ['', title, *_flag_lines(defaults, flag_values, width)]
    return '\n'.join([*lines, '', *_GENERAL])


_GENERAL = (
    'Everywhere',
    '  --flagfile=PATH  Reads settings from a file, one --setting=value per line; later ones override earlier ones.',
    '  --helpfull       Every setting with its whole text, also those of the libraries.',
    '  --version        The version, and the packages that it runs on.',
)


def _flag_lines(defaults: Mapping[str, Any], flag_values: flags.FlagValues, width: int) -> list[str]:
    shapes = {name: _shape(flag_values[name]) for name in defaults}
    indent = min(max(map(len, shapes.values())), 32)
    lines = []
    for name, default in defaults.items():
        words = ' '.join((flag_values[name].help or '').split())
        # absl puts the choices in front, which the shape shows already.
        words = words.partition('>: ')[2] if words.startswith('<') else words
        shown = '' if 'default' in words else _shown(default)
        line = f'  {shapes[name]:<{indent}}  {words}{f" [{shown}]" if shown else ""}'
        lines.append(line if len(line) <= width else line[: width - 1] + '…')
    return lines


def _shape(flag: flags.Flag) -> str:
    if flag.boolean:
        return f'--[no]{flag.name}'
    choices = getattr(flag.parser, 'enum_values', None)
    return f'--{flag.name}={"|".join(choices) if choices else _VALUES.get(flag.flag_type(), "TEXT,...")}'


def _shown(default: Any) -> str:
    """A default as it is typed; nothing of one that is off, empty, or a table of tables."""
    if isinstance(default, Mapping):
        flat = not any(isinstance(value, Mapping) for value in default.values())
        return ','.join(f'{key}={value}' for key, value in default.items()) if flat else ''
    if default is None or default is False:
        return ''
    return ','.join(map(str, default)) if isinstance(default, (list, tuple)) else str(default)
