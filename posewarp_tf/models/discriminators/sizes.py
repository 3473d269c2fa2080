"""How small a picture a discriminator can judge; imports no TensorFlow, so that it can be refused early."""

from __future__ import annotations

from collections.abc import Sequence

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import ModelConfig, judged

# By --discriminator: height and width that its last level needs.
SMALLEST_JUDGED_MAPS = {'res': 1, 'patch': 3, 'multiscale_patch': 3}

# Levels of the discriminator of clips that look at time.
TEMPORAL_BLOCKS = 2


def check_discriminator(model: ModelConfig) -> None:
    """Raises ConfigError when the discriminator of a config has no logits left of pictures of the model's size."""
    settings = judged(model)
    num_scales = settings.discriminator_num_scales if settings.discriminator == 'multiscale_patch' else 0
    smallest_map = SMALLEST_JUDGED_MAPS[settings.discriminator]
    check_judged_size(settings.image_size, smallest_map, settings.discriminator_num_layers, num_scales)


def check_clip_discriminator(model: ModelConfig) -> None:
    """Raises ConfigError when the discriminator of clips of a config has too few levels to look at time."""
    levels, form = judged(model).discriminator_num_layers, model.clip_form
    if form is not None and not form.as_differences and levels < TEMPORAL_BLOCKS:
        raise ConfigError(
            f'--discriminator_num_layers: got {levels}, expected at least {TEMPORAL_BLOCKS}: so many levels of the '
            'discriminator of clips look at time'
        )


def check_judged_size(size: Sequence[int | None], smallest_map: int, num_layers: int, num_scales: int = 0) -> None:
    """Raises ConfigError when a discriminator has no logits left of an image of (height, width); None: any.

    `num_scales`: how many there are, of those that see an image at half the size of the one before.
    """
    smallest = smallest_map * 2 ** (num_layers + max(num_scales - 1, 0))
    if any(side is not None and side < smallest for side in size):
        scales = f'--discriminator_num_scales: got {num_scales}, which with --discriminator_num_layers={num_layers}'
        layers = f'--discriminator_num_layers: got {num_layers}, which'
        raise ConfigError(
            f'{scales if num_scales else layers} needs images of at least {smallest}x{smallest}, '
            f'and --image_size={size[0]},{size[1]}'
        )
