"""The content-aware sampler: attention over the neighbourhood of each flowed point (GFLA, section 3.2)."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.ops import kernel_library
from posewarp_tf.ops.taps import compute_dtype_of, split_coords, sum_taps
from posewarp_tf.ops.warp import check_source_and_flow, flow_to_coords


def local_attention_sample(source: tf.Tensor, flow: tf.Tensor, attention: tf.Tensor, impl: str = 'auto') -> tf.Tensor:
    """Attention-weighted sum of the k x k bilinear samples around each flowed point.

        out[y, x] = sum_{j, i} attention[y, x, j * k + i] * source(x + dx + i - k // 2, y + dy + j - k // 2)

    Taps outside the source are clamped to the border one by one.

    Args:
        source: [B, Hs, Ws, C], any float dtype.
        flow: [B, H, W, 2] (dx, dy) in pixels of the source map.
        attention: [B, H, W, k * k], row-major with dy outer; k odd, 1 to 9.
        impl: 'gather' (plain TensorFlow: CPU, GPU, XLA, TFLite), 'kernel' (the compiled op) or 'auto' (the op where it
          is built and can run, else gathers).

    Returns:
        [B, H, W, C] in the dtype of `source`; differentiable in every input.

    Raises:
        ConfigError: for an unknown `impl`, one that cannot be had, wrong ranks or sizes.
    """
    source, flow, attention = (tf.convert_to_tensor(tensor) for tensor in (source, flow, attention))
    kernel = _checked_kernel_size(source, flow, attention)
    dtype = compute_dtype_of(source, flow, attention)
    coords, attention = flow_to_coords(tf.cast(flow, dtype)), tf.cast(attention, dtype)
    if kernel_library.use_kernel(impl):
        return kernel_library.call('posewarp_local_attention_sample', source, coords, attention)
    height, width = (source.shape[axis] or tf.shape(source)[axis] for axis in (1, 2))
    center, fraction = split_coords(coords, height, width, margin=kernel)
    coefficients = tap_coefficients(attention, fraction, kernel)
    return sum_taps(source, center - kernel // 2, coefficients, columns=kernel + 1)


def tap_coefficients(attention: tf.Tensor, fraction: tf.Tensor, kernel: int) -> tf.Tensor:
    """Combines k x k attention weights with the bilinear weights of a shared fraction.

    The full 2-D convolution of the k x k weights with [[1-fy], [fy]] [[1-fx, fx]]:
    [B, H, W, k * k] and [B, H, W, (fx, fy)] -> [B, H, W, (k + 1)^2].
    """
    shape = tf.shape(attention)
    # Three dimensions only: TFLite has no pads and slices of six.
    weights = tf.reshape(attention, [-1, kernel, kernel])
    fraction_x, fraction_y = (tf.reshape(part, [-1, 1, 1]) for part in tf.split(fraction, 2, axis=-1))
    for axis, part in ((2, fraction_x), (1, fraction_y)):
        before = [[0, 0], [0, 0], [0, 0]]
        after = [[0, 0], [0, 0], [0, 0]]
        before[axis], after[axis] = [1, 0], [0, 1]
        weights = tf.pad(weights, after) * (1 - part) + tf.pad(weights, before) * part
    return tf.reshape(weights, [shape[0], shape[1], shape[2], (kernel + 1) ** 2])


def _checked_kernel_size(source: tf.Tensor, flow: tf.Tensor, attention: tf.Tensor) -> int:
    check_source_and_flow(source, flow)
    shapes = f'source {source.shape}, flow {flow.shape}, attention {attention.shape}'
    if attention.shape.rank != 4 or not flow.shape[:3].is_compatible_with(attention.shape[:3]):
        raise ConfigError(f'expected flow [B, H, W, 2] and attention [B, H, W, k * k], got {shapes}')
    kernel = next((k for k in (1, 3, 5, 7, 9) if k * k == attention.shape[-1]), None)
    if kernel is None:
        raise ConfigError(f'expected k * k attention weights with k = 1, 3, 5, 7 or 9, got {shapes}')
    return kernel
