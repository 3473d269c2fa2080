"""Settings that document and check themselves: the fields of a `Section`, each of which is one command line flag."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from posewarp_tf.errors import ConfigError


def option(
    default: Any, help: str, *, choices: tuple = (), minimum: float | None = None, may_change: bool = False
) -> Any:
    """A dataclass field that documents itself and says which values it takes.

    `may_change`: a run may go on with another value, since what is learned from what stays the same.
    """
    metadata = {'help': help, 'choices': choices, 'minimum': minimum, 'may_change': may_change}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


class Section:
    """Checks every field against its metadata."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            choices, minimum = field.metadata['choices'], field.metadata['minimum']
            if choices and value not in choices:
                raise ConfigError(f'--{field.name}: got {value!r}, expected one of {", ".join(map(repr, choices))}')
            if minimum is not None and value < minimum:
                raise ConfigError(f'--{field.name}: got {value!r}, expected at least {minimum}')


def fields_of(section: type[Section]) -> dict[str, tuple[dataclasses.Field, Any]]:
    """{name: (field, resolved type)} of a section, in order."""
    hints = typing.get_type_hints(section)
    return {field.name: (field, hints[field.name]) for field in dataclasses.fields(section)}  # type: ignore[arg-type]


def values_from_json(values: Mapping[str, Any], sections: Iterable[type[Section]], source: str) -> dict[str, Any]:
    """Settings by name, with the types that JSON does not have; ConfigError for one that no section has."""
    kinds = {name: kind for section in sections for name, (_, kind) in fields_of(section).items()}
    unknown = sorted(set(values) - set(kinds))
    if unknown:
        raise ConfigError(f'{source}: unknown settings: {", ".join(unknown)}')
    return {name: _from_json_value(value, kinds[name]) for name, value in values.items()}


def _from_json_value(value: Any, kind: Any) -> Any:
    """JSON has neither tuples nor numbers as keys."""
    origin = typing.get_origin(kind)
    if origin is tuple:
        return tuple(value)
    if origin is Mapping and typing.get_args(kind)[0] is int:
        return {int(key): item for key, item in value.items()}
    return value


def shown(value: Any) -> str:
    """A value as it is typed on the command line: 96,64 or 2=5,3=3."""
    items = value.items() if isinstance(value, Mapping) else value
    return ','.join('='.join(map(str, item)) if isinstance(item, tuple) else str(item) for item in items)
