"""Which features of VGG-19 the terms of an objective look at, by the name of their layer; without TensorFlow.

A tap 'relu3_1' is the first ReLU of the third block, whose maps have 1 / 2**2 of the size.
"""

from __future__ import annotations

from collections.abc import Collection

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings.config import Config

# Every tap, first layer first.
TAPS = tuple(f'relu{block + 1}_{i + 1}' for block, convs in enumerate((2, 2, 4, 4, 4)) for i in range(convs))

PERCEPTUAL_TAPS = ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1')
STYLE_TAPS = ('relu2_2', 'relu3_4', 'relu4_4', 'relu5_2')

# By image: a role ('source', 'target') or 'generated'.
TapsByImage = dict[str, tuple[str, ...]]


def tap_of_vgg16(tap: str) -> str:
    """What stands in for a tap of VGG-19: 'relu3_3' for 'relu3_4', of the others they themselves."""
    return tap[:-1] + '3' if tap.endswith('_4') else tap


def no_taps(config: Config) -> TapsByImage:
    return {}


def perceptual_taps(config: Config) -> TapsByImage:
    return dict.fromkeys(('generated', 'target'), PERCEPTUAL_TAPS)


def style_taps(config: Config) -> TapsByImage:
    return dict.fromkeys(('generated', 'target'), STYLE_TAPS)


def correctness_taps(config: Config) -> TapsByImage:
    return dict.fromkeys((*config.model.families, 'target'), tuple(map(correctness_tap, config.model.flow_scales)))


def correctness_tap(scale: int) -> str:
    """The features of scale s are as large as its flow: relu(s + 1)_1."""
    tap = f'relu{scale + 1}_1'
    if tap not in TAPS:
        raise ConfigError(f'--attention_kernels: VGG-19 has no features at scale {scale} for the term correctness')
    return tap


def feature_taps(config: Config) -> TapsByImage:
    return dict.fromkeys((*config.model.families, 'target'), tuple(map(feature_tap, config.loss.feature_scales)))


def feature_tap(scale: int) -> str:
    return f'relu{scale + 1}_2'


def check_size_for(taps: Collection[str], size: tuple[int, int]) -> None:
    """Raises ConfigError when VGG-19 has no pixel left of pictures of `size` at the deepest of `taps`."""
    deepest = max(taps, key=TAPS.index)
    smallest = 2 ** (int(deepest[len('relu')]) - 1)
    if min(size) < smallest:
        raise ConfigError(
            f'--image_size: got {size[0]},{size[1]}, expected at least {smallest},{smallest} for the features '
            f'{deepest} of VGG-19; a weight of 0 in --loss_weights leaves a term out'
        )
