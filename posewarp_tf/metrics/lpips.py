"""LPIPS: a perceptual distance calibrated on human judgements (Zhang et al., CVPR 2018), version 0.1 with AlexNet.

    d(x, y) = sum over layers l of mean over pixels of sum over channels c of w_lc (f_lc(x) - f_lc(y))^2

with f_l the features behind the l-th ReLU of AlexNet (as in torchvision), at each pixel divided by their length.
"""

from __future__ import annotations

import os

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.ops import to_float_image

# Mean and standard deviation of ImageNet for pictures in [-1, 1].
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)

# Each convolution: its number in torchvision's `alexnet().features`, kernel [kh, kw, in, out], stride, padding.
_LAYERS = (
    (0, (11, 11, 3, 64), 4, 2),
    (3, (5, 5, 64, 192), 1, 2),
    (6, (3, 3, 192, 384), 1, 1),
    (8, (3, 3, 384, 256), 1, 1),
    (10, (3, 3, 256, 256), 1, 1),
)
# A maximum over 3 x 3 pixels, stride 2, comes before these.
_POOLED = (3, 6)

# What the first convolution and the two poolings leave at least one pixel of.
SMALLEST_SIDE = 31

_EPSILON = 1e-10

LPIPS_PROTOCOL = 'LPIPS 0.1 with AlexNet at the resolution of the pictures, mean over pairs'


class Lpips:
    """The distance with the weights of a file.

    Args:
        path: .npz of the state_dict of `lpips.LPIPS(net='alex')`, each array under its own key: `net.slice1.0.weight`,
            ..., `lin0.model.1.weight`, ...

    Raises:
        RunError: the file cannot be read or lacks arrays.
    """

    def __init__(self, path: str) -> None:
        arrays = _read(path)
        self._convolutions = [
            (
                tf.constant(_array(arrays, f'.{number}.weight', shape, path, (2, 3, 1, 0))),
                tf.constant(_array(arrays, f'.{number}.bias', shape[-1:], path)),
            )
            for number, shape, _, _ in _LAYERS
        ]
        self._weights = [
            tf.constant(_array(arrays, f'lin{index}.model.1.weight', (1, shape[-1], 1, 1), path).reshape(-1))
            for index, (_, shape, _, _) in enumerate(_LAYERS)
        ]

    def __call__(self, images: np.ndarray, truths: np.ndarray) -> np.ndarray:
        """Distances [B] of uint8 pictures [B, H, W, 3], sides of at least 31 pixels."""
        distance = tf.zeros(len(images))
        for weights, first, second in zip(self._weights, self._features(images), self._features(truths)):
            squares = tf.square(first - second)
            distance += tf.reduce_mean(tf.reduce_sum(squares * weights, axis=-1), axis=(1, 2))
        return distance.numpy()

    def _features(self, images: np.ndarray) -> list[tf.Tensor]:
        x = (to_float_image(images) - tf.constant(_SHIFT)) / tf.constant(_SCALE)
        features = []
        for (kernel, bias), (number, _, stride, padding) in zip(self._convolutions, _LAYERS):
            if number in _POOLED:
                x = tf.nn.max_pool2d(x, 3, 2, 'VALID')
            edges = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, stride, edges) + bias)
            features.append(x / (tf.norm(x, axis=-1, keepdims=True) + _EPSILON))
        return features


def _read(path: str) -> dict[str, np.ndarray]:
    if not os.path.exists(path):
        raise RunError(f'--lpips_weights: no file {path}')
    try:
        with np.load(path) as file:
            return {key: file[key] for key in file.files}
    except Exception as error:  # Damaged archives raise anything from OSError to zlib.error.
        raise RunError(f'--lpips_weights: {path} is not an .npz file: {error}') from error


def _array(
    arrays: dict[str, np.ndarray], suffix: str, shape: tuple[int, ...], path: str, axes: tuple[int, ...] | None = None
) -> np.ndarray:
    found = [key for key in arrays if key.endswith(suffix)]
    if not found:
        raise RunError(
            f'--lpips_weights: {path} has no array ...{suffix}: these are not the weights of LPIPS with AlexNet'
        )
    array = arrays[found[0]] if axes is None else arrays[found[0]].transpose(axes)
    if array.shape != shape:
        raise RunError(f'--lpips_weights: {path}: {found[0]}: got {array.shape}, expected {shape} (h, w, in, out)')
    return array.astype(np.float32)
