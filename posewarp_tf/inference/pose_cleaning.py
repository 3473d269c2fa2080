"""Poses of videos in files, cleaned by motion extraction and written again, whoever computes it; no TensorFlow.

As in the published tool a video passes in pieces of 24 frames with 40 on each side (poses/skeletons.py). Its last piece
overlaps the one before; a video of fewer than 24 frames repeats its last.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from posewarp_tf.detection.runner import pictures_in
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference.before_after import make_strip, write_film
from posewarp_tf.inference.cleaning_job import CleaningJob
from posewarp_tf.pictures.picture_files import picture_size, save_image
from posewarp_tf.poses.sequences import PoseSequence, load_sequence, natural_order
from posewarp_tf.poses.skeletons import PIECE, cleaned_keypoints, from_skeletons, noisy_skeletons, num_found_anew
from posewarp_tf.poses.writers import write_annotations, write_human36m, write_openpose
from posewarp_tf.synthetic.unfinished import folder_appearing_whole, require_nothing_there

# Noisy skeletons of a whole video, float32 [frames, 34], to clean ones.
Clean = Callable[[np.ndarray], np.ndarray]


class CleanedVideo(NamedTuple):
    """One video.

    name: of its folder among others; '' of one alone.
    found: the poses as they were read.
    skeletons: clean ones, float32 [frames, 34].
    size: (height, width) of the frames.
    """

    name: str
    found: PoseSequence
    skeletons: np.ndarray
    size: tuple[int, int]

    @property
    def keypoints(self) -> np.ndarray:
        """[frames, 18, 2] with neck and limbs cleaned; the face, which clean skeletons have not, as it was found."""
        return cleaned_keypoints(self.found.keypoints, self.skeletons, self.size)


def run_cleaning(job: CleaningJob, load_clean: Callable[[], Clean]) -> None:
    """Reads all poses, loads what cleans them, writes all files and says what was read and written.

    Raises:
        DataError, ConfigError: something cannot be read or written; nothing has been written then.
    """
    job.check()
    output = pathlib.Path(job.output_dir)
    require_nothing_there(output)
    places = _videos_at(pathlib.Path(job.poses))
    if len(places) > 1 and (job.strip or job.film):
        raise ConfigError(f'--strip, --film: given for {len(places)} videos, expected --poses of one')
    pictures = {name: _pictures_of(job, name) for name in places}
    sizes = {name: job.size or picture_size(paths[0]) for name, paths in pictures.items()}
    found = {name: load_sequence(place, sizes[name]) for name, place in places.items()}
    for name, sequence in found.items():
        if job.pictures is not None and len(pictures[name]) != len(sequence.names):
            raise DataError(
                f'--pictures: got {len(pictures[name])} of {places[name]}, expected {len(sequence.names)}, one per pose'
            )
    clean = load_clean()
    videos = [_cleaned(name, sequence, sizes[name], clean) for name, sequence in found.items()]
    with folder_appearing_whole(output) as folder:
        for video in videos:
            _write(video, folder / video.name, job.form)
    print(f'written: {output}: {sum(len(video.skeletons) for video in videos)} frames as {job.form}')
    for video in videos if job.strip or job.film else ():
        before_after = video.found.keypoints, video.keypoints
        if job.strip:
            save_image(job.strip, make_strip(*before_after, video.size, pictures[video.name]))
            print(f'written: {job.strip}')
        if job.film:
            write_film(job.film, *before_after, video.size, job.fps, pictures[video.name])
            print(f'written: {job.film}')


def _videos_at(place: pathlib.Path) -> dict[str, pathlib.Path]:
    """{name: what `load_sequence` takes}: of a folder that holds nothing but folders, one for each."""
    if place.is_dir():
        inside = sorted((path for path in place.iterdir() if not path.name.startswith('.')), key=_in_order)
        if inside and all(path.is_dir() for path in inside):
            return {path.name: path for path in inside}
    return {'': place}


def _in_order(path: pathlib.Path) -> list[tuple[int, int, str]]:
    return natural_order(path.name)


def _pictures_of(job: CleaningJob, name: str) -> list[pathlib.Path]:
    if job.pictures is None:
        if job.size is None:
            raise ConfigError('--image_size: missing; expected height,width of the frames, or the frames as --pictures')
        return []
    return sorted(pictures_in(os.path.join(job.pictures, name), named_by_stem=False), key=_in_order)


def _cleaned(name: str, found: PoseSequence, size: tuple[int, int], clean: Clean) -> CleanedVideo:
    num_frames = len(found.names)
    if num_frames < PIECE:
        print(f'note: {name or "the video"} has {num_frames} frames, fewer than {PIECE}: its last one is repeated')
    video = CleanedVideo(name, found, clean(noisy_skeletons(found.keypoints, size)), size)
    num_filled = num_found_anew(found.keypoints, video.keypoints)
    print(f'cleaned: neck and limbs in {num_frames} frames, {num_filled} joints filled')
    return video


def _write(video: CleanedVideo, folder: pathlib.Path, form: str) -> None:
    folder.mkdir(exist_ok=True)
    stems = _stems(video.found.names)
    if form == 'human36m':
        for stem, joints in zip(stems, from_skeletons(video.skeletons, video.size)):
            write_human36m(folder / f'{stem}.json', joints)
    elif form == 'openpose':
        for stem, keypoints in zip(stems, video.keypoints):
            write_openpose(folder / f'{stem}.json', [(keypoints, None)])
    else:
        poses = {f'{stem}.jpg': (keypoints, video.size) for stem, keypoints in zip(stems, video.keypoints)}
        write_annotations(folder / 'annotations.csv', poses)


def _stems(names: Sequence[str]) -> list[str]:
    """What the files of the frames are called: as those that they are from, or numbered if these had no names."""
    paths = [pathlib.PurePath(name) for name in names]
    stems = [path.stem for path in paths]
    if all(path.suffix for path in paths) and len(set(stems)) == len(stems):
        return stems
    return [f'frame-{number:05d}' for number in range(len(names))]
