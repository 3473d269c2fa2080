"""What a driven person is made from and where it goes, as files; checked as far as that takes no reading."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from absl import flags

from posewarp_tf.errors import DataError
from posewarp_tf.inference.jobs import file_named_after
from posewarp_tf.inference.map_files import find_codings, load_maps
from posewarp_tf.inference.outputs import FILM_SUFFIXES, require_film, require_folder
from posewarp_tf.pictures.picture_files import resize_nearest

ANIMATION_NAME = 'animation.gif'
# Beside the video that is being written; removed when it is there.
FRAMES_SUFFIX = '.frames'


@dataclasses.dataclass(frozen=True)
class DrivingJob:
    """What is to be done, from files.

    source_keypoints: the pose of the source picture; None, with a video: it is found.
    poses: a folder or file that `load_sequence` reads, or, if `is_video`, a video.
    output: a folder for frame-00000.png, frame-00001.png, ... and animation.gif; or a video, by its suffix (.mp4,
        .webm, .gif, .webp, .png), whose frames are kept in a folder beside it, OUTPUT.frames, until it is complete.
    pose_size: height and width of the video that poses in files are from; None: as the source picture.
    class_maps: by the model's names; of the source a file or a folder, of the target a folder, of maps named after the
        picture or the frames (those of a video are frame-00000, ...).
    smooth_poses: whether slips, short gaps and trembling are taken out (poses/smoothing.py).
    motion_run_dir: a run folder of a model of skeletons, which cleans the poses; None: they are not.
    fps: frames per second; None: those of the video, of poses 25.
    start, max_seconds: the part of the video that is used, in seconds; None: to its end.
    with_sound: whether the sound of the video is carried over into an .mp4 or .webm.
    """

    source_image: str
    source_keypoints: str | None
    poses: str
    output: str
    source_name: str | None = None
    pose_size: tuple[int, int] | None = None
    class_maps: Mapping[str, str] = dataclasses.field(default_factory=dict)
    smooth_poses: bool = False
    motion_run_dir: str | None = None
    fps: float | None = None
    overwrite: bool = False
    is_video: bool = False
    start: float = 0.0
    max_seconds: float | None = None
    with_sound: bool = True

    @property
    def output_suffix(self) -> str:
        """Of a video, in small letters; '' if the output is a folder."""
        suffix = pathlib.Path(self.output).suffix.lower()
        return suffix if suffix in FILM_SUFFIXES else ''

    @property
    def frames_folder(self) -> pathlib.Path:
        return pathlib.Path(self.output + FRAMES_SUFFIX if self.output_suffix else self.output)


def check_paths(job: DrivingJob) -> None:
    """Raises a DataError if the source is no single picture, or the output cannot be written or is read."""
    if os.path.isdir(job.source_image):
        raise DataError(f'--source_image: {job.source_image} is a folder, expected one picture to drive')
    if job.output_suffix:
        require_film(job.output, {'the source picture itself': job.source_image, 'the target itself': job.poses})
    else:
        contents = f'numbered frames (frame-00000.png, ...) and {ANIMATION_NAME}'
        require_folder(job.output, f'for {contents}, or a name that ends in {", ".join(FILM_SUFFIXES)}')
    if job.frames_folder.resolve() == pathlib.Path(job.poses).resolve():
        raise DataError(f'--output: got {job.output!r}, which is the folder of the poses, expected another one')


def read_maps(
    job: DrivingJob, frames: Sequence[str], garment_classes: str, size: tuple[int, int]
) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """Maps of the source, and of each frame at the model's size."""
    source_paths, target_places = {}, {}
    for key, place in job.class_maps.items():
        path = pathlib.Path(place)
        if key.startswith('source_'):
            source_paths[key] = _map_named_after(key, path, job.source_image) if path.is_dir() else path
        elif path.is_dir():
            target_places[key] = path
        else:
            raise DataError(f'--{key}: got {place!r}, expected a folder of maps named after the frames')
    target_paths = [{key: _map_named_after(key, path, name) for key, path in target_places.items()} for name in frames]
    codings = find_codings([source_paths, *target_paths], garment_classes)
    target_maps = [
        {key: resize_nearest(classes, size) for key, classes in load_maps(paths, codings).items()}
        for paths in target_paths
    ]
    return load_maps(source_paths, codings), target_maps


def _map_named_after(key: str, folder: pathlib.Path, name: str) -> pathlib.Path:
    path, expected = file_named_after(folder, name, ('.png',))
    if path is None:
        raise DataError(f'--{key}: {folder}: no map of {os.path.basename(name)}: expected one of {", ".join(expected)}')
    return path


def define_sequence_flags() -> None:
    """Defines the flags of driving, by a video or by poses."""
    flags.DEFINE_string(
        'target_video',
        None,
        'Driving: a video (MP4, MOV, WebM, MKV, AVI, animated GIF, WebP or PNG) whose person is followed; the joints '
        'are found in its frames.',
    )
    flags.DEFINE_string(
        'target_dir',
        None,
        'Driving: a folder with one pose per frame (OpenPose JSON or pose text), or one file of many (annotation CSV, '
        'a table with a row of x y or x y confidence per frame, .npy). Writes frame-00000.png, ... and animation.gif.',
    )
    flags.DEFINE_float(
        'fps', None, 'Frames per second; default: of a video its own, of poses 25.', lower_bound=0.1, upper_bound=120.0
    )
    flags.DEFINE_boolean(
        'overwrite',
        False,
        'Make all frames, or pictures of --pairs, anew; default: go on where an earlier run stopped.',
    )
    flags.DEFINE_boolean(
        'smooth_poses',
        None,
        'Fill joints that are missing for up to 5 frames from the frames around, and take slips and trembling out; '
        'default: of a video yes, of poses no.',
    )
    flags.DEFINE_string(
        'motion_run_dir',
        None,
        'Run folder of motion extraction (trained or imported), by which neck and limbs are cleaned and their gaps '
        'filled; of a video in place of smoothing, unless --smooth_poses asks for both.',
    )
    flags.DEFINE_float('start', 0.0, 'Seconds of the video to leave out.', lower_bound=0.0)
    flags.DEFINE_float('max_seconds', None, 'Seconds of the video to use; default: all.', lower_bound=0.01)
    flags.DEFINE_boolean('sound', True, 'Carry the sound of the video over into an .mp4 or .webm.')
