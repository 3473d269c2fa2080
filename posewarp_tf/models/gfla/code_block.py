"""How a vector, such as a view, joins a map of features: as in GFLA's novel views, and by modulation (ours)."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.layers.blocks import Block, InstanceNorm, activate, conv, register


@register
class CodeBlock(Block):
    """[norm - act - conv 3x3 - norm - act - conv 3x3](y) + conv 1x1(y), y = concat(x, code in every pixel).

    (x [B, h, w, C], code [B, n]) -> [B, h, w, filters]; the first convolution keeps the C + n channels.
    """

    def __init__(self, filters: int, code_size: int, **kwargs):
        super().__init__(filters, **kwargs)
        self.code_size = code_size
        self.norm_1 = InstanceNorm()
        self.norm_2 = InstanceNorm()
        self.conv_2 = conv(filters, 3)
        self.shortcut = conv(filters, 1)

    def build(self, input_shape) -> None:
        self.conv_1 = conv(input_shape[-1] + self.code_size, 3)
        super().build(input_shape)

    def call(self, features: tf.Tensor, code: tf.Tensor) -> tf.Tensor:
        height, width = tf.shape(features)[1], tf.shape(features)[2]
        spread = tf.tile(code[:, tf.newaxis, tf.newaxis], [1, height, width, 1])
        joined = tf.concat([features, tf.cast(spread, features.dtype)], axis=-1)
        hidden = self.conv_1(activate(self.norm_1(joined)))
        return self.conv_2(activate(self.norm_2(hidden))) + self.shortcut(joined)

    @property
    def pytorch_parts(self) -> dict:
        return {
            'model.0': self.norm_1,
            'model.2': self.conv_1,
            'model.3': self.norm_2,
            'model.5': self.conv_2,
            'shortcut.0': self.shortcut,
        }

    def get_config(self) -> dict:
        return {**super().get_config(), 'code_size': self.code_size}


@register
class ModulatedBlock(Block):
    """x + conv 3x3(act(norm(x) * (1 + gain) + shift)); gain and shift [B, C] = linear(act(linear(code))).

    (x [B, h, w, filters], code [B, n]) -> [B, h, w, filters]. The code acts behind the norm, which takes out what is
    the same in every pixel.
    """

    def build(self, input_shape) -> None:
        self.norm = InstanceNorm()
        self.hidden = tf.keras.layers.Dense(64)
        self.gain_and_shift = tf.keras.layers.Dense(2 * self.filters)
        self.conv = conv(self.filters, 3)
        super().build(input_shape)

    def call(self, features: tf.Tensor, code: tf.Tensor) -> tf.Tensor:
        maps = self.gain_and_shift(activate(self.hidden(code)))[:, tf.newaxis, tf.newaxis]
        gain, shift = tf.split(maps, 2, axis=-1)
        return features + self.conv(activate(self.norm(features) * (1 + gain) + shift))
