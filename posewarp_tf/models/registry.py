"""From a config to built networks, by their names.

Only here and in model_rules.py, which knows a model by its settings, in its own files and as the default in
model_config.py does the name of a model stand.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES
from posewarp_tf.layers.blocks import PUBLISHED_GAIN
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.models.discriminators.image import (
    Discriminator,
    MultiscalePatchDiscriminator,
    PatchDiscriminator,
    ResDiscriminator,
)
from posewarp_tf.models.gfla.gfla import GFLA
from posewarp_tf.models.pfl.pfl import PFL
from posewarp_tf.settings.config import Config, ModelConfig
from posewarp_tf.settings.flags import load_config
from posewarp_tf.settings.model_rules import rules_of

MODELS: dict[str, type[ReposingModel]] = {'gfla': GFLA, 'pfl': PFL}
DISCRIMINATORS: dict[str, type[Discriminator]] = {
    'res': ResDiscriminator,
    'patch': PatchDiscriminator,
    'multiscale_patch': MultiscalePatchDiscriminator,
}

# What a discriminator judges, and its channels.
SUBJECTS = {'image': 3, 'garment': len(GARMENT_NAMES)}


def build_model(config: Config | ModelConfig | str) -> ReposingModel:
    """A re-posing model with fresh weights.

    Args:
      config: a Config, its model section, the name of a shipped config ('gfla_fashion') or a flagfile's path.

    Raises:
      ConfigError: for a config or a model that does not exist.
    """
    model_config = _model_config(config)
    rules_of(model_config)
    model = MODELS[model_config.model](model_config)
    model.create_weights()
    _scale_initial_kernels(model, model_config.init_gain / PUBLISHED_GAIN)
    return model


def build_discriminator(config: Config | ModelConfig | str, subject: str = 'image') -> Discriminator:
    """The discriminator of a config: pictures [B, H, W, channels] -> logits [B, h, w, 1], or a list of them.

    Args:
      config: as for `build_model`.
      subject: 'image' (RGB) or 'garment' (probabilities of the garment classes).
    """
    model_config = _model_config(config)
    discriminator = DISCRIMINATORS[model_config.discriminator].for_model(model_config)
    discriminator(tf.keras.Input((*model_config.image_size, SUBJECTS[subject])))
    return discriminator


def _scale_initial_kernels(model: ReposingModel, factor: float) -> None:
    """Changes the gain of orthogonal kernels; not of flow heads, so that flows begin near zero."""
    heads = {
        id(variable)
        for part in model.submodules
        if getattr(part, 'keeps_initial_gain', False)
        for variable in part.trainable_variables
    }
    for variable in model.trainable_variables if factor != 1 else ():
        if variable.shape.rank == 4 and id(variable) not in heads:
            variable.assign(variable * factor)


def _model_config(config: Config | ModelConfig | str) -> ModelConfig:
    if isinstance(config, str):
        config = load_config(config)
    return config.model if isinstance(config, Config) else config
