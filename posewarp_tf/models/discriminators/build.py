"""From a config to built discriminators, by their names in `--discriminator`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.models.discriminators.image import (
    Discriminator,
    MultiscalePatchDiscriminator,
    PatchDiscriminator,
    ResDiscriminator,
)
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
        subject: what it judges: 'image' (RGB), or an output of classes (their probabilities).
    """
    settings = model_section(config)
    discriminator = DISCRIMINATORS[settings.discriminator].for_model(settings)
    classes = {output.name: output.kind for output in settings.outputs if isinstance(output.kind, ClassLogits)}
    channels = len(classes[subject].names) if subject in classes else 3
    discriminator(tf.keras.Input((*settings.image_size, channels)))
    return discriminator
