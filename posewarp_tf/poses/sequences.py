"""The poses of one person over time, from whatever a video's pose estimator wrote."""

from __future__ import annotations

import os
import pathlib
import re
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.poses.annotations import read_annotations
from posewarp_tf.poses.dialects.frames import Frame
from posewarp_tf.poses.joints import LAYOUTS, to_openpose_18
from posewarp_tf.poses.keypoint_frame import detect_frame, layout_named_by
from posewarp_tf.poses.picture_pixels import in_pixels
from posewarp_tf.poses.readers import WHERE_JOINTS_ARE_FOUND, NoPoseError, pose_of, read_json, read_keypoints
from posewarp_tf.poses.smoothing import MAX_GAP, is_empty

_POSE_SUFFIXES = ('.json', '.txt')
_NUM_NAMED = 8
_EXPECTED = (
    'a folder with a pose file per frame, or one file of many: annotation CSV, JSON of many frames, table with a row '
    'per frame, .npy'
)


class PoseSequence(NamedTuple):
    """Poses in order.

    names: of the file or row of each frame.
    keypoints: float32 [frames, 18, 2], (x, y) in pixels of one picture size, missing (-1, -1).
    """

    names: list[str]
    keypoints: np.ndarray


def load_sequence(place: str | os.PathLike, size: tuple[int, int]) -> PoseSequence:
    """The poses in a folder or file, in pixels of pictures of `size` (height, width); prints what it read.

    A folder of one file per frame (`readers.read_keypoints`), in natural order: frame 9 before frame 10. Or one
    file: an annotation CSV; JSON with many frames (ComfyUI, MMPose, AlphaPose, ...); a table of numbers, a row of x y
    or x y confidence per frame for 17, 18, 25, ... joints (`joints.LAYOUTS`), blanks or commas between, with or without
    a header; the same as .npy. A frame in which nobody was found has no joints.

    Raises:
        DataError: naming the frame's file or row and what is wrong; or no frame has a pose.
    """
    path = pathlib.Path(place)
    if path.is_dir():
        sequence = _from_folder(path, size)
    elif path.suffix.lower() == '.npy':
        sequence = _from_rows(path, _load_npy(path), size)
    else:
        sequence = _from_text(path, read_text(path, _EXPECTED, WHERE_JOINTS_ARE_FOUND), size)
    num_empty = int(np.sum(is_empty(sequence.keypoints)))
    if num_empty == len(sequence.names):
        raise DataError(f'{path}: none of the {num_empty} frames has a pose')
    print(
        f'{path}: {len(sequence.names)} poses, {sequence.names[0]} to {sequence.names[-1]}, '
        f'in a picture of {size[0]}x{size[1]}' + (f'; {num_empty} frames show nobody' if num_empty else '')
    )
    return sequence


def require_poses(sequence: PoseSequence) -> None:
    """Raises a DataError that lists the frames without any joint, if there are some."""
    empty = np.flatnonzero(is_empty(sequence.keypoints))
    if len(empty):
        names = ', '.join(sequence.names[i] for i in empty[:_NUM_NAMED])
        more = f' and {len(empty) - _NUM_NAMED} more' if len(empty) > _NUM_NAMED else ''
        raise DataError(
            f'{len(empty)} frames have no pose: {names}{more}: take them out, or fill gaps of up to {MAX_GAP} frames '
            'from their neighbours by --smooth_poses'
        )


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A key to sort by in which numbers count as numbers: frame9 before frame10."""
    pieces = re.split(r'(\d+)', name)
    return [(0, int(piece), '') if piece.isdigit() else (1, 0, piece) for piece in pieces if piece]


def _from_folder(folder: pathlib.Path, size: tuple[int, int]) -> PoseSequence:
    files = [path for path in folder.iterdir() if path.suffix.lower() in _POSE_SUFFIXES]
    files.sort(key=lambda path: natural_order(path.name))
    if not files:
        raise DataError(f'{folder}: no files in this folder that end in {", ".join(_POSE_SUFFIXES)}')
    poses = []
    num_crowded = 0
    for path in files:
        try:
            pose, words = read_keypoints(path, size)
        except NoPoseError:
            pose, words = np.full((NUM_JOINTS, 2), MISSING, np.float32), ''
        num_crowded += ', person ' in words
        poses.append(pose)
    _tell_crowds(folder, num_crowded)
    return PoseSequence([path.name for path in files], np.stack(poses))


def _from_text(path: pathlib.Path, text: str, size: tuple[int, int]) -> PoseSequence:
    if text.lstrip()[0] in '{[':
        return _from_frames(path, read_json(str(path), text), size)
    if re.search(r'\bkeypoints_[xy]\b', text.split('\n', 1)[0]):
        return _from_annotations(path, size)
    return _from_rows(path, _table(path, text), size)


def _from_frames(path: pathlib.Path, frames: list[Frame], size: tuple[int, int]) -> PoseSequence:
    """From one JSON file of many frames; names of pictures are in natural order, numbered frames in the file's."""
    if len(frames) == 1:
        raise DataError(f'{path}: a JSON file, which has the pose of one picture, expected {_EXPECTED}')
    frames = sorted(frames, key=lambda frame: natural_order(frame.name))
    poses = []
    for frame in frames:
        try:
            poses.append(pose_of(f'{path}, {frame.name}', frame, size)[0])
        except NoPoseError:
            poses.append(np.full((NUM_JOINTS, 2), MISSING, np.float32))
    _tell_crowds(path, sum(len(frame.people) > 1 for frame in frames))
    return PoseSequence([frame.name for frame in frames], np.stack(poses))


def _tell_crowds(path: pathlib.Path, num_crowded: int) -> None:
    if num_crowded:
        print(f'{path}: {num_crowded} frames show several people; the one with the highest mean confidence is taken')


def _from_annotations(path: pathlib.Path, size: tuple[int, int]) -> PoseSequence:
    annotations = read_annotations(path)
    names, keypoints = list(annotations.keypoints), np.stack(list(annotations.keypoints.values()))
    frame = detect_frame(keypoints, (), layout_named_by(path), str(path), size)
    return PoseSequence(names, frame.to_pixels(keypoints, size))


def _from_rows(path: pathlib.Path, rows: list[tuple[str, np.ndarray]], size: tuple[int, int]) -> PoseSequence:
    """From (name, numbers) of each frame."""
    poses = []
    for name, values in rows:
        if not np.isfinite(values).all():
            raise DataError(f'{path}, {name}: got a number that is not finite')
        if len(values) % 2 == 0 and len(values) // 2 in LAYOUTS:
            table = values.reshape(-1, 2)
            keypoints = to_openpose_18(np.column_stack([table, np.all(table >= 0, axis=-1)]))
        elif len(values) % 3 == 0 and len(values) // 3 in LAYOUTS:
            keypoints = to_openpose_18(values.reshape(-1, 3))
        else:
            joints = ', '.join(map(str, sorted(LAYOUTS)))
            raise DataError(
                f'{path}, {name}: got {len(values)} numbers, expected 2 (x y) or 3 (x y confidence) for each of '
                f'{joints} joints'
            )
        poses.append(in_pixels(f'{path}, {name}', keypoints, size)[0])
    return PoseSequence([name for name, _ in rows], np.stack(poses))


def _table(path: pathlib.Path, text: str) -> list[tuple[str, np.ndarray]]:
    rows: list[tuple[str, np.ndarray]] = []
    for number, line in enumerate(text.split('\n'), start=1):
        cells = line.split('#')[0].replace(',', ' ').replace(';', ' ').split()
        try:
            values = np.array([float(cell) for cell in cells])
        except ValueError as error:
            if rows:
                raise DataError(f'{path}, row {number}: {error}') from error
            continue  # a header
        if len(values):
            rows.append((f'row {number}', values))
    if not rows:
        raise DataError(f'{path}: no row of numbers, expected one per frame')
    return rows


def _load_npy(path: pathlib.Path) -> list[tuple[str, np.ndarray]]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f'{path}: not a .npy file: {error}') from error
    if array.ndim not in (2, 3) or not len(array) or array.dtype.kind not in 'fiu':
        raise DataError(f'{path}: got {array.dtype} {list(array.shape)}, expected numbers [frames, joints, 2 or 3]')
    return [(f'frame {i}', values.reshape(-1).astype(np.float64)) for i, values in enumerate(array)]
