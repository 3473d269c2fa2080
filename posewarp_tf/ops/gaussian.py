"""The Gaussian sampler of the sampling-correctness loss: smoother than bilinear, so gradients reach further."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.ops import kernel_library
from posewarp_tf.ops.taps import compute_dtype_of, split_coords, sum_taps
from posewarp_tf.ops.warp import check_source_and_flow, flow_to_coords

KERNEL_SIZES = (2, 4, 6, 8, 10)


def gaussian_sample(
    source: tf.Tensor, flow: tf.Tensor, kernel_size: int = 4, sigma: float = 2.0, impl: str = 'auto'
) -> tf.Tensor:
    """Samples `source` with a Gaussian over the `kernel_size`^2 nearest pixels of each flowed point.

        out[y, x] = sum_{q} w(q) source(q),  w ~ exp(-|q - p|^2 / (2 sigma^2)),  sum_q w = 1,  p = (x + dx, y + dy)

    Borders are clamped tap by tap; the weights are those of the unclamped point.

    Args:
        source: [B, Hs, Ws, C], any float dtype.
        flow: [B, H, W, 2] (dx, dy) in pixels of the source map.
        kernel_size: taps per axis, even, 2 to 10.
        sigma: standard deviation in pixels.
        impl: as of `local_attention_sample`.

    Returns:
        [B, H, W, C] in the dtype of `source`; differentiable in `source` and `flow`.

    Raises:
        ConfigError: a kernel size or sigma that cannot be, wrong ranks or sizes, an `impl` that is unknown or cannot be
          had.
    """
    if kernel_size not in KERNEL_SIZES or sigma <= 0:
        raise ConfigError(
            f'gaussian_sample: got kernel_size {kernel_size} and sigma {sigma}, expected an even kernel_size of 2 to '
            f'{KERNEL_SIZES[-1]} and a positive sigma'
        )
    source, flow = tf.convert_to_tensor(source), tf.convert_to_tensor(flow)
    check_source_and_flow(source, flow)
    dtype = compute_dtype_of(source, flow)
    coords = flow_to_coords(tf.cast(flow, dtype))
    if kernel_library.use_kernel(impl):
        window = {'kernel_size': kernel_size, 'sigma': sigma}
        return kernel_library.call('posewarp_gaussian_sample', source, coords, **window)
    height, width = (source.shape[axis] or tf.shape(source)[axis] for axis in (1, 2))
    first = 1 - kernel_size // 2
    whole, fraction = split_coords(coords, height, width, margin=kernel_size)
    offsets = tf.range(first, first + kernel_size)
    distance = tf.cast(offsets, dtype) - fraction[..., tf.newaxis]
    weights = tf.nn.softmax(-(distance**2) / (2 * sigma**2), axis=-1)
    coefficients = tf.concat([weights[..., 0, :] * weights[..., 1, j : j + 1] for j in range(kernel_size)], axis=-1)
    return sum_taps(source, whole + first, coefficients, columns=kernel_size)
