"""The published building blocks of GFLA's generator and flow estimator (GFLA, appendix; gradients by Keras).

All activations are LeakyReLU with slope 0.1, all norms are affine instance norms with eps 1e-5 that use
the statistics of the image at hand, in training and afterwards. Every convolution has a bias.

A block that is made of others has a table `pytorch_parts`: these by their names in the released checkpoints.
"""

from __future__ import annotations

import tensorflow as tf

LEAKY_SLOPE = 0.1
PUBLISHED_GAIN = 0.02

register = tf.keras.utils.register_keras_serializable(package='posewarp_tf')


def initializer() -> tf.keras.initializers.Initializer:
    """The published initial weights of every convolution."""
    return tf.keras.initializers.Orthogonal(gain=PUBLISHED_GAIN)


def activate(image: tf.Tensor) -> tf.Tensor:
    return tf.nn.leaky_relu(image, LEAKY_SLOPE)


def level_filters(level: int, base_filters: int, max_filters: int) -> int:
    """Width of level i, counted from 0: min(2**i * base, max)."""
    return min(2**level, max_filters // base_filters) * base_filters


def conv(filters: int, kernel_size: int, strides: int = 1, padding: str = 'same') -> tf.keras.layers.Conv2D:
    """A convolution; for even sizes 'same' is zero padding of (kernel_size - strides + 1) // 2 on every side."""
    return tf.keras.layers.Conv2D(
        filters, kernel_size, strides=strides, padding=padding, kernel_initializer=initializer()
    )


@register
class InstanceNorm(tf.keras.layers.Layer):
    """gamma * (x - mean) / sqrt(variance + 1e-5) + beta over the pixels of each image and channel.

    Means are made first over rows, then over columns: TensorFlow adds up the pixels of a map one by one,
    and over a whole map that loses so many bits that the published networks' images are 5e-4 off, against
    3e-5 like this. It is why Keras' GroupNormalization is not used.
    """

    def build(self, input_shape) -> None:
        self.gamma = self.add_weight('gamma', (input_shape[-1],), initializer='ones')
        self.beta = self.add_weight('beta', (input_shape[-1],), initializer='zeros')
        super().build(input_shape)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        centered = tf.cast(image, tf.float32)
        centered -= _mean(centered)
        variance = _mean(tf.square(centered))
        scale = tf.math.rsqrt(variance + 1e-5) * tf.cast(self.gamma, tf.float32)
        return tf.cast(centered * scale + tf.cast(self.beta, tf.float32), image.dtype)


class Block(tf.keras.layers.Layer):
    """A layer that is made of its arguments: they are kept, so that it can be saved, cloned and configured."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def get_config(self) -> dict:
        return {**super().get_config(), 'filters': self.filters}


@register
class EncoderBlock(Block):
    """norm - act - conv 4x4 stride 2 - norm - act - conv 3x3: halves the size, ends at `filters` channels."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(filters, **kwargs)
        self.input_norm = InstanceNorm()
        self.down_conv = conv(filters, 4, strides=2)
        self.norm = InstanceNorm()
        self.conv = conv(filters, 3)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        image = self.down_conv(activate(self.input_norm(image)))
        return self.conv(activate(self.norm(image)))

    @property
    def pytorch_parts(self) -> dict:
        return {
            'model.0': self.input_norm,
            'model.2': self.down_conv,
            'model.3': self.norm,
            'model.5': self.conv,
        }


@register
class ResBlock(Block):
    """x + [norm - act - conv 3x3 - norm - act - conv 3x3](x); `filters` are those of x."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(filters, **kwargs)
        self.norm_1 = InstanceNorm()
        self.conv_1 = conv(filters, 3)
        self.norm_2 = InstanceNorm()
        self.conv_2 = conv(filters, 3)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        residual = self.conv_1(activate(self.norm_1(image)))
        return image + self.conv_2(activate(self.norm_2(residual)))

    @property
    def pytorch_parts(self) -> dict:
        return {
            'model.0': self.norm_1,
            'model.2': self.conv_1,
            'model.3': self.norm_2,
            'model.5': self.conv_2,
        }


@register
class UpConv(Block):
    """Transposed convolution 3x3, stride 2: input i reaches outputs 2i - 1, 2i and 2i + 1; exactly doubles the size."""

    kernel_kind = 'transposed_conv'

    def build(self, input_shape) -> None:
        channels = input_shape[-1]
        self.kernel = self.add_weight('kernel', (3, 3, self.filters, channels), initializer=initializer())
        self.bias = self.add_weight('bias', (self.filters,), initializer='zeros')
        super().build(input_shape)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        return _up_conv(image, self.kernel, self.bias)


def _up_conv(image: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    batch, height, width, _ = tf.unstack(tf.shape(image))
    size = [batch, 2 * height + 1, 2 * width + 1, kernel.shape[2]]
    # 'same' would pad the other side, half a pixel off, and TFLite has no explicit padding.
    image = tf.nn.conv2d_transpose(image, kernel, size, 2, 'VALID')
    # Not by brackets: the gradient of a strided slice takes several times as long as that of a plain one.
    return tf.nn.bias_add(tf.slice(image, [0, 1, 1, 0], [-1, -1, -1, -1]), bias)


@register
class ResBlockDecoder(Block):
    """[norm - act - conv 3x3 - norm - act - upconv](x) + upconv(x): doubles the size, ends at `filters` channels.

    The sum of the two transposed convolutions is one of both inputs, which spares passes over the map of double size.
    """

    def __init__(self, filters: int, hidden_filters: int, **kwargs):
        super().__init__(filters, **kwargs)
        self.hidden_filters = hidden_filters
        self.norm_1 = InstanceNorm()
        self.conv = conv(hidden_filters, 3)
        self.norm_2 = InstanceNorm()
        self.up_conv = UpConv(filters)
        self.shortcut = UpConv(filters)

    def build(self, input_shape) -> None:
        hidden_shape = (*input_shape[:-1], self.hidden_filters)
        # Random weights are drawn in this order.
        for part, shape in ((self.conv, input_shape), (self.up_conv, hidden_shape), (self.shortcut, input_shape)):
            with tf.name_scope(part.name):
                part.build(shape)
        super().build(input_shape)

    def call(self, image: tf.Tensor) -> tf.Tensor:
        hidden = activate(self.norm_2(self.conv(activate(self.norm_1(image)))))
        kernel = tf.concat([self.up_conv.kernel, self.shortcut.kernel], axis=-1)
        return _up_conv(tf.concat([hidden, image], axis=-1), kernel, self.up_conv.bias + self.shortcut.bias)

    @property
    def pytorch_parts(self) -> dict:
        return {
            'model.0': self.norm_1,
            'model.2': self.conv,
            'model.3': self.norm_2,
            'model.5': self.up_conv,
            'shortcut.0': self.shortcut,
        }

    def get_config(self) -> dict:
        return {**super().get_config(), 'hidden_filters': self.hidden_filters}


@register
class ReflectConv(Block):
    """act - reflection pad 1 - conv 3x3, without a norm: skip connections and the last layer."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(filters, **kwargs)
        self.conv = conv(filters, 3, padding='valid')

    def call(self, image: tf.Tensor) -> tf.Tensor:
        # Padding before the activation changes nothing but spares a faulty rewrite in TensorFlow's graph optimizer.
        return self.conv(activate(tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode='REFLECT')))

    @property
    def pytorch_parts(self) -> dict:
        # The released files hold this convolution under two names.
        return {'conv1': self.conv, 'model.2': self.conv}


def _mean(image: tf.Tensor) -> tf.Tensor:
    """Mean over the pixels of each image and channel: [B, H, W, C] -> [B, 1, 1, C]."""
    return tf.reduce_mean(tf.reduce_mean(image, axis=2, keepdims=True), axis=1, keepdims=True)


def encode_levels(encoder: list[tf.keras.layers.Layer], image: tf.Tensor) -> list[tf.Tensor]:
    """Outputs of every block of an encoder, each of which sees that of the one before: finest first."""
    levels = []
    for block in encoder:
        image = block(image)
        levels.append(image)
    return levels
