"""Weights of VGG-19, from wherever they come, in one form; without TensorFlow, but for the download.

    'imagenet'   the weights of tf.keras.applications, downloaded on first use.
    'random'     seeded He-normal kernels: an untrained network, the same everywhere.
    a path       .h5: the file of tf.keras.applications; .npz: arrays `features.N.weight` and `.bias` (or
                 `N.weight`) in torchvision's order and layout.

Keras' weights were trained on BGR in 0..255 less the mean, torchvision's, which GFLA uses, on RGB over the
standard deviation. So the first kernel of Keras' weights is turned to RGB and all biases are divided by 57.4:
the same network in torchvision's units, whose features have the size that the published loss weights expect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

import numpy as np

from posewarp_tf.errors import RunError
from posewarp_tf.losses.taps import TAPS

# Widths of the five blocks.
_WIDTHS = (64, 128, 256, 512, 512)

# Numbers of the convolutions in torchvision's `vgg19().features`.
_TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)

# Keras' ImageNet weights expect 0..255 without the mean; torchvision's expect units of this standard deviation.
_KERAS_UNIT = 255 * 0.225

# By the names of Keras' layers.
Shapes = dict[str, tuple[int, ...]]
Arrays = dict[str, tuple[np.ndarray, np.ndarray]]


def load_weights(weights: str, taps: Collection[str]) -> Arrays:
    """(kernel, bias) of every convolution up to the deepest of `taps`, by its name in Keras ('block3_conv1').

    Raises:
        RunError: when they cannot be had or are not those of VGG-19.
    """
    shapes = kernel_shapes(taps)
    arrays = _reader(weights)(shapes)
    for name, shape in shapes.items():
        if name not in arrays:
            raise RunError(f'--vgg_weights={weights}: layer {name} is missing: these are not the weights of VGG-19')
        kernel, bias = arrays[name]
        if kernel.shape != shape or bias.shape != shape[-1:]:
            raise RunError(
                f'--vgg_weights={weights}: layer {name}: got a kernel {kernel.shape} and a bias {bias.shape}, '
                f'expected {shape} and {shape[-1:]}'
            )
    return arrays


def kernel_shapes(taps: Collection[str]) -> Shapes:
    """Shapes of the kernels up to the deepest of `taps`, first layer first."""
    shapes: Shapes = {}
    channels = 3
    for tap in TAPS[: max(map(TAPS.index, taps)) + 1]:
        width = _WIDTHS[int(tap[len('relu')]) - 1]
        shapes[keras_name(tap)] = (3, 3, channels, width)
        channels = width
    return shapes


def keras_name(tap: str) -> str:
    """'relu3_1' is the convolution 'block3_conv1'."""
    return tap.replace('relu', 'block').replace('_', '_conv')


def _reader(weights: str) -> Callable[[Shapes], Arrays]:
    """Where the kernels of the given shapes come from."""
    if weights == 'imagenet':
        return lambda shapes: _download()
    if weights == 'random':
        return _random
    readers = {'.h5': _read_h5, '.npz': _read_npz}
    suffix = os.path.splitext(weights)[1]
    if suffix not in readers:
        raise RunError(
            f"--vgg_weights: got {weights!r}, expected 'imagenet', 'random' or the path of a .h5 or .npz file"
        )
    if not os.path.exists(weights):
        raise RunError(f'--vgg_weights: no file {weights}')

    def read(shapes: Shapes) -> Arrays:
        try:
            return readers[suffix](weights)
        except Exception as error:  # Damaged archives raise anything from OSError to zlib.error.
            raise RunError(f'--vgg_weights: {weights} cannot be read: {error}') from error

    return read


def _random(shapes: Shapes) -> Arrays:
    rng = np.random.default_rng(19)
    arrays = {}
    for name, shape in shapes.items():
        deviation = np.sqrt(2 / np.prod(shape[:3]), dtype=np.float32)
        arrays[name] = deviation * rng.standard_normal(shape, np.float32), np.zeros(shape[-1], np.float32)
    return arrays


def _download() -> Arrays:
    import tensorflow as tf

    try:
        network = tf.keras.applications.VGG19(include_top=False, weights='imagenet')
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise RunError(
            f'--vgg_weights=imagenet: the weights could not be downloaded ({error}). On a computer with a network run '
            '`python -c "import tensorflow as tf; tf.keras.applications.VGG19(include_top=False)"`, copy '
            '~/.keras/models/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 from there and give its path as '
            '--vgg_weights=PATH. Or give --vgg_weights=random: the losses then compare pictures in the features of an '
            'untrained network, which trains, but knows nothing of how things look'
        ) from error
    return _in_torchvision_units({layer.name: layer.get_weights() for layer in network.layers if '_conv' in layer.name})


def _read_h5(path: str) -> Arrays:
    import h5py

    with h5py.File(path) as file:
        groups = file.get('model_weights', file)
        names = {name: groups[name].attrs.get('weight_names', ()) for name in groups}
        arrays = {
            name: tuple(np.asarray(groups[name][entry]) for entry in entries)
            for name, entries in names.items()
            if len(entries) == 2
        }
    return _in_torchvision_units(arrays)


def _in_torchvision_units(arrays: dict) -> Arrays:
    scaled = {name: (kernel, bias / _KERAS_UNIT) for name, (kernel, bias) in arrays.items()}
    if 'block1_conv1' in scaled:
        kernel, bias = scaled['block1_conv1']
        scaled['block1_conv1'] = (kernel[:, :, ::-1], bias)
    return scaled


def _read_npz(path: str) -> Arrays:
    with np.load(path) as file:
        keys = {key[len('features.') :] if key.startswith('features.') else key: key for key in file.files}
        return {
            keras_name(tap): (
                file[keys[f'{number}.weight']].transpose(2, 3, 1, 0),
                file[keys[f'{number}.bias']],
            )
            for tap, number in zip(TAPS, _TORCHVISION)
            if f'{number}.weight' in keys and f'{number}.bias' in keys
        }
