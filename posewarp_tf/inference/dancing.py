"""A person of a picture who dances as the poses of a video do: what the networks of `gfla_dance` see of both.

The networks were trained on references whose joints are as found, in COCO's order, and on targets whose joints are
clean, in Human3.6M's.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference.checks import picture_size
from posewarp_tf.inference.driving import source_pose
from posewarp_tf.inference.driving_job import DrivingJob, check_paths
from posewarp_tf.inference.film import require_short, sound_of
from posewarp_tf.inference.found_poses import FoundPose, PoseFinder
from posewarp_tf.inference.pose_track import poses_of_video
from posewarp_tf.pictures import picture_files
from posewarp_tf.poses.dance_joints import (
    human36m_joints,
    joints_of_keypoints,
    keypoints_of_human36m,
    read_joints,
)
from posewarp_tf.poses.dance_maps import found, pose_maps, resize_joints
from posewarp_tf.poses.retarget import Retargeter
from posewarp_tf.poses.sequences import load_sequence, natural_order
from posewarp_tf.poses.skeletons import (
    COCO_17,
    HUMAN36M_17,
    NUM_SKELETON_JOINTS,
    from_skeletons,
    noisy_skeletons,
)
from posewarp_tf.poses.smoothing import hold
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.synthetic.video_layout import CLEAN, FOUND, FRAMES
from posewarp_tf.video.reading import VideoReader

if TYPE_CHECKING:
    from posewarp_tf.inference.animating import FrameMaker

RETARGET_MODES = ('none', 'place')
_DEFAULT_FPS = 25.0


class _Dance(NamedTuple):
    """What is danced: joints float64 [frames, 17, 2] in Human3.6M's order, missing 0, in pixels of `size`."""

    joints: np.ndarray
    size: tuple[int, int]
    fps: float
    sound: str | None = None


def run_dance(load_animator: Callable[[], FrameMaker], job: DrivingJob, finder: PoseFinder, retarget: str) -> None:
    """Reads all that the job names, says how it was understood, loads the network and makes the frames.

    Args:
        job: `poses` is a video, or joints in a folder or file: what `load_sequence` reads, or a folder of one video in
            the layout of data sets, whose clean joints are taken.
        finder: finds the joints in the frames of a video, and in the source picture without a pose.
        retarget: 'place': the dancer stands where the person of the picture does, as large; 'none': where the poses
            are in their video.

    Raises:
        DataError: something cannot be read or used.
        ConfigError: motion extraction is given for joints that are clean.
    """
    check_paths(job)
    if job.motion_run_dir is not None:
        RunFolder(job.motion_run_dir).load_config_of('skeletons')
    image = picture_files.load_image(job.source_image)
    size = picture_size(image)
    print(f'{job.source_image}: picture of {size[0]}x{size[1]} (height x width)')
    person = source_pose(job, finder, size)
    dance = _dance_of(job, finder, size)
    if retarget == 'place':
        dance = _placed(dance, person)
    # Needs TensorFlow, for whose import a bad file need not wait.
    from posewarp_tf.inference.animating import Performance, animate

    animator = load_animator()
    joints = resize_joints(dance.joints, dance.size, animator.size)
    reference = resize_joints(joints_of_keypoints(person.keypoints), size, animator.size)
    performance = Performance(
        image,
        pose_maps(reference, COCO_17, animator.size),
        [one.tobytes() for one in joints],
        lambda number: pose_maps(joints[number], HUMAN36M_17, animator.size),
        dance.fps,
        dance.sound,
    )
    animate(animator, performance, job)


def _dance_of(job: DrivingJob, finder: PoseFinder, size: tuple[int, int]) -> _Dance:
    """As the video or the files have it."""
    # Motion extraction fills frames that show nobody better than a pose that is held.
    is_cleaned = job.motion_run_dir is not None
    if job.is_video:
        video = VideoReader(job.poses, job.fps, job.start, job.max_seconds)
        require_short(job, video)
        poses = poses_of_video(
            video, finder.estimator, job.frames_folder, job.smooth_poses, job.overwrite, fill=not is_cleaned
        )
        return _Dance(_cleaned(job, poses.keypoints, video.size), video.size, video.fps, sound_of(job, video))
    place, fps = pathlib.Path(job.poses), job.fps or _DEFAULT_FPS
    size = job.pose_size or _size_in_layout(place) or size
    if place.parent.name in (FRAMES, CLEAN):
        return _Dance(_clean_joints(job, place.parent.parent / CLEAN / place.name), size, fps)
    keypoints = load_sequence(place, size).keypoints
    keypoints, held = (keypoints, []) if is_cleaned else hold(keypoints)
    if held:
        print(f'note: {sum(last - first + 1 for first, last in held)} frames show nobody: the pose before is held')
    return _Dance(_cleaned(job, keypoints, size), size, fps)


def _size_in_layout(place: pathlib.Path) -> tuple[int, int] | None:
    """Height and width of the frames of a video in the layout of data sets, whose folder of joints this is."""
    if place.parent.name not in (FRAMES, FOUND, CLEAN):
        return None
    frames = place.parent.parent / FRAMES / place.name
    names = sorted(os.listdir(frames)) if frames.is_dir() else []
    pictures = [name for name in names if name.lower().endswith(picture_files.PICTURE_SUFFIXES)]
    return picture_files.picture_size(frames / pictures[0]) if pictures else None


def _clean_joints(job: DrivingJob, folder: pathlib.Path) -> np.ndarray:
    if job.motion_run_dir is not None:
        raise ConfigError(f'--motion_run_dir: given for {folder}, whose joints are clean already')
    paths = sorted(folder.glob('*.json'), key=lambda path: natural_order(path.name))
    if not paths:
        raise DataError(f'{folder}: no .json of clean joints there, expected one for each frame')
    joints = [read_joints(os.fspath(path), NUM_SKELETON_JOINTS) for path in paths]
    print(f"{folder}: {len(joints)} frames of clean joints in Human3.6M's order, taken as they are")
    return np.stack(joints)


def _cleaned(job: DrivingJob, keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Joints in Human3.6M's order from keypoints [frames, 18, 2] in pixels of `size`."""
    if job.motion_run_dir is None:
        print(
            "joints: as found, put into Human3.6M's order: middles stand for hip, spine, neck and head. The networks "
            'were trained on cleaned ones, which --motion_run_dir gives'
        )
        return human36m_joints(joints_of_keypoints(keypoints))
    from posewarp_tf.inference.cleaning import SkeletonCleaner

    print(f'joints: cleaned by {job.motion_run_dir}')
    skeletons = SkeletonCleaner(job.motion_run_dir).clean(noisy_skeletons(keypoints, size))
    return from_skeletons(skeletons, size).astype(np.float64)


def _placed(dance: _Dance, person: FoundPose) -> _Dance:
    """In pixels of the person's picture, as large as the person and in the same place."""
    retargeter = Retargeter(person.keypoints, keypoints_of_human36m(dance.joints), 'place')
    print(f'retarget: {retargeter.words}')
    moved = dance.joints * retargeter.scale + retargeter.shift
    return dance._replace(joints=np.where(found(dance.joints)[..., np.newaxis], moved, 0.0), size=person.size)
