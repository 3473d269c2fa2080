"""Clips to compare an export with its network on: held-out ones where the data is at hand, drawn ones where not."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf.data.clips import dance, face
from posewarp_tf.data.picture_store import reading
from posewarp_tf.faces.face_maps import make_face_maps, to_pose
from posewarp_tf.ops import to_uint8_image
from posewarp_tf.poses.dance_joints import joints_of_keypoints
from posewarp_tf.poses.dance_maps import pose_maps
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.settings import VideoSettings
from posewarp_tf.synthetic.talking.videos import FaceSettings, talking_frames
from posewarp_tf.synthetic.videos import make_film

Clip = dict[str, np.ndarray]

# Of a clip: errors grow from frame to frame, which one frame alone would not show.
NUM_FRAMES = 8
# A second one shows whether clips of a batch see each other.
_LEAST_CLIPS = 2


def clips_for(num_frames: int) -> int:
    """How many clips have at least so many frames; there are never fewer than two."""
    return max(_LEAST_CLIPS, -(-num_frames // NUM_FRAMES))


def held_out_clips(config: Config, num_clips: int, data_dir: str | None = None) -> tuple[Clip, str]:
    """The beginnings of `num_clips` test videos (or of all, if fewer), and whose they are, in words.

    Args:
        config: of the network; its data section says where the videos are.
        data_dir: another folder of the same layout.

    Returns:
        `reference_image` uint8 [N, H, W, 3], `reference_pose` float32 [N, H, W, channels] and `target_poses` float32
        [N, n, H, W, channels], n up to `NUM_FRAMES`.

    If neither the config's folder nor another one is there, clips are drawn instead.

    Raises:
        DataError: a folder that is there, or is given, cannot be used.
    """
    is_of_persons = config.model.material == 'dance_clips'
    folder = data_dir or config.data.data_dir
    if data_dir is None and not os.path.isdir(folder):
        draw = _drawn_person if is_of_persons else _drawn_face
        whose = 'drawn persons' if is_of_persons else 'drawn faces'
        return _stacked([draw(config, number) for number in range(num_clips)]), f'clips of {whose}'
    make_test_clips = dance.make_test_clips if is_of_persons else face.make_test_clips
    with reading():
        batches = make_test_clips(config.replace(data_dir=folder), 1, num_clips, NUM_FRAMES)
        clips = [_read(batch) for batch in batches]
    return _stacked(clips), f'test videos of {os.path.basename(folder.rstrip("/"))}'


def _read(batch: Mapping[str, tf.Tensor]) -> Clip:
    return {
        'reference_image': to_uint8_image(batch['reference_image'])[0].numpy(),
        'reference_pose': batch['reference_pose'][0].numpy(),
        'target_poses': batch['target_poses'][0].numpy(),
    }


def _stacked(clips: list[Clip]) -> Clip:
    """With a batch axis before all others, and as many frames as the shortest has."""
    length = min(len(clip['target_poses']) for clip in clips)
    clips = [{**clip, 'target_poses': clip['target_poses'][:length]} for clip in clips]
    return {name: np.stack([clip[name] for clip in clips]) for name in clips[0]}


def _drawn_person(config: Config, number: int) -> Clip:
    size = config.model.image_size
    film = make_film(VideoSettings(2, size, (NUM_FRAMES, NUM_FRAMES)), 'test', number)
    # Only the reference is ever drawn: of the other frames the network sees the joints alone.
    first = film.picture(0)
    return {
        'reference_image': first.image,
        'reference_pose': pose_maps(joints_of_keypoints(first.keypoints), COCO_17, size),
        'target_poses': np.stack([pose_maps(joints, HUMAN36M_17, size) for joints in film.clean_joints()]),
    }


def _drawn_face(config: Config, number: int) -> Clip:
    size, with_edges = config.model.image_size, config.data.face_background_edges
    frames = list(talking_frames(FaceSettings(2, size, NUM_FRAMES), 'test', number))
    maps = np.stack([make_face_maps(frame.landmarks, frame.image, size, with_edges) for frame in frames])
    poses = to_pose(maps).astype(np.float32)
    return {'reference_image': frames[0].image, 'reference_pose': poses[0], 'target_poses': poses}
