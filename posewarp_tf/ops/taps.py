"""The one primitive behind every sampler: a weighted sum over a window of integer taps.

    out[b, y, x] = sum_{j, i} coefficients[b, y, x, j * columns + i]
                              * source[b, clamp(corner_y + j), clamp(corner_x + i)]

A sampler only decides where the window's corner lies and what its coefficients are. All taps of a
pixel share one fractional part, so k x k bilinear samples need (k + 1)^2 taps, not 4 k^2.
"""

from __future__ import annotations

import tensorflow as tf


def sum_taps(source: tf.Tensor, corner: tf.Tensor, coefficients: tf.Tensor, columns: int) -> tf.Tensor:
    """Weighted sum over a window of taps with clamped borders.

    No patch is stored, neither forward nor backward: taps are read one after the other, and read
    again for the gradient. Sums are made in the dtype of `coefficients`.

    Args:
        source: [B, Hs, Ws, C], any float dtype.
        corner: int32 [B, H, W, 2], the (x, y) of each window's first tap; may lie anywhere.
        coefficients: float32 or float64 [B, H, W, rows * columns], row-major.
        columns: taps in a row of the window.

    Returns:
        [B, H, W, C] in the dtype of `source`; differentiable in `source` and `coefficients`.
    """
    batch, source_height, source_width, channels = _shape(source)
    _, height, width, num_taps = _shape(coefficients)
    compute_dtype = coefficients.dtype
    first_row = tf.reshape(tf.range(batch) * (source_height * source_width), [batch, 1, 1])

    def tap_index(tap: int) -> tf.Tensor:
        x = tf.clip_by_value(corner[..., 0] + tap % columns, 0, source_width - 1)
        y = tf.clip_by_value(corner[..., 1] + tap // columns, 0, source_height - 1)
        return tf.reshape(first_row + y * source_width + x, [-1])

    @tf.custom_gradient
    def forward(source: tf.Tensor, coefficients: tf.Tensor) -> tuple:
        pixels = tf.reshape(source, [-1, channels])
        weights = tf.reshape(coefficients, [-1, num_taps])
        total = tf.zeros([], compute_dtype)
        for tap in range(num_taps):
            total += weights[:, tap : tap + 1] * tf.cast(tf.gather(pixels, tap_index(tap)), compute_dtype)

        def backward(upstream: tf.Tensor) -> tuple:
            upstream = tf.reshape(tf.cast(upstream, compute_dtype), [-1, channels])
            num_pixels = batch * source_height * source_width
            source_gradient = tf.zeros([], compute_dtype)
            coefficient_gradients = []
            for tap in range(num_taps):
                index = tap_index(tap)
                read = tf.cast(tf.gather(pixels, index), compute_dtype)
                coefficient_gradients.append(tf.reduce_sum(read * upstream, axis=-1))
                source_gradient += tf.math.unsorted_segment_sum(weights[:, tap : tap + 1] * upstream, index, num_pixels)
            return (
                tf.cast(tf.reshape(source_gradient, [batch, source_height, source_width, channels]), source.dtype),
                tf.reshape(tf.stack(coefficient_gradients, axis=-1), [batch, height, width, num_taps]),
            )

        out = tf.reshape(tf.cast(total, source.dtype), [batch, height, width, channels])
        return out, backward

    return forward(source, coefficients)


def split_coords(coords: tf.Tensor, source_height: int, source_width: int, margin: int) -> tuple:
    """Splits absolute positions [..., (x, y)] into whole pixels (int32) and fractions in [0, 1).

    Whole parts are limited to `margin` pixels around the source: every tap beyond is clamped to the
    same border pixel anyway, and no flow, however far, can overflow an index.
    """
    whole = tf.floor(coords)
    limit = tf.cast(tf.stack([source_width, source_height]), coords.dtype) + (margin - 1)
    limited = tf.clip_by_value(whole, tf.cast(-margin, coords.dtype), limit)
    # NaN has no integer: such a pixel reads a border tap and becomes NaN through its fraction.
    limited = tf.where(tf.math.is_finite(limited), limited, tf.zeros_like(limited))
    return tf.cast(limited, tf.int32), coords - whole


def compute_dtype_of(*tensors: tf.Tensor) -> tf.DType:
    """float64 when a tensor is, else float32: coordinates and sums are never made in half precision."""
    return tf.float64 if any(tensor.dtype == tf.float64 for tensor in tensors) else tf.float32


def _shape(tensor: tf.Tensor) -> list:
    """Static sizes where they are known, dynamic ones where not."""
    dynamic = tf.shape(tensor)
    return [dynamic[axis] if size is None else size for axis, size in enumerate(tensor.shape)]
