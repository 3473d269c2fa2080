"""The networks of LPIPS, layer by layer, as torchvision has them: AlexNet, VGG-16 and SqueezeNet 1.1.

A convolution is called by its number in torchvision's `features`, and a ReLU follows it.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

# The features so far are compared.
TAP = 'tap'


class Conv(NamedTuple):
    """A convolution and a ReLU; shape: [kh, kw, in, out]; padding: zeros on every side."""

    number: str
    shape: tuple[int, int, int, int]
    stride: int = 1
    padding: int = 0

    def __call__(self, x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        edges = [[0, 0], [self.padding, self.padding], [self.padding, self.padding], [0, 0]]
        return tf.nn.relu(tf.nn.conv2d(x, kernel, self.stride, edges) + bias)


class Pool(NamedTuple):
    """The maximum over size x size pixels, stride 2; with `ceil` a last window may reach over the edge."""

    size: int
    ceil: bool = False

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        if self.ceil:
            # No feature is below the zeros that are put there.
            x = tf.pad(x, [[0, 0], *[[0, (side - self.size) % 2] for side in x.shape[1:3]], [0, 0]])
        return tf.nn.max_pool2d(x, self.size, 2, 'VALID')


class Fire(NamedTuple):
    """1x1 convolution to few channels, from which 1x1 and 3x3 ones make `expanded` channels each, side by side."""

    number: str
    channels: int
    squeezed: int
    expanded: int

    @property
    def convolutions(self) -> tuple[Conv, Conv, Conv]:
        return (
            Conv(f'{self.number}.squeeze', (1, 1, self.channels, self.squeezed)),
            Conv(f'{self.number}.expand1x1', (1, 1, self.squeezed, self.expanded)),
            Conv(f'{self.number}.expand3x3', (3, 3, self.squeezed, self.expanded), padding=1),
        )


class Network(NamedTuple):
    """title: for people; smallest_side: of pictures that the last tap has a pixel of; widths: channels at the taps."""

    title: str
    smallest_side: int
    widths: tuple[int, ...]
    layers: tuple[Conv | Pool | Fire | str, ...]

    @property
    def convolutions(self) -> list[Conv]:
        found = [layer for layer in self.layers if isinstance(layer, Conv)]
        return found + [conv for layer in self.layers if isinstance(layer, Fire) for conv in layer.convolutions]


def _vgg_block(*convolutions: tuple[int, int, int]) -> tuple[Conv | Pool | str, ...]:
    """3x3 convolutions (number, in, out), then a tap."""
    return (*(Conv(str(number), (3, 3, ins, outs), padding=1) for number, ins, outs in convolutions), TAP)


_ALEX = (
    *(Conv('0', (11, 11, 3, 64), 4, 2), TAP, Pool(3)),
    *(Conv('3', (5, 5, 64, 192), padding=2), TAP, Pool(3)),
    *(Conv('6', (3, 3, 192, 384), padding=1), TAP),
    *(Conv('8', (3, 3, 384, 256), padding=1), TAP),
    *(Conv('10', (3, 3, 256, 256), padding=1), TAP),
)
_VGG = (
    *(*_vgg_block((0, 3, 64), (2, 64, 64)), Pool(2)),
    *(*_vgg_block((5, 64, 128), (7, 128, 128)), Pool(2)),
    *(*_vgg_block((10, 128, 256), (12, 256, 256), (14, 256, 256)), Pool(2)),
    *(*_vgg_block((17, 256, 512), (19, 512, 512), (21, 512, 512)), Pool(2)),
    *_vgg_block((24, 512, 512), (26, 512, 512), (28, 512, 512)),
)
_SQUEEZE = (
    *(Conv('0', (3, 3, 3, 64), 2), TAP, Pool(3, ceil=True)),
    *(Fire('3', 64, 16, 64), Fire('4', 128, 16, 64), TAP, Pool(3, ceil=True)),
    *(Fire('6', 128, 32, 128), Fire('7', 256, 32, 128), TAP, Pool(3, ceil=True)),
    *(Fire('9', 256, 48, 192), TAP, Fire('10', 384, 48, 192), TAP),
    *(Fire('11', 384, 64, 256), TAP, Fire('12', 512, 64, 256), TAP),
)
NETWORKS = {
    'alex': Network('AlexNet', 31, (64, 192, 384, 256, 256), _ALEX),
    'vgg': Network('VGG-16', 16, (64, 128, 256, 512, 512), _VGG),
    'squeeze': Network('SqueezeNet', 17, (64, 128, 256, 384, 384, 512, 512), _SQUEEZE),
}
