"""What goes into a model: from what people have (a picture, joints) to what a network takes, one way for all.

A model lists its `Input`s, tensors of its network. Each is made of raw ones, which have a kind: a `Picture`, `Joints`,
a `ClassMap` or a `Vector`. Making, checking, warm-up and metadata hang on the kind. A pose is made of joints, of a map
of body parts, or of both: its `PoseForm` says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, NUM_JOINTS, PART_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.poses.joints import check_joints

if TYPE_CHECKING:
    import tensorflow as tf

    from posewarp_tf.models.config import ModelConfig

Size = tuple[int, int]

# Channels of a pose, by --pose_representation.
POSE_CHANNELS = {'joints': NUM_JOINTS, 'parts': len(PART_NAMES), 'both': NUM_JOINTS + len(PART_NAMES)}


class Picture:
    """RGB, uint8 [H, W, 3] of the model's size."""

    dtype = 'uint8'

    def shape(self, size: Size) -> tuple[int, ...]:
        return (*size, 3)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        """Raises DataError for values that the kind cannot have; `array` has its shape and dtype."""

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size) -> list[tuple[tf.Tensor, str]]:
        """The same in a graph, of a batch: (bool [B] that should be true, message)."""
        return []

    def example(self, size: Size) -> np.ndarray:
        """Something that a network can be tried with."""
        return np.full(self.shape(size), 127, np.uint8)


class Joints(Picture):
    """18 joints (x, y) in pixels of the model's size, (-1, -1) if missing: float32 [18, 2]."""

    dtype = 'float32'

    def shape(self, size: Size) -> tuple[int, ...]:
        return (NUM_JOINTS, 2)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        joints = check_joints(array, name)
        if not np.all((joints >= 0) & (joints < size[::-1]), axis=-1).any():
            raise DataError(
                f'{name}: no joint lies in the picture of {size[0]}x{size[1]} (height x width); '
                'expected its pixels x, y'
            )

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size) -> list[tuple[tf.Tensor, str]]:
        import tensorflow as tf

        finite = tf.reduce_all(tf.math.is_finite(tensor), axis=[1, 2])
        inside = tf.reduce_any(tf.reduce_all((tensor >= 0) & (tensor < size[::-1]), axis=-1), axis=-1)
        return [
            (finite, f'{name}: expected finite numbers, -1 if missing; got others in example'),
            (
                inside,
                f'{name}: expected pixels x, y of a pose in the picture, -1 if missing; no joint lies in it in example',
            ),
        ]

    def example(self, size: Size) -> np.ndarray:
        along = np.linspace(0.1, 0.9, NUM_JOINTS, dtype=np.float32)[:, np.newaxis]
        return along * np.array(size[::-1], np.float32)


class ClassMap(Picture):
    """A class for every pixel: uint8 [H, W], numbers into `names`."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def shape(self, size: Size) -> tuple[int, ...]:
        return size

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        if array.max() >= len(self.names):
            raise DataError(f'{name}: got class {array.max()}, expected 0 to {len(self.names) - 1}')

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size) -> list[tuple[tf.Tensor, str]]:
        import tensorflow as tf

        last = len(self.names) - 1
        known = tf.reduce_all(tensor <= last, axis=[1, 2])
        return [(known, f'{name}: expected classes 0 to {last}; got others in example')]

    def example(self, size: Size) -> np.ndarray:
        return np.zeros(size, np.uint8)


class Vector(Picture):
    """A few numbers, such as a view or a style: float32 [length]."""

    dtype = 'float32'

    def __init__(self, length: int) -> None:
        self.length = length

    def shape(self, size: Size) -> tuple[int, ...]:
        return (self.length,)

    def check(self, array: np.ndarray, name: str, size: Size) -> None:
        if not np.isfinite(array).all():
            raise DataError(f'{name}: got {array.tolist()}, expected finite numbers')

    def graph_checks(self, tensor: tf.Tensor, name: str, size: Size) -> list[tuple[tf.Tensor, str]]:
        import tensorflow as tf

        finite = tf.reduce_all(tf.math.is_finite(tensor), axis=1)
        return [(finite, f'{name}: expected finite numbers; got others in example')]

    def example(self, size: Size) -> np.ndarray:
        return np.zeros(self.length, np.float32)


# Class maps by the last part of their names (source_parts, target_garment): what is known of their classes.
CLASS_MAPS = {'parts': ClassMap(PART_NAMES), 'garment': ClassMap(GARMENT_NAMES)}


def kind_of_array(name: str, dtype: str, shape: Sequence[int]) -> Picture:
    """The kind of a raw input that is only known by its name, dtype and shape, without the batch."""
    if dtype == 'uint8':
        return Picture() if len(shape) == 3 else CLASS_MAPS[name.rpartition('_')[2]]
    return Joints() if tuple(shape) == Joints().shape((0, 0)) else Vector(shape[0])


class RawInput(NamedTuple):
    """What people give: its name, whose it is ('source', 'target', ...), its kind, and what it is in words."""

    name: str
    role: str
    kind: Picture
    description: str


class PoseForm(NamedTuple):
    """What a pose is to a network: float32 [B, H, W, channels] of heatmaps of joints, of body parts, or of both.

    Attributes:
        representation: 'joints', 'parts' or 'both', in this order of channels.
        heatmap_sigma: standard deviation of a joint in its heatmap, in pixels.
        channels: how many the network was made for.
    """

    representation: str
    heatmap_sigma: float
    channels: int

    @property
    def made_channels(self) -> int:
        """How many `make` makes; others are of networks that were imported and see poses of other joints."""
        return POSE_CHANNELS[self.representation]

    def make(self, raw: Mapping[str, tf.Tensor], role: str, size: Size) -> tf.Tensor:
        """From `<role>_keypoints` [B, 18, 2] and, where parts are shown, `<role>_parts` [B, H, W]."""
        import tensorflow as tf

        from posewarp_tf.poses.heatmaps import make_heatmaps

        shown = []
        if self.representation != 'parts':
            shown.append(make_heatmaps(raw[f'{role}_keypoints'], size, self.heatmap_sigma))
        if self.representation != 'joints':
            shown.append(tf.one_hot(tf.cast(raw[f'{role}_parts'], tf.int32), len(PART_NAMES)))
        return shown[0] if len(shown) == 1 else tf.concat(shown, axis=-1)


@dataclasses.dataclass(frozen=True)
class Input:
    """One tensor that a network takes."""

    role: str

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def raw(self) -> tuple[RawInput, ...]:
        """What it is made of."""
        raise NotImplementedError

    def shape(self, size: Size) -> tuple[int, ...]:
        """Without the batch."""
        return self.raw[0].kind.shape(size)

    @property
    def dtype(self) -> str:
        return 'float32'

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        return raw[self.name]


class PictureInput(Input):
    """`<role>_image`, float32 [B, H, W, 3] in [-1, 1]."""

    @property
    def name(self) -> str:
        return f'{self.role}_image'

    @property
    def raw(self) -> tuple[RawInput, ...]:
        return (RawInput(self.name, self.role, Picture(), 'The person, RGB, 0 to 255, squashed to this size.'),)

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        from posewarp_tf.ops import to_float_image

        return to_float_image(raw[self.name])


@dataclasses.dataclass(frozen=True)
class PoseInput(Input):
    """`<role>_pose`, float32 [B, H, W, channels], as its form says."""

    form: PoseForm

    @property
    def name(self) -> str:
        return f'{self.role}_pose'

    @property
    def raw(self) -> tuple[RawInput, ...]:
        of_what, picture = f'the person in pixels of {self.role}_image, (-1, -1) if missing', f'{self.role}_image'
        if self.role == 'target':
            of_what, picture = 'the pose to take, likewise', 'the picture to make'
        words = f'{NUM_JOINTS} joints (x, y) of {of_what}.'
        joints = RawInput(f'{self.role}_keypoints', self.role, Joints(), words)
        if self.form.representation == 'joints':
            return (joints,)
        words = f'Body part of each pixel of {picture}.'
        return joints, RawInput(f'{self.role}_parts', self.role, CLASS_MAPS['parts'], words)

    def shape(self, size: Size) -> tuple[int, ...]:
        return (*size, self.form.channels)

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        return self.form.make(raw, self.role, size)


class GarmentInput(Input):
    """`<role>_garment`, uint8 [B, H, W] of conventions.GARMENT_NAMES."""

    @property
    def name(self) -> str:
        return f'{self.role}_garment'

    @property
    def raw(self) -> tuple[RawInput, ...]:
        words = f'Garment of each pixel of {self.role}_image.'
        return (RawInput(self.name, self.role, CLASS_MAPS['garment'], words),)

    @property
    def dtype(self) -> str:
        return 'uint8'


@dataclasses.dataclass(frozen=True)
class VectorInput(Input):
    """`<role>_<what>`, float32 [B, length]."""

    what: str
    length: int
    description: str

    @property
    def name(self) -> str:
        return f'{self.role}_{self.what}'

    @property
    def raw(self) -> tuple[RawInput, ...]:
        return (RawInput(self.name, self.role, Vector(self.length), self.description),)


def raw_inputs(inputs: Iterable[Input]) -> list[RawInput]:
    """What people give for `inputs`, each once: pictures, then numbers, then class maps."""
    found = {raw.name: raw for item in inputs for raw in item.raw}
    kinds = (lambda raw: type(raw.kind) is Picture, lambda raw: raw.kind.dtype == 'float32', _is_class_map)
    return [raw for has_kind in kinds for raw in found.values() if has_kind(raw)]


def _is_class_map(raw: RawInput) -> bool:
    return isinstance(raw.kind, ClassMap)


def raw_input_specs(model: ModelConfig, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
    """What `make_model_inputs` needs, by name: [B, ...] of the kinds of `raw_inputs`."""
    import tensorflow as tf

    return {
        raw.name: tf.TensorSpec([batch_size, *raw.kind.shape(model.image_size)], raw.kind.dtype)
        for raw in raw_inputs(model.inputs)
    }


def make_model_inputs(raw: Mapping[str, tf.Tensor], model: ModelConfig) -> dict[str, Any]:
    """The inputs of a model from tensors as in `raw_input_specs`."""
    return {item.name: item.make(raw, model.image_size) for item in model.inputs}
