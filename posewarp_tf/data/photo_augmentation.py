"""Pictures of a pair as other lights, cameras and files would show them, so that no single look is what is learned.

Both sides of a pair get the same colours, since one person wears the same clothes in both; blur, noise and JPEG come to
each picture on its own. keras-cv's layers do the work where it has one; it has none for noise. All amounts are drawn
here, by stateless seeds, which its layers do not take: a batch depends on its seed alone.
"""

from __future__ import annotations

import math

import tensorflow as tf

from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.lanes.colors import change_colors
from posewarp_tf.lanes.photo_quality import BLUR_WINDOW, blur, compress
from posewarp_tf.ops import replicate_pad

# Parts of the [0, 1] range, of the distance to the mean, of the saturation and of the colour circle.
BRIGHTNESS = 0.15
CONTRAST = (0.7, 1.3)
SATURATION = (0.6, 1.6)
HUE = 0.04
# Standard deviations: of blur in pixels of a picture whose shorter side has 192, of noise in parts of the range.
BLUR = (0.3, 1.4)
NOISE = 0.04
JPEG_QUALITY = (30, 95)
# How many of the pictures are blurred, how many are noisy and how many come from a JPEG file.
SHARE = 0.5

_REFERENCE_SIDE = 192


def augment_photos(images: tf.Tensor, num_roles: int, seed: tf.Tensor, shard: Shard = WHOLE) -> tf.Tensor:
    """The pictures of a batch, changed at random.

    Args:
        images: float32 [K B, H, W, 3] in [-1, 1]: those of the first role, then those of the next.
        num_roles: K.
        seed: two integers, which alone decide what is drawn.
        shard: which part of a larger batch this one is.

    Returns:
        The same shape and range.
    """
    height, width = images.shape[1:3]
    num_pictures = images.shape[0] * shard.count
    seeds = tf.random.experimental.stateless_split(seed, 3)
    pictures = _recolored((images + 1.0) / 2.0, num_roles, seeds[0], shard)
    draws = shard.of(tf.random.stateless_uniform([6, num_pictures], seeds[1]), axis=1, roles=num_roles)
    chosen = draws[:3, :, tf.newaxis, tf.newaxis, tf.newaxis] < SHARE
    sigmas = _between(BLUR, draws[3]) * (min(height, width) / _REFERENCE_SIDE)
    # Nothing dark from outside comes in.
    margin = BLUR_WINDOW // 2
    blurred = blur(replicate_pad(pictures, margin), sigmas)[:, margin:-margin, margin:-margin]
    pictures = tf.where(chosen[0], blurred, pictures)
    noise = _noise(shard.of(tf.random.experimental.stateless_split(seeds[2], num_pictures), roles=num_roles), images)
    noisy = pictures + noise * (draws[4] * NOISE)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    pictures = tf.clip_by_value(tf.where(chosen[1], noisy, pictures), 0.0, 1.0)
    qualities = tf.cast(tf.round(_between(JPEG_QUALITY, draws[5])), tf.int32)
    pictures = tf.where(chosen[2], compress(pictures, qualities), pictures)
    return pictures * 2.0 - 1.0


def _noise(seeds: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """Normal numbers of the shape of `images`; a seed of its own for each, so that a part of a batch draws no more."""
    shape = images.shape[1:]
    return tf.map_fn(
        lambda seed: tf.random.stateless_normal(shape, seed), seeds, fn_output_signature=tf.TensorSpec(shape)
    )


def _recolored(pictures: tf.Tensor, num_roles: int, seed: tf.Tensor, shard: Shard) -> tf.Tensor:
    """Pictures in [0, 1] with other brightness, contrast, saturation and hue, the same for all roles of an example."""
    num_examples = pictures.shape[0] // num_roles * shard.count
    draws = shard.of(tf.random.stateless_uniform([4, num_examples], seed), axis=1)
    draws = tf.tile(draws, [1, num_roles])
    low, high = (math.log(factor) for factor in SATURATION)
    changed = change_colors(
        pictures,
        brightness=_between((-BRIGHTNESS, BRIGHTNESS), draws[0]),
        contrast=_between(CONTRAST, draws[1]),
        saturation=tf.exp(_between((low, high), draws[2])),
        hue=_between((-HUE, HUE), draws[3]),
    )
    return tf.clip_by_value(changed, 0.0, 1.0)


def _between(limits: tuple[float, float], draws: tf.Tensor) -> tf.Tensor:
    return limits[0] + draws * (limits[1] - limits[0])
