"""Folders of faces that talk, as GFLA's code has FaceForensics; imports no TensorFlow.

{train,test,val}_data/<video>/<frame>.png              the frames in the order of their names
{train,test,val}_keypoints/<video>/<frame>.txt         68 lines x,y in pixels of the frame (faces/landmarks.py)
{train,test}_flows/<video>/<frame>.npz                 of self-made ones: exact `flow` and `visibility` from each frame
                                                       to the one before; the first frame's lead to itself
{train,test}_reference_flows/<video>/<frame>.npz       the same from each frame to the first

The published script calls the folders of landmarks `train_keypoint`, its reader `train_keypoints`: both are read.
"""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from posewarp_tf.data.clips.video_folders import video_names
from posewarp_tf.errors import DataError
from posewarp_tf.faces.landmarks import read_landmarks
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES, load_image

_LANDMARK_FOLDERS = ('{split}_keypoints', '{split}_keypoint')
# Folders of exact flows, by what they lead to.
FLOW_FOLDERS = {'previous': '{split}_flows', 'reference': '{split}_reference_flows'}


@dataclasses.dataclass(frozen=True, eq=False)
class FaceVideos:
    """Videos one behind the other: a name of each; paths of all frames; starts, lengths int64 [videos]."""

    data_dir: str
    split: str
    names: list[str]
    pictures: list[str]
    landmarks: list[str]
    starts: np.ndarray
    lengths: np.ndarray

    def at_least(self, num_frames: int) -> FaceVideos:
        """Those that are so long.

        Raises:
            DataError: none is.
        """
        kept = np.flatnonzero(self.lengths >= num_frames)
        if not len(kept):
            raise DataError(
                f'{os.path.join(self.data_dir, self.split)}_data: the longest of {len(self.names)} videos has '
                f'{self.lengths.max()} frames, expected at least {num_frames}'
            )
        return self.chosen(kept)

    def chosen(self, videos: np.ndarray) -> FaceVideos:
        """The videos with these numbers, all frames as they were."""
        names = [self.names[number] for number in videos]
        return dataclasses.replace(self, names=names, starts=self.starts[videos], lengths=self.lengths[videos])


def load_face_videos(data_dir: str, split: str) -> FaceVideos:
    """Lists the videos of 'train', 'test' or 'val'; no frame is opened.

    Raises:
        DataError: a folder is missing, a frame has no landmarks, or there are no videos.
    """
    folder = os.path.join(data_dir, f'{split}_data')
    landmark_folders = [os.path.join(data_dir, name.format(split=split)) for name in _LANDMARK_FOLDERS]
    found = [path for path in landmark_folders if os.path.isdir(path)]
    if not os.path.isdir(folder) or not found:
        missing = folder if not os.path.isdir(folder) else landmark_folders[0]
        raise DataError(f'{missing}: no such folder, expected one with a folder of each video')
    names = video_names(folder)
    if not names:
        raise DataError(f'{folder}: holds no folders, expected one for each video')
    pictures, landmarks, lengths = [], [], []
    for name in names:
        frames = _frames_of(os.path.join(folder, name), os.path.join(found[0], name))
        pictures += [picture for picture, _ in frames]
        landmarks += [path for _, path in frames]
        lengths.append(len(frames))
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return FaceVideos(data_dir, split, names, pictures, landmarks, starts, np.array(lengths, np.int64))


def flow_path(videos: FaceVideos, frame: int, kind: str) -> str:
    """The file of the exact flow from a frame, by its number among all, to its 'previous' or the 'reference' frame."""
    video, name = os.path.split(videos.pictures[frame])
    folder = FLOW_FOLDERS[kind].format(split=videos.split)
    return os.path.join(videos.data_dir, folder, os.path.basename(video), f'{os.path.splitext(name)[0]}.npz')


def found_flows(videos: FaceVideos, num_frames: int) -> list[str]:
    """The files of all exact flows of the first frames of the videos.

    Raises:
        DataError: one is missing.
    """
    frames = [frame for start in videos.starts for frame in range(start, start + num_frames)]
    paths = [flow_path(videos, frame, kind) for frame in frames for kind in FLOW_FOLDERS]
    missing = next((path for path in paths if not os.path.isfile(path)), None)
    if missing:
        raise DataError(f'{missing}: no such exact flow; self-made videos have them (synthetic --faces)')
    return paths


def read_frame(picture_path: str, landmarks_path: str) -> tuple[np.ndarray, np.ndarray]:
    """The picture uint8 [h, w, 3] and its landmarks float64 [68, 2].

    Raises:
        DataError: one cannot be read, or the landmarks are not of this picture.
    """
    image = load_image(picture_path)
    height, width = image.shape[:2]
    return image, landmarks_in_picture(landmarks_path, (height, width))


def landmarks_in_picture(landmarks_path: str, size: tuple[int, int]) -> np.ndarray:
    """Landmarks float64 [68, 2] of a picture of this height and width.

    Raises:
        DataError: they cannot be read, or are not of this picture.
    """
    landmarks = read_landmarks(landmarks_path)
    height, width = size
    # Beside the picture a face may lie in part, but not far away.
    away = np.abs(landmarks / [width, height] - 0.5).max(axis=1)
    if away.max() > 1.5:
        row = int(away.argmax())
        x, y = landmarks[row]
        raise DataError(
            f'{landmarks_path}: line {row + 1}: got {x:g},{y:g}, expected a pixel of its picture, which is '
            f'{width} wide and {height} high'
        )
    return landmarks


def _frames_of(folder: str, landmark_folder: str) -> list[tuple[str, str]]:
    """Paths of the pictures of a video and of their landmarks."""
    pictures = sorted(name for name in os.listdir(folder) if name.lower().endswith(PICTURE_SUFFIXES))
    if not pictures:
        raise DataError(f'{folder}: holds no pictures, expected the frames of a video')
    frames = []
    for name in pictures:
        path = os.path.join(landmark_folder, f'{os.path.splitext(name)[0]}.txt')
        if not os.path.isfile(path):
            raise DataError(f'{path}: no such file, expected the landmarks of {os.path.join(folder, name)}')
        frames.append((os.path.join(folder, name), path))
    return frames
