"""The pose of one picture, from whichever file its pose estimator wrote."""

from __future__ import annotations

import functools
import json
import os

import numpy as np

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.pictures.names import NameIndex
from posewarp_tf.poses.annotations import Annotations, read_annotations, read_pose_text
from posewarp_tf.poses.dialects import read_frames
from posewarp_tf.poses.dialects.frames import Frame
from posewarp_tf.poses.dialects.people import OPENPOSE
from posewarp_tf.poses.joints import LAYOUTS, confidence_of, to_openpose_18
from posewarp_tf.poses.keypoint_frame import PADDED_SIZE, detect_frame, layout_named_by
from posewarp_tf.poses.picture_pixels import in_pixels

# Who gives a picture or video here hopes that its joints will be found.
WHERE_JOINTS_ARE_FOUND = (
    'a pose file is expected here: `posewarp pose` finds the joints of photos and writes such files, `posewarp predict '
    '--target_video` follows a video'
)
_EXPECTED = 'joints as OpenPose, COCO, MMPose, Ultralytics, AlphaPose or MediaPipe JSON, annotation CSV or pose text'


def load_keypoints(
    path: str | os.PathLike,
    image_size: tuple[int, int] | None = None,
    name: str | None = None,
    keypoint_size: tuple[int, ...] = (),
) -> np.ndarray:
    """As `read_keypoints`, without the words, which it prints."""
    keypoints, words = read_keypoints(path, image_size, name, keypoint_size)
    print(words)
    return keypoints


class NoPoseError(DataError):
    """A file that says that there is nobody in the picture."""


def read_keypoints(
    path: str | os.PathLike,
    image_size: tuple[int, int] | None = None,
    name: str | None = None,
    keypoint_size: tuple[int, ...] = (),
) -> tuple[np.ndarray, str]:
    """The joints of one person as float32 [18, 2], (x, y) in pixels of the picture, and words on what was read.

    Formats, told apart by their content: JSON of the programs in `dialects` (of several people the one with the
    highest mean confidence), an annotation CSV (the row of `name`) and pose text (18 rows `x y`).

    Args:
        path: of the file.
        image_size: (height, width) of the picture. Needed if coordinates are normalised to 0..1. A CSV row
            is scaled to it from the CSV's frame, JSON that says a size from that; without it, joints come in pixels
            of the frame, or of that size.
        name: of the picture, where a file has many.
        keypoint_size: frame of a CSV that does not tell by itself.

    Raises:
        NoPoseError: no people, or every joint missing.
        DataError: naming the file, the place in it and what is wrong: NaN, an unknown number of joints, joints outside
            the picture.
    """
    path = os.fspath(path)
    text = read_text(path, _EXPECTED, WHERE_JOINTS_ARE_FOUND).lstrip()
    if text[0] in '{[':
        keypoints, kind, frame = pose_of(path, _frame_of(path, read_json(path, text), name), image_size)
    elif ':' in text.splitlines()[0]:
        keypoints, kind, frame = _in_picture(path, *_from_csv(path, image_size, name, keypoint_size), image_size)
    else:
        keypoints, kind, frame = _in_picture(path, read_pose_text(path), 'pose text', image_size)
    num_seen = int(np.sum(keypoints[:, 0] != MISSING))
    if num_seen == 0:
        raise NoPoseError(f'{path}: all {NUM_JOINTS} joints are missing: there is no pose to follow')
    seen = keypoints[keypoints[:, 0] != MISSING]
    (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
    extent = f'x {left:.0f}..{right:.0f}, y {top:.0f}..{bottom:.0f}'
    return keypoints, f'{path}: {kind}, {num_seen} of {NUM_JOINTS} joints, {extent}{frame}'


def read_json(path: str, text: str) -> list[Frame]:
    """The frames of a JSON file, in order, in all the words of `dialects`; `path` is named in errors."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f'{path}: not JSON: {error}') from error
    try:
        frames = read_frames(content)
    except ValueError as error:
        raise DataError(f'{path}: {error}') from error
    except (TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        raise DataError(f'{path}: JSON with a value of another kind than pose files have: {error}') from error
    if frames is None:
        raise DataError(
            f'{path}: unknown JSON: expected `people` (OpenPose), `annotations` or a list with `keypoints` (COCO), '
            '`instances` (MMPose), `keypoints` with `x` and `y` (Ultralytics) or landmarks with `x`, `y` and '
            '`visibility` (MediaPipe)'
        )
    return frames


def pose_of(path: str, frame: Frame, image_size: tuple[int, int] | None) -> tuple[np.ndarray, str, str]:
    """One person of a frame: joints in pixels of the picture, float32 [18, 2]; words on whose; words on the picture.

    Of several it is the one with the highest mean confidence; of equals (editors give everything 1) the largest.

    Raises:
        NoPoseError: there is nobody.
        DataError: as `in_pixels`.
    """
    if not frame.people and frame.kind == OPENPOSE:
        raise NoPoseError(f'{path}: `people` is empty: the estimator found nobody in the picture')
    if not frame.people:
        raise NoPoseError(f'{path}: the estimator found nobody in the picture')
    poses = [to_openpose_18(points, frame.least) for points in frame.people]
    ranks = [(round(confidence_of(points), 3), _extent(pose)) for points, pose in zip(frame.people, poses)]
    chosen = max(range(len(poses)), key=ranks.__getitem__)
    words = f'{frame.kind}, {LAYOUTS[len(frame.people[chosen])][0]}'
    if len(poses) > 1:
        words += f', person {chosen} of {len(poses)} (counted from 0; highest mean confidence, {ranks[chosen][0]:.2f})'
    keypoints, about_picture = in_pixels(path, poses[chosen], image_size, frame.size, frame.is_canvas)
    return keypoints, words, about_picture


def _extent(pose: np.ndarray) -> float:
    seen = pose[pose[:, 0] != MISSING]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0


def _frame_of(path: str, frames: list[Frame], name: str | None) -> Frame:
    """The one frame of a file, or of several, or where the file says a picture's name, the one that is named."""
    if len(frames) == 1 and (name is None or '.' not in frames[0].name):
        return frames[0]
    if name is None:
        raise DataError(
            f'{path}: has {len(frames)} frames, {frames[0].name!r} first: say which picture is meant; a sequence is '
            'given by --target_dir'
        )
    found = NameIndex(frame.name for frame in frames).find(name)
    if found is None:
        raise DataError(f'{path}: no pose for picture {name!r} (the first of {len(frames)} is {frames[0].name!r})')
    return next(frame for frame in frames if frame.name == found)


def _from_csv(
    path: str, image_size: tuple[int, int] | None, name: str | None, keypoint_size: tuple[int, ...]
) -> tuple[np.ndarray, str]:
    annotations = _annotations(path, os.stat(path).st_mtime_ns)
    if name is None and len(annotations.keypoints) > 1:
        raise DataError(f'{path}: has {len(annotations.keypoints)} rows: say which picture is meant')
    found = next(iter(annotations.keypoints)) if name is None else NameIndex(annotations.keypoints).find(name)
    if found is None:
        first = next(iter(annotations.keypoints))
        raise DataError(f'{path}: no row of picture {name!r} (the first of {len(annotations.keypoints)} is {first!r})')
    joints = np.stack(list(annotations.keypoints.values()))
    frame = detect_frame(joints, keypoint_size, layout_named_by(path), path, image_size)
    size = image_size or (int(frame.height), int(frame.width))
    # A frame with borders comes with pictures that have them.
    padded = frame.left > 0 and size == PADDED_SIZE
    kind = f'annotation CSV, row of {found}' + (', picture with borders' if padded else '')
    return frame.to_pixels(annotations.keypoints[found], size, padded), kind


def _in_picture(
    path: str, keypoints: np.ndarray, kind: str, image_size: tuple[int, int] | None
) -> tuple[np.ndarray, str, str]:
    keypoints, about_picture = in_pixels(path, keypoints, image_size)
    return keypoints, kind, about_picture


@functools.lru_cache(maxsize=2)
def _annotations(path: str, changed: int) -> Annotations:
    """All rows of a file whose pictures are asked for one by one; it is read again only if it has changed."""
    return read_annotations(path)
