"""Noisy and true skeletons over time, from VideoPose3D's files of Human3.6M (synthetic/skeletons.py has their layout).

A batch: `skeletons` float32 [B, 104, 34], `target_skeletons` float32 [B, 24, 34], the truth about the frames in the
middle; as in poses/skeletons.py, coordinates over pictures 1000 pixels wide (and high, whatever their height).
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from posewarp_tf.data.pipeline import finished, parallel, shuffled_rows
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.data.skeleton_files import SkeletonSequences, load_skeletons
from posewarp_tf.poses.skeletons import NUM_SKELETON_JOINTS, PIECE, REACH, piece_starts
from posewarp_tf.settings.config import Config

# Training enlarges coordinates by up to this, and moves them by up to that, in y and in x.
_ENLARGED, _MOVED = 0.5, 0.1


def make_training_skeletons(
    config: Config, start_step: int, sequences: SkeletonSequences, shard: Shard = WHOLE
) -> tf.data.Dataset:
    """Endless batches, or a shard's part of each; batch n is a function of (config.training.seed, n) alone.

    One piece of every sequence in an epoch, at a random place, enlarged and moved at random as published.
    """
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    num_sequences = len(sequences.names)
    reader = _Reader(sequences)

    def make_batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = shuffled_rows(shard.counters(step, batch_size), num_sequences, seed)
        draws = tf.random.stateless_uniform([4, batch_size], tf.stack([seed, step]), alg='philox')
        draws = shard.of(draws, axis=1)
        room = tf.maximum(tf.gather(reader.lengths, rows) - PIECE + 1, 1)
        begins = tf.cast(draws[0] * tf.cast(room, tf.float32), tf.int64)
        batch = reader.read(rows, tf.minimum(begins, room - 1))
        scale = 1.0 + _ENLARGED * draws[1]
        ways = _MOVED * (2.0 * draws[2:] - 1.0)
        return {name: augment(skeletons, scale, ways[0], ways[1]) for name, skeletons in batch.items()}

    return finished(tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, **parallel(config)))


def make_test_skeletons(config: Config, batch_size: int, max_pieces: int | None = None) -> tf.data.Dataset:
    """The pieces of all test sequences, or `max_pieces` spread evenly over them, as they are."""
    sequences = load_skeletons(config.data.data_dir, 'test', config.model.fills_skeletons)
    pieces = [(row, start) for row, length in enumerate(sequences.lengths) for start in piece_starts(int(length))]
    chosen = np.array(pieces, np.int64)
    if max_pieces is not None and max_pieces < len(chosen):
        chosen = chosen[np.linspace(0, len(chosen) - 1, max_pieces).round().astype(int)]
    reader = _Reader(sequences)
    return (
        tf.data.Dataset.from_tensor_slices(chosen)
        .batch(batch_size)
        .map(lambda both: reader.read(both[:, 0], both[:, 1]))
    )


def augment(skeletons: tf.Tensor, scale: tf.Tensor, way_y: tf.Tensor, way_x: tf.Tensor) -> tf.Tensor:
    """scale * skeletons + (way_y, way_x) of each example: [B, T, 34], numbers [B]."""
    ways = tf.repeat(tf.stack([way_y, way_x], axis=-1), NUM_SKELETON_JOINTS, axis=-1)
    return skeletons * scale[:, tf.newaxis, tf.newaxis] + ways[:, tf.newaxis]


class _Reader:
    """Pieces of sequences by row and first frame."""

    def __init__(self, sequences: SkeletonSequences) -> None:
        self.noisy, self.truth = tf.constant(sequences.noisy), tf.constant(sequences.truth)
        self.starts, self.lengths = tf.constant(sequences.starts), tf.constant(sequences.lengths)

    def read(self, rows: tf.Tensor, begins: tf.Tensor) -> dict[str, tf.Tensor]:
        """The pieces [B] that begin at these frames; frames before and behind a sequence are its first and its last."""
        last = (tf.gather(self.lengths, rows) - 1)[:, tf.newaxis]
        first = tf.gather(self.starts, rows)[:, tf.newaxis]

        def frames(start: int, end: int) -> tf.Tensor:
            numbers = begins[:, tf.newaxis] + tf.range(start, end, dtype=tf.int64)
            return first + tf.clip_by_value(numbers, tf.constant(0, tf.int64), last)

        return {
            'skeletons': tf.gather(self.noisy, frames(-REACH, PIECE + REACH)),
            'target_skeletons': tf.gather(self.truth, frames(0, PIECE)),
        }
