"""Terms that learn from exact flow and visibility, which synthetic people have: correspondence itself is the teacher.

    flow term = sum over scales of w_s * mean over pixels of the end-point error,   w = 1, .5, .25, .125 from full size

Flows of every scale are brought to full size first, so that all errors are in pixels of the picture, and no true flow
is averaged over the edge of a limb. Visible and occluded pixels of the target's person are terms apart: what is seen in
both pictures can be matched, what the source hides has to be guessed. Of the background nothing is known.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.errors import ConfigError
from posewarp_tf.losses.reconstruction import weighted_mean
from posewarp_tf.losses.scene import Level, Scene
from posewarp_tf.ops import resize_flow

# The end-point error is smooth below this many pixels.
END_POINT_EPSILON = 0.01

# Masks are kept this far from 0 and 1, where the cross entropy has no bound.
_MASK_MARGIN = 1e-6

_FAMILY = 'source'


def supervised_flow(scene: Scene) -> tf.Tensor:
    """Robust end-point error over the person's pixels that the source shows too."""
    return _flow_error(scene, VISIBILITY_VISIBLE)


def supervised_occluded_flow(scene: Scene) -> tf.Tensor:
    """The same over those whose place in the source is hidden or outside the picture."""
    return _flow_error(scene, VISIBILITY_OCCLUDED)


def visibility_mask(scene: Scene) -> tf.Tensor:
    """Cross entropy of the motion's masks with true visibility over the person, mean over scales.

    The masks are 1 where the warped source is taken: where the pixel is visible.

    Raises:
        ConfigError: the stage makes no masks.
    """
    masks = scene.motions[_FAMILY].masks
    if not masks:
        raise ConfigError('--loss_weights: visibility_mask: the stage makes no masks, give it to one that does')
    visible, person = _is(scene, VISIBILITY_VISIBLE), _person(scene)
    errors = []
    for level, mask in zip(_levels(scene), masks):
        weight = _shrink(level, person)
        share = tf.math.divide_no_nan(_shrink(level, visible), weight)
        errors.append(weighted_mean(binary_cross_entropy(mask[..., 0], share), weight))
    return tf.add_n(errors) / len(errors)


def visibility_composition(scene: Scene) -> tf.Tensor:
    """Cross entropy of the composition mask [B, H, W, 1] with true occlusion over the person.

    It is 1 where the picture is synthesised: where the source hides the pixel.
    """
    mask = scene.outputs['composition_mask']
    error = binary_cross_entropy(mask[..., 0], _is(scene, VISIBILITY_OCCLUDED))
    return weighted_mean(error, _person(scene))


def end_point_error(flow: tf.Tensor, exact_flow: tf.Tensor) -> tf.Tensor:
    """sqrt(|flow - exact|^2 + eps^2) - eps, eps = 0.01 px: two [B, H, W, 2] -> [B, H, W], smooth at 0 (Charbonnier)."""
    square = tf.reduce_sum(tf.square(flow - exact_flow), axis=-1)
    return tf.sqrt(square + END_POINT_EPSILON**2) - END_POINT_EPSILON


def binary_cross_entropy(mask: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
    """-t log m - (1 - t) log(1 - m), both [B, h, w] in [0, 1]."""
    mask = tf.clip_by_value(mask, _MASK_MARGIN, 1 - _MASK_MARGIN)
    return -truth * tf.math.log(mask) - (1 - truth) * tf.math.log(1 - mask)


def _flow_error(scene: Scene, visibility: int) -> tf.Tensor:
    exact_flow, weight = scene.batch['flow'], _is(scene, visibility)
    size = exact_flow.shape[1:3]
    return tf.add_n(
        [
            level.weight * weighted_mean(end_point_error(_at_full_size(level.flow, size), exact_flow), weight)
            for level in _levels(scene)
        ]
    )


def _levels(scene: Scene) -> list[Level]:
    return [level for level in scene.levels if level.family == _FAMILY]


def _at_full_size(flow: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    return flow if flow.shape[1:3] == size else resize_flow(flow, size)


def _is(scene: Scene, visibility: int) -> tf.Tensor:
    """1 in the pixels of a visibility, float32 [B, H, W]."""
    return tf.cast(scene.batch['visibility'] == visibility, tf.float32)


def _person(scene: Scene) -> tf.Tensor:
    return 1 - _is(scene, VISIBILITY_BACKGROUND)


def _shrink(level: Level, weight: tf.Tensor) -> tf.Tensor:
    """Means over the blocks of a level, [B, h, w]."""
    return level.shrink(weight[..., tf.newaxis])[..., 0]
