"""The poses of the person that a video shows, found frame by frame, and put where the person of a photo stands."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import DataError
from posewarp_tf.poses.sequences import PoseSequence
from posewarp_tf.poses.smoothing import hold, is_empty, smoothed
from posewarp_tf.poses.tracking import follow
from posewarp_tf.video.reading import VideoReader

if TYPE_CHECKING:
    from posewarp_tf.detection.estimator import PoseEstimator

# What was found in each frame, so that a run that goes on need not look again.
CACHE_NAME = 'poses.jsonl'

_NUM_NAMED = 8
# In so many frames somebody new may come unseen.
_LOOK_AROUND = 25
# Bytes at the beginning and the end of a file by which it is known again.
_NUM_BYTES = 1 << 20


def poses_of_video(
    video: VideoReader,
    estimator: PoseEstimator,
    folder: pathlib.Path,
    smooth: bool = True,
    overwrite: bool = False,
    clean: Callable[[np.ndarray], np.ndarray] | None = None,
    fill: bool = True,
) -> PoseSequence:
    """The poses of the person who is seen largest and longest in a video, in its pixels; prints what was found.

    What the estimator found is kept in `folder`, frame by frame: a later call for the same part of the same video goes
    on where an earlier one was stopped, unless it is to `overwrite`. `clean` changes what was found; with `smooth`, the
    poses are `posewarp_tf.poses.smoothing.smoothed`. Frames that then still show nobody repeat the pose before, unless
    they are not to be filled: what fills them better comes later.

    Raises:
        DataError: nobody was found in any frame.
    """
    people = _people_of_frames(video, estimator, folder / CACHE_NAME, overwrite)
    keypoints, num_people = follow(people)
    num_seen = int(np.sum(~is_empty(keypoints)))
    if not num_seen:
        discard_cache(folder)
        raise DataError(
            f'{video.path}: nobody was found in any of its {len(people)} frames: take a video that shows one person '
            'whole, upright and larger than a quarter of its height'
        )
    several = f'; {num_people} people were told apart, the one seen largest and longest is followed'
    print(
        f'{video.path}: {len(people)} frames of {video.size[0]}x{video.size[1]} at {video.fps:.6g} per second, '
        f'{num_seen} of them show the person{several if num_people > 1 else ""}'
    )
    if clean is not None:
        keypoints = clean(keypoints)
    if smooth:
        num_missing = np.sum(np.all(keypoints == MISSING, axis=-1))
        keypoints, _ = smoothed(keypoints, video.fps)
        num_filled = num_missing - np.sum(np.all(keypoints == MISSING, axis=-1))
        print(f'smoothed: {num_filled} missing joints filled from the frames around, trembling taken out')
    keypoints, held = hold(keypoints) if fill else (keypoints, [])
    if held:
        shown = ', '.join(f'{first}-{last}' for first, last in held[:_NUM_NAMED])
        more = f' and {len(held) - _NUM_NAMED} more' if len(held) > _NUM_NAMED else ''
        print(f'note: frames {shown}{more} show nobody: the pose before is held')
    return PoseSequence([f'frame-{number:05d}' for number in range(len(keypoints))], keypoints)


def discard_cache(folder: pathlib.Path) -> None:
    """Removes what was found; and the folder, if it holds nothing else."""
    (folder / CACHE_NAME).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _people_of_frames(
    video: VideoReader, estimator: PoseEstimator, cache: pathlib.Path, overwrite: bool
) -> list[list[np.ndarray]]:
    """Of each frame the poses of all people, float32 [18, 2], joints outside of the frame missing.

    The cache has a line of JSON that says what was looked at, one per frame, and {} at the end.
    """
    key = {'video': _fingerprint(video), 'estimator': estimator.identity}
    lines = [] if overwrite else _cached(cache, key)
    is_complete = lines[-1:] == [{}]
    found = lines[:-1] if is_complete else lines
    if is_complete:
        print(f'{cache}: the poses that were found earlier')
    else:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with open(cache, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(line) + '\n' for line in (key, *found))
            num_known, total = len(found), video.num_frames
            frames = tqdm(video, desc='poses', unit='', total=total, disable=None)
            people: Sequence[Any] = []
            for image in (image for number, image in enumerate(frames) if number >= num_known):
                people = _look(estimator, image, people, len(found) - num_known)
                found.append([np.round(np.asarray(person.keypoints, np.float64), 2).tolist() for person in people])
                file.write(json.dumps(found[-1]) + '\n')
                file.flush()
            file.write('{}\n')
        if video.problem:
            print(f'note: {video.path}: {video.problem}; the {len(found)} frames that can be read are used')
    return [[_inside(np.array(pose, np.float32), video.size) for pose in people] for people in found]


def _look(estimator: PoseEstimator, image: np.ndarray, before: Sequence[Any], number: int) -> Sequence[Any]:
    """Who is in a frame: one person alone is tracked, with a look around now and then; several might be mixed up."""
    if len(before) != 1 or number % _LOOK_AROUND == 0:
        return estimator.find(image)
    person = estimator.track(image, before[0])
    return [] if person is None else [person]


def _cached(cache: pathlib.Path, key: dict) -> list:
    """The whole lines of a cache of the same key, without it."""
    try:
        lines = [json.loads(line) for line in cache.read_text(encoding='utf-8').split('\n')[:-1]]
    except (OSError, ValueError):
        return []
    return lines[1:] if lines[:1] == [key] else []


def _fingerprint(video: VideoReader) -> str:
    """Of the file and of the part of it that is read."""
    digest = hashlib.sha256(repr((video.fps, video.start, video.max_seconds)).encode())
    size = os.path.getsize(video.path)
    with open(video.path, 'rb') as file:
        digest.update(str(size).encode() + file.read(_NUM_BYTES))
        file.seek(max(size - _NUM_BYTES, 0))
        digest.update(file.read())
    return digest.hexdigest()[:16]


def _inside(pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The joints that lie within a picture of `size`; an estimator guesses where the others are."""
    inside = np.all((pose >= 0) & (pose < size[::-1]), axis=-1, keepdims=True)
    return np.where(inside, pose, MISSING).astype(np.float32)
