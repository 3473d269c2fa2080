"""A video, a photo or a folder of frames of somebody's face as a folder of the layout that animation of faces reads.

<split>_data/<name>/00000.png ...         frames, cut to a square around the face that stands still, and resized
<split>_keypoints/<name>/00000.txt ...    68 landmarks x,y in pixels of the frame (faces/landmarks.py)
"""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from posewarp_tf.detection.face_mesh import Face, FaceMesh
from posewarp_tf.detection.runner import pictures_in
from posewarp_tf.errors import DataError
from posewarp_tf.faces.landmarks import write_landmarks
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.poses.sequences import natural_order
from posewarp_tf.video.reading import VideoReader

# Sides of the square in those of the smallest one around all landmarks: hair and chin are in it.
_MARGIN = 1.75
# Of the square's side, by which its middle lies above that of the landmarks.
_ABOVE = 0.06


class Footage(NamedTuple):
    """Frames of one size, that may be gone through more than once: of a video, a picture or a folder of pictures.

    source: a file, of one picture also a URL, or a folder, whose frames are in natural order: 9.png before 10.png.
    fps, max_seconds: of a video, as `VideoReader` takes them.
    is_video: whether a file is a video or an animation (`posewarp_tf.video.reading.is_film`); else its first picture
        is taken.
    """

    source: str
    fps: float | None = None
    max_seconds: float | None = None
    is_video: bool = False

    def frames(self) -> Iterator[np.ndarray]:
        """uint8 [H, W, 3] each.

        Raises:
            DataError: nothing can be read, or frames differ in size.
        """
        size = None
        for name, frame in self._named():
            if size is not None and frame.shape[:2] != size:
                got = f'got {frame.shape[0]} x {frame.shape[1]} (height x width)'
                raise DataError(f'{name}: {got}, expected {size[0]} x {size[1]} as the first frame')
            size = frame.shape[:2]
            yield frame

    def _named(self) -> Iterator[tuple[str, np.ndarray]]:
        path = pathlib.Path(self.source)
        if path.is_dir():
            names = pictures_in(self.source, named_by_stem=False)
            for name in sorted(names, key=lambda one: natural_order(one.name)):
                yield str(name), load_image(name)
        elif self.is_video:
            for frame in VideoReader(self.source, self.fps, max_seconds=self.max_seconds):
                yield self.source, frame
        else:
            yield self.source, load_image(self.source)


def find_landmarks(footage: Footage, mesh: FaceMesh) -> tuple[np.ndarray, int]:
    """Landmarks float64 [frames, 68, 2] in pixels of the frames, and in how many frames no face was found.

    Those have the landmarks of the frame before, or of the first one that has any.

    Raises:
        DataError: no frame shows a face.
    """
    found: list[np.ndarray | None] = []
    face: Face | None = None
    for frame in tqdm(footage.frames(), desc='landmarks', unit=' frames', leave=False, disable=None):
        face = mesh.find(frame) if face is None else mesh.track(frame, face)
        found.append(None if face is None else face.landmarks)
    seen = [landmarks for landmarks in found if landmarks is not None]
    if not seen:
        raise DataError(
            f'{footage.source}: no face was found in {len(found)} frames: expected one that looks into the camera'
        )
    filled, last = [], seen[0]
    for landmarks in found:
        last = last if landmarks is None else landmarks
        filled.append(last)
    return np.stack(filled), len(found) - len(seen)


def square_around(landmarks: np.ndarray, size: tuple[int, int]) -> tuple[float, float, float]:
    """(left, top, side) in pixels: 1.75 times as large as all landmarks [..., 2] reach, inside a picture of `size`."""
    points = landmarks.reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    side = min(_MARGIN * float((high - low).max()), *size)
    x, y = (low + high) / 2 - [0.0, _ABOVE * side]
    # Pixel 0 reaches from -1/2 to 1/2.
    left, top = (float(np.clip(v - side / 2, -0.5, most - 0.5 - side)) for v, most in ((x, size[1]), (y, size[0])))
    return left, top, side


def write_footage(
    footage: Footage, output_dir: str | os.PathLike, split: str, name: str, mesh: FaceMesh, size: int | None = 256
) -> tuple[int, int]:
    """Writes the folders of one video, whole or not at all; returns the numbers of frames and of those without a face.

    size: of the square pictures; None: whole frames as they are.

    Raises:
        DataError: from `find_landmarks`; there are folders of this name.
    """
    folders = [pathlib.Path(output_dir) / f'{split}_{kind}' / name for kind in ('keypoints', 'data')]
    for folder in folders:
        if folder.exists():
            raise DataError(f'{folder}: is there already: choose another --name or remove it')
    landmarks, num_missing = find_landmarks(footage, mesh)
    unfinished = [folder.with_name(f'.{name}-{os.getpid()}') for folder in folders]
    try:
        for folder in unfinished:
            folder.mkdir(parents=True)
        square = None
        for number, (frame, points) in enumerate(zip(footage.frames(), landmarks)):
            picture = Image.fromarray(frame)
            if size is not None:
                left, top, side = square = square or square_around(landmarks, (frame.shape[0], frame.shape[1]))
                box = (left + 0.5, top + 0.5, left + 0.5 + side, top + 0.5 + side)
                picture = picture.resize((size, size), Image.Resampling.BICUBIC, box)
                points = (points - np.array([left, top])) * (size / side) - 0.5
            write_landmarks(unfinished[0] / f'{number:05d}.txt', points)
            picture.save(unfinished[1] / f'{number:05d}.png')
        _put_in_place(dict(zip(unfinished, folders)))
    finally:
        for folder in unfinished:
            shutil.rmtree(folder, ignore_errors=True)
    return len(landmarks), num_missing


def _put_in_place(folders: dict[pathlib.Path, pathlib.Path]) -> None:
    """Gives finished folders their names; where one cannot have its name, none keeps it."""
    placed: list[pathlib.Path] = []
    try:
        for folder, final in folders.items():
            os.replace(folder, final)
            placed.append(final)
    except BaseException:
        for final in placed:
            shutil.rmtree(final, ignore_errors=True)
        raise
