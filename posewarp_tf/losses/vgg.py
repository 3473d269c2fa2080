"""VGG-19, or VGG-16 in its place, as a frozen extractor of features (Simonyan and Zisserman, ICLR 2015).

A tap 'relu3_1' is the first ReLU of the third block. As in the released GFLA, images enter in [-1, 1], RGB,
without ImageNet's mean and standard deviation.

Where networks compute in bfloat16 this one does too. float16 would lose gradients of deep features.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import tensorflow as tf

from posewarp_tf.losses.taps import TAPS, tap_of_vgg16
from posewarp_tf.losses.vgg_weights import is_vgg16, kernel_shapes, load_weights


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
        self._dtype = tf.bfloat16 if policy.compute_dtype == 'bfloat16' else tf.float32
        arrays = load_weights(weights, taps)
        self._layers = [
            (name.replace('block', 'relu').replace('conv', ''), FrozenConvolution(*arrays[name], self._dtype))
            for name in kernel_shapes(taps, self._is_vgg16)
        ]

    def __call__(self, image: tf.Tensor, taps: Collection[str]) -> dict[str, tf.Tensor]:
        """Features of images [B, H, W, 3] in [-1, 1]: tap -> float32 [B, H / 2**(block - 1), ..., C]."""
        own = {self._own_tap(tap) for tap in taps}
        features: dict[str, tf.Tensor] = {}
        x = tf.cast(image, self._dtype)
        for tap, layer in self._layers:
            if len(features) == len(own):
                break
            if tap.endswith('_1') and tap != TAPS[0]:
                x = tf.nn.max_pool2d(x, 2, 2, 'VALID')
            x = layer(x)
            if tap in own:
                features[tap] = tf.cast(x, tf.float32)
        found = sorted((tap for tap in set(taps) if self._own_tap(tap) in features), key=TAPS.index)
        return {tap: features[self._own_tap(tap)] for tap in found}

    def _own_tap(self, tap: str) -> str:
        return tap_of_vgg16(tap) if self._is_vgg16 else tap


class FrozenConvolution:
    """relu(conv 3x3(x) + bias), [B, H, W, C] -> [B, H, W, D]; its gradient is a convolution with a kernel kept for it.

    Of small maps with many channels TensorFlow spends most of the gradient on turning the kernel round, in every step:
    512 channels of 6x4 pixels took 9 times as long as they themselves on a CPU. This kernel never changes.

    Args:
        kernel: [3, 3, C, D].
        bias: [D].
        dtype: of the features.
    """

    def __init__(self, kernel: np.ndarray, bias: np.ndarray, dtype: tf.DType) -> None:
        turned = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2))
        self._arrays = [tf.Variable(tf.cast(array, dtype), trainable=False) for array in (kernel, bias, turned)]

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return _convolve(x, *(tf.convert_to_tensor(array) for array in self._arrays))


@tf.custom_gradient
def _convolve(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, turned: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, 'SAME'), bias))

    def gradient(of_y: tf.Tensor) -> tuple[tf.Tensor, None, None, None]:
        of_sum = tf.raw_ops.ReluGrad(gradients=of_y, features=y)
        return tf.nn.conv2d(of_sum, turned, 1, 'SAME'), None, None, None

    return y, gradient
