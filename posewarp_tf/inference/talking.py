"""A face of a picture that talks as landmarks say: what the networks of `gfla_face` see of both."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posewarp_tf.detection.face_footage import Footage, write_footage
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.faces.face_maps import make_face_maps, to_pose
from posewarp_tf.faces.landmarks import read_landmarks
from posewarp_tf.inference.driving_job import DrivingJob, check_paths
from posewarp_tf.inference.film import require_short, sound_of
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES, load_image, picture_size
from posewarp_tf.poses.sequences import natural_order
from posewarp_tf.video.reading import VideoReader

if TYPE_CHECKING:
    from posewarp_tf.detection.face_mesh import FaceMesh
    from posewarp_tf.inference.animating import FrameMaker
    from posewarp_tf.settings.config import Config

_DEFAULT_FPS = 25.0
# Sides of the squares that are cut out around a face, in pixels; a larger network has larger ones.
_FACE_SIZE = 256
_KEYPOINTS, _DATA = ('_keypoints', '_keypoint'), '_data'


class _Talk(NamedTuple):
    """Files of landmarks in order, and of the frames that they are from; without these, the size of the frames."""

    landmarks: list[pathlib.Path]
    frames: list[pathlib.Path]
    size: tuple[int, int]
    fps: float
    sound: str | None = None


def run_talk(
    load_animator: Callable[[], FrameMaker],
    config: Config,
    job: DrivingJob,
    load_mesh: Callable[[], FaceMesh],
    target_frames: str | None = None,
) -> None:
    """Reads all that the job names, says how it was understood, loads the network and makes the frames.

    Args:
        config: that of the run, which says whether maps have the edges around a face.
        job: `source_keypoints` is a file of landmarks of the source picture; None: they are found, and a square around
            the face is taken instead of the picture. `poses` is a folder of a file of landmarks for each frame, or a
            video.
        load_mesh: makes what finds landmarks.
        target_frames: the folder of the frames that landmarks in files are from; None: where a data set has them.

    Raises:
        DataError: something cannot be read or used.
        ConfigError: maps need the edges around the face, and there are no frames to take them from.
    """
    check_paths(job)
    with contextlib.ExitStack() as resources:
        image, landmarks = _source(job, config.model.image_size, load_mesh, resources)
        if job.is_video:
            talk = _talk_of_video(job, config.model.image_size, load_mesh, resources)
        else:
            talk = _talk_of_files(job, (image.shape[0], image.shape[1]), target_frames)
        _require_frames(config, talk, job)
        # Needs TensorFlow, for whose import a bad file need not wait.
        from posewarp_tf.inference.animating import Performance, animate

        size, with_edges = config.model.image_size, config.data.face_background_edges
        performance = Performance(
            image,
            _maps(landmarks, image, size, with_edges, job.source_image),
            list(_ingredients(talk, with_edges)),
            lambda number: _maps_of_frame(talk, number, size, with_edges),
            talk.fps,
            talk.sound,
        )
        animate(load_animator(), performance, job)


def _source(
    job: DrivingJob, size: tuple[int, int], load_mesh: Callable[[], FaceMesh], resources: contextlib.ExitStack
) -> tuple[np.ndarray, np.ndarray]:
    """The picture uint8 [h, w, 3] and its landmarks [68, 2]."""
    if job.source_keypoints is not None:
        image = load_image(job.source_image)
        print(f'{job.source_image}: picture of {image.shape[0]}x{image.shape[1]} (height x width)')
        return image, read_landmarks(job.source_keypoints)
    frames, landmarks = _found(Footage(job.source_image), size, load_mesh, resources)
    image = load_image(frames[0])
    print(f'{job.source_image}: a face was found; the square around it is taken, {image.shape[0]} pixels high')
    return image, read_landmarks(landmarks[0])


def _talk_of_video(
    job: DrivingJob, size: tuple[int, int], load_mesh: Callable[[], FaceMesh], resources: contextlib.ExitStack
) -> _Talk:
    video = VideoReader(job.poses, job.fps, max_seconds=job.max_seconds)
    require_short(job, video)
    frames, landmarks = _found(Footage(job.poses, job.fps, job.max_seconds, is_video=True), size, load_mesh, resources)
    return _Talk(landmarks, frames, picture_size(frames[0]), video.fps, sound_of(job, video))


def _talk_of_files(job: DrivingJob, size: tuple[int, int], target_frames: str | None) -> _Talk:
    folder = pathlib.Path(job.poses)
    landmarks = _files(folder, ('.txt',))
    if not landmarks:
        raise DataError(f'{folder}: no .txt in this folder, expected the landmarks of each frame')
    frames: list[pathlib.Path] = []
    place = pathlib.Path(target_frames) if target_frames else _frames_beside(folder)
    if place is not None:
        frames = _files(place, PICTURE_SUFFIXES)
        if [path.stem for path in frames] != [path.stem for path in landmarks]:
            got = f'got {len(frames)} pictures for {len(landmarks)} files in {folder}'
            raise DataError(f'{place}: {got}, expected a picture for each, of the same name')
    size = picture_size(frames[0]) if frames else job.pose_size or size
    if job.pose_size is not None and job.pose_size != size:
        (height, width), expected = job.pose_size, f'{size[0]},{size[1]}'
        raise ConfigError(f'--target_image_size: got {height},{width}, expected {expected} as the frames in {place}')
    print(f'{folder}: landmarks of {len(landmarks)} frames of {size[0]}x{size[1]} (height x width)')
    return _Talk(landmarks, frames, size, job.fps or _DEFAULT_FPS)


def _require_frames(config: Config, talk: _Talk, job: DrivingJob) -> None:
    if config.data.face_background_edges and not talk.frames:
        raise ConfigError(
            f'--target_frames: missing for {job.poses}: this run was trained with --face_background_edges, for which '
            'the frames of the landmarks are needed'
        )


def _frames_beside(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder of the frames of a video in the layout of data sets; None where there is none."""
    split = folder.parent.name
    for ending in _KEYPOINTS:
        frames = folder.parent.with_name(split[: -len(ending)] + _DATA) / folder.name
        if split.endswith(ending) and frames.is_dir():
            return frames
    return None


def _files(folder: pathlib.Path, suffixes: tuple[str, ...]) -> list[pathlib.Path]:
    found = [path for path in folder.iterdir() if path.suffix.lower() in suffixes] if folder.is_dir() else []
    return sorted(found, key=lambda path: natural_order(path.name))


def _found(
    footage: Footage,
    size: tuple[int, int],
    load_mesh: Callable[[], FaceMesh],
    resources: contextlib.ExitStack,
) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """Squares around the face in a picture or in all frames of a video, and their landmarks, in a temporary folder."""
    folder = pathlib.Path(resources.enter_context(tempfile.TemporaryDirectory()))
    side = max(_FACE_SIZE, *size)
    count, num_missing = write_footage(footage, folder, 'test', 'face', load_mesh(), side)
    if num_missing:
        words = f'{num_missing} of {count} frames show no face: they have the landmarks of the one before'
        print(f'note: {footage.source}: {words}')
    return _files(folder / 'test_data/face', ('.png',)), _files(folder / 'test_keypoints/face', ('.txt',))


def _ingredients(talk: _Talk, with_edges: bool) -> Iterator[bytes]:
    """Of each frame what its maps are made from; landmarks that cannot be read are found here."""
    for number, path in enumerate(talk.landmarks):
        # Of pictures a digest: all that is yielded is kept in memory.
        picture = hashlib.sha256(talk.frames[number].read_bytes()).digest() if with_edges else b''
        yield read_landmarks(path).tobytes() + repr(talk.size).encode() + picture


def _maps_of_frame(talk: _Talk, number: int, size: tuple[int, int], with_edges: bool) -> np.ndarray:
    path = talk.landmarks[number]
    image = load_image(talk.frames[number]) if with_edges else np.zeros((*talk.size, 3), np.uint8)
    return _maps(read_landmarks(path), image, size, with_edges, os.fspath(path))


def _maps(landmarks: np.ndarray, image: np.ndarray, size: tuple[int, int], with_edges: bool, name: str) -> np.ndarray:
    """float32 [*size, 16], as networks see them."""
    try:
        return to_pose(make_face_maps(landmarks, image, size, with_edges)).astype(np.float32)
    except ValueError as error:
        raise DataError(f'{name}: {error}') from error
