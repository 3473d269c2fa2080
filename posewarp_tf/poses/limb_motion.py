"""How limbs move between two poses, told by the joints alone: nothing is learned.

A limb is carried by an affine map from the target picture to the source picture. With d' and d the limb's vectors in
the target and in the source (from shoulder to elbow, say), and s R the rotation from the one to the other at the scale
between the two bodies,

    M = (sum d d'^T + k s R) (sum d' d'^T + k I)^-1,    k = (0.15 of the body's size)^2

the matrix that fits the vectors best and is near a similarity where they say nothing: across a limb, and in one that
points at the camera. Limbs with a missing joint have no map; pixels follow the limbs near them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import NUM_JOINTS

_NECK, _HIPS = (1,), (8, 11)


class Limb(NamedTuple):
    """vectors: pairs of places, each the mean of some joints. The limb lies along the first one, and the group that it
    belongs to moves as one layer."""

    group: str
    vectors: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


LIMBS = (
    Limb('torso', ((_NECK, _HIPS), ((2,), (5,)), ((8,), (11,)))),
    Limb('torso', (((2,), (5,)), (_NECK, _HIPS))),
    Limb('head', ((_NECK, (0,)), ((14,), (15,)), ((16,), (17,)))),
    Limb('right_arm', (((2,), (3,)),)),
    Limb('right_arm', (((3,), (4,)),)),
    Limb('left_arm', (((5,), (6,)),)),
    Limb('left_arm', (((6,), (7,)),)),
    Limb('right_leg', (((8,), (9,)),)),
    Limb('right_leg', (((9,), (10,)),)),
    Limb('left_leg', (((11,), (12,)),)),
    Limb('left_leg', (((12,), (13,)),)),
)
GROUPS = tuple(dict.fromkeys(limb.group for limb in LIMBS))

_MAX_VECTORS = max(len(limb.vectors) for limb in LIMBS)
# Parts of the body's size, which is about the length of the trunk.
_STIFFNESS = 0.15
_NEARNESS = 0.2
# Of limbs of other groups, beside those of a pixel's own: they speak where the group has none.
_STRANGERS = 1e-4


def _places(joints: tuple[int, ...]) -> np.ndarray:
    row = np.zeros(NUM_JOINTS, np.float32)
    row[list(joints)] = 1 / len(joints)
    return row


def _table(end: int) -> np.ndarray:
    """float32 [limbs, vectors, 18]: of which joints an end of each vector is the mean; zeros where there is none."""
    table = np.zeros((len(LIMBS), _MAX_VECTORS, NUM_JOINTS), np.float32)
    for index, limb in enumerate(LIMBS):
        for number, vector in enumerate(limb.vectors):
            table[index, number] = _places(vector[end])
    return table


_STARTS, _ENDS = _table(0), _table(1)
_IN_GROUP = np.array([[limb.group == group for limb in LIMBS] for group in GROUPS], np.float32)


def limb_flow(source_keypoints: tf.Tensor, target_keypoints: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The flow [B, H, W, 2] of `size` (height, width) in which every pixel follows the limbs near it.

    Keypoints [B, 18, 2] are in pixels of `size`, missing (-1, -1). Where no limb is known in both poses, it is 0.
    """
    maps = limb_maps(source_keypoints, target_keypoints)
    return _blended(maps, size, np.ones((1, len(LIMBS)), np.float32))[:, :, :, 0]


def layer_flows(source_keypoints: tf.Tensor, target_keypoints: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The same for each of GROUPS on its own, as if nothing else were in the picture: [B, H, W, groups, 2]."""
    maps = limb_maps(source_keypoints, target_keypoints)
    return _blended(maps, size, _IN_GROUP + _STRANGERS * (1 - _IN_GROUP))


class LimbMaps(NamedTuple):
    """Of each limb: source = anchor_source + matrix (target - anchor_target); known float [B, L], 0 or 1.

    anchors [B, L, 2]; matrix [B, L, 2, 2]; starts, ends [B, L, 2]: of the limb in the target; size [B, 1]: the target
    body's.
    """

    source: tf.Tensor
    target: tf.Tensor
    matrix: tf.Tensor
    known: tf.Tensor
    starts: tf.Tensor
    ends: tf.Tensor
    size: tf.Tensor


def limb_maps(source_keypoints: tf.Tensor, target_keypoints: tf.Tensor) -> LimbMaps:
    """The maps of LIMBS, from keypoints [B, 18, 2]."""
    source, target = (tf.cast(keypoints, tf.float32) for keypoints in (source_keypoints, target_keypoints))
    seen = tf.cast(tf.reduce_min(source, -1) >= 0, tf.float32) * tf.cast(tf.reduce_min(target, -1) >= 0, tf.float32)
    starts, ends, valid = _vectors_in(source, target, seen)
    (a, a_target), (b, b_target) = starts, ends
    d, d_target = b - a, b_target - a_target
    lengths, lengths_target = (_squared(x) * valid for x in (d, d_target))
    body, body_target = (
        tf.sqrt(tf.reduce_sum(x, [1, 2]) / tf.maximum(tf.reduce_sum(valid, [1, 2]), 1.0))
        for x in (lengths, lengths_target)
    )
    size = tf.maximum(body_target, 1.0)[:, tf.newaxis]
    scale = tf.clip_by_value(tf.maximum(body, 1.0)[:, tf.newaxis] / size, 0.2, 5.0)
    k = tf.square(_STIFFNESS * size)
    similarity = scale[..., tf.newaxis, tf.newaxis] * _rotation(d[:, :, 0], d_target[:, :, 0], valid[:, :, 0])
    weight = valid[..., tf.newaxis, tf.newaxis]
    cross = tf.reduce_sum(weight * d[..., :, tf.newaxis] * d_target[..., tf.newaxis, :], axis=2)
    square = tf.reduce_sum(weight * d_target[..., :, tf.newaxis] * d_target[..., tf.newaxis, :], axis=2)
    k = k[..., tf.newaxis, tf.newaxis]
    matrix = tf.matmul(cross + k * similarity, _inverse(square + k * tf.eye(2)))
    first = valid[:, :, 0]
    return LimbMaps(
        (a[:, :, 0] + b[:, :, 0]) / 2,
        (a_target[:, :, 0] + b_target[:, :, 0]) / 2,
        matrix,
        first,
        a_target[:, :, 0],
        b_target[:, :, 0],
        size,
    )


def _nearness(maps: LimbMaps, size: tuple[int, int]) -> tf.Tensor:
    """How much each limb has to say at each pixel: (1 + (distance / reach)^2)^-3, float32 [B, H, W, L]."""
    x, y = _pixel_axes(size)
    start, along = _everywhere(maps.starts), _everywhere(maps.ends - maps.starts)
    to_x, to_y = x - start[..., 0], y - start[..., 1]
    share = (to_x * along[..., 0] + to_y * along[..., 1]) / tf.maximum(_squared(along), 1.0)
    share = tf.clip_by_value(share, 0.0, 1.0)
    square = tf.square(to_x - share * along[..., 0]) + tf.square(to_y - share * along[..., 1])
    reach = tf.square(_NEARNESS * maps.size)[:, tf.newaxis, tf.newaxis]
    near = 1.0 / (1.0 + square / reach)
    return near * near * near * _everywhere(maps.known)


def _blended(maps: LimbMaps, size: tuple[int, int], shares: np.ndarray) -> tf.Tensor:
    """Flows [B, H, W, rows, 2]: means of what the limbs say, by their nearness times `shares` [rows, L]."""
    x, y = _pixel_axes(size)
    near = _nearness(maps, size)
    # source - target = (M - I) target + (anchor_source - M anchor_target), a sum over limbs of four and two numbers.
    moved = maps.source - tf.squeeze(tf.matmul(maps.matrix, maps.target[..., tf.newaxis]), -1)
    change = maps.matrix - tf.eye(2)
    total = tf.einsum('bhwl,rl->bhwr', near, tf.constant(shares)) + 1e-20
    flows = []
    for axis in (0, 1):
        said = (
            x * _everywhere(change[..., axis, 0])
            + y * _everywhere(change[..., axis, 1])
            + _everywhere(moved[..., axis])
        )
        flows.append(tf.einsum('bhwl,rl->bhwr', near * said, tf.constant(shares)) / total)
    return tf.stack(flows, axis=-1)


def _vectors_in(source: tf.Tensor, target: tf.Tensor, seen: tf.Tensor) -> tuple:
    """(starts, ends), each (source, target) [B, L, V, 2], and 1 where all joints of a vector are seen: [B, L, V]."""
    places = []
    for table in (_STARTS, _ENDS):
        places.append([tf.einsum('lvj,bjc->blvc', tf.constant(table), keypoints) for keypoints in (source, target)])
    involved = tf.constant(((_STARTS + _ENDS) > 0).astype(np.float32))
    unseen = tf.einsum('lvj,bj->blv', involved, 1.0 - seen)
    exists = tf.constant((_STARTS.sum(-1) > 0).astype(np.float32))
    valid = exists * tf.cast(unseen < 0.5, tf.float32)
    return places[0], places[1], valid


def _rotation(d: tf.Tensor, d_target: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """The rotation [B, L, 2, 2] that turns `d_target` into the direction of `d`, both [B, L, 2]; 1 where not known."""
    cos = tf.reduce_sum(d * d_target, axis=-1) * known + 1e-6
    sin = (d[..., 1] * d_target[..., 0] - d[..., 0] * d_target[..., 1]) * known
    length = tf.sqrt(tf.square(cos) + tf.square(sin))
    cos, sin = cos / length, sin / length
    return tf.stack([tf.stack([cos, -sin], -1), tf.stack([sin, cos], -1)], axis=-2)


def _inverse(matrix: tf.Tensor) -> tf.Tensor:
    """Of symmetric positive matrices [..., 2, 2]; written out, for converters that have no such operation."""
    a, b, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 1]
    rows = tf.stack([tf.stack([d, -b], -1), tf.stack([-b, a], -1)], axis=-2)
    return rows / (a * d - b * b)[..., tf.newaxis, tf.newaxis]


def _pixel_axes(size: tuple[int, int]) -> tuple[tf.Tensor, tf.Tensor]:
    """x [1, 1, W, 1] and y [1, H, 1, 1] of the pixels of a map of `size`."""
    height, width = size
    x = tf.reshape(tf.range(width, dtype=tf.float32), [1, 1, width, 1])
    return x, tf.reshape(tf.range(height, dtype=tf.float32), [1, height, 1, 1])


def _squared(vector: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(vector), axis=-1)


def _everywhere(values: tf.Tensor) -> tf.Tensor:
    """[B, L, ...] as [B, 1, 1, L, ...]."""
    return values[:, tf.newaxis, tf.newaxis]
