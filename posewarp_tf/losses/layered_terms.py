"""The objective of the layered model: exact flow, visibility and parts of rendered people, and the person's pixels.

All means are over the target's person unless they say otherwise. Estimates of half and of full size count alike.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from posewarp_tf.conventions import PART_NAMES, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.losses.reconstruction import weighted_mean
from posewarp_tf.losses.scene import Scene
from posewarp_tf.poses.body_layers import IN_LAYER

# What the source hides is where the flow is a guess, and where the painter alone is seen.
_OCCLUDED_FLOW, _OCCLUDED_PAINT = 0.25, 3.0
_SMOOTH = 1e-3


def layer_flow(scene: Scene) -> tf.Tensor:
    """End-point error, in pixels of the full size / 8, of the flow of the layer that each pixel shows.

    Occluded pixels weigh a quarter.
    """
    visible, occluded = _visibility(scene)
    weight = visible + _OCCLUDED_FLOW * occluded
    layers = tf.gather(tf.constant(IN_LAYER), tf.cast(scene.batch['target_parts'], tf.int32))

    def error(flows: tf.Tensor) -> tf.Tensor:
        step = _step(scene, flows)
        truth = scene.batch['flow'][:, ::step, ::step] / step
        own = tf.reduce_sum(flows * layers[:, ::step, ::step, :, tf.newaxis], axis=3)
        distance = tf.sqrt(tf.reduce_sum(tf.square(own - truth), axis=-1) + _SMOOTH)
        return weighted_mean(distance * step / 8.0, weight[:, ::step, ::step])

    return _mean(scene, 'flows', error)


def part_cross_entropy(scene: Scene) -> tf.Tensor:
    """Of the target's body parts, over all pixels."""
    return _mean(scene, 'parts', lambda logits: _cross_entropy(scene, logits, 'target'))


def source_part_cross_entropy(scene: Scene) -> tf.Tensor:
    """Of the source's body parts, over all pixels of the source."""
    return _cross_entropy(scene, scene.outputs['layers']['source_parts'], 'source')


def silhouette_overlap(scene: Scene) -> tf.Tensor:
    """1 - IoU of the predicted silhouette and the true one, with probabilities in place of yes and no."""
    logits = scene.outputs['layers']['parts'][-1]
    step = _step(scene, logits)
    found, truth = 1.0 - tf.nn.softmax(logits)[..., 0], _person(scene)[:, ::step, ::step]
    both = tf.reduce_sum(found * truth, axis=(1, 2))
    return 1.0 - (both + 1.0) / (tf.reduce_sum(found + truth, axis=(1, 2)) - both + 1.0)


def layer_visibility(scene: Scene) -> tf.Tensor:
    """Cross-entropy of what the model trusts to be shown by the source."""
    visible, _ = _visibility(scene)

    def error(logits: tf.Tensor) -> tf.Tensor:
        step = _step(scene, logits)
        loss = tf.nn.sigmoid_cross_entropy_with_logits(visible[:, ::step, ::step], logits[..., 0])
        return weighted_mean(loss, _person(scene)[:, ::step, ::step])

    return _mean(scene, 'visible', error)


def person_l1(scene: Scene) -> tf.Tensor:
    """L1 distance of the person, moved and painted, to the target."""
    return weighted_mean(_difference(scene, 'person'), _person(scene))


def painted_l1(scene: Scene) -> tf.Tensor:
    """L1 distance of what the painter makes to the target; occluded pixels weigh three times as much."""
    visible, occluded = _visibility(scene)
    return weighted_mean(_difference(scene, 'painted'), visible + _OCCLUDED_PAINT * occluded)


def person_gradient(scene: Scene) -> tf.Tensor:
    """L1 distance of the differences between neighbouring pixels of the person to those of the target."""
    found, truth, person = scene.outputs['layers']['person'], scene.batch['target_image'], _person(scene)
    total = 0.0
    for axis in (1, 2):
        distance = tf.reduce_mean(tf.abs(_slope(found, axis) - _slope(truth, axis)), axis=-1)
        inside = tf.minimum(*_neighbours(person, axis))
        total += weighted_mean(distance, inside)
    return total


def _mean(scene: Scene, name: str, error: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    estimates = scene.outputs['layers'][name]
    return tf.add_n([error(estimate) for estimate in estimates]) / len(estimates)


def _cross_entropy(scene: Scene, logits: tf.Tensor, side: str) -> tf.Tensor:
    step = _step(scene, logits)
    labels = tf.cast(scene.batch[f'{side}_parts'], tf.int32)[:, ::step, ::step]
    truth = tf.one_hot(labels, len(PART_NAMES))
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(truth, logits), axis=(1, 2))


def _step(scene: Scene, estimate: tf.Tensor) -> int:
    """How many pixels of the picture are one of an estimate, per axis."""
    return scene.batch['target_image'].shape[1] // estimate.shape[1]


def _person(scene: Scene) -> tf.Tensor:
    """1 where the target shows the person, [B, H, W]."""
    return tf.cast(scene.batch['target_parts'] > 0, tf.float32)


def _visibility(scene: Scene) -> tuple[tf.Tensor, tf.Tensor]:
    """1 where the source shows what the target shows of the person, and where it does not: [B, H, W]."""
    values = scene.batch['visibility']
    return tuple(
        tf.cast(values == tf.constant(value, values.dtype), tf.float32) * _person(scene)
        for value in (VISIBILITY_VISIBLE, VISIBILITY_OCCLUDED)
    )


def _difference(scene: Scene, name: str) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(scene.outputs['layers'][name] - scene.batch['target_image']), axis=-1)


def _neighbours(values: tf.Tensor, axis: int) -> tuple[tf.Tensor, tf.Tensor]:
    return (values[:, 1:], values[:, :-1]) if axis == 1 else (values[:, :, 1:], values[:, :, :-1])


def _slope(picture: tf.Tensor, axis: int) -> tf.Tensor:
    after, before = _neighbours(picture, axis)
    return after - before
