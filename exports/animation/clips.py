"""Whole clips through one step after the other, the state of each fed into the next, whatever computes a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.inference.animating import Animator
from posewarp_tf.ops import to_float_image, to_uint8_image

from ..held_out import each_pair
from .signature import FIRST_STATE

Arrays = Mapping[str, np.ndarray]


def steps_of(clips: Arrays, step: Callable[[Arrays], Arrays]) -> Iterator[tuple[Arrays, Arrays]]:
    """(what goes into a step, what came out) of each frame of clips as `held_out_clips` gives them.

    Args:
        step: inputs of the signature -> its outputs.
    """
    reference = {name: clips[name] for name in ('reference_image', 'reference_pose')}
    state = {
        'previous_image': to_float_image(reference['reference_image']).numpy(),
        'previous_pose': reference['reference_pose'],
    }
    for pose in np.moveaxis(clips['target_poses'], 1, 0):
        request = {**reference, **state, 'target_pose': pose}
        answer = step(request)
        yield request, answer
        state = {name: answer[name] for name in FIRST_STATE}


def as_step(function: Any) -> Callable[[Arrays], Arrays]:
    """A function of tensors by name, such as one of a SavedModel, as a step of arrays."""

    def step(request: Arrays) -> dict[str, np.ndarray]:
        answers = function(**{name: tf.constant(array) for name, array in request.items()})
        return {name: tensor.numpy() for name, tensor in answers.items()}

    return step


def animated(clips: Arrays, step: Callable[[Arrays], Arrays]) -> dict[str, np.ndarray]:
    """`image` uint8 and `previous_image` float32, the same before rounding: [N, n, H, W, 3], of all frames."""
    answers = [answer for _, answer in steps_of(clips, step)]
    return {name: np.stack([answer[name] for answer in answers], axis=1) for name in ('image', 'previous_image')}


def animated_by_model(clips: Arrays, animator: Animator) -> dict[str, np.ndarray]:
    """The same by the network itself, one clip after the other."""
    made = []
    for clip in each_pair(clips):
        tensors = {name: tf.constant(array) for name, array in clip.items()}
        reference = {**tensors, 'reference_image': to_float_image(tensors['reference_image'])}
        poses = tf.unstack(reference.pop('target_poses'), axis=1)
        made.append(tf.concat([outputs['image'] for outputs in animator.outputs(reference, poses)], axis=0))
    frames = tf.stack(made)
    return {'image': to_uint8_image(frames).numpy(), 'previous_image': frames.numpy()}
