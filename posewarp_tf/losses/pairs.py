"""Other pairs made of a batch's pictures: swapped, or with one side replaced."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from posewarp_tf.losses.random_warp import RandomWarp, warp_person
from posewarp_tf.models.config import ModelConfig

Tensors = Mapping[str, tf.Tensor]
Person = dict[str, tf.Tensor]

_PARTS_OF_A_SIDE = ('image', 'keypoints', 'pose', 'parts', 'garment')


def one_side(batch: Tensors, side: str) -> Person:
    """All that a batch says about 'source' or 'target', without the prefix: image, keypoints, pose and class maps."""
    return {name: batch[f'{side}_{name}'] for name in _PARTS_OF_A_SIDE if f'{side}_{name}' in batch}


def make_pair(source: Person, target: Person) -> dict[str, tf.Tensor]:
    """The batch of a source and a target."""
    sides = (('source', source), ('target', target))
    return {f'{side}_{name}': tensor for side, person in sides for name, tensor in person.items()}


def move_person(warp: RandomWarp, person: Person, model: ModelConfig) -> Person:
    """A person after a warp, with a pose made anew from the moved keypoints (and parts)."""
    moved = warp_person(warp, person)
    if model.pose_form is not None:
        moved['pose'] = model.pose_form.make(make_pair(moved, {}), 'source', model.image_size)
    return moved


def join(batches: list[dict[str, tf.Tensor]]) -> dict[str, tf.Tensor]:
    """One batch after the other, of the keys that all have."""
    return {
        key: tf.concat([batch[key] for batch in batches], axis=0)
        for key in batches[0]
        if all(key in b for b in batches)
    }
