"""Discriminators for single images: the two of GFLA (Ren et al., CVPR 2020, supplement) and one over several scales.

They map an image [B, H, W, C] to a map of logits [B, h, w, 1] (float32), one per patch, or to a list of such maps.
With `return_features=True` they also return the list of the feature maps on the way, first layer first. Every
convolution is spectrally normalised; `training=True` does its power iteration. None has a norm layer, so examples of
a batch do not see each other.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.layers.blocks import Block, activate, initializer, level_filters, register
from posewarp_tf.layers.spectral_norm import SpectralConv2D
from posewarp_tf.models.config import JudgedModelConfig
from posewarp_tf.models.discriminators.sizes import SMALLEST_JUDGED_MAPS, check_judged_size
from posewarp_tf.models.pytorch_names import named_variables


class Discriminator(tf.keras.Model):
    """What all have in common: level i is `level_filters(i, base_filters, max_filters)` wide and halves the size."""

    # Height and width that the last level needs.
    smallest_map = SMALLEST_JUDGED_MAPS['res']

    def __init__(self, base_filters: int, max_filters: int, num_layers: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base_filters = base_filters
        self.max_filters = max_filters
        self.num_layers = num_layers
        self.widths = [level_filters(level, base_filters, max_filters) for level in range(num_layers)]

    @classmethod
    def for_model(cls, config: JudgedModelConfig) -> Discriminator:
        """The discriminator that a config describes."""
        return cls(config.discriminator_base_filters, config.discriminator_max_filters, config.discriminator_num_layers)

    def check_size(self, image: tf.Tensor) -> None:
        """Raises ConfigError when no logits would be left of an image."""
        check_judged_size(image.shape[1:3], self.smallest_map, self.num_layers)

    def get_config(self) -> dict[str, Any]:
        names = ('name', 'base_filters', 'max_filters', 'num_layers')
        return {name: getattr(self, name) for name in names}


@register
class ResDiscriminator(Discriminator):
    """`num_layers` residual blocks that each halve the size, then a 1x1 convolution to one channel.

    The logits are [B, H // 2**num_layers, W // 2**num_layers, 1]. Published: 32, 128, 4 (Market-1501: 3).
    """

    def __init__(self, base_filters: int = 32, max_filters: int = 128, num_layers: int = 4, **kwargs: Any) -> None:
        super().__init__(base_filters, max_filters, num_layers, **kwargs)
        hidden_widths = [self.widths[0], *self.widths[:-1]]
        self.blocks = [
            ResBlockEncoder(width, hidden_width, name=f'block{i}')
            for i, (width, hidden_width) in enumerate(zip(self.widths, hidden_widths))
        ]
        self.head = _spectral_conv(1, 1, name='head')

    def call(self, image: tf.Tensor, training: bool | None = None, return_features: bool = False) -> Any:
        self.check_size(image)
        features = [image]
        for block in self.blocks:
            features.append(block(features[-1], training=training))
        logits = tf.cast(self.head(activate(features[-1]), training=training), tf.float32)
        return (logits, features[1:]) if return_features else logits

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array."""
        parts = {'block0': self.blocks[0]}
        parts.update({f'encoder{i}': block for i, block in enumerate(self.blocks[1:])})
        return named_variables({**parts, 'conv': self.head})


@register
class PatchDiscriminator(Discriminator):
    """4x4 convolutions without bias: `num_layers` of stride 2, one of stride 1, one of stride 1 to one channel.

    The one before the logits is as wide as the last of stride 2. The logits are
    [B, H // 2**num_layers - 2, W // 2**num_layers - 2, 1]. Published: 64, 512, 3.
    """

    smallest_map = SMALLEST_JUDGED_MAPS['patch']

    def __init__(self, base_filters: int = 64, max_filters: int = 512, num_layers: int = 3, **kwargs: Any) -> None:
        super().__init__(base_filters, max_filters, num_layers, **kwargs)
        layers = [(width, 2) for width in self.widths] + [(self.widths[-1], 1), (1, 1)]
        self.convs = [
            _spectral_conv(width, 4, strides=strides, padding=1, use_bias=False, name=f'conv{i}')
            for i, (width, strides) in enumerate(layers)
        ]

    def call(self, image: tf.Tensor, training: bool | None = None, return_features: bool = False) -> Any:
        self.check_size(image)
        features = [self.convs[0](image, training=training)]
        for conv in self.convs[1:]:
            features.append(conv(activate(features[-1]), training=training))
        logits = tf.cast(features.pop(), tf.float32)
        return (logits, features) if return_features else logits

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array."""
        # Activations take the odd numbers.
        return named_variables({f'model.{2 * i}': conv for i, conv in enumerate(self.convs)})


@register
class MultiscalePatchDiscriminator(Discriminator):
    """`num_scales` patch discriminators; each sees the image at half the size of the one before (2 x 2 means).

    A list of logits, one map per scale, full size first. After pix2pixHD (Wang et al., CVPR 2018, section 3.2), whose
    discriminators have instance norms where these have spectral norms.
    """

    smallest_map = SMALLEST_JUDGED_MAPS['multiscale_patch']

    def __init__(
        self, base_filters: int = 64, max_filters: int = 512, num_layers: int = 3, num_scales: int = 2, **kwargs: Any
    ) -> None:
        super().__init__(base_filters, max_filters, num_layers, **kwargs)
        self.num_scales = num_scales
        self.scales = [
            PatchDiscriminator(base_filters, max_filters, num_layers, name=f'scale{i}') for i in range(num_scales)
        ]

    @classmethod
    def for_model(cls, config: JudgedModelConfig) -> Discriminator:
        return cls(
            config.discriminator_base_filters,
            config.discriminator_max_filters,
            config.discriminator_num_layers,
            config.discriminator_num_scales,
        )

    def call(self, image: tf.Tensor, training: bool | None = None, return_features: bool = False) -> Any:
        self.check_size(image)
        logits, features = [], []
        for index, discriminator in enumerate(self.scales):
            if index:
                image = tf.nn.avg_pool2d(image, 2, 2, 'VALID')
            map_of_scale, features_of_scale = discriminator(image, training=training, return_features=True)
            logits.append(map_of_scale)
            features += features_of_scale
        return (logits, features) if return_features else logits

    def check_size(self, image: tf.Tensor) -> None:
        check_judged_size(image.shape[1:3], self.smallest_map, self.num_layers, self.num_scales)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), 'num_scales': self.num_scales}


@register
class ResBlockEncoder(Block):
    """[act - conv3x3(hidden) - act - conv4x4 stride 2](x) + conv1x1(average of 2x2 pixels of x), at half the size."""

    def __init__(self, filters: int, hidden_filters: int, **kwargs: Any) -> None:
        super().__init__(filters, **kwargs)
        self.hidden_filters = hidden_filters
        self.conv = _spectral_conv(hidden_filters, 3, padding=1, name='conv')
        self.down_conv = _spectral_conv(filters, 4, strides=2, padding=1, name='down_conv')
        self.shortcut = _spectral_conv(filters, 1, name='shortcut')

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        x = self.conv(activate(inputs), training=training)
        x = self.down_conv(activate(x), training=training)
        return x + self.shortcut(tf.nn.avg_pool2d(inputs, 2, 2, 'VALID'), training=training)

    @property
    def pytorch_parts(self) -> dict:
        return {'model.1': self.conv, 'model.3': self.down_conv, 'shortcut.1': self.shortcut}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), 'hidden_filters': self.hidden_filters}


def _spectral_conv(filters: int, kernel_size: int, **kwargs: Any) -> SpectralConv2D:
    return SpectralConv2D(filters, kernel_size, kernel_initializer=initializer(), **kwargs)
