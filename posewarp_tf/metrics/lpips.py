"""LPIPS: a perceptual distance calibrated on human judgements (Zhang et al., CVPR 2018), versions 0.0 and 0.1.

    d(x, y) = sum over layers l of mean over pixels of sum over channels c of w_lc (f_lc(x) - f_lc(y))^2

with f_l the features of a network (lpips_networks.py) at its l-th tap, at each pixel divided by their length. Version
0.0 gives the network pictures in [-1, 1]; 0.1 subtracts ImageNet's mean and divides by its deviation first, and has
other weights w.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.metrics.lpips_networks import NETWORKS, TAP, Conv, Fire, Network, Pool
from posewarp_tf.ops import to_float_image
from posewarp_tf.tensor_files.reading import read_arrays

VERSIONS = ('0.1', '0.0')

# Mean and standard deviation of ImageNet for pictures in [-1, 1].
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)

_EPSILON = 1e-10

# features.0.weight of torchvision, net.slice1.0.weight of LPIPS; lin0.model.1.weight of LPIPS.
_TRUNK_KEY = re.compile(r'(?:features|net\.slice\d+)\.(.+)')
_LINEAR_KEY = re.compile(r'lin(\d+)\.model\.1\.weight')

_HINT = (
    'expected the state_dict of lpips.LPIPS, or two files: the network by torchvision (alexnet, vgg16 or '
    'squeezenet1_1) and the weights that the package lpips carries for it'
)


class Lpips:
    """The distance with the weights of files, which tell the network.

    Args:
        paths: .pth, .safetensors or .npz files: one of the state_dict of `lpips.LPIPS`, or that of a network by
            torchvision and the linear weights of LPIPS (lpips/weights/v0.1/alex.pth, for example).
        version: '0.1' or '0.0'; files of both versions look alike.

    Attributes:
        network: what the files hold: 'alex', 'vgg' or 'squeeze'.

    Raises:
        RunError: a file cannot be read, or arrays are missing or of another shape.
    """

    def __init__(self, paths: Sequence[str], version: str = '0.1') -> None:
        arrays = read_arrays(paths, 'lpips_weights')
        self.version, self._paths = version, ', '.join(paths)
        linear = {int(found[1]): array for key, array in arrays.items() if (found := _LINEAR_KEY.fullmatch(key))}
        trunk = {found[1]: array for key, array in arrays.items() if (found := _TRUNK_KEY.fullmatch(key))}
        self.network = self._told(linear)
        self._layers: Network = NETWORKS[self.network]
        self._weights = [tf.constant(linear[index].reshape(-1), tf.float32) for index in range(len(linear))]
        self._trunk = {
            conv.number: (
                tf.constant(self._array(trunk, f'{conv.number}.weight', conv.shape, (2, 3, 1, 0))),
                tf.constant(self._array(trunk, f'{conv.number}.bias', conv.shape[-1:])),
            )
            for conv in self._layers.convolutions
        }

    @property
    def protocol(self) -> str:
        """What the number means."""
        words = f'LPIPS {self.version} with {self._layers.title} at the resolution of the pictures, mean over pairs'
        return f'{words}; weights {self._paths}'

    def __call__(self, images: np.ndarray, truths: np.ndarray) -> np.ndarray:
        """Distances [B] of pictures [B, H, W, 3], uint8 or float in [-1, 1].

        Raises:
            ConfigError: a side is too short for the network.
        """
        if min(truths.shape[1:3]) < self._layers.smallest_side:
            raise ConfigError(
                f'--lpips_weights: got pictures of {truths.shape[1]}x{truths.shape[2]}, expected sides of at least '
                f'{self._layers.smallest_side} pixels'
            )
        distance = tf.zeros(len(images))
        for weights, first, second in zip(self._weights, self._features(images), self._features(truths)):
            squares = tf.square(first - second)
            distance += tf.reduce_mean(tf.reduce_sum(squares * weights, axis=-1), axis=(1, 2))
        return distance.numpy()

    def _features(self, images: np.ndarray) -> list[tf.Tensor]:
        x = to_float_image(images) if images.dtype == np.uint8 else tf.cast(images, tf.float32)
        if self.version == '0.1':
            x = (x - tf.constant(_SHIFT)) / tf.constant(_SCALE)
        features = []
        for layer in self._layers.layers:
            if layer == TAP:
                features.append(x / (tf.norm(x, axis=-1, keepdims=True) + _EPSILON))
            elif isinstance(layer, Pool):
                x = layer(x)
            elif isinstance(layer, Conv):
                x = layer(x, *self._trunk[layer.number])
            elif isinstance(layer, Fire):
                squeeze, *expand = layer.convolutions
                x = squeeze(x, *self._trunk[squeeze.number])
                x = tf.concat([conv(x, *self._trunk[conv.number]) for conv in expand], axis=-1)
        return features

    def _told(self, linear: Mapping[int, np.ndarray]) -> str:
        """The network, by the widths of the linear weights."""
        widths = tuple(linear[index].size for index in sorted(linear))
        for name, network in NETWORKS.items():
            if network.widths == widths and sorted(linear) == list(range(len(widths))):
                return name
        held = f'linear weights of {", ".join(map(str, widths))} channels' if widths else 'no linear weights lin0, ...'
        raise RunError(f'--lpips_weights: {self._paths}: {held}: {_HINT}')

    def _array(
        self, arrays: Mapping[str, np.ndarray], key: str, shape: tuple[int, ...], axes: tuple[int, ...] | None = None
    ) -> np.ndarray:
        if key not in arrays:
            words = f'no array features.{key} or net.sliceN.{key} of {self._layers.title}'
            raise RunError(f'--lpips_weights: {self._paths}: {words}: {_HINT}')
        array = arrays[key]
        if axes is not None and array.ndim == len(axes):
            array = array.transpose(axes)
        if array.shape != shape:
            raise RunError(
                f'--lpips_weights: {self._paths}: {key}: got {array.shape}, expected {shape} (h, w, in, out)'
            )
        return np.ascontiguousarray(array, np.float32)
