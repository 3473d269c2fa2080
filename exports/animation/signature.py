"""One step of animation as a signature: the state of a clip goes in, and comes out for the next step.

step    who is animated: `reference_image` uint8 [B, H, W, 3], `reference_pose` float32 [B, H, W, channels];
        the state: `previous_image` float32 [B, H, W, 3] from -1 to 1, `previous_pose`;
        what is done: `target_pose`
        -> `image` uint8 [B, H, W, 3] to show, and the next state: `previous_image`, which is `image` before it was
        rounded, and `previous_pose`, which is `target_pose`

Before the first frame, previous_image is reference_image / 127.5 - 1 and previous_pose is reference_pose, as in
`Animation.generate`.

Poses are the maps that networks see (poses/dance_maps.py, faces/face_maps.py), not joints. They are drawn pixel by
pixel, each line over those before, and those of faces may have edges of a picture: no graph of stock operations draws
exactly the same, and the networks are recursive, so that nearly the same is not enough.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.inference.animating import Animator
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.models.kinds import Maps, RawInput
from posewarp_tf.ops import to_float_image, to_uint8_image

from ..graph_checks import checked_shapes, checks_of
from ..tflite.litert import STEP_SIGNATURE

NAME = STEP_SIGNATURE
# What comes out of a step under the names by which it goes into the next one, and what it is before the first frame.
FIRST_STATE = {'previous_image': 'reference_image / 127.5 - 1', 'previous_pose': 'reference_pose'}
_PREVIOUS = RawInput(
    'previous_image',
    'previous',
    Maps(3),
    f'The frame before, RGB, -1 to 1, not rounded; before the first one {FIRST_STATE["previous_image"]}.',
)


def step_inputs(model: ModelConfig) -> list[RawInput]:
    """What a step takes: the inputs of the model, but the frame before unrounded."""
    return [_PREVIOUS if given.name == _PREVIOUS.name else given for given in raw_inputs(model.inputs)]


def step_specs(model: ModelConfig, batch_size: int | None = None) -> dict[str, tf.TensorSpec]:
    """The same, by name; pictures first."""
    return {
        given.name: tf.TensorSpec([batch_size, *given.kind.shape(model.image_size)], given.kind.dtype, given.name)
        for given in step_inputs(model)
    }


def make_step(animator: Animator, batch_size: int | None = None, is_served: bool = True) -> Any:
    """The concrete function; its only state are the weights of `animator.model`.

    Args:
        batch_size: None: any.
        is_served: whether it refuses bad requests by name; if not, it is for a .tflite file.
    """
    model = animator.config.model
    specs = step_specs(model, batch_size)

    def step(**raw: tf.Tensor) -> dict[str, tf.Tensor]:
        if is_served:
            raw = checked_shapes(raw, specs)
            checks = [
                check for given in step_inputs(model) for check in checks_of(given, raw[given.name], model.image_size)
            ]
            with tf.control_dependencies(checks):
                raw = {name: tf.identity(tensor) for name, tensor in raw.items()}
        image = animator.model({**raw, 'reference_image': to_float_image(raw['reference_image'])})['image']
        pose = raw['target_pose']
        return {
            'image': to_uint8_image(image),
            'previous_image': tf.cast(image, tf.float32),
            # Converters drop what does nothing, and LiteRT in browsers overwrites an input that is an output too.
            'previous_pose': tf.identity(pose) if is_served else tf.maximum(pose, pose.dtype.min),
        }

    return tf.function(step, autograph=False).get_concrete_function(**specs)
