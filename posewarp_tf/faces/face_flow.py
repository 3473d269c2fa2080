"""The flow that the curves of a face alone tell between two poses as networks see them (face_maps.py).

A curve of the target is carried to that of the source by its middle and by its extent along x and y:

    source = middle_source + sqrt((variance_source + k) / (variance_target + k)) (target - middle_target)

of the pixels on the curve and less than 3 pixels beside it, which is as much as a pose tells. With k = (0.3 of the
face's size)^2 a curve that has hardly an extent keeps it. Every pixel follows the curves near it, and far from the face
nothing moves.
"""

from __future__ import annotations

import tensorflow as tf

from posewarp_tf.faces.landmarks import CURVES

# Parts of the face's size, the deviation of its outline from its middle.
_STIFFNESS = 0.3
_NEARNESS = 0.3
# So far from the only curve, what stands still has as much to say.
_STILL = 0.5


def curves_flow(reference_pose: tf.Tensor, target_pose: tf.Tensor) -> tf.Tensor:
    """float32 [B, H, W, 2], target -> reference, of poses [B, H, W, 16]. A picture without a face has no flow."""
    size = target_pose.shape[1:3]
    (middle, variance, known), (middle_target, variance_target, known_target) = (
        _moments(pose) for pose in (reference_pose, target_pose)
    )
    # The outline is the first curve.
    face = tf.maximum(tf.sqrt(tf.reduce_mean(variance_target[:, :1], axis=-1)), 1.0)
    k = tf.square(_STIFFNESS * face)[..., tf.newaxis]
    scale = tf.sqrt((variance + k) / (variance_target + k))
    # source - target = (scale - 1) target + (middle_source - scale middle_target).
    moved = middle - scale * middle_target
    near = _nearness(target_pose, face) * (known * known_target)[:, tf.newaxis, tf.newaxis]
    still = (1 + (_STILL / _NEARNESS) ** 2) ** -3
    total = tf.reduce_sum(near, axis=-1) + still
    x = tf.reshape(tf.range(size[1], dtype=tf.float32), [1, 1, -1])
    y = tf.reshape(tf.range(size[0], dtype=tf.float32), [1, -1, 1])
    flows = []
    for axis, place in enumerate((x, y)):
        slope = tf.einsum('bhwk,bk->bhw', near, scale[..., axis] - 1)
        start = tf.einsum('bhwk,bk->bhw', near, moved[..., axis])
        flows.append((slope * place + start) / total)
    return tf.stack(flows, axis=-1)


def _distances(pose: tf.Tensor) -> tf.Tensor:
    """float32 [B, H, W, 14]: pixels to each curve, in steps of 3."""
    return 3 * 255 * tf.cast(pose[..., 1 : 1 + len(CURVES)], tf.float32)


def _moments(pose: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Of each curve its middle and variance along x and y, float32 [B, 14, 2], and whether it is seen, [B, 14]."""
    on = tf.cast(_distances(pose) < 1.5, tf.float32)
    count = tf.reduce_sum(on, axis=(1, 2))
    middles, variances = [], []
    for other in (1, 2):
        sums = tf.reduce_sum(on, axis=other)
        pixels = tf.range(sums.shape[1], dtype=tf.float32)[:, tf.newaxis]
        middle = tf.reduce_sum(sums * pixels, axis=1) / tf.maximum(count, 1.0)
        spread = tf.square(pixels - middle[:, tf.newaxis])
        middles.append(middle)
        variances.append(tf.reduce_sum(sums * spread, axis=1) / tf.maximum(count, 1.0))
    return tf.stack(middles, axis=-1), tf.stack(variances, axis=-1), tf.cast(count > 0, tf.float32)


def _nearness(pose: tf.Tensor, face: tf.Tensor) -> tf.Tensor:
    """How much each curve has to say at each pixel: (1 + (distance / reach)^2)^-3, float32 [B, H, W, 14]."""
    reach = (_NEARNESS * face)[:, tf.newaxis, tf.newaxis]
    near = 1 / (1 + tf.square(_distances(pose) / reach))
    return near * near * near
