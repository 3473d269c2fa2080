"""Instance norm and the leaky ReLU behind it: stock TensorFlow, or on CPUs a compiled op in fewer passes."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.ops import kernel_library


def instance_norm(
    image: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, slope: float = 1.0, impl: str = 'auto'
) -> tf.Tensor:
    """Normalizes each channel of each image over its pixels, then applies a leaky ReLU.

        y = gamma * (x - mean) / sqrt(variance + 1e-5) + beta,    out = y if y > 0 else slope * y

    Sums are made in float32 at least, whatever the image has. Stock TensorFlow makes means first over rows, then over
    columns: it adds up the pixels of a map one by one, and over a whole map that loses so many bits that the published
    networks' images are 5e-4 off, against 3e-5 like this. The compiled op adds up 32 pixels in float32 and all else in
    float64. It keeps nothing but the image for the gradient, of which it has no gradient in turn: second derivatives
    want 'gather'.

    Args:
        image: [B, H, W, C], any float dtype.
        gamma, beta: [C], scale and shift of each channel.
        slope: of the leaky ReLU below zero, in [0, 1]; 1: none.
        impl: 'gather', stock TensorFlow; 'kernel', the compiled op, of which there is none for GPUs or float64; 'auto',
            that where it can be had.

    Returns:
        [B, H, W, C] in the dtype of `image`.

    Raises:
        ConfigError: wrong ranks or sizes; an `impl` that is unknown or cannot be had.
    """
    image, gamma, beta = (tf.convert_to_tensor(tensor) for tensor in (image, gamma, beta))
    fits = image.shape.rank == 4 and gamma.shape.rank == beta.shape.rank == 1
    if not (fits and image.shape[3:].is_compatible_with(gamma.shape) and gamma.shape.is_compatible_with(beta.shape)):
        raise ConfigError(
            f'expected image [B, H, W, C], gamma [C] and beta [C], got {image.shape}, {gamma.shape} and {beta.shape}'
        )
    gamma, beta = tf.cast(gamma, tf.float32), tf.cast(beta, tf.float32)
    if image.dtype != tf.float64 and kernel_library.use_kernel(impl, 'posewarp_instance_norm'):
        return kernel_library.load().posewarp_instance_norm(image, gamma, beta, slope=slope)[0]
    centered = tf.cast(image, tf.float32)
    centered -= _mean(centered)
    variance = _mean(tf.square(centered))
    scale = tf.math.rsqrt(variance + 1e-5) * gamma
    normalized = tf.cast(centered * scale + beta, image.dtype)
    return normalized if slope == 1 else tf.nn.leaky_relu(normalized, slope)


def _mean(image: tf.Tensor) -> tf.Tensor:
    """Mean over the pixels of each image and channel: [B, H, W, C] -> [B, 1, 1, C]."""
    return tf.reduce_mean(tf.reduce_mean(image, axis=2, keepdims=True), axis=1, keepdims=True)
