"""A person that moves like a sequence of poses, or like the person of a video: numbered frames, or a video."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from posewarp_tf.inference.checks import picture_size, require_maps
from posewarp_tf.inference.driving_job import DrivingJob, check_paths, read_maps
from posewarp_tf.inference.film import finish, require_short, size_of_frames, sound_of
from posewarp_tf.inference.found_poses import FoundPose, PoseFinder
from posewarp_tf.inference.frames_folder import FramesFolder, digests_of_frames
from posewarp_tf.inference.pose_track import CACHE_NAME, poses_of_video
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures.picture_files import load_image, resize_image
from posewarp_tf.poses.sequences import PoseSequence, load_sequence, require_poses
from posewarp_tf.poses.skeletons import num_found_anew
from posewarp_tf.poses.smoothing import smoothed
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.video.reading import VideoReader

if TYPE_CHECKING:
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.inference.photo_parts import PhotoPerson

_DEFAULT_FPS = 25.0


class _Motion(NamedTuple):
    """The poses to strike, every one with a joint, in pixels of a picture of `size`, and the sound that goes with them.

    sound_of: the video whose sound is carried over, if any; its start is the job's.
    """

    sequence: PoseSequence
    size: tuple[int, int]
    fps: float
    sound_of: str | None = None


def run_driving(
    load_reposer: Callable[[], PhotoReposer],
    model: ModelConfig,
    job: DrivingJob,
    finder: PoseFinder,
    garment_classes: str = 'auto',
) -> None:
    """Reads everything that the job names, says how it was understood, loads the model and makes the frames.

    Args:
        finder: finds the joints in the frames of a video, and in the source picture without a pose.

    Raises:
        DataError: something cannot be read or used; nothing has been written then, except that poses found in a video
            are kept for the next run.
        ConfigError: what reads videos, or finds joints, is not installed or not given.
    """
    check_paths(job)
    if job.motion_run_dir is not None:
        RunFolder(job.motion_run_dir).load_config_of('skeletons')
    image = load_image(job.source_image)
    size = picture_size(image)
    print(f'{job.source_image}: picture of {size[0]}x{size[1]} (height x width)')
    if job.is_video:
        require_maps(job.class_maps, model)
        video = VideoReader(job.poses, job.fps, job.start, job.max_seconds)
        found = source_pose(job, finder, size)
        motion = _motion_of_video(job, video, finder)
    else:
        found = source_pose(job, finder, size)
        motion = _motion_of_poses(job, size)
    image, found = _shrunk(job, image, found)
    source_maps, target_maps = read_maps(job, motion.sequence.names, garment_classes, model.image_size)
    require_maps(job.class_maps, model)
    reposer = load_reposer()
    person = reposer.person(image, found.keypoints, source_maps, found.mask, found.others)
    _drive(reposer, person, motion, target_maps, job)


def source_pose(job: DrivingJob, finder: PoseFinder, size: tuple[int, int]) -> FoundPose:
    """That of the source picture of this size (height, width), in its pixels: from its file, or found."""
    if job.source_keypoints is None:
        return finder.in_picture(job.source_image)
    return finder.in_file(job.source_keypoints, size, job.source_name or os.path.basename(job.source_image)).at(size)


def _drive(
    reposer: PhotoReposer,
    person: PhotoPerson,
    motion: _Motion,
    target_maps: Sequence[Mapping[str, np.ndarray]],
    job: DrivingJob,
) -> None:
    """Makes the frames that are not there yet, then the video or animation of all, and says what was written."""
    keypoints = motion.sequence.keypoints
    poses = reposer.poses(person, keypoints, motion.size, target_maps)
    folder = FramesFolder(job.frames_folder, digests_of_frames(reposer, person, poses), job.overwrite)
    numbers = [number for number in range(len(poses)) if number not in folder.kept]
    num_kept = len(folder.kept)
    state = reposer.start(person) if numbers else {}
    for i in tqdm(numbers, desc='frames', unit='', initial=num_kept, total=len(poses), disable=None):
        folder.save(i, reposer.repose(person, state, poses[i]).image)
    finish(job, folder, num_kept, motion.fps, motion.sound_of, [CACHE_NAME])


def _motion_of_video(job: DrivingJob, video: VideoReader, finder: PoseFinder) -> _Motion:
    """In pixels of the video."""
    require_short(job, video)
    clean = functools.partial(_cleaned, job, video.size)
    sequence = poses_of_video(video, finder.estimator, job.frames_folder, job.smooth_poses, job.overwrite, clean)
    return _Motion(sequence, video.size, video.fps, sound_of(job, video))


def _motion_of_poses(job: DrivingJob, size: tuple[int, int]) -> _Motion:
    """In pixels of the video that they are from."""
    pose_size = job.pose_size or size
    sequence = load_sequence(job.poses, pose_size)
    fps = job.fps or _DEFAULT_FPS
    sequence = sequence._replace(keypoints=_cleaned(job, pose_size, sequence.keypoints))
    if job.smooth_poses:
        keypoints, lines = smoothed(sequence.keypoints, fps)
        sequence = sequence._replace(keypoints=keypoints)
        print(f'filled: {"; ".join(lines) or "nothing was missing for so short a time"}')
    require_poses(sequence)
    return _Motion(sequence, pose_size, fps)


def _cleaned(job: DrivingJob, size: tuple[int, int], keypoints: np.ndarray) -> np.ndarray:
    """By motion extraction, where its run is given: [frames, 18, 2] in pixels of `size`."""
    if job.motion_run_dir is None:
        return keypoints
    # Needs TensorFlow, for whose import a bad file need not wait.
    from posewarp_tf.inference.cleaning import SkeletonCleaner

    cleaned = SkeletonCleaner(job.motion_run_dir).clean_poses(keypoints, size)
    num_filled = num_found_anew(keypoints, cleaned)
    print(f'cleaned by {job.motion_run_dir}: neck and limbs in {len(keypoints)} frames, {num_filled} joints filled')
    return cleaned


def _shrunk(job: DrivingJob, image: np.ndarray, found: FoundPose) -> tuple[np.ndarray, FoundPose]:
    """The source picture and its pose in the size of the frames."""
    size = size_of_frames(job, picture_size(image))
    return (image, found) if size == picture_size(image) else (resize_image(image, size), found.at(size))
