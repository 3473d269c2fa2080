"""Clips of videos of persons by their numbers: pictures, masks, maps of poses, exact flows."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from PIL import Image

from posewarp_tf.data.clips.dance_files import DanceClips
from posewarp_tf.data.picture_store import PictureStore, read_flow
from posewarp_tf.ops import to_float_image
from posewarp_tf.pictures.picture_files import load_class_numbers, load_image, resize_nearest
from posewarp_tf.poses.dance_maps import NUM_CHANNELS, Move, move_joints, move_picture, pose_maps, resize_joints
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from posewarp_tf.settings.config import Config

Batch = dict[str, tf.Tensor]

# As published, each up to so much either way: degrees, shift in x and y as a part of the width and height (20 and 3
# pixels of 256), change of scale; and what comes in from outside. Whether the reference has a draw of its own.
_MOVES = {'fashion_video': (5.0, 20 / 256, 3 / 256, 0.02), 'iper': (5.0, 0.0, 0.0, 0.0)}
_OUTSIDE = {'fashion_video': 255, 'iper': 0}
REFERENCE_MOVES_APART = {'fashion_video': True, 'iper': False}


class ClipReader:
    """Clips by video, first frame and reference. Maps are drawn by NumPy, which is quicker here than TensorFlow."""

    def __init__(self, config: Config, clips: DanceClips) -> None:
        self.size, self.dataset, self.clips = config.model.image_size, config.data.dataset, clips
        self.workers, self.cache = config.data.num_workers, config.data.cache_images
        # References are frames of the same videos, mostly.
        paths, self.numbers = np.unique([*clips.frames, *clips.references], return_inverse=True)
        self.picture = self._reader(paths.tolist(), read_frame, (*self.size, 3))
        self.mask = self._reader(clips.masks, read_mask, self.size)
        self.names = tf.constant(clips.names)
        self.starts, self.reference_starts = tf.constant(clips.starts), tf.constant(clips.reference_starts)
        self.sizes = np.repeat(clips.sizes, clips.lengths, axis=0)
        self.reference_sizes = np.repeat(clips.reference_sizes, clips.reference_lengths, axis=0)

    def read(
        self,
        videos: tf.Tensor,
        begins: tf.Tensor,
        references: tf.Tensor,
        num_frames: int | tf.Tensor,
        moves: tf.Tensor,
    ) -> Batch:
        """The clips [B] from these frames on, with these references; moves [B, 2, 4] of targets and references."""
        first = (tf.gather(self.starts, videos) + begins)[:, tf.newaxis]
        frames = first + tf.range(tf.cast(num_frames, tf.int64))
        chosen = tf.gather(self.reference_starts, videos) + references
        # All in one call: a loop of calls into Python, given up in its midst, keeps its thread from other work.
        found = tf.numpy_function(
            self._dressed, [frames, chosen, moves], (tf.uint8, tf.float32, tf.uint8, tf.float32, tf.uint8)
        )
        some, all_frames = [*videos.shape, *self.size], [*frames.shape, *self.size]
        batch = {
            'reference_image': to_float_image(tf.ensure_shape(found[0], [*some, 3])),
            'reference_pose': tf.ensure_shape(found[1], [*some, NUM_CHANNELS]),
            'target_images': to_float_image(tf.ensure_shape(found[2], [*all_frames, 3])),
            'target_poses': tf.ensure_shape(found[3], [*all_frames, NUM_CHANNELS]),
            'name': tf.gather(self.names, videos),
        }
        if self.clips.masks:
            batch['target_masks'] = tf.ensure_shape(found[4], all_frames)
        return batch

    def read_flows(self, paths: tf.Tensor) -> Batch:
        """Exact flows and visibility of the files [B, n], resized to the nearest pixel."""
        spec = (tf.TensorSpec((*self.size, 2), tf.float32), tf.TensorSpec(self.size, tf.uint8))
        read = functools.partial(read_flow, size=self.size)
        flow, visibility = tf.map_fn(read, tf.reshape(paths, [-1]), fn_output_signature=spec)
        shape = tf.shape(paths)
        return {
            'target_flows': tf.reshape(flow, [shape[0], shape[1], *self.size, 2]),
            'target_visibility': tf.reshape(visibility, [shape[0], shape[1], *self.size]),
        }

    def _dressed(self, frames: np.ndarray, references: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, ...]:
        """Images and poses of references [B, ...], the same of targets [B, n, ...]; masks [B, n, H, W] or [0]."""
        found = [
            np.empty((*numbers.shape, *self.size, channels), kind)
            for numbers in (references, frames)
            for channels, kind in ((3, np.uint8), (NUM_CHANNELS, np.float32))
        ]
        reference_images, reference_poses, images, poses = found
        masks = np.empty((*frames.shape, *self.size) if self.clips.masks else 0, np.uint8)
        outside = _OUTSIDE[self.dataset]
        for row, (numbers, reference) in enumerate(zip(frames, references)):
            of_targets, of_reference = (move_of(draws, self.dataset, self.size) for draws in moves[row])
            joints = self._scaled(self.clips.reference_joints, self.reference_sizes, reference, of_reference)
            pose_maps(joints, COCO_17, self.size, out=reference_poses[row])
            picture = self.picture(self.numbers[len(self.clips.frames) + reference])
            reference_images[row] = _moved(picture, of_reference, outside)
            for place, number in enumerate(numbers):
                joints = self._scaled(self.clips.joints, self.sizes, number, of_targets)
                pose_maps(joints, HUMAN36M_17, self.size, out=poses[row, place])
                images[row, place] = _moved(self.picture(self.numbers[number]), of_targets, outside)
                if self.clips.masks:
                    masks[row, place] = _moved(self.mask(number), of_targets, outside=0)
        return (*found, masks)

    def _scaled(self, joints: np.ndarray, sizes: np.ndarray, number: int, move: Move | None) -> np.ndarray:
        scaled = resize_joints(joints[number], sizes[number].tolist(), self.size)
        return scaled if move is None else move_joints(scaled, move, self.size)

    def _reader(
        self, paths: list[str], read: Callable[[str, tuple[int, int]], np.ndarray], shape: tuple[int, ...]
    ) -> Callable[[int], np.ndarray]:
        """Pictures by their number, from memory if they fit there."""

        def in_graph(path: tf.Tensor) -> tf.Tensor:
            pixels = tf.numpy_function(lambda name: read(name.decode(), self.size), [path], tf.uint8)
            return tf.ensure_shape(pixels, shape)

        kept = PictureStore(paths, in_graph, shape, self.workers, self.cache and bool(paths)).kept
        return (lambda number: read(paths[number], self.size)) if kept is None else kept.__getitem__


def move_of(draws: np.ndarray, dataset: str, size: tuple[int, int]) -> Move | None:
    """The published move of a layout from four draws in [-1, 1]: angle, shift in x and in y, scale; None for zeros."""
    if not np.any(draws):
        return None
    angle, x, y, scale = (float(most * draw) for most, draw in zip(_MOVES[dataset], draws))
    return Move(angle, (x * size[1], y * size[0]), 1.0 + scale)


def _moved(picture: np.ndarray, move: Move | None, outside: int) -> np.ndarray:
    return picture if move is None else move_picture(picture, move, outside)


def read_frame(path: str, size: tuple[int, int]) -> np.ndarray:
    """A picture as uint8 [height, width, 3], squashed to `size` by Pillow's bicubic filter if it has another."""
    image = load_image(path)
    if image.shape[:2] == tuple(size):
        return image
    return np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))


def read_mask(path: str, size: tuple[int, int]) -> np.ndarray:
    """A foreground mask, 0 and 1 or 0 and 255, as uint8 [height, width]: 1 = foreground; the nearest pixel counts."""
    numbers = load_class_numbers(path)
    numbers = numbers if numbers.ndim == 2 else numbers[..., 0]
    return resize_nearest((numbers > numbers.max() // 2).astype(np.uint8), size)
