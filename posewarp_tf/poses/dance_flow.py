"""The flow that joints alone tell between two poses as networks that animate persons see them (dance_maps.py)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import JOINT_NAMES, NUM_JOINTS
from posewarp_tf.poses.limb_motion import limb_flow
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, NUM_SKELETON_JOINTS

# The middle of a heat map whose largest number is less is not the joint: it lies outside of the picture.
_LEAST_PEAK = 0.5


def joints_flow(reference_pose: tf.Tensor, target_pose: tf.Tensor) -> tf.Tensor:
    """float32 [B, H, W, 2], target -> reference, of poses [B, H, W, 20] in COCO's and in Human3.6M's order.

    Where no limb is known in both, it is 0.
    """
    source, target = keypoints_of_maps(reference_pose, COCO_17), keypoints_of_maps(target_pose, HUMAN36M_17)
    return limb_flow(source, target, reference_pose.shape[1:3])


def keypoints_of_maps(pose: tf.Tensor, order: tuple[str, ...]) -> tf.Tensor:
    """Keypoints float32 [B, 18, 2] in pixels, missing (-1, -1), of a pose [B, H, W, 20] whose joints are in `order`.

    A joint is the mean place of its heat map, so it is exact to a fraction of a pixel but near the picture's border.
    COCO has no neck: it is the middle of the shoulders.
    """
    heat = tf.cast(pose[..., :NUM_SKELETON_JOINTS], tf.float32)
    columns, rows = tf.reduce_sum(heat, axis=1), tf.reduce_sum(heat, axis=2)
    places = []
    for sums in (columns, rows):
        pixels = tf.range(sums.shape[1], dtype=tf.float32)[:, tf.newaxis]
        places.append(tf.reduce_sum(sums * pixels, axis=1) / tf.maximum(tf.reduce_sum(sums, axis=1), 1e-6))
    is_lost = tf.cast(tf.reduce_max(heat, axis=(1, 2)) < _LEAST_PEAK, tf.float32)
    shares = _shares(order)
    keypoints = tf.einsum('kj,bjc->bkc', tf.constant(shares), tf.stack(places, axis=-1))
    lost = tf.einsum('kj,bj->bk', tf.constant(shares), is_lost) + tf.constant(1.0 - shares.sum(axis=1))
    return tf.where(lost[..., tf.newaxis] > 0.0, -1.0, keypoints)


def _shares(order: tuple[str, ...]) -> np.ndarray:
    """float32 [18, 17]: of which joints each keypoint is the mean; zeros where there is none."""
    shares = np.zeros((NUM_JOINTS, NUM_SKELETON_JOINTS), np.float32)
    for keypoint, name in enumerate(JOINT_NAMES):
        names = ('right_shoulder', 'left_shoulder') if name == 'neck' and name not in order else (name,)
        for one in names:
            if one in order:
                shares[keypoint, order.index(one)] = 1 / len(names)
    return shares
