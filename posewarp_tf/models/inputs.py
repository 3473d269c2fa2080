"""What goes into a model: from what people have (a picture, joints) to what a network takes, one way for all.

A model lists its `Input`s, tensors of its network, each of which is made of raw ones of some kind (kinds.py). A pose is
made of joints, of a map of body parts, or of both: its `PoseForm` says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from posewarp_tf.conventions import NUM_JOINTS, PART_NAMES
from posewarp_tf.models.kinds import (
    CLASS_MAPS,
    ClassMap,
    Joints,
    Kind,
    Maps,
    Picture,
    RawInput,
    Size,
    Skeletons,
    Vector,
)
from posewarp_tf.poses.views import VIEW_SIZE

if TYPE_CHECKING:
    import tensorflow as tf

    from posewarp_tf.models.config import ModelConfig

# Channels of a pose, by --pose_representation.
POSE_CHANNELS = {'joints': NUM_JOINTS, 'parts': len(PART_NAMES), 'both': NUM_JOINTS + len(PART_NAMES)}


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
    """One tensor that a network takes, made of one raw input of the same name unless a subclass says otherwise.

    Attributes:
        role: whose it is, one of the model's roles.
        what: the rest of its name.
        kind: that of the raw input.
        description: what people should know of the raw input.
        asked_by: the setting by which a model takes it; empty for what it always takes.
    """

    role: str
    what: str
    kind: Kind
    description: str
    asked_by: str = ''

    @property
    def name(self) -> str:
        return f'{self.role}_{self.what}'

    @property
    def raw(self) -> tuple[RawInput, ...]:
        """What it is made of."""
        return (RawInput(self.name, self.role, self.kind, self.description, self.asked_by),)

    @property
    def dtype(self) -> str:
        return self.kind.dtype

    def shape(self, size: Size) -> tuple[int | None, ...]:
        """Without the batch."""
        return self.kind.shape(size)

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        """The tensor [B, ...], from raw inputs by their names."""
        return raw[self.name]


class PictureInput(Input):
    """`<role>_image`, float32 [B, H, W, 3] in [-1, 1]."""

    def __init__(self, role: str, description: str = 'The person, RGB, 0 to 255, squashed to this size.') -> None:
        super().__init__(role, 'image', Picture(), description)

    @property
    def dtype(self) -> str:
        return 'float32'

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        from posewarp_tf.ops import to_float_image

        return to_float_image(raw[self.name])


class MaskInput(Input):
    """`<role>_mask`, float32 [B, H, W, 1], 0 or 1."""

    def __init__(self, role: str, description: str) -> None:
        super().__init__(role, 'mask', ClassMap(('no', 'yes')), description)

    @property
    def dtype(self) -> str:
        return 'float32'

    def shape(self, size: Size) -> tuple[int, ...]:
        return (*size, 1)

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        import tensorflow as tf

        return tf.cast(raw[self.name], tf.float32)[..., tf.newaxis]


class GarmentInput(Input):
    """`<role>_garment`, uint8 [B, H, W] of conventions.GARMENT_NAMES."""

    def __init__(self, role: str) -> None:
        words = f'Garment of each pixel of {role}_image.'
        super().__init__(role, 'garment', CLASS_MAPS['garment'], words, '--use_garment')


class MapsInput(Input):
    """`<role>_pose`, float32 [B, H, W, channels], as it is given."""

    def __init__(self, role: str, channels: int) -> None:
        super().__init__(role, 'pose', Maps(channels), f'The pose of {role}_image, {channels} numbers for every pixel.')


class JointsInput(Input):
    """`<role>_keypoints`, float32 [B, 18, 2] (x, y) in pixels, missing (-1, -1)."""

    def __init__(self, role: str) -> None:
        super().__init__(role, 'keypoints', Joints(), _joints_of(role))


class ViewInput(Input):
    """`<role>_view`, float32 [B, 21], from where an object is seen (poses/views.py)."""

    def __init__(self, role: str) -> None:
        whose = 'the picture to make' if role == 'target' else f'{role}_image'
        words = f'View of {whose}: one-hot of 18 azimuths, 20 degrees apart, then of 3 elevations, 10 degrees apart.'
        super().__init__(role, 'view', Vector(VIEW_SIZE), words)


class SkeletonsInput(Input):
    """`skeletons`, float32 [B, T, 34], joints of one person over time."""

    def __init__(self) -> None:
        words = '17 joints of a person in each frame, COCO order: 17 y, then 17 x, -1 to 1 over the picture.'
        super().__init__('', 'skeletons', Skeletons(), words)

    @property
    def name(self) -> str:
        return self.what


@dataclasses.dataclass(frozen=True, init=False)
class PoseInput(Input):
    """`<role>_pose`, float32 [B, H, W, channels], made of joints and parts as its form says."""

    form: PoseForm = PoseForm('joints', 6.0, NUM_JOINTS)

    def __init__(self, role: str, form: PoseForm) -> None:
        super().__init__(role, 'pose', Joints(), _joints_of(role))
        object.__setattr__(self, 'form', form)

    @property
    def raw(self) -> tuple[RawInput, ...]:
        joints = RawInput(f'{self.role}_keypoints', self.role, self.kind, self.description)
        if self.form.representation == 'joints':
            return (joints,)
        picture = 'the picture to make' if self.role == 'target' else f'{self.role}_image'
        words, setting = f'Body part of each pixel of {picture}.', f'--pose_representation={self.form.representation}'
        return joints, RawInput(f'{self.role}_parts', self.role, CLASS_MAPS['parts'], words, setting)

    def shape(self, size: Size) -> tuple[int, ...]:
        return (*size, self.form.channels)

    def make(self, raw: Mapping[str, tf.Tensor], size: Size) -> tf.Tensor:
        return self.form.make(raw, self.role, size)


def _joints_of(role: str) -> str:
    whose = f'the person in pixels of {role}_image, (-1, -1) if missing'
    return f'{NUM_JOINTS} joints (x, y) of {"the pose to take, likewise" if role == "target" else whose}.'


# The order of raw inputs.
_ORDER = (Picture, Joints, Maps, Skeletons, Vector, ClassMap)


def raw_inputs(inputs: Iterable[Input]) -> list[RawInput]:
    """What people give for `inputs`, each once: pictures, then numbers, then class maps."""
    found = {raw.name: raw for item in inputs for raw in item.raw}
    return sorted(found.values(), key=lambda raw: _ORDER.index(type(raw.kind)))


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
