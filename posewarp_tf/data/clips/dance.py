"""Clips of persons for training and testing: frames, the maps of their poses, and a reference of the same person.

A batch (conventions.py has the units; poses are those of poses/dance_maps.py):
    reference_image float32 [B, H, W, 3], reference_pose float32 [B, H, W, 20];
    target_images float32 [B, n, H, W, 3], target_poses float32 [B, n, H, W, 20], consecutive frames;
    name string [B], of the videos;
    target_masks uint8 [B, n, H, W] in training batches of folders that have masks, 1 = the person;
    target_flows float32 [B, n, H, W, 2] and target_visibility uint8 [B, n, H, W], where they are asked for: from each
    frame to the one before, from the first to the reference.

The pose of the reference is the one that was found, in COCO's order; those of the targets are clean, in Human3.6M's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf.data.clips.dance_files import DanceClips, flow_path, load_clips
from posewarp_tf.data.clips.dance_reader import REFERENCE_MOVES_APART, Batch, ClipReader
from posewarp_tf.data.clips.video_folders import require_masks, wanted_truth
from posewarp_tf.data.pipeline import finished, parallel, shuffled_rows
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.errors import DataError
from posewarp_tf.models.clips import CLIP_FRAMES
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.video_layout import NUM_REFERENCES

__all__ = ['load_clips', 'make_test_clips', 'make_training_clips']


def make_training_clips(
    config: Config,
    start_step: int,
    clips: DanceClips,
    needed: Mapping[str, str] | None = None,
    shard: Shard = WHOLE,
) -> tf.data.Dataset:
    """Endless batches, or a shard's part of each; batch n is a function of (config.training.seed, n) alone.

    One clip of every video in an epoch: 30 frames from a random place, and one of the first 20 frames as reference.
    With `--augmentation=affine` both are moved as published. Videos of fewer frames are left out; if all are shorter,
    clips are as many times six frames as the longest has.

    Raises:
        DataError: no video has six frames; a picture cannot be read; masks are `needed`, as it says by what, and there
            are none.
    """
    require_masks(needed or {}, clips.folder, bool(clips.masks))
    num_frames = clips.training_frames()
    long_enough = tf.constant(np.flatnonzero(clips.lengths >= num_frames))
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    reader = ClipReader(config, clips)
    room = tf.constant(clips.lengths - num_frames + 1)
    choice = tf.constant(np.minimum(clips.reference_lengths, NUM_REFERENCES))

    def make_batch(step: tf.Tensor) -> Batch:
        videos = tf.gather(long_enough, shuffled_rows(shard.counters(step, batch_size), len(long_enough), seed))
        draws = tf.random.stateless_uniform([batch_size, 2], tf.stack([seed, 2 * step]), alg='philox')
        moves = tf.random.stateless_uniform([batch_size, 2, 4], tf.stack([seed, 2 * step + 1]), -1.0, 1.0, alg='philox')
        draws, moves = shard.of(draws), shard.of(moves)
        begins, references = (
            tf.minimum(tf.cast(draws[:, i] * tf.cast(count, tf.float32), tf.int64), count - 1)
            for i, count in enumerate((tf.gather(room, videos), tf.gather(choice, videos)))
        )
        if config.data.augmentation != 'affine':
            moves = tf.zeros_like(moves)
        elif not REFERENCE_MOVES_APART[config.data.dataset]:
            moves = tf.repeat(moves[:, :1], 2, axis=1)
        return reader.read(videos, begins, references, num_frames, moves)

    return finished(tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, **parallel(config)))


def make_test_clips(
    config: Config,
    batch_size: int,
    max_clips: int | None = None,
    num_frames: int = CLIP_FRAMES,
    with_truth: bool | None = False,
) -> tf.data.Dataset:
    """The beginnings of the test videos, or of `max_clips` spread evenly over them, as they are.

    A clip has `num_frames` frames, or all of a shorter video; clips of one batch are equally long. Which frame is the
    reference depends on the number of the video alone. Poses of 120 frames of 256 x 256 pixels are 630 MB.

    with_truth: `target_flows` and `target_visibility` too; None: if the folder has them of all these clips.

    Raises:
        ConfigError, DataError: from `load_clips`; the folder lacks exact flows that are asked for.
    """
    clips = load_clips(config.data, 'test')
    count = len(clips.names) if max_clips is None else min(max_clips, len(clips.names))
    chosen = np.arange(count) * len(clips.names) // max(count, 1)
    lengths = clips.reference_lengths[chosen]
    references = np.array([_reference_of(int(video), int(length)) for video, length in zip(chosen, lengths)], np.int64)
    clips = clips.beginnings(chosen, references, num_frames)
    flows = wanted_truth(with_truth, lambda: _flow_paths(clips))
    reader = ClipReader(config, clips)

    def batches() -> Iterator[tuple]:
        for length in np.unique(clips.lengths)[::-1]:
            rows = np.flatnonzero(clips.lengths == length)
            for start in range(0, len(rows), batch_size):
                some = rows[start : start + batch_size]
                yield some, length, [flows[row] for row in some] if flows else np.empty((len(some), 0), str)

    def make_batch(videos: tf.Tensor, length: tf.Tensor, paths: tf.Tensor) -> Batch:
        first = tf.zeros_like(videos)
        batch = reader.read(videos, first, first, length, tf.zeros([tf.shape(videos)[0], 2, 4]))
        return {**batch, **reader.read_flows(paths)} if flows else batch

    signature = (
        *(tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)),
        tf.TensorSpec([None, None], tf.string),
    )
    return finished(tf.data.Dataset.from_generator(batches, output_signature=signature).map(make_batch))


def _reference_of(video: int, count: int) -> int:
    """One of the first 20, the same whatever else is tested, and by whom."""
    return int(np.random.default_rng(video).integers(min(count, NUM_REFERENCES)))


def _flow_paths(clips: DanceClips) -> list[list[str]]:
    """Paths of the flows of each clip: from its first frame to its reference, from the others to the one before.

    Raises:
        DataError: one is missing; a list of one's own may ask for other pairs of frames than were written.
    """
    found = []
    for start, length, reference in zip(clips.starts, clips.lengths, clips.references):
        frames = clips.frames[start : start + length]
        sources = [reference, *frames[:-1]]
        found.append([flow_path(clips.folder, *both) for both in zip(sources, frames)])
    missing = next((path for paths in found for path in paths if not os.path.isfile(path)), None)
    if missing:
        raise DataError(f'{missing}: no such exact flow; self-made videos have them (`posewarp_tf.synthetic --videos`)')
    return found
