"""Inception v3 as PyTorch has it, in two variants: that of torchvision, and that which FID is defined with.

The second, `pt_inception-2015-12-05`, has the weights of TensorFlow's first Inception and differs in its poolings:
means leave the border's zeros out, and the last block takes the maximum. Blocks are called as in torchvision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.ops import to_float_image
from posewarp_tf.tensor_files.reading import read_arrays

SIZE = (299, 299)
# By the number of classes that their last layer tells apart.
VARIANTS = {1008: 'fid', 1000: 'torchvision'}
# What torchvision's `transform_input` makes of pictures, x: x s + m.
_SCALE, _SHIFT = (0.458, 0.448, 0.450), (-0.030, -0.088, -0.188)
_EPSILON = 1e-3

# (name, kernel, width): convolution, batch norm, ReLU; '_s2' in the kernel: every second pixel, without a border.
Step = tuple[str, str, int]
Branch = tuple[Union[Step, list[Step]], ...]
_POOL = 'branch_pool'


def _block_a(pooled: int) -> list[Branch]:
    return [
        (('branch1x1', '1x1', 64),),
        (('branch5x5_1', '1x1', 48), ('branch5x5_2', '5x5', 64)),
        (('branch3x3dbl_1', '1x1', 64), ('branch3x3dbl_2', '3x3', 96), ('branch3x3dbl_3', '3x3', 96)),
        ((_POOL, '1x1', pooled),),
    ]


def _block_c(width: int) -> list[Branch]:
    double = [('1x1', width), ('7x1', width), ('1x7', width), ('7x1', width), ('1x7', 192)]
    return [
        (('branch1x1', '1x1', 192),),
        (('branch7x7_1', '1x1', width), ('branch7x7_2', '1x7', width), ('branch7x7_3', '7x1', 192)),
        tuple((f'branch7x7dbl_{i}', kernel, out) for i, (kernel, out) in enumerate(double, start=1)),
        ((_POOL, '1x1', 192),),
    ]


def _block_e() -> list[Branch]:
    return [
        (('branch1x1', '1x1', 320),),
        (('branch3x3_1', '1x1', 384), [('branch3x3_2a', '1x3', 384), ('branch3x3_2b', '3x1', 384)]),
        (
            ('branch3x3dbl_1', '1x1', 448),
            ('branch3x3dbl_2', '3x3', 384),
            [('branch3x3dbl_3a', '1x3', 384), ('branch3x3dbl_3b', '3x1', 384)],
        ),
        ((_POOL, '1x1', 192),),
    ]


# The branches of each block; a list within a branch: steps side by side. An empty branch is a maximum over 3x3_s2.
_BLOCKS: dict[str, list[Branch]] = {
    'Mixed_5b': _block_a(32),
    'Mixed_5c': _block_a(64),
    'Mixed_5d': _block_a(64),
    'Mixed_6a': [
        (('branch3x3', '3x3_s2', 384),),
        (('branch3x3dbl_1', '1x1', 64), ('branch3x3dbl_2', '3x3', 96), ('branch3x3dbl_3', '3x3_s2', 96)),
        (),
    ],
    'Mixed_6b': _block_c(128),
    'Mixed_6c': _block_c(160),
    'Mixed_6d': _block_c(160),
    'Mixed_6e': _block_c(192),
    'Mixed_7a': [
        (('branch3x3_1', '1x1', 192), ('branch3x3_2', '3x3_s2', 320)),
        (
            *(('branch7x7x3_1', '1x1', 192), ('branch7x7x3_2', '1x7', 192), ('branch7x7x3_3', '7x1', 192)),
            ('branch7x7x3_4', '3x3_s2', 192),
        ),
        (),
    ],
    'Mixed_7b': _block_e(),
    'Mixed_7c': _block_e(),
}


class TorchInception:
    """Features and class probabilities of pictures.

    Args:
        path: .pth, .safetensors or .npz of its state_dict: pt_inception-2015-12-05-6726825d.pth, or torchvision's
            inception_v3_google-0cc3c7bd.pth.
        transforms_input: gives the network x s + m for pictures x in [0, 1], as torchvision's `transform_input` does
            for pictures in ImageNet's units; else pictures in [-1, 1].

    Attributes:
        variant: 'fid' or 'torchvision', which the file tells.

    Raises:
        RunError: the file cannot be read, or is not of this network.
    """

    def __init__(self, path: str, transforms_input: bool = False) -> None:
        self._path = path
        self._arrays: Mapping[str, np.ndarray] = read_arrays(path, 'inception_weights')
        last = self._array('fc.weight')
        if last.ndim != 2 or len(last) not in VARIANTS:
            raise RunError(f'--inception_weights: {path}: fc.weight: got {last.shape}, expected 1008 or 1000 classes')
        self.variant = VARIANTS[len(last)]
        self._transforms_input = transforms_input
        self._last = tf.constant(last.T, tf.float32), tf.constant(self._array('fc.bias'), tf.float32)
        signature = [tf.TensorSpec((None, *SIZE, 3), tf.float32)]
        self._network = tf.function(self._outputs, input_signature=signature, autograph=False)
        try:
            self._network.get_concrete_function()
        except ValueError as error:
            words = 'arrays of another shape than those of Inception v3'
            raise RunError(f'--inception_weights: {path}: {words}: {error}') from error
        self._arrays = {}

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(features [B, 2048], probabilities [B, classes]) of pictures [B, H, W, 3], uint8 or float in [-1, 1]."""
        x = to_float_image(images) if images.dtype == np.uint8 else tf.cast(images, tf.float32)
        # Without smoothing, as PyTorch interpolates.
        x = tf.image.resize(x, SIZE)
        if self._transforms_input:
            x = (x + 1) / 2 * tf.constant(_SCALE) + tf.constant(_SHIFT)
        features, probabilities = self._network(x)
        return features.numpy().astype(np.float64), probabilities.numpy().astype(np.float64)

    def _outputs(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = self._step(x, ('Conv2d_1a_3x3', '3x3_s2', 32))
        x = self._step(x, ('Conv2d_2a_3x3', '3x3', 32), 'VALID')
        x = tf.nn.max_pool2d(self._step(x, ('Conv2d_2b_3x3', '3x3', 64)), 3, 2, 'VALID')
        x = self._step(x, ('Conv2d_3b_1x1', '1x1', 80))
        x = tf.nn.max_pool2d(self._step(x, ('Conv2d_4a_3x3', '3x3', 192), 'VALID'), 3, 2, 'VALID')
        for name, branches in _BLOCKS.items():
            x = tf.concat([self._branch(x, name, branch) for branch in branches], axis=-1)
        features = tf.reduce_mean(x, axis=(1, 2))
        kernel, bias = self._last
        return features, tf.nn.softmax(features @ kernel + bias)

    def _branch(self, x: tf.Tensor, block: str, branch: Branch) -> tf.Tensor:
        if not branch:
            return tf.nn.max_pool2d(x, 3, 2, 'VALID')
        if branch[0][0] == _POOL:
            x = self._pooled(x, block)
        for steps in branch:
            side_by_side = steps if isinstance(steps, list) else [steps]
            found = [self._step(x, (f'{block}.{name}', kernel, width)) for name, kernel, width in side_by_side]
            x = tf.concat(found, axis=-1) if len(found) > 1 else found[0]
        return x

    def _pooled(self, x: tf.Tensor, block: str) -> tf.Tensor:
        """Over 3x3 pixels, at every pixel."""
        if self.variant == 'torchvision':
            return tf.nn.avg_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 1, 'VALID')
        if block == 'Mixed_7c':
            return tf.nn.max_pool2d(x, 3, 1, 'SAME')
        # TensorFlow's mean is over the pixels that there are.
        return tf.nn.avg_pool2d(x, 3, 1, 'SAME')

    def _step(self, x: tf.Tensor, step: Step, padding: str = 'SAME') -> tf.Tensor:
        name, kernel, width = step
        size, _, halves = kernel.partition('_')
        folded, bias = self._convolution(name, (*(int(side) for side in size.split('x')), x.shape[-1], width))
        return tf.nn.relu(tf.nn.conv2d(x, folded, *((2, 'VALID') if halves else (1, padding))) + bias)

    def _convolution(self, name: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Kernel [kh, kw, in, out] and bias, the batch norm folded into both."""
        kernel = self._array(f'{name}.conv.weight')
        gamma, beta, mean, variance = (
            self._array(f'{name}.bn.{part}') for part in ('weight', 'bias', 'running_mean', 'running_var')
        )
        if kernel.ndim != 4 or kernel.transpose(2, 3, 1, 0).shape != shape or {len(gamma), len(mean)} != {shape[-1]}:
            raise ValueError(f'{name}: got {kernel.shape}, expected a kernel {shape} (h, w, in, out)')
        scale = gamma / np.sqrt(variance + _EPSILON)
        folded = (kernel.transpose(2, 3, 1, 0) * scale).astype(np.float32)
        return folded, (beta - mean * scale).astype(np.float32)

    def _array(self, key: str) -> np.ndarray:
        if key not in self._arrays:
            raise RunError(f'--inception_weights: {self._path} has no array {key}: not the weights of Inception v3')
        return self._arrays[key].astype(np.float64)
