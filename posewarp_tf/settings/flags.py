"""Command line flags: one per config field. Only mains, command_line.py and this file read absl's FLAGS.

Values of compound fields on the command line:
    --image_size=96,64                          numbers
    --attention_kernels=2=5,3=3                 replaces the whole mapping
    --stage_steps=flow=600,full=900             replaces the whole mapping
    --loss_weights=full.style=0,full.l1=10      changes the named entries only, also those of a flagfile before it
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.precision import PRECISIONS
from posewarp_tf.models.registry import model_class
from posewarp_tf.settings.config import Config, choices_of, config_fields, config_sections
from posewarp_tf.settings.options import fields_of
from posewarp_tf.settings.sections import RENAMED, LossWeights, with_todays_names

CONFIG_DIR = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'configs')


def define_config_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines one flag per field of the config; none has a value until it is given."""
    for field, kind in config_fields():
        text = field.metadata['help']
        if kind is bool:
            flags.DEFINE_boolean(field.name, None, text, flag_values=flag_values)
        elif choices_of(field.name):
            flags.DEFINE_enum(field.name, None, list(choices_of(field.name)), text, flag_values=flag_values)
        elif kind is int:
            flags.DEFINE_integer(field.name, None, text, flag_values=flag_values)
        elif kind == LossWeights:
            flags.DEFINE_multi_string(field.name, None, text, flag_values=flag_values)
        elif kind is float:
            flags.DEFINE_float(field.name, None, text, flag_values=flag_values)
        else:
            flags.DEFINE_string(field.name, None, text, flag_values=flag_values)
    for name, (today, meanings) in RENAMED.items():
        text = f'Earlier name of --{today}={meanings[True]}.'
        flags.DEFINE_boolean(name, None, text, flag_values=flag_values)


def define_precision_flag(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """--precision of a command that uses a trained model."""
    flags.DEFINE_enum(
        'precision',
        'float32',
        PRECISIONS,
        'In what the networks compute. bfloat16 and float16 are faster where the processor has them, and change the '
        'picture a little; auto: what a short trial finds the fastest.',
        flag_values=flag_values,
    )


class ConfigFlag(flags.Flag):
    """--config=gfla_fashion, which stands for the --flagfile of a shipped config (or of any path)."""

    def __init__(self) -> None:
        text = f'A shipped config, one of {", ".join(shipped_configs())}, or the path of a flagfile.'
        super().__init__(flags.ArgumentParser(), None, 'config', None, text)


def define_training_flags(has_run_dir: bool = False, flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """The flags of a command that takes a whole config: every field, and --config.

    Shipped configs name the run folder, so a command without one (`has_run_dir` is false) has to take that flag too.
    """
    flags.DEFINE_flag(ConfigFlag(), flag_values=flag_values)
    define_config_flags(flag_values)
    if not has_run_dir:
        flags.DEFINE_string('run_dir', '', 'Not used: shipped configs name it.', flag_values=flag_values)


def expand_config(argv: list[str], flag_values: flags.FlagValues) -> list[str]:
    """The arguments with each --config replaced by its --flagfile, where that stands for one.

    Raises:
        ConfigError: no such config.
    """
    if not takes_config(flag_values):
        return argv
    expanded: list[str] = []
    for argument in argv:
        name, equals, value = argument.partition('=')
        if expanded and expanded[-1] in ('--config', '-config'):
            expanded[-1] = f'--flagfile={find_config(argument)}'
        elif name in ('--config', '-config') and equals:
            expanded.append(f'--flagfile={find_config(value)}')
        else:
            expanded.append(argument)
    return expanded


def takes_config(flag_values: flags.FlagValues) -> bool:
    """Whether these are the flags of a command that takes a whole config (`define_training_flags`)."""
    return 'config' in flag_values and isinstance(flag_values['config'], ConfigFlag)


def config_flag_groups() -> dict[str, dict[str, Any]]:
    """{title of a section of the config: {flag: default of its field}}."""
    groups = {}
    for name, sections in config_sections().items():
        for section in sections:
            shared = fields_of(sections[0]) if section is not sections[0] else {}
            own = [field for key, (field, _) in fields_of(section).items() if key not in shared]
            summary = (section.__doc__ or '').splitlines()[0]
            groups[f'{name.capitalize()}: {summary}'] = {field.name: _default(field) for field in own}
    return groups


def _default(field: dataclasses.Field) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def config_from_flags(base: Config | None = None, flag_values: flags.FlagValues = flags.FLAGS) -> Config:
    """`base` (default: the published defaults) with every flag that was given."""
    values = {}
    for field, kind in config_fields():
        given = flag_values[field.name].value
        if given is not None:
            text = ','.join(given) if isinstance(given, list) else given
            values[field.name] = _parse(field.name, text, kind) if isinstance(text, str) else text
    old = {name: flag_values[name].value for name in RENAMED if flag_values[name].value is not None}
    values = with_todays_names({**old, **values})
    base = base or Config()
    if 'loss_weights' in values:
        stages = model_class(values.get('model', base.model.model)).all_stages
        published: dict = {stage.name: stage.weights for stage in stages}
        changed = {name: {**published.get(name, {}), **terms} for name, terms in values['loss_weights'].items()}
        values['loss_weights'] = changed
    return base.replace(**values)


def shipped_configs() -> list[str]:
    """The names of the configs that come with the package."""
    return sorted(name[:-4] for name in os.listdir(CONFIG_DIR) if name.endswith('.cfg'))


def find_config(name_or_path: str) -> str:
    """The flagfile of a shipped config by its name ('gfla_fashion'), or of any path.

    Raises:
        ConfigError: there is neither.
    """
    shipped = os.path.join(CONFIG_DIR, name_or_path + '.cfg')
    for path in (shipped, name_or_path):
        if os.path.isfile(path):
            return path
    raise ConfigError(f'no config {name_or_path!r}: expected a flagfile or one of {", ".join(shipped_configs())}')


def load_config(name_or_path: str) -> Config:
    """A shipped config by its name ('gfla_fashion') or any flagfile by its path."""
    path = find_config(name_or_path)
    flag_values = flags.FlagValues()
    define_config_flags(flag_values)
    flags.DEFINE_string('run_dir', '', 'Where a shipped config trains by default.', flag_values=flag_values)
    flag_values(['load_config', f'--flagfile={path}'])
    return config_from_flags(flag_values=flag_values)


def parse_size(text: str) -> tuple[int, int]:
    """'256,176' or '256x176' -> (256, 176): height, width; ValueError saying what was expected."""
    parts = text.replace('x', ',').split(',')
    if len(parts) != 2 or not all(part.strip().isdigit() and int(part) for part in parts):
        raise ValueError(f'got {text!r}, expected height,width in pixels')
    return int(parts[0]), int(parts[1])


def size_from_flag(name: str) -> tuple[int, int] | None:
    """Height and width that a flag of the command line gives as text; None where it is not given.

    Raises:
        ConfigError: it is no size.
    """
    text = flags.FLAGS[name].value
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise ConfigError(f'--{name}: {error}') from error


def define_shard_flag(whole: str) -> None:
    """--shard, of a command that can do a part of its work; `whole` says of what, and what happens to the others."""
    flags.DEFINE_string('shard', '1/1', f'i/n: only the i-th of n parts of {whole}.')


def parse_shard(text: str) -> tuple[int, int]:
    """(i, n) of 'i/n'; raises ConfigError for anything else."""
    match = re.fullmatch(r'(\d+)/(\d+)', text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise ConfigError(f'--shard: got {text!r}, expected i/n with 1 <= i <= n, for example 1/4')
    return number, count


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        return _parser(kind)(text)
    except ValueError as error:
        raise ConfigError(f'--{name}: got {text!r}: {error}') from error


def _parser(kind: Any) -> Callable[[str], Any]:
    if kind == LossWeights:
        return _parse_loss_weights
    if typing.get_origin(kind) is tuple:
        return lambda text: tuple(int(part) for part in text.split(',') if part)
    if typing.get_origin(kind) is Mapping:
        key_kind, value_kind = typing.get_args(kind)
        return lambda text: {key_kind(key): value_kind(value) for key, value in _entries(text)}
    return str


def _entries(text: str) -> list[tuple[str, str]]:
    pairs = [part.split('=') for part in text.split(',') if part]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError('expected name=value,name=value')
    return [(key.strip(), value) for key, value in pairs]


def _parse_loss_weights(text: str) -> LossWeights:
    weights: dict[str, dict[str, float]] = {}
    for key, value in _entries(text):
        stage, dot, term = key.partition('.')
        if not dot:
            raise ValueError(f'expected stage.term=weight, got {key!r}')
        weights.setdefault(stage, {})[term] = float(value)
    return weights
