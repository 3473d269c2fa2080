"""GFLA's discriminator of animations (Ren et al., CVPR 2020, supplement): it judges windows of frames.

frames -> two blocks of 3-D convolutions, each two frames shorter and half the size
       -> the frames that are left become channels -> blocks of 2-D convolutions, as for single pictures
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.layers.blocks import Block, activate, initializer, register
from posewarp_tf.layers.spectral_norm import SpectralConv2D, SpectralConv3D
from posewarp_tf.models.discriminators.image import Discriminator, ResBlockEncoder
from posewarp_tf.models.discriminators.sizes import TEMPORAL_BLOCKS
from posewarp_tf.models.pytorch_names import named_variables

# Frames that each block that looks at time takes off.
FRAMES_PER_BLOCK = 2


@register
class TemporalDiscriminator(Discriminator):
    """Frames [B, num_frames, H, W, 3] in [-1, 1] -> logits [B, H // 2**num_layers, W // 2**num_layers, 1], float32.

    Every convolution is spectrally normalised; `training=True` does its power iteration. Published: 32, 128, 4, 6.
    """

    def __init__(
        self,
        base_filters: int = 32,
        max_filters: int = 128,
        num_layers: int = 4,
        num_frames: int = 6,
        **kwargs: Any,
    ) -> None:
        super().__init__(base_filters, max_filters, num_layers, **kwargs)
        self.num_frames = num_frames
        frames_left = num_frames - TEMPORAL_BLOCKS * FRAMES_PER_BLOCK
        if num_layers < TEMPORAL_BLOCKS or frames_left < 1:
            raise ConfigError(
                f'temporal discriminator: got {num_layers} layers and {num_frames} frames, expected at least '
                f'{TEMPORAL_BLOCKS} and {TEMPORAL_BLOCKS * FRAMES_PER_BLOCK + 1}'
            )
        first, second = self.widths[:TEMPORAL_BLOCKS]
        self.temporal_blocks = [
            TemporalBlockEncoder(first, hidden_filters=first, name='block0'),
            TemporalBlockEncoder(second, hidden_filters=first, name='block1'),
        ]
        widths = self.widths[TEMPORAL_BLOCKS:]
        self.blocks = [
            ResBlockEncoder(width, hidden_filters=hidden_width, name=f'encoder{i}')
            for i, (width, hidden_width) in enumerate(zip(widths, [second * frames_left, *widths]))
        ]
        self.head = SpectralConv2D(1, 1, kernel_initializer=initializer(), name='head')

    def call(self, frames: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if frames.shape[1] != self.num_frames:
            raise ConfigError(f'temporal discriminator: got {frames.shape[1]} frames, expected {self.num_frames}')
        self.check_size(frames[:, 0])
        x = frames
        for block in self.temporal_blocks:
            x = block(x, training=training)
        # Channel c of frame t becomes channel c * frames + t.
        shape = tf.shape(x)
        x = tf.transpose(x, (0, 2, 3, 4, 1))
        x = tf.reshape(x, (shape[0], shape[2], shape[3], x.shape[3] * x.shape[4]))
        for block in self.blocks:
            x = block(x, training=training)
        return tf.cast(self.head(activate(x), training=training), tf.float32)

    def pytorch_names(self) -> list[tuple[str, tf.Variable, str]]:
        """(key in a released checkpoint, variable, kind) of every array."""
        blocks = (*self.temporal_blocks, *self.blocks)
        return named_variables({**{block.name: block for block in blocks}, 'conv': self.head})

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), 'num_frames': self.num_frames}


@register
class TemporalBlockEncoder(Block):
    """[act - conv3x3x3(hidden) - act - conv3x4x4 stride 1x2x2](x) + conv1x1x1(average of 3x2x2 pixels of x).

    Halves the size and takes off the first and the last frame: [B, T, H, W, C] -> [B, T - 2, H // 2, W // 2, filters].
    """

    def __init__(self, filters: int, hidden_filters: int, **kwargs: Any) -> None:
        super().__init__(filters, **kwargs)
        self.hidden_filters = hidden_filters
        self.conv = _spectral_conv(hidden_filters, 3, padding=1, name='conv')
        self.down_conv = _spectral_conv(filters, (3, 4, 4), strides=(1, 2, 2), padding=(0, 1, 1), name='down_conv')
        self.shortcut = _spectral_conv(filters, 1, name='shortcut')

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        x = self.conv(activate(inputs), training=training)
        x = self.down_conv(activate(x), training=training)
        average = tf.nn.avg_pool3d(inputs, (3, 2, 2), (1, 2, 2), 'VALID')
        return x + self.shortcut(average, training=training)

    @property
    def pytorch_parts(self) -> dict:
        return {'model.1': self.conv, 'model.3': self.down_conv, 'shortcut.1': self.shortcut}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), 'hidden_filters': self.hidden_filters}


def _spectral_conv(filters: int, kernel_size: Any, **kwargs: Any) -> SpectralConv3D:
    return SpectralConv3D(filters, kernel_size, kernel_initializer=initializer(), **kwargs)
