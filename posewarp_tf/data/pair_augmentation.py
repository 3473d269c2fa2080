"""Another camera for the source and another one for the target of a pair, its exact flow composed.

A pixel p of the new target shows what was at q of the old one, which the old source shows at s = q + flow(q); the new
source shows that at forward_source(s). So

    new flow(p) = forward_source(q + flow(q)) - p,   q = backward_target(p),

exact but for the reading of flow(q) between pixels. What the cameras draw at random is new to a network at every
step: it learns to look where a point went instead of how people usually stand.

One pure function of a batch and a seed, with static shapes and without control flow over tensors: XLA compiles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import (
    JOINT_NAMES,
    MISSING,
    PART_NAMES,
    VISIBILITY_BACKGROUND,
    VISIBILITY_OCCLUDED,
    VISIBILITY_VISIBLE,
)
from posewarp_tf.data.camera import NUM_DRAWS, Camera, CameraRanges, random_camera
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.ops import coords_grid, sample_at

Batch = dict[str, tf.Tensor]

# Flows of neighbouring pixels that differ by more, in pixels, belong to surfaces of which one hides the other.
_SIMILAR_FLOW = 2.0
# Share of the pairs that get other cameras; the others stay as common as they are where the network is used.
_MOVED = 2 / 3
# Parts of the shorter side that control points of bends move at most.
_BEND = 0.06


def augment_as(kind: str, batch: Mapping[str, tf.Tensor], seed: tf.Tensor, shard: Shard = WHOLE) -> Batch:
    """`augment_pairs` as `--pair_augmentation` says: 'none', 'affine' or 'affine_bend'."""
    if kind == 'none':
        return dict(batch)
    shorter = min(batch['source_image'].shape[1:3])
    return augment_pairs(batch, seed, bend=_BEND * shorter if kind == 'affine_bend' else 0.0, shard=shard)


def augment_pairs(
    batch: Mapping[str, tf.Tensor],
    seed: tf.Tensor,
    ranges: CameraRanges | None = None,
    bend: float = 0.0,
    shard: Shard = WHOLE,
) -> Batch:
    """Two thirds of the pairs as other cameras see them; half of all with left and right exchanged on both sides.

    Args:
        batch: source_image and target_image float32 [B, H, W, 3], source_keypoints and target_keypoints float32
            [B, 18, 2], flow float32 [B, H, W, 2], visibility uint8 [B, H, W], B static; where there are some, class
            maps <side>_parts and <side>_garment uint8 [B, H, W]. What else it holds stays as it is: poses must be made
            of the new joints.
        seed: two integers, of which the lower 32 bits alone decide what is drawn.
        ranges: of the affine maps; None: those of CameraRanges.
        bend: pixels that control points of the bends move at most along each axis; 0: no bend.
        shard: which part of a larger batch this one is.

    Returns:
        The batch with new values of the same shapes and dtypes.

    Raises:
        ConfigError: a bend that could fold the picture.
    """
    count, height, width, _ = batch['source_image'].shape
    draws = shard.of(hashed_uniform(count * shard.count, 2 * NUM_DRAWS + 2, seed))
    mirrored, is_moved = draws[:, -1] < 0.0, draws[:, -2:-1] < 2.0 * _MOVED - 1.0
    source, target = (
        random_camera(part, (height, width), ranges or CameraRanges(), bend, mirrored)
        for part in tf.split(draws[:, :-2] * tf.cast(is_moved, tf.float32), 2, axis=1)
    )
    return move_pairs(batch, source, target, mirrored)


def move_pairs(batch: Mapping[str, tf.Tensor], source: Camera, target: Camera, mirrored: tf.Tensor) -> Batch:
    """The pairs as the two cameras see them; joints and parts of `mirrored` examples (bool [B]) are renamed."""
    moved = dict(batch)
    for side, camera in (('source', source), ('target', target)):
        moved.update(_move_side(batch, side, camera, mirrored))
    moved['flow'], moved['visibility'] = _move_flow(batch['flow'], batch['visibility'], source, target)
    return moved


def hashed_uniform(count: int, num_draws: int, seed: tf.Tensor) -> tf.Tensor:
    """Numbers [count, num_draws] in [-1, 1), the same in a compiled function and an eager one.

    XLA draws other numbers from the same stateless seed than TensorFlow does; a hash of counters is the same anywhere.
    """
    first, second = tf.unstack(tf.cast(seed, tf.uint32))
    stream = _mixed(_mixed(first) ^ second)
    counters = tf.cast(tf.reshape(tf.range(count * num_draws), [count, num_draws]), tf.uint32)
    bits = tf.bitwise.right_shift(_mixed(_mixed(counters ^ stream) + stream), tf.constant(8, tf.uint32))
    return tf.cast(bits, tf.float32) * 2.0**-23 - 1.0


def _mixed(bits: tf.Tensor) -> tf.Tensor:
    """A bijection of uint32 every bit of which depends on all bits (the constants: Wellons, 2018, lowbias32)."""
    bits += tf.constant(0x9E3779B9, tf.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        bits = (bits ^ tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32))) * tf.constant(factor, tf.uint32)
    return bits


def _move_side(batch: Mapping[str, tf.Tensor], side: str, camera: Camera, mirrored: tf.Tensor) -> Batch:
    height, width = camera.size
    coords = tf.reshape(camera.backward(_grid_points(camera.size)), [-1, height, width, 2])
    moved = {f'{side}_image': sample_at(batch[f'{side}_image'], coords, impl='gather')}
    for name in (f'{side}_parts', f'{side}_garment'):
        if name in batch:
            found = _nearest(batch[name][..., tf.newaxis], coords)[..., 0]
            moved[name] = tf.where(camera.contains(coords), found, tf.zeros_like(found))
    if f'{side}_parts' in moved:
        parts = moved[f'{side}_parts']
        renamed = tf.gather(tf.constant(_OTHER_PARTS, parts.dtype), tf.cast(parts, tf.int32))
        moved[f'{side}_parts'] = tf.where(mirrored[:, tf.newaxis, tf.newaxis], renamed, parts)
    moved[f'{side}_keypoints'] = _move_keypoints(batch[f'{side}_keypoints'], camera, mirrored)
    return moved


def _move_keypoints(keypoints: tf.Tensor, camera: Camera, mirrored: tf.Tensor) -> tf.Tensor:
    """Joints at their new places; those that leave the picture become missing."""
    places = camera.forward(keypoints)
    height, width = camera.size
    inside = (keypoints >= 0.0) & (places >= 0.0) & (places < tf.constant([width, height], tf.float32))
    places = tf.where(tf.reduce_all(inside, axis=-1, keepdims=True), places, MISSING)
    renamed = tf.gather(places, tf.constant(_OTHER_JOINTS), axis=1)
    return tf.where(mirrored[:, tf.newaxis, tf.newaxis], renamed, places)


def _move_flow(flow: tf.Tensor, visibility: tf.Tensor, source: Camera, target: Camera) -> tuple[tf.Tensor, tf.Tensor]:
    height, width = target.size
    grid = _grid_points(target.size)
    old_places = target.backward(grid)
    coords = tf.reshape(old_places, [-1, height, width, 2])
    found, seen = _read_flow(flow, visibility, coords)
    sources = source.forward(tf.reshape(coords + found, [-1, height * width, 2]))
    new_flow = tf.reshape(sources - grid, [-1, height, width, 2])
    in_source = tf.reshape(source.contains(sources), [-1, height, width])
    is_person = target.contains(coords) & (seen != VISIBILITY_BACKGROUND)
    seen = tf.where((seen == VISIBILITY_VISIBLE) & ~in_source, tf.constant(VISIBILITY_OCCLUDED, seen.dtype), seen)
    seen = tf.where(is_person, seen, tf.constant(VISIBILITY_BACKGROUND, seen.dtype))
    return tf.where(is_person[..., tf.newaxis], new_flow, 0.0), seen


def _read_flow(flow: tf.Tensor, visibility: tf.Tensor, coords: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The flow and visibility at `coords` [B, H, W, 2].

    The flow is bilinear where the four neighbours are of the person and move alike, elsewhere that of the nearest
    pixel, which alone says what is visible: over the edge of a limb no mean has a meaning.
    """
    corner = tf.floor(coords)
    fraction = coords - corner
    table = tf.concat([flow, tf.cast(visibility, tf.float32)[..., tf.newaxis]], axis=-1)
    taps = [_nearest(table, corner + tf.constant([x, y], tf.float32)) for y in (0, 1) for x in (0, 1)]
    right, below = (fraction[..., axis : axis + 1] >= 0.5 for axis in (0, 1))
    nearest = tf.where(below, tf.where(right, taps[3], taps[2]), tf.where(right, taps[1], taps[0]))
    x, y = fraction[..., :1], fraction[..., 1:]
    mean = (1 - y) * ((1 - x) * taps[0] + x * taps[1]) + y * ((1 - x) * taps[2] + x * taps[3])
    stacked = tf.stack(taps)
    spread = (tf.reduce_max(stacked, axis=0) - tf.reduce_min(stacked, axis=0))[..., :2]
    all_person = tf.reduce_all(stacked[..., 2] != VISIBILITY_BACKGROUND, axis=0)
    smooth = all_person & tf.reduce_all(spread <= _SIMILAR_FLOW, axis=-1)
    found = tf.where(smooth[..., tf.newaxis], mean[..., :2], nearest[..., :2])
    return found, tf.cast(nearest[..., 2], visibility.dtype)


def _nearest(maps: tf.Tensor, coords: tf.Tensor) -> tf.Tensor:
    """The pixel of `maps` [B, H, W, C] nearest to each of `coords` [B, h, w, 2]; outside that of the border."""
    _, height, width, channels = maps.shape
    whole = tf.clip_by_value(tf.floor(coords + 0.5), 0.0, tf.constant([width - 1, height - 1], tf.float32))
    x, y = tf.unstack(tf.cast(whole, tf.int32), axis=-1)
    return tf.gather(tf.reshape(maps, [-1, height * width, channels]), y * width + x, batch_dims=1)


def _grid_points(size: tuple[int, int]) -> tf.Tensor:
    """The centres of all pixels, [1, H W, 2]."""
    return tf.reshape(coords_grid(*size), [1, -1, 2])


def _exchanged(names: Sequence[str]) -> np.ndarray:
    """The number of the name on the other side of the body, by number."""
    other = {'left': 'right', 'right': 'left'}
    sides = [name.split('_', 1) for name in names]
    return np.array([names.index('_'.join([other.get(side[0], side[0]), *side[1:]])) for side in sides])


_OTHER_JOINTS, _OTHER_PARTS = _exchanged(JOINT_NAMES), _exchanged(PART_NAMES)
