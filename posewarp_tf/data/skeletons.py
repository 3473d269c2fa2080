"""Noisy and true skeletons over time, from VideoPose3D's files of Human3.6M (synthetic/skeletons.py has their layout).

A batch: `skeletons` float32 [B, 104, 34], `target_skeletons` float32 [B, 24, 34], the truth about the frames in the
middle; as in poses/skeletons.py, coordinates over pictures 1000 pixels wide (and high, whatever their height).
"""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import DataError
from posewarp_tf.files.pickled_arrays import read_pickled_dict
from posewarp_tf.poses.skeletons import NUM_SKELETON_JOINTS, PIECE, REACH, fill_skeletons, piece_starts, to_skeletons
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.skeletons import CAMERA_WIDTH, NOISY_FILE, TRUTH_FILE

TEST_SUBJECTS = ('S9', 'S11')

# Sequences whose two files differ by more of their length than this are left out.
_MOST_DIFFERENT = 0.01
# Training enlarges coordinates by up to this, and moves them by up to that, in y and in x.
_ENLARGED, _MOVED = 0.5, 0.1
_PREFETCHED_BATCHES = 2


@dataclasses.dataclass(frozen=True, eq=False)
class SkeletonSequences:
    """Sequences one behind the other: noisy and truth float32 [all frames, 34]; starts, lengths int64 [sequences]."""

    names: list[str]
    noisy: np.ndarray
    truth: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray


def load_skeletons(data_dir: str, split: str, fill: bool = False) -> SkeletonSequences:
    """The sequences of 'train' (all subjects but S9 and S11) or 'test' (these); the shorter of both files counts.

    fill: joints that were not found are filled in (poses/skeletons.py).

    Raises:
        DataError: a file is missing or damaged, or no sequence of the split is in both.
    """
    truth, noisy = (_sequences(os.path.join(data_dir, name)) for name in (TRUTH_FILE, NOISY_FILE))
    names, pairs = [], []
    for name in sorted(set(truth) & set(noisy)):
        frames = len(noisy[name]), len(truth[name])
        is_test = name.split('/')[0] in TEST_SUBJECTS
        if is_test == (split == 'test') and max(frames) - min(frames) <= _MOST_DIFFERENT * max(frames):
            names.append(name)
            pairs.append((noisy[name][: min(frames)], truth[name][: min(frames)]))
    if not names:
        tests = ' and '.join(TEST_SUBJECTS)
        wanted = f'of subjects {tests}' if split == 'test' else f'of other subjects than {tests}'
        raise DataError(f'{data_dir}: no sequence {wanted} that is equally long in {TRUTH_FILE} and {NOISY_FILE}')
    lengths = np.array([len(one) for one, _ in pairs], np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    size = (CAMERA_WIDTH, CAMERA_WIDTH)
    noisy_pieces = [to_skeletons(one, size) for one, _ in pairs]
    true_pieces = [to_skeletons(one, size) for _, one in pairs]
    if fill:
        noisy_pieces = [fill_skeletons(one) for one in noisy_pieces]
    return SkeletonSequences(names, np.concatenate(noisy_pieces), np.concatenate(true_pieces), starts, lengths)


def make_training_skeletons(config: Config, start_step: int, sequences: SkeletonSequences) -> tf.data.Dataset:
    """Endless batches; batch n is a function of (config.training.seed, n) alone.

    One piece of every sequence in an epoch, at a random place, enlarged and moved at random as published.
    """
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    num_sequences = len(sequences.names)
    reader = _Reader(sequences)

    def make_batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
        counters = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        rows = tf.raw_ops.RandomIndexShuffle(
            index=counters % num_sequences,
            seed=tf.stack([tf.fill([batch_size], seed), counters // num_sequences, tf.zeros_like(counters)], axis=-1),
            max_index=tf.constant(num_sequences - 1, tf.int64),
        )
        draws = tf.random.stateless_uniform([4, batch_size], tf.stack([seed, step]), alg='philox')
        room = tf.maximum(tf.gather(reader.lengths, rows) - PIECE + 1, 1)
        begins = tf.cast(draws[0] * tf.cast(room, tf.float32), tf.int64)
        batch = reader.read(tf.ensure_shape(rows, [batch_size]), tf.minimum(begins, room - 1))
        scale = 1.0 + _ENLARGED * draws[1]
        ways = _MOVED * (2.0 * draws[2:] - 1.0)
        return {name: augment(skeletons, scale, ways[0], ways[1]) for name, skeletons in batch.items()}

    batches = tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, config.data.num_workers or None)
    return batches.prefetch(_PREFETCHED_BATCHES)


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


def _sequences(path: str) -> dict[str, np.ndarray]:
    """{'<subject>/<action>/<camera>': joints [frames, 17, 2]}; scores, which a third column holds, are left out."""
    found = {}
    for subject, actions in read_pickled_dict(path, 'positions_2d').items():
        for action, cameras in actions.items() if isinstance(actions, dict) else ():
            for camera, joints in enumerate(cameras):
                shape = getattr(joints, 'shape', None)
                if shape is None or len(shape) != 3 or shape[1] != NUM_SKELETON_JOINTS or shape[2] not in (2, 3):
                    raise DataError(
                        f'{path}: {subject}, {action}, camera {camera}: got shape {shape}, '
                        f'expected [frames, {NUM_SKELETON_JOINTS}, 2 or 3]'
                    )
                if not len(joints) or not np.isfinite(joints).all():
                    raise DataError(f'{path}: {subject}, {action}, camera {camera}: no frames, or no finite numbers')
                found[f'{subject}/{action}/{camera}'] = joints[..., :2]
    return found
