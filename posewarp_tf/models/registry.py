"""Which models there are, by the names in `--model`; imports no TensorFlow.

A new model is a folder with a `ModelConfig` (config.py says what that declares) and one line here. The name of a model
stands only here and in its own folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.animation.config import DanceConfig, FaceConfig
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.models.gfla.config import GFLAConfig
from posewarp_tf.models.gfla_views.config import GFLAViewsConfig
from posewarp_tf.models.layered.config import LayeredConfig
from posewarp_tf.models.motion.config import MotionConfig
from posewarp_tf.models.pfl.config import PFLConfig
from posewarp_tf.settings.options import fields_of, values_from_json

if TYPE_CHECKING:
    from posewarp_tf.models.base import ReposingModel

MODELS: dict[str, type[ModelConfig]] = {
    'gfla': GFLAConfig,
    'pfl': PFLConfig,
    'layered': LayeredConfig,
    'motion': MotionConfig,
    'gfla_views': GFLAViewsConfig,
    'gfla_dance': DanceConfig,
    'gfla_face': FaceConfig,
}


def model_class(name: str) -> type[ModelConfig]:
    """Raises ConfigError for a model that does not exist."""
    if name not in MODELS:
        raise ConfigError(f'--model: got {name!r}, expected one of {", ".join(MODELS)}')
    return MODELS[name]


def model_config(model: str = 'gfla', **values: Any) -> ModelConfig:
    """The settings of a model: `model_config('pfl', image_size=(96, 64))`.

    Raises:
        ConfigError: no such model, a setting that it lacks, or a value that it cannot have.
    """
    chosen = model_class(model)
    for name in values:
        if name not in fields_of(chosen):
            others = [other for other, config in MODELS.items() if name in fields_of(config)]
            hint = f' (--model={others[0]} has)' if others else ''
            raise ConfigError(f'--{name}: --model={model} has no such setting{hint}')
    return chosen(**{'model': model, **values})


def model_config_from_json(values: Mapping[str, Any], source: str) -> ModelConfig:
    """The settings that a file holds; those of other models, which files of earlier versions hold too, are left out."""
    kept = values_from_json(values, MODELS.values(), source)
    names = fields_of(model_class(kept.get('model', 'gfla')))
    return model_config(**{name: value for name, value in kept.items() if name in names})


def all_stage_names() -> Iterator[str]:
    """The names of the stages of all models."""
    yield from (stage.name for config in MODELS.values() for stage in config.all_stages)


def build_model(config: Any) -> ReposingModel:
    """A re-posing model with fresh weights.

    Args:
        config: a Config, its model section, the name of a shipped config ('gfla_fashion') or a flagfile's path.

    Raises:
        ConfigError: for a config or a model that does not exist.
    """
    settings = model_section(config)
    model = settings.build()
    model.create_weights()
    model.scale_initial_kernels(settings.init_gain)
    return model


def model_section(config: Any) -> ModelConfig:
    """The settings of the networks of a Config, of these settings themselves, or of a flagfile by its name or path."""
    if isinstance(config, str):
        from posewarp_tf.settings.flags import load_config

        config = load_config(config)
    return config if isinstance(config, ModelConfig) else config.model
