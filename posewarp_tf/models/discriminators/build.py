"""From a config to built discriminators, by their names in `--discriminator`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import JudgedModelConfig, judged
from posewarp_tf.models.discriminators.image import (
    Discriminator,
    MultiscalePatchDiscriminator,
    PatchDiscriminator,
    ResDiscriminator,
)
from posewarp_tf.models.discriminators.temporal import TemporalDiscriminator
from posewarp_tf.models.outputs import ClassLogits
from posewarp_tf.models.registry import model_section

DISCRIMINATORS: dict[str, type[Discriminator]] = {
    'res': ResDiscriminator,
    'patch': PatchDiscriminator,
    'multiscale_patch': MultiscalePatchDiscriminator,
}


def build_discriminator(config: Any, subject: str = 'image') -> Discriminator:
    """The discriminator of a config: pictures [B, H, W, channels] -> logits [B, h, w, 1], or a list of them.

    Args:
        config: as for `build_model`.
        subject: what it judges: 'image' (RGB), 'clip' (as the model's `clip_form`; of frames by the temporal
            discriminator, whatever `--discriminator` says), or an output of classes (their probabilities).
    """
    settings = judged(model_section(config))
    if subject == 'clip':
        return _build_clip_discriminator(settings)
    discriminator = DISCRIMINATORS[settings.discriminator].for_model(settings)
    classes = {output.name: output.kind for output in settings.outputs if isinstance(output.kind, ClassLogits)}
    channels = len(classes[subject].names) if subject in classes else 3
    discriminator(tf.keras.Input((*settings.image_size, channels)))
    return discriminator


def _build_clip_discriminator(settings: JudgedModelConfig) -> Discriminator:
    form = settings.clip_form
    if form is None:
        raise ConfigError(f'--model={settings.model} makes no clips that a discriminator could judge')
    discriminator: Discriminator
    if form.as_differences:
        discriminator = DISCRIMINATORS[settings.discriminator].for_model(settings)
    else:
        discriminator = TemporalDiscriminator(
            settings.discriminator_base_filters,
            settings.discriminator_max_filters,
            settings.discriminator_num_layers,
            form.num_frames,
        )
    discriminator(tf.keras.Input(form.shape(settings.image_size)))
    return discriminator
