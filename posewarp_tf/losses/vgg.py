"""VGG-19, or VGG-16 in its place, as a frozen extractor of features (Simonyan and Zisserman, ICLR 2015).

A tap 'relu3_1' is the first ReLU of the third block. As in the released GFLA, images enter in [-1, 1], RGB,
without ImageNet's mean and standard deviation. Where networks compute in bfloat16 this one does too: its features are
three figures long, and half as dear. float16 would lose gradients of deep features.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import tensorflow as tf

from posewarp_tf.losses.taps import TAPS, tap_of_vgg16
from posewarp_tf.losses.vgg_weights import is_vgg16, load_weights


class VGGFeatures:
    """The layers of VGG-19 up to the deepest of `taps`, in bfloat16 under its policy, else in float32; not trainable.

    Args:
        taps: what will be asked for.
        weights: 'imagenet', 'random', 'hed' or a path, as in vgg_weights.py. With 'hed' it is a VGG-16, whose third
            convolution of a block stands in for the fourth.

    Raises:
        RunError: when the weights cannot be had or do not fit.
    """

    def __init__(self, taps: Collection[str], weights: str) -> None:
        self._is_vgg16 = is_vgg16(weights)
        policy = tf.keras.mixed_precision.global_policy()
        self._dtype = 'bfloat16' if policy.compute_dtype == 'bfloat16' else 'float32'
        make = tf.keras.applications.VGG16 if self._is_vgg16 else tf.keras.applications.VGG19
        layers = make(include_top=False, weights=None).layers[1:]
        deepest = self._own_tap(max(taps, key=TAPS.index))
        used = layers[: [_tap(layer) for layer in layers].index(deepest) + 1]
        arrays = load_weights(weights, taps)
        self._layers = [(_tap(layer), _frozen(layer, arrays.get(layer.name), self._dtype)) for layer in used]

    def __call__(self, image: tf.Tensor, taps: Collection[str]) -> dict[str, tf.Tensor]:
        """Features of images [B, H, W, 3] in [-1, 1]: tap -> float32 [B, H / 2**(block - 1), ..., C]."""
        own = {self._own_tap(tap) for tap in taps}
        features: dict[str, tf.Tensor] = {}
        x = tf.cast(image, self._dtype)
        for tap, layer in self._layers:
            if len(features) == len(own):
                break
            x = layer(x)
            if tap in own:
                features[tap] = tf.cast(x, tf.float32)
        found = sorted((tap for tap in set(taps) if self._own_tap(tap) in features), key=TAPS.index)
        return {tap: features[self._own_tap(tap)] for tap in found}

    def _own_tap(self, tap: str) -> str:
        return tap_of_vgg16(tap) if self._is_vgg16 else tap


def _tap(layer: tf.keras.layers.Layer) -> str:
    """'block3_conv1' is 'relu3_1'; layers that are no convolution have none."""
    is_conv = isinstance(layer, tf.keras.layers.Conv2D)
    return layer.name.replace('block', 'relu').replace('conv', '') if is_conv else ''


def _frozen(
    layer: tf.keras.layers.Layer, arrays: tuple[np.ndarray, np.ndarray] | None, dtype: str
) -> tf.keras.layers.Layer:
    """A copy without ties to the network that it comes from, so that the layers behind it can be forgotten."""
    copy = type(layer).from_config({**layer.get_config(), 'dtype': dtype, 'trainable': False})
    # A layer that is not trainable still makes variables that every tape would watch.
    with tf.variable_creator_scope(lambda make, **options: make(**{**options, 'trainable': False})):
        copy.build(layer.input_shape)
    if arrays is not None:
        copy.set_weights(arrays)
    return copy
