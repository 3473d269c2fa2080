"""Clips of faces that talk: batches of frames with the maps that stand for their landmarks.

A batch of B clips of n frames:
    reference_image float32 [B, H, W, 3] in [-1, 1], target_images [B, n, H, W, 3]: frames, squashed to H x W (bicubic);
    reference_pose float32 [B, H, W, 16], target_poses [B, n, H, W, 16]: their maps (faces/face_maps.py);
    name string [B]: the video;
    where truth is asked for, target_flows float32 [B, n, H, W, 2], target_visibility uint8 [B, n, H, W]: to the frame
    before (of the first target: to the reference); reference_flows, reference_visibility: to the reference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf.data.clips.face_files import (
    FaceVideos,
    flow_path,
    found_flows,
    load_face_videos,
    read_frame,
)
from posewarp_tf.data.clips.video_folders import require_masks, wanted_truth
from posewarp_tf.data.picture_store import PictureStore, read_flow
from posewarp_tf.data.pipeline import finished, parallel, shuffled_rows
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.faces.face_maps import NUM_FACE_CHANNELS, make_face_maps, to_pose
from posewarp_tf.models.clips import CLIP_FRAMES
from posewarp_tf.ops import to_float_image
from posewarp_tf.pictures.picture_files import squashed
from posewarp_tf.settings.config import Config

# What the flows of a batch are called, by what they lead to.
_FLOWS = {'previous': 'target', 'reference': 'reference'}


def make_training_clips(
    config: Config,
    start_step: int,
    clips: FaceVideos,
    needed: Mapping[str, str] | None = None,
    shard: Shard = WHOLE,
) -> tf.data.Dataset:
    """Endless batches of 30 frames in a row, or a shard's part of each.

    Batch n is a function of (config.training.seed, n) alone. One clip of every video in an epoch, at a random place;
    shorter videos are left out. The reference is the first frame of the clip, which is its first target too, as
    published. Nothing is changed at random.

    Raises:
        DataError: no video is long enough; a frame or its landmarks cannot be read; masks are `needed`.
    """
    require_masks(needed or {}, clips.data_dir)
    videos = clips.at_least(CLIP_FRAMES)
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    reader = _Reader(config, videos)

    def make_batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = shuffled_rows(shard.counters(step, batch_size), len(videos.names), seed)
        draws = shard.of(tf.random.stateless_uniform([batch_size], tf.stack([seed, step]), alg='philox'))
        room = tf.gather(tf.constant(videos.lengths), rows) - CLIP_FRAMES + 1
        begins = tf.minimum(tf.cast(draws * tf.cast(room, tf.float32), tf.int64), room - 1)
        return reader.read(rows, begins, CLIP_FRAMES)

    return finished(tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, **parallel(config)))


def make_test_clips(
    config: Config,
    batch_size: int,
    max_clips: int | None = None,
    num_frames: int = CLIP_FRAMES,
    with_truth: bool | None = False,
) -> tf.data.Dataset:
    """The first `num_frames` frames of all test videos that have so many, or of `max_clips` spread evenly over them.

    The reference is the first frame. `with_truth`: exact flows too, which self-made videos have; None: if they are
    there.

    Raises:
        DataError: a folder or file is missing or bad; no video is long enough.
    """
    videos = load_face_videos(config.data.data_dir, 'test').at_least(num_frames)
    if max_clips is not None and max_clips < len(videos.names):
        videos = videos.chosen(np.linspace(0, len(videos.names) - 1, max_clips).round().astype(int))
    has_truth = wanted_truth(with_truth, lambda: found_flows(videos, num_frames)) is not None
    reader = _Reader(config, videos)

    def make_batch(rows: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = reader.read(rows, tf.zeros_like(rows), num_frames)
        return {**batch, **reader.read_truth(rows, num_frames)} if has_truth else batch

    rows = tf.data.Dataset.range(len(videos.names)).batch(batch_size)
    return finished(rows.map(make_batch, **parallel(config)))


class _Reader:
    """Frames in a row by the number of their video and of the first of them."""

    def __init__(self, config: Config, videos: FaceVideos) -> None:
        self.size = config.model.image_size
        self.videos = videos
        self.names, self.starts = tf.constant(videos.names), tf.constant(videos.starts)
        self.use_background_edges = config.data.face_background_edges
        self.landmarks = dict(zip(videos.pictures, videos.landmarks))
        # Of videos that are left out no frame is kept.
        used = np.zeros(len(videos.pictures), bool)
        for start, length in zip(videos.starts, videos.lengths):
            used[start : start + length] = True
        self.places = tf.constant(np.cumsum(used) - 1, tf.int64)
        self.frames = PictureStore(
            [path for path, is_used in zip(videos.pictures, used) if is_used],
            self._read_frame,
            (*self.size, 3 + NUM_FACE_CHANNELS),
            config.data.num_workers,
            config.data.cache_images,
        )

    def read(self, rows: tf.Tensor, begins: tf.Tensor, num_frames: int) -> dict[str, tf.Tensor]:
        """The clips [B] that begin at these frames of these videos; the first frame is the reference too."""
        numbers = self._numbers(rows, begins, num_frames)
        frames = self.frames.get(tf.gather(self.places, numbers))
        frames = tf.reshape(frames, [-1, num_frames, *self.size, 3 + NUM_FACE_CHANNELS])
        images, poses = to_float_image(frames[..., :3]), to_pose(tf.cast(frames[..., 3:], tf.float32))
        return {
            'reference_image': images[:, 0],
            'reference_pose': poses[:, 0],
            'target_images': images,
            'target_poses': poses,
            'name': tf.gather(self.names, rows),
        }

    def read_truth(self, rows: tf.Tensor, num_frames: int) -> dict[str, tf.Tensor]:
        """Exact flows of the first frames of videos [B]."""
        numbers = self._numbers(rows, tf.zeros_like(rows), num_frames)
        spec = (tf.TensorSpec((*self.size, 2), tf.float32), tf.TensorSpec(self.size, tf.uint8))
        batch = {}
        for kind, prefix in _FLOWS.items():
            paths = [flow_path(self.videos, frame, kind) for frame in range(len(self.videos.pictures))]
            chosen = tf.gather(tf.constant(paths), numbers)
            found = tf.map_fn(lambda path: read_flow(path, self.size), chosen, fn_output_signature=spec)
            batch[f'{prefix}_flows'] = tf.reshape(found[0], [-1, num_frames, *self.size, 2])
            batch[f'{prefix}_visibility'] = tf.reshape(found[1], [-1, num_frames, *self.size])
        return batch

    def _numbers(self, rows: tf.Tensor, begins: tf.Tensor, num_frames: int) -> tf.Tensor:
        """Of the frames among those of all videos, int64 [B * num_frames]."""
        first = (tf.gather(self.starts, rows) + begins)[:, tf.newaxis]
        return tf.reshape(first + tf.range(num_frames, dtype=tf.int64), [-1])

    def _read_frame(self, path: tf.Tensor) -> tf.Tensor:
        """In graph: a frame and its maps, uint8 [H, W, 19]."""
        frame = tf.numpy_function(lambda name: self._make_frame(name.decode()), [path], tf.uint8)
        return tf.ensure_shape(frame, [*self.size, 3 + NUM_FACE_CHANNELS])

    def _make_frame(self, path: str) -> np.ndarray:
        image, landmarks = read_frame(path, self.landmarks[path])
        maps = make_face_maps(landmarks, image, self.size, self.use_background_edges)
        return np.concatenate([squashed(image, self.size), maps], axis=-1)
