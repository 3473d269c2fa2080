"""A person that moves like a sequence of poses, or like the person of a video: numbered frames, or a video."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference.checks import picture_size, require_maps
from posewarp_tf.inference.driving_job import ANIMATION_NAME, DrivingJob, check_paths, read_maps
from posewarp_tf.inference.frames_folder import FramesFolder, digests_of_frames
from posewarp_tf.inference.pose_track import CACHE_NAME, PoseEstimator, placed_like, poses_of_video
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures.picture_files import load_image, resize_image
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.poses.sequences import PoseSequence, load_sequence, require_poses
from posewarp_tf.poses.smoothing import smoothed
from posewarp_tf.video.animations import ANIMATION_SUFFIXES, write_animation
from posewarp_tf.video.reading import VideoReader
from posewarp_tf.video.writing import write_video

if TYPE_CHECKING:
    from posewarp_tf.inference.predictor import Predictor

_DEFAULT_FPS = 25.0
_MAX_STRETCH = 1.2  # people look odd from here on
# Players give up on videos much larger than this, in pixels of the longer side.
_MAX_FILM_SIDE = 1920
# Animated pictures hold all their frames in memory while they are written; what is longer is a video.
_MAX_ANIMATED = 1000


class _Motion(NamedTuple):
    """The poses to strike, every one with a joint, in pixels of a picture of `size`, and the sound that goes with them.

    sound_of: the video whose sound is carried over, if any; its start is the job's.
    """

    sequence: PoseSequence
    size: tuple[int, int]
    fps: float
    sound_of: str | None = None


def run_driving(
    load_predictor: Callable[[], Predictor],
    model: ModelConfig,
    job: DrivingJob,
    garment_classes: str = 'auto',
    load_estimator: Callable[[], PoseEstimator] | None = None,
) -> None:
    """Reads everything that the job names, says how it was understood, loads the predictor and makes the frames.

    Args:
        load_estimator: gives what finds the joints in the frames of a video, and in the source picture without a pose.

    Raises:
        DataError: something cannot be read or used; nothing has been written then, except that poses found in a video
            are kept for the next run.
        ConfigError: what reads videos, or finds joints, is not installed or not given.
    """
    check_paths(job)
    image = load_image(job.source_image)
    size = picture_size(image)
    print(f'{job.source_image}: picture of {size[0]}x{size[1]} (height x width)')
    if job.is_video:
        require_maps(job.class_maps, model)
        video = VideoReader(job.poses, job.fps, job.start, job.max_seconds)
        if load_estimator is None:
            raise ConfigError(f'{job.poses}: no pose estimator is given, expected one that finds joints in the video')
        estimator = load_estimator()
        image, pose = _shrunk(job, image, _source_pose(job, image, estimator))
        motion = _motion_of_video(job, video, estimator, pose, picture_size(image))
    else:
        pose = load_keypoints(job.source_keypoints or '', size, job.source_name or os.path.basename(job.source_image))
        motion = _motion_of_poses(job, size)
        image, pose = _shrunk(job, image, pose)
    source_maps, target_maps = read_maps(job, motion.sequence.names, garment_classes, model.image_size)
    require_maps(job.class_maps, model)
    _drive(load_predictor(), image, pose, source_maps, motion, target_maps, job)


def _drive(
    predictor: Predictor,
    image: np.ndarray,
    pose: np.ndarray,
    source_maps: Mapping[str, np.ndarray],
    motion: _Motion,
    target_maps: Sequence[Mapping[str, np.ndarray]],
    job: DrivingJob,
) -> None:
    """Makes the frames that are not there yet, then the video or animation of all, and says what was written."""
    source = predictor.prepare(image, pose, source_maps)
    keypoints = motion.sequence.keypoints
    digests = digests_of_frames(predictor, source, keypoints, motion.size, target_maps)
    folder = FramesFolder(job.frames_folder, digests, job.overwrite)
    numbers = [number for number in range(len(keypoints)) if number not in folder.kept]
    num_kept = len(folder.kept)
    for i in tqdm(numbers, desc='frames', unit='', initial=num_kept, total=len(keypoints), disable=None):
        folder.save(i, predictor.repose(source, keypoints[i], motion.size, target_maps[i]).image)
    kept = f' ({num_kept} of them kept from an earlier run)' if num_kept else ''
    if job.output_suffix:
        write_video(job.output, folder.frames, motion.fps, motion.sound_of, job.start)
        folder.remove([CACHE_NAME])
        sound = ' and the sound' if motion.sound_of else ''
        print(f'written: {job.output}, {len(keypoints)} frames{kept} at {motion.fps:.6g} per second{sound}')
    elif job.is_video and len(keypoints) > _MAX_ANIMATED:
        print(f'written: {len(keypoints)} frames{kept}; no {ANIMATION_NAME}, which has at most {_MAX_ANIMATED}')
    else:
        write_animation(job.frames_folder / ANIMATION_NAME, folder.frames, motion.fps)
        print(f'written: {len(keypoints)} frames{kept} and {os.path.join(job.output, ANIMATION_NAME)}')


def _source_pose(job: DrivingJob, image: np.ndarray, estimator: PoseEstimator) -> np.ndarray:
    """From the file that has it, or found."""
    if job.source_keypoints is not None:
        name = job.source_name or os.path.basename(job.source_image)
        return load_keypoints(job.source_keypoints, picture_size(image), name)
    people = estimator.find(image)
    if not people:
        raise DataError(f'{job.source_image}: nobody was found: give the joints by --source_keypoints')
    print(f'{job.source_image}: joints were found{f" of {len(people)} people; the largest" if len(people) > 1 else ""}')
    return people[0].keypoints


def _motion_of_video(
    job: DrivingJob, video: VideoReader, estimator: PoseEstimator, pose: np.ndarray, size: tuple[int, int]
) -> _Motion:
    """In pixels of the source picture, at the place and in the size of its person."""
    is_animation = job.output_suffix in ANIMATION_SUFFIXES
    if is_animation and (video.num_frames or 0) > _MAX_ANIMATED:
        raise DataError(
            f'--output: got {job.output!r} for about {video.num_frames} frames, expected at most {_MAX_ANIMATED} in an '
            'animated picture: write an .mp4, or give --max_seconds or a lower --fps'
        )
    sequence = poses_of_video(video, estimator, job.frames_folder, job.smooth_poses, job.overwrite)
    has_sound = video.has_sound and job.with_sound
    if has_sound and (is_animation or not job.output_suffix):
        print(f'note: the sound of {job.poses} is not carried over: frames and animated pictures have none')
        has_sound = False
    placed = sequence._replace(keypoints=placed_like(sequence.keypoints, pose, size))
    return _Motion(placed, size, video.fps, job.poses if has_sound else None)


def _motion_of_poses(job: DrivingJob, size: tuple[int, int]) -> _Motion:
    """In pixels of the video that they are from, squashed or stretched to the source picture's shape."""
    pose_size = job.pose_size or size
    if not 1 / _MAX_STRETCH < pose_size[0] * size[1] / (pose_size[1] * size[0]) < _MAX_STRETCH:
        print(f'note: poses of {pose_size[0]}x{pose_size[1]} are stretched to the shape of the source picture')
    sequence = load_sequence(job.poses, pose_size)
    fps = job.fps or _DEFAULT_FPS
    if job.smooth_poses:
        keypoints, lines = smoothed(sequence.keypoints, fps)
        sequence = sequence._replace(keypoints=keypoints)
        print(f'filled: {"; ".join(lines) or "nothing was missing for so short a time"}')
    require_poses(sequence)
    return _Motion(sequence, pose_size, fps)


def _shrunk(job: DrivingJob, image: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A source picture that makes a video players can show, and its pose; as they are for frames in a folder."""
    height, width = picture_size(image)
    scale = _MAX_FILM_SIDE / max(height, width)
    if not job.output_suffix or scale >= 1:
        return image, pose
    size = round(scale * height), round(scale * width)
    print(f'note: the video is made of {size[0]}x{size[1]} pixels, at most {_MAX_FILM_SIDE} on the longer side')
    factors = np.array([size[1] / width, size[0] / height])
    seen = np.any(pose != MISSING, axis=-1, keepdims=True)
    return resize_image(image, size), np.where(seen, pose * factors, MISSING).astype(np.float32)
