"""Pictures as poorer cameras and files show them: keras-cv's layers, or the same in stock TensorFlow.

All functions take pictures float32 [B, H, W, 3] in [0, 1] and one amount per picture, [B].
"""

from __future__ import annotations

import functools

import tensorflow as tf

from posewarp_tf import lanes

# Side of the window of blurs, which holds them up to a standard deviation of about 2 pixels.
BLUR_WINDOW = 9


def blur(pictures: tf.Tensor, sigmas: tf.Tensor) -> tf.Tensor:
    """Gaussian blurs of standard deviations float32 [B], in pixels; zeros lie outside the pictures."""
    change = blur_with_keras_cv if lanes.has('keras-cv') else blur_with_stock
    return change(pictures, sigmas)


def blur_with_keras_cv(pictures: tf.Tensor, sigmas: tf.Tensor) -> tf.Tensor:
    """`blur` by keras-cv's layer."""
    blurring, _ = _keras_cv_layers()

    def blurred(picture_and_sigma: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        picture, sigma = picture_and_sigma
        kernel = blurring.get_kernel(sigma, BLUR_WINDOW)
        kernels = tf.reshape(kernel, [-1, 1, 1, 1]), tf.reshape(kernel, [1, -1, 1, 1])
        return blurring.augment_image(picture, transformation=kernels)

    return _each(blurred, pictures, sigmas)


def blur_with_stock(pictures: tf.Tensor, sigmas: tf.Tensor) -> tf.Tensor:
    """`blur` by stock TensorFlow."""

    def blurred(picture_and_sigma: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        picture, sigma = picture_and_sigma
        distance = tf.range(BLUR_WINDOW, dtype=tf.float32) - BLUR_WINDOW // 2
        kernel = tf.exp(-tf.square(distance) / (2.0 * tf.square(sigma)))
        kernel = tf.tile(tf.reshape(kernel / tf.reduce_sum(kernel), [1, -1, 1, 1]), [1, 1, 3, 1])
        rows = tf.nn.depthwise_conv2d(picture[tf.newaxis], kernel, [1, 1, 1, 1], 'SAME')
        return tf.nn.depthwise_conv2d(rows, tf.transpose(kernel, [1, 0, 2, 3]), [1, 1, 1, 1], 'SAME')[0]

    return _each(blurred, pictures, sigmas)


def compress(pictures: tf.Tensor, qualities: tf.Tensor) -> tf.Tensor:
    """The pictures as JPEG files of qualities int32 [B], 0 to 100, show them."""
    change = compress_with_keras_cv if lanes.has('keras-cv') else compress_with_stock
    return change(pictures, qualities)


def compress_with_keras_cv(pictures: tf.Tensor, qualities: tf.Tensor) -> tf.Tensor:
    """`compress` by keras-cv's layer."""
    _, compressing = _keras_cv_layers()
    return _each(lambda pair: compressing.augment_image(pair[0], transformation=pair[1]), pictures, qualities)


def compress_with_stock(pictures: tf.Tensor, qualities: tf.Tensor) -> tf.Tensor:
    """`compress` by stock TensorFlow."""
    return _each(lambda pair: tf.image.adjust_jpeg_quality(*pair), pictures, qualities)


def _each(change, pictures: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """One picture after the other: each has another kernel, or is a file of its own."""
    spec = tf.TensorSpec(pictures.shape[1:], tf.float32)
    return tf.ensure_shape(tf.map_fn(change, (pictures, amounts), fn_output_signature=spec), pictures.shape)


@functools.lru_cache(maxsize=1)
def _keras_cv_layers() -> tuple:
    import keras_cv

    # Their own random factors are never drawn: these layers take no seed for each call.
    return (
        keras_cv.layers.RandomGaussianBlur(BLUR_WINDOW, 1.0, dtype='float32'),
        keras_cv.layers.RandomJpegQuality((0, 100), dtype='float32'),
    )
