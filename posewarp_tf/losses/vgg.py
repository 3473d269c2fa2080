"""VGG-19 as a frozen extractor of features (Simonyan and Zisserman, ICLR 2015).

A tap 'relu3_1' is the first ReLU of the third block. As in the released GFLA, images enter in [-1, 1], RGB,
without ImageNet's mean and standard deviation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError

# Every tap, first layer first.
TAPS = tuple(f'relu{block + 1}_{i + 1}' for block, convs in enumerate((2, 2, 4, 4, 4)) for i in range(convs))

# Numbers of the convolutions in torchvision's `vgg19().features`.
_TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)

# Keras' ImageNet weights expect 0..255 without the mean; torchvision's expect units of this standard deviation.
_KERAS_UNIT = 255 * 0.225

Arrays = dict[str, tuple[np.ndarray, np.ndarray]]


class VGGFeatures:
    """The layers of VGG-19 up to the deepest of `taps`, in float32 under any precision policy, not trainable.

    Args:
      taps: what will be asked for.
      weights: one of
        'imagenet'   the weights of tf.keras.applications, downloaded on first use.
        'random'     seeded He-normal kernels: an untrained network, the same everywhere.
        a path       .h5: the file of tf.keras.applications; .npz: arrays `features.N.weight` and `.bias` (or
                     `N.weight`) in torchvision's order and layout.

    Keras' weights were trained on BGR in 0..255 less the mean, torchvision's, which GFLA uses, on RGB over the
    standard deviation. So the first kernel of Keras' weights is turned to RGB and all biases are divided by 57.4:
    the same network in torchvision's units, whose features have the size that the published loss weights expect.

    Raises:
      RunError: when the weights cannot be had or do not fit.
    """

    def __init__(self, taps: Collection[str], weights: str) -> None:
        network = tf.keras.applications.VGG19(include_top=False, weights=None)
        layers = network.layers[1:]
        deepest = max(taps, key=TAPS.index)
        used = layers[: [_tap(layer) for layer in layers].index(deepest) + 1]
        shapes = {layer.name: tuple(layer.kernel.shape) for layer in used if _tap(layer)}
        arrays = _checked(_reader(weights)(shapes), shapes, weights)
        self._layers = [(_tap(layer), _frozen(layer, arrays.get(layer.name))) for layer in used]

    def __call__(self, image: tf.Tensor, taps: Collection[str]) -> dict[str, tf.Tensor]:
        """Features of images [B, H, W, 3] in [-1, 1]: tap -> float32 [B, H / 2**(block - 1), ..., C]."""
        features: dict[str, tf.Tensor] = {}
        x = tf.cast(image, tf.float32)
        for tap, layer in self._layers:
            if len(features) == len(set(taps)):
                break
            x = layer(x)
            if tap in taps:
                features[tap] = x
        return features


def _tap(layer: tf.keras.layers.Layer) -> str:
    """'block3_conv1' is 'relu3_1'; layers that are no convolution have none."""
    is_conv = isinstance(layer, tf.keras.layers.Conv2D)
    return layer.name.replace('block', 'relu').replace('conv', '') if is_conv else ''


def _frozen(layer: tf.keras.layers.Layer, arrays: tuple[np.ndarray, np.ndarray] | None) -> tf.keras.layers.Layer:
    """A copy without ties to the network that it comes from, so that the layers behind it can be forgotten."""
    copy = type(layer).from_config({**layer.get_config(), 'dtype': 'float32', 'trainable': False})
    # A layer that is not trainable still makes variables that every tape would watch.
    with tf.variable_creator_scope(lambda make, **options: make(**{**options, 'trainable': False})):
        copy.build(layer.input_shape)
    if arrays is not None:
        copy.set_weights(arrays)
    return copy


def _reader(weights: str) -> Callable[[dict[str, tuple[int, ...]]], Arrays]:
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

    def read(shapes: dict[str, tuple[int, ...]]) -> Arrays:
        try:
            return readers[suffix](weights)
        except Exception as error:  # Damaged archives raise anything from OSError to zlib.error.
            raise RunError(f'--vgg_weights: {weights} cannot be read: {error}') from error

    return read


def _checked(arrays: Arrays, shapes: dict[str, tuple[int, ...]], weights: str) -> Arrays:
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


def _random(shapes: dict[str, tuple[int, ...]]) -> Arrays:
    rng = np.random.default_rng(19)
    arrays = {}
    for name, shape in shapes.items():
        deviation = np.sqrt(2 / np.prod(shape[:3]), dtype=np.float32)
        arrays[name] = deviation * rng.standard_normal(shape, np.float32), np.zeros(shape[-1], np.float32)
    return arrays


def _download() -> Arrays:
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
    return _in_torchvision_units({layer.name: layer.get_weights() for layer in network.layers if _tap(layer)})


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
            tap.replace('relu', 'block').replace('_', '_conv'): (
                file[keys[f'{number}.weight']].transpose(2, 3, 1, 0),
                file[keys[f'{number}.bias']],
            )
            for tap, number in zip(TAPS, _TORCHVISION)
            if f'{number}.weight' in keys and f'{number}.bias' in keys
        }
