"""What people give to a model, by its kind: a `Picture`, `Maps`, `Joints`, `Skeletons`, a `ClassMap` or a `Vector`.

Checking (of arrays, and in graphs), warm-up and metadata hang on the kind.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, NUM_JOINTS, PART_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.poses.joints import check_joints

if TYPE_CHECKING:
    import tensorflow as tf

Size = tuple[int, int]


class Kind(abc.ABC):
    """What a raw input is: an array of `dtype` and `shape` for each example."""

    dtype = 'float32'

    @abc.abstractmethod
    def shape(self, size: Size) -> tuple[int | None, ...]:
        """Without the batch, for a model that works at `size` (height, width); None for what may have any length."""

    def check(self, array: np.ndarray, name: str, size: Size) -> None:  # noqa: B027, a picture has any values
        """Raises DataError for values that the kind cannot have; `array` has its shape and dtype."""

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size | None) -> list[tuple[tf.Tensor, str]]:
        """The same in a graph, of a batch: (bool [B] that should be true, message); without a size, what needs none."""
        return []

    @abc.abstractmethod
    def example(self, size: Size) -> np.ndarray:
        """Something that a network can be tried with."""


class Picture(Kind):
    """RGB, uint8 [H, W, 3] of the model's size."""

    dtype = 'uint8'

    def shape(self, size: Size) -> tuple[int, ...]:
        return (*size, 3)

    def example(self, size: Size) -> np.ndarray:
        return np.full(self.shape(size), 127, np.uint8)


class Maps(Kind):
    """Numbers for every pixel, such as heatmaps: float32 [H, W, channels] of the model's size; programs draw them."""

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def shape(self, size: Size) -> tuple[int, ...]:
        return (*size, self.channels)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        if not np.isfinite(array).all():
            row, column, channel = np.argwhere(~np.isfinite(array))[0].tolist()
            got = f'{array[row, column, channel]} in row {row}, column {column}, channel {channel}'
            raise DataError(f'{name}: got {got}, expected finite numbers')

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size | None) -> list[tuple[tf.Tensor, str]]:
        return [_all_finite(tensor, name)]

    def example(self, size: Size) -> np.ndarray:
        return np.zeros(self.shape(size), np.float32)


class Joints(Kind):
    """18 joints (x, y) in pixels of the model's size, (-1, -1) if missing: float32 [18, 2]."""

    def shape(self, size: Size) -> tuple[int, ...]:
        return (NUM_JOINTS, 2)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        joints = check_joints(array, name)
        if not np.all((joints >= 0) & (joints < size[::-1]), axis=-1).any():
            raise DataError(
                f'{name}: no joint lies in the picture of {size[0]}x{size[1]} (height x width); '
                'expected its pixels x, y'
            )

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size | None) -> list[tuple[tf.Tensor, str]]:
        import tensorflow as tf

        finite = tf.reduce_all(tf.math.is_finite(tensor), axis=[1, 2])
        checks = [(finite, f'{name}: expected finite numbers, -1 if missing; got others in example')]
        if size is not None:
            inside = tf.reduce_any(tf.reduce_all((tensor >= 0) & (tensor < size[::-1]), axis=-1), axis=-1)
            place = 'pixels x, y of a pose in the picture, -1 if missing; no joint lies in it in example'
            checks.append((inside, f'{name}: expected {place}'))
        return checks

    def example(self, size: Size) -> np.ndarray:
        along = np.linspace(0.1, 0.9, NUM_JOINTS, dtype=np.float32)[:, np.newaxis]
        return along * np.array(size[::-1], np.float32)


class Skeletons(Kind):
    """Joints over time: float32 [frames, 34], 17 y and then 17 x, -1 to 1 over the picture; any number of frames."""

    def shape(self, size: Size) -> tuple[int | None, ...]:
        return (None, 34)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        if not np.isfinite(array).all():
            frame = int(np.argmin(np.isfinite(array).all(axis=-1)))
            raise DataError(f'{name}: frame {frame}: got {array[frame].tolist()}, expected finite numbers')

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size | None) -> list[tuple[tf.Tensor, str]]:
        return [_all_finite(tensor, name)]

    def example(self, size: Size) -> np.ndarray:
        return np.zeros((104, 34), np.float32)


class ClassMap(Kind):
    """A class for every pixel: uint8 [H, W], numbers into `names`."""

    dtype = 'uint8'

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def shape(self, size: Size) -> tuple[int, ...]:
        return size

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        if array.max() >= len(self.names):
            raise DataError(f'{name}: got class {array.max()}, expected 0 to {len(self.names) - 1}')

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size | None) -> list[tuple[tf.Tensor, str]]:
        import tensorflow as tf

        last = len(self.names) - 1
        known = tf.reduce_all(tensor <= last, axis=[1, 2])
        return [(known, f'{name}: expected classes 0 to {last}; got others in example')]

    def example(self, size: Size) -> np.ndarray:
        return np.zeros(size, np.uint8)


class Vector(Kind):
    """A few numbers, such as a view or a style: float32 [length]."""

    def __init__(self, length: int) -> None:
        self.length = length

    def shape(self, size: Size) -> tuple[int, ...]:
        return (self.length,)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        if not np.isfinite(array).all():
            raise DataError(f'{name}: got {array.tolist()}, expected finite numbers')

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size | None) -> list[tuple[tf.Tensor, str]]:
        return [_all_finite(tensor, name)]

    def example(self, size: Size) -> np.ndarray:
        return np.zeros(self.length, np.float32)


# Class maps by the last part of their names (source_parts, target_garment): what is known of their classes.
CLASS_MAPS = {'parts': ClassMap(PART_NAMES), 'garment': ClassMap(GARMENT_NAMES)}


def kind_of_array(name: str, dtype: str, shape: Sequence[int]) -> Kind:
    """The kind of a raw input that is only known by its name, dtype and shape, without the batch."""
    if dtype == 'uint8':
        return Picture() if len(shape) == 3 else CLASS_MAPS[name.rpartition('_')[2]]
    if tuple(shape) == Joints().shape((0, 0)):
        return Joints()
    if len(shape) == 3:
        return Maps(shape[2])
    return Vector(shape[0]) if len(shape) == 1 else Skeletons()


def _all_finite(tensor: tf.Tensor, name: str) -> tuple[tf.Tensor, str]:
    import tensorflow as tf

    finite = tf.reduce_all(tf.math.is_finite(tensor), axis=list(range(1, tensor.shape.rank)))
    return finite, f'{name}: expected finite numbers; got others in example'


class RawInput(NamedTuple):
    """What people give.

    Attributes:
        name: `<role>_<what>`.
        role: whose it is, such as 'source'.
        kind: what it is.
        description: the same in words, for people.
        asked_by: the setting by which a model takes it; empty for what it always takes.
    """

    name: str
    role: str
    kind: Kind
    description: str
    asked_by: str = ''
