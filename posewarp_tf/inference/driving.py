"""A person that moves like a sequence of poses: numbered frames and one animation."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from posewarp_tf.errors import DataError
from posewarp_tf.files import write_text
from posewarp_tf.inference.checks import picture_size, require_maps
from posewarp_tf.inference.jobs import file_named_after
from posewarp_tf.inference.map_files import find_codings, load_maps
from posewarp_tf.inference.outputs import require_folder
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.pictures.gif import write_gif
from posewarp_tf.pictures.picture_files import load_image, resize_nearest, save_image
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.poses.sequences import PoseSequence, load_sequence, require_poses, smoothed

if TYPE_CHECKING:
    from posewarp_tf.inference.predictor import Predictor, Source

ANIMATION_NAME = 'animation.gif'
# What each frame was made from, so that a later run knows which ones it may keep.
MANIFEST_NAME = 'frames.json'

_MAX_STRETCH = 1.2  # people look odd from here on


@dataclasses.dataclass(frozen=True)
class DrivingJob:
    """What is to be done, from files.

    poses: a folder or file that `load_sequence` reads.
    output_dir: the folder for frame-00000.png, frame-00001.png, ... and animation.gif.
    pose_size: height and width of the video that the poses are from; None: as the source picture.
    class_maps: by the model's names; of the source a file or a folder, of the target a folder, of maps named after the
        picture or the frames.
    fps: frames per second of the animation, at most 50.
    """

    source_image: str
    source_keypoints: str
    poses: str
    output_dir: str
    source_name: str | None = None
    pose_size: tuple[int, int] | None = None
    class_maps: Mapping[str, str] = dataclasses.field(default_factory=dict)
    smooth_poses: bool = False
    fps: float = 25.0
    overwrite: bool = False


def run_driving(
    load_predictor: Callable[[], Predictor], model: ModelConfig, job: DrivingJob, garment_classes: str = 'auto'
) -> None:
    """Reads everything that the job names, says how it was understood, loads the predictor and makes the frames.

    Raises:
        DataError: something cannot be read or used; nothing has been written then.
    """
    if os.path.isdir(job.source_image):
        raise DataError(f'--source_image: {job.source_image} is a folder, expected one picture to drive')
    contents = f'numbered frames (frame-00000.png, ...) and {ANIMATION_NAME}'
    require_folder(job.output_dir, f'for {contents}; video files are not written yet')
    if pathlib.Path(job.output_dir).resolve() == pathlib.Path(job.poses).resolve():
        raise DataError(f'--output: got {job.output_dir!r}, which is the folder of the poses, expected another one')
    image = load_image(job.source_image)
    size = picture_size(image)
    print(f'{job.source_image}: picture of {size[0]}x{size[1]} (height x width)')
    pose = load_keypoints(job.source_keypoints, size, job.source_name or os.path.basename(job.source_image))
    pose_size = job.pose_size or size
    if not 1 / _MAX_STRETCH < pose_size[0] * size[1] / (pose_size[1] * size[0]) < _MAX_STRETCH:
        print(f'note: poses of {pose_size[0]}x{pose_size[1]} are stretched to the shape of the source picture')
    sequence = load_sequence(job.poses, pose_size)
    if job.smooth_poses:
        sequence, lines = smoothed(sequence)
        print(f'filled: {"; ".join(lines) or "nothing was missing for so short a time"}')
    require_poses(sequence)
    source_maps, target_maps = _read_maps(job, sequence.names, garment_classes, model.image_size)
    require_maps(job.class_maps, model)
    predictor = load_predictor()
    source = predictor.prepare(image, pose, source_maps)
    num_kept = _drive(predictor, source, sequence, pose_size, job, target_maps)
    kept = f' ({num_kept} of them kept from an earlier run)' if num_kept else ''
    print(f'written: {len(sequence.names)} frames{kept} and {os.path.join(job.output_dir, ANIMATION_NAME)}')


def _drive(
    predictor: Predictor,
    source: Source,
    sequence: PoseSequence,
    pose_size: tuple[int, int],
    job: DrivingJob,
    maps: Sequence[Mapping[str, np.ndarray]],
) -> int:
    """Writes the frames of a job and their animation; returns how many frames were kept as they were.

    A run that was stopped goes on where it stopped: frames that were made from the same model, source and pose stay,
    unless the job overwrites them.

    Args:
        predictor, source: the model, and the person that it has prepared.
        sequence: the poses, every one with a joint, in pixels of pictures of `pose_size`.
        maps: of each frame, what the model takes of the target side.

    Raises:
        DataError: the folder holds frames that were made from something else.
    """
    folder = pathlib.Path(job.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(predictor, source, sequence.keypoints, pose_size, maps)
    kept = _kept_frames(folder, manifest, job.overwrite)
    write_text(folder / MANIFEST_NAME, json.dumps(manifest, indent=2) + '\n')
    numbers = [i for i, name in enumerate(manifest) if name not in kept]
    names = list(manifest)
    for i in tqdm(numbers, desc='frames', unit='', initial=len(kept), total=len(names), disable=None):
        prediction = predictor.repose(source, sequence.keypoints[i], pose_size, maps[i])
        save_image(folder / names[i], prediction.image)
    write_gif(folder / ANIMATION_NAME, [folder / name for name in names], job.fps)
    return len(kept)


def _manifest(
    predictor: Predictor,
    source: Source,
    keypoints: np.ndarray,
    pose_size: tuple[int, int],
    class_maps: Sequence[Mapping[str, np.ndarray]],
) -> dict[str, str]:
    """Name of each frame -> a digest of all that it depends on."""
    common = hashlib.sha256(predictor.fingerprint.encode())
    for array in (source.image, *(source.raw[name] for name in sorted(source.raw)), np.array(pose_size)):
        common.update(np.ascontiguousarray(array).tobytes())
    found = {}
    for i, (pose, maps) in enumerate(zip(keypoints, class_maps)):
        digest = common.copy()
        for array in (pose, *(maps[name] for name in sorted(maps))):
            digest.update(np.ascontiguousarray(array).tobytes())
        found[f'frame-{i:05d}.png'] = digest.hexdigest()[:16]
    return found


def _kept_frames(folder: pathlib.Path, manifest: Mapping[str, str], overwrite: bool) -> set[str]:
    """Frames that are there already, as they should be. With `overwrite` none: those of earlier runs are removed."""
    there = {path.name for path in folder.glob('frame-*.png')}
    try:
        earlier = json.loads((folder / MANIFEST_NAME).read_text(encoding='utf-8'))
    except (OSError, ValueError):
        earlier = {}
    earlier = earlier if isinstance(earlier, dict) else {}
    if overwrite:
        for name in there & set(earlier):
            (folder / name).unlink()
        return set()
    strange = sorted(name for name in there if earlier.get(name) is None or manifest.get(name) != earlier[name])
    if strange:
        raise DataError(
            f'{folder}: {len(strange)} frames in it were not made from this model, source and sequence, the first is '
            f'{strange[0]}: choose another --output, or --overwrite them'
        )
    return there


def _read_maps(
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
