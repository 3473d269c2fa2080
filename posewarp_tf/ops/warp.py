"""Dense grids, bilinear warps and the only function that changes a flow's resolution."""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.ops import kernel_library
from posewarp_tf.ops.taps import compute_dtype_of, split_coords, sum_taps


def coords_grid(height: int | tf.Tensor, width: int | tf.Tensor, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Positions of the pixel centres: [height, width, 2], entry [y, x] = (x, y)."""
    x, y = tf.meshgrid(tf.range(width), tf.range(height))
    return tf.cast(tf.stack([x, y], axis=-1), dtype)


def flow_to_coords(flow: tf.Tensor) -> tf.Tensor:
    """Where each target pixel comes from: coords [B, H, W, 2] = grid + flow."""
    height, width = (flow.shape[axis] or tf.shape(flow)[axis] for axis in (1, 2))
    return coords_grid(height, width, flow.dtype) + flow


def bilinear_sample(source: tf.Tensor, flow: tf.Tensor, impl: str = 'auto') -> tf.Tensor:
    """Warps `source` backward by `flow`: out[y, x] = source at (x + dx, y + dy), bilinear.

    Each of the four taps is clamped to the border by itself; the weights are those of the unclamped
    point.

    Args:
        source: [B, Hs, Ws, C], any float dtype.
        flow: [B, H, W, 2] (dx, dy) in pixels of the source map.
        impl: as of `local_attention_sample`.

    Returns:
        [B, H, W, C] in the dtype of `source`.

    Raises:
        ConfigError: wrong ranks or sizes; an `impl` that is unknown or cannot be had.
    """
    source, flow = tf.convert_to_tensor(source), tf.convert_to_tensor(flow)
    check_source_and_flow(source, flow)
    return _sample_at(source, flow_to_coords(tf.cast(flow, compute_dtype_of(source, flow))), impl)


def sample_at(source: tf.Tensor, coords: tf.Tensor, impl: str = 'auto') -> tf.Tensor:
    """Bilinear samples of `source` [B, Hs, Ws, C] at absolute positions `coords` [B, H, W, (x, y)]."""
    source, coords = tf.convert_to_tensor(source), tf.convert_to_tensor(coords)
    check_source_and_flow(source, coords, 'coords')
    return _sample_at(source, tf.cast(coords, compute_dtype_of(source, coords)), impl)


def _sample_at(source: tf.Tensor, coords: tf.Tensor, impl: str) -> tf.Tensor:
    if kernel_library.use_kernel(impl):
        return kernel_library.call('posewarp_bilinear_sample', source, coords)
    height, width = (source.shape[axis] or tf.shape(source)[axis] for axis in (1, 2))
    corner, fraction = split_coords(coords, height, width, margin=1)
    weights_x = tf.concat([1 - fraction[..., :1], fraction[..., :1]], axis=-1)
    coefficients = tf.concat([weights_x * (1 - fraction[..., 1:]), weights_x * fraction[..., 1:]], axis=-1)
    return sum_taps(source, corner, coefficients, columns=2)


def check_source_and_flow(source: tf.Tensor, flow: tf.Tensor, name: str = 'flow') -> None:
    """Raises a ConfigError unless they are [B, Hs, Ws, C] and [B, H, W, 2] as far as their shapes are known.

    `name` is that of `flow` in the message.
    """
    fits = source.shape.rank == flow.shape.rank == 4
    if not (fits and flow.shape[3] == 2 and source.shape[:1].is_compatible_with(flow.shape[:1])):
        raise ConfigError(
            f'expected source [B, Hs, Ws, C] and {name} [B, H, W, 2], got source {source.shape}, {name} {flow.shape}'
        )


def resize_flow(flow: tf.Tensor, size: tuple[int, int], method: str = 'bilinear') -> tf.Tensor:
    """Resizes flows [B, h, w, 2] to [B, H, W, 2] and converts their unit to the new pixels.

    `method` 'nearest' takes the flow of the nearest pixel: one that may not be averaged over the edge of a person.
    """
    height, width = (tf.cast(tf.shape(flow)[axis], tf.float32) for axis in (1, 2))
    ratio = tf.stack([tf.cast(size[1], tf.float32) / width, tf.cast(size[0], tf.float32) / height])
    return tf.cast(tf.cast(tf.image.resize(flow, size, method), tf.float32) * ratio, flow.dtype)


def replicate_pad(image: tf.Tensor, pad: int) -> tf.Tensor:
    """Repeats the border of [B, H, W, C] `pad` times on every side."""
    for axis in (1, 2):
        size = image.shape[axis] or tf.shape(image)[axis]
        image = tf.gather(image, tf.clip_by_value(tf.range(-pad, size + pad), 0, size - 1), axis=axis)
    return image
