"""What an experiment is: frozen dataclasses, validated when made, to and from JSON.

Every field is one command line flag of the same name (`flags.py` makes them from these classes), so names are unique
over all sections; the section of the networks is that of the model which `--model` names. A run folder keeps the
`Config` it was made with as config.json.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from posewarp_tf.errors import ConfigError
from posewarp_tf.files import read_text
from posewarp_tf.models.config import JudgedModelConfig, ModelConfig
from posewarp_tf.models.gfla.config import GFLAConfig
from posewarp_tf.models.registry import MODELS, all_stage_names, model_class, model_config, model_config_from_json
from posewarp_tf.settings.options import Section, fields_of, values_from_json
from posewarp_tf.settings.sections import UNUSED, DataConfig, LossConfig, TrainingConfig, with_todays_names


@dataclasses.dataclass(frozen=True)
class Config:
    """One experiment. Weights and steps of stages that are not given are those that the model declares."""

    model: ModelConfig = dataclasses.field(default_factory=GFLAConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        stages = self.model.all_stages
        self._check_stages('loss_weights', self.loss.loss_weights)
        self._check_stages('stage_steps', self.training.stage_steps)
        self._check_stages('stage_learning_rates', self.training.stage_learning_rates)
        self._check_material()
        weights = {stage.name: dict(stage.weights) for stage in stages}
        steps = {stage.name: stage.num_steps for stage in stages if stage.num_steps is not None}
        loss = dataclasses.replace(self.loss, loss_weights={**weights, **self.loss.loss_weights})
        training = dataclasses.replace(self.training, stage_steps=self.training.stage_steps or steps)
        object.__setattr__(self, 'loss', loss)
        object.__setattr__(self, 'training', training)

    def replace(self, **values: Any) -> Config:
        """A copy with fields of any section changed, by field name: `config.replace(batch_size=4)`.

        Another `model` begins with its own defaults, but for the size and what else all models have, and the
        discriminators if both have them.
        """
        switches = values.get('model', self.model.model) != self.model.model
        if switches:
            values = {**{name: {} for name in _BY_STAGE}, **values}
        sections: dict[str, Any] = {}
        for name in ('data', 'loss', 'training'):
            current = getattr(self, name)
            changed = {key: values.pop(key) for key in list(values) if key in fields_of(type(current))}
            sections[name] = dataclasses.replace(current, **changed)
        known = {name for config in MODELS.values() for name in fields_of(config)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(f'no such setting: {", ".join(unknown)}')
        own = type(self.model)
        both = own, model_class(values.get('model', self.model.model))
        common = JudgedModelConfig if all(issubclass(one, JudgedModelConfig) for one in both) else ModelConfig
        before = {name: getattr(self.model, name) for name in fields_of(common if switches else own)}
        return Config(model=model_config(**{**before, **values}), **sections)

    def settings(self) -> dict[str, Any]:
        """Every setting by its name, as JSON values (which have neither tuples nor numbers as keys)."""
        sections = json.loads(self.to_json())
        return {name: value for section in sections.values() for name, value in section.items()}

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + '\n'

    @staticmethod
    def from_json(text: str, source: str = 'config.json') -> Config:
        """The config that `to_json` wrote; `source` is named in errors."""
        try:
            raw = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f'{source}: not JSON: {error}') from error
        values: dict[str, Any] = {}
        for name in ('model', 'data', 'loss', 'training'):
            if not isinstance(raw, dict) or not isinstance(raw.get(name), dict):
                raise ConfigError(f'{source}: no section {name!r}: this is not a config of posewarp_tf')
            values.update(raw[name])
        values = with_todays_names(values)
        shared = {name for section in _SHARED_SECTIONS for name in fields_of(section)}
        model = model_config_from_json({key: values.pop(key) for key in list(values) if key not in shared}, source)
        typed = values_from_json(values, _SHARED_SECTIONS, source)
        # In earlier versions they could be given, and did nothing.
        typed = {name: value for name, value in typed.items() if name not in _unused_settings(model.material)}
        # Files of earlier versions hold the stages of all models.
        others = {*all_stage_names()} - {stage.name for stage in model.all_stages}
        for name in _BY_STAGE:
            typed[name] = {stage: value for stage, value in typed.get(name, {}).items() if stage not in others}
        return Config(model=model).replace(**typed)

    @staticmethod
    def load(path: str | os.PathLike) -> Config:
        return Config.from_json(read_text(path), str(path))

    def _check_material(self) -> None:
        """Examples would be read as ever, whatever is said of other ones."""
        for name in _unused_settings(self.model.material):
            field, _ = fields_of(DataConfig)[name]
            value = getattr(self.data, name)
            if value != field.default:
                others, own, _ = UNUSED[self.model.material]
                raise ConfigError(
                    f'--{name}: got {value!r}, which is for {others}, and --model={self.model.model} is trained on '
                    f'{own}; leave it out'
                )

    def _check_stages(self, name: str, by_stage: Mapping[str, Any]) -> None:
        expected = [stage.name for stage in self.model.all_stages]
        unknown = [stage for stage in by_stage if stage not in expected]
        if unknown:
            raise ConfigError(f'--{name}: got stage {unknown[0]!r}, expected some of {", ".join(expected)}')


_SHARED_SECTIONS = (DataConfig, LossConfig, TrainingConfig)

# Settings by the names of stages, which belong to one model.
_BY_STAGE = ('loss_weights', 'stage_steps', 'stage_learning_rates')


def _unused_settings(material: str) -> tuple[str, ...]:
    return UNUSED[material][2] if material in UNUSED else ()


def config_sections() -> dict[str, tuple[type[Section], ...]]:
    """{name in a Config: its classes}, in order: for the networks those of all models, what they share first."""
    return {
        'model': (ModelConfig, *MODELS.values()),
        **dict(zip(('data', 'loss', 'training'), ((section,) for section in _SHARED_SECTIONS))),
    }


def config_fields() -> list[tuple[dataclasses.Field, Any]]:
    """Every (field, resolved type) of every section, in order; a field of several models once, as the first has it."""
    found: dict[str, tuple[dataclasses.Field, Any]] = {}
    for sections in config_sections().values():
        for section in sections:
            found = {**fields_of(section), **found}
    return list(found.values())


def choices_of(name: str) -> tuple:
    """The values that a setting takes, in any model that has it; empty where it takes more than a few."""
    models = [fields_of(config)[name][0] for config in MODELS.values() if name in fields_of(config)]
    others = [fields_of(section)[name][0] for section in _SHARED_SECTIONS if name in fields_of(section)]
    return tuple(dict.fromkeys(choice for field in (*models, *others) for choice in field.metadata['choices']))
