"""What poses/skeletons.py does with whole videos, in a graph of stock operations: filling of gaps, and pieces."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from posewarp_tf.poses.skeletons import PIECE, REACH

_PARALLEL_PIECES = 2


def cleaned_in_pieces(skeletons: tf.Tensor, network: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """`clean_in_pieces` of each example: [B, frames, 34] -> [B, frames, 34].

    Args:
        skeletons: at least one frame.
        network: [B, 104, 34] -> [B, 24, 34]; it gets one piece of all videos after the other, so that memory does not
            grow with their length.
    """
    num_frames = tf.shape(skeletons)[1]
    last = tf.maximum(num_frames - PIECE, 0)
    starts = tf.concat([tf.range(0, last, PIECE), [last]], axis=0)

    def clean(start: tf.Tensor) -> tf.Tensor:
        numbers = tf.clip_by_value(tf.range(start - REACH, start + PIECE + REACH), 0, num_frames - 1)
        return network(tf.ensure_shape(tf.gather(skeletons, numbers, axis=1), [None, PIECE + 2 * REACH, 34]))

    spec = tf.TensorSpec([None, PIECE, 34])
    pieces = tf.map_fn(clean, starts, fn_output_signature=spec, parallel_iterations=_PARALLEL_PIECES)
    one_behind_the_other = tf.reshape(tf.transpose(pieces, [1, 0, 2, 3]), [tf.shape(skeletons)[0], -1, 34])
    frames = tf.range(num_frames)
    # The last piece overwrites what it shares with the one before.
    places = tf.where(frames < last, frames, frames - last + PIECE * (tf.size(starts) - 1))
    return tf.gather(one_behind_the_other, places, axis=1)


def filled(skeletons: tf.Tensor) -> tf.Tensor:
    """`fill_skeletons` of each example: [B, frames, 34] -> [B, frames, 34]."""
    joints = tf.stack(tf.split(tf.transpose(skeletons, [0, 2, 1]), 2, axis=1), axis=-1)
    shows_somebody = tf.reduce_any(skeletons != 0.0, axis=-1)[:, tf.newaxis]
    # [B, 17, frames], as all that follows.
    found = ~tf.reduce_all(joints == -1.0, axis=-1) & shows_somebody
    frames, num_found = (
        tf.range(tf.shape(skeletons)[1]),
        tf.reduce_sum(tf.cast(found, tf.int32), axis=-1, keepdims=True),
    )
    # The frames in which a joint was found come first.
    in_order = tf.sort(tf.where(found, frames, tf.shape(skeletons)[1] - 1), axis=-1)
    up_to_here = tf.cumsum(tf.cast(found, tf.int32), axis=-1)

    def frame_of(number: tf.Tensor) -> tf.Tensor:
        return tf.gather(in_order, tf.clip_by_value(number, 0, tf.maximum(num_found - 1, 0)), batch_dims=2)

    before, after = frame_of(up_to_here - 1), frame_of(up_to_here - tf.cast(found, tf.int32))
    share = tf.cast(frames - before, tf.float32) / tf.cast(tf.maximum(after - before, 1), tf.float32)
    share = tf.where(after > before, share, tf.zeros_like(share))[..., tf.newaxis]
    first, second = (tf.gather(joints, places, batch_dims=2) for places in (before, after))
    lines = first + share * (second - first)
    # What is never found is in the middle of the others.
    known = (num_found > 0)[..., tf.newaxis]
    num_known = tf.reduce_sum(tf.cast(known, tf.float32), axis=1, keepdims=True)
    middle = tf.reduce_sum(tf.where(known, lines, tf.zeros_like(lines)), axis=1, keepdims=True)
    found_or_middle = tf.where(known, lines, middle / tf.maximum(num_known, 1.0))
    answer = tf.where(num_known > 0, found_or_middle, joints)
    return tf.transpose(tf.concat(tf.unstack(answer, axis=-1), axis=1), [0, 2, 1])
