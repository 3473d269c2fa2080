"""Somebody in a picture who moves as somebody else did: frames one after the other, each made from the one before.

Persons and faces differ in what a pose is (dancing.py, talking.py); the rest is here. Whatever the number of frames,
one picture, one pose and what the network made of the reference are in memory.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from posewarp_tf.files import atomic_path
from posewarp_tf.inference.checks import picture_size
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.film import finish, size_of_frames
from posewarp_tf.inference.frames_folder import FramesFolder
from posewarp_tf.inference.pose_track import CACHE_NAME
from posewarp_tf.ops import to_float_image, to_uint8_image
from posewarp_tf.pictures.picture_files import resize_image, squashed
from posewarp_tf.runs.checkpoints import checkpoint_step, identifying_file
from posewarp_tf.runs.run_folder import RunFolder

# The last frame that was made, unrounded: from it a run that was stopped goes on.
LAST_NAME = 'last.npz'


class FrameMaker(Protocol):
    """What makes frames one after the other: an `Animator`, which says what these are, or one of a server."""

    size: tuple[int, int]
    fingerprint: str

    def outputs(
        self,
        reference: Mapping[str, tf.Tensor],
        poses: Iterable[tf.Tensor],
        previous: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> Iterator[dict[str, Any]]: ...


class Animator:
    """The network of a run folder.

    Args:
        run_dir: a run folder of a model that animates.
        materials: what it was trained on: 'dance_clips' of persons, 'face_clips' of faces.
        checkpoint: 'best' or 'latest'.
        image_size, sampler_impl: as of `Reposer`.

    Attributes:
        run: the RunFolder.
        config: the run's Config, with `image_size` and `sampler_impl`.
        model: the network.
        size: height and width of its pictures.
        checkpoint_path: where the weights are; `trained_steps`: and after how many steps.
        fingerprint: a digest of the weights.

    Raises:
        RunError: not a run folder, one of another model, or weights that cannot be read.
        ConfigError: an image size that the network cannot have.
    """

    def __init__(
        self,
        run_dir: str | os.PathLike,
        materials: Sequence[str],
        checkpoint: str = 'best',
        image_size: tuple[int, int] | None = None,
        sampler_impl: str | None = None,
    ) -> None:
        self.run = RunFolder(run_dir)
        trained = self.run.load_config_of(*materials)
        self.config = trained.replace(
            sampler_impl=sampler_impl or trained.model.sampler_impl,
            image_size=tuple(image_size or trained.model.image_size),
        )
        self.size = self.config.model.image_size
        self.model = model = self.run.load_model(which=checkpoint, config=self.config)
        self.checkpoint_path = self.run.checkpoint_path(model.stages, checkpoint)
        self.trained_steps = checkpoint_step(self.checkpoint_path)
        self.fingerprint = hashlib.sha256(identifying_file(self.checkpoint_path).read_bytes()).hexdigest()
        self._start = tf.function(model.start, autograph=False)
        self._step = tf.function(model.step, autograph=False)

    def outputs(
        self,
        reference: Mapping[str, tf.Tensor],
        poses: Iterable[tf.Tensor],
        previous: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The outputs of the network for each frame of B clips: `image` float [B, H, W, 3], `motions`.

        Args:
            reference: `reference_image` float32 [B, H, W, 3] in [-1, 1] and `reference_pose` float32 [B, H, W, C].
            poses: float32 [B, H, W, C] of each frame.
            previous: image and pose before the first frame; None: those of the reference.
        """
        state = self._start(dict(reference))
        image, pose = previous or (reference['reference_image'], reference['reference_pose'])
        for target in poses:
            before = {'previous_image': image, 'previous_pose': pose}
            outputs = self._step(state, {**reference, **before, 'target_pose': target})
            image, pose = tf.cast(outputs['image'], tf.float32), target
            yield {**outputs, 'image': image}


class Performance(NamedTuple):
    """Who is to do what.

    Attributes:
        image: uint8 [h, w, 3], any size.
        pose: float32 [H, W, C] of it, at the model's size.
        ingredients: of each frame what its pose is made from, as bytes.
        make_pose: the pose of a frame by its number, float32 [H, W, C].
        fps: frames per second.
        sound: the video whose sound goes with them, if any.
    """

    image: np.ndarray
    pose: np.ndarray
    ingredients: Sequence[bytes]
    make_pose: Callable[[int], np.ndarray]
    fps: float
    sound: str | None = None


def animate(animator: FrameMaker, performance: Performance, job: DrivingJob) -> None:
    """Makes the frames that are not there yet, then the video or animation of all.

    Frames have the picture's own size, or in a video that of `film.size_of_frames`.

    A run that was stopped goes on behind its last frame, and makes what it would have made without a stop.

    Raises:
        DataError: the folder holds frames that were made from something else.
    """
    size = size_of_frames(job, picture_size(performance.image))
    digests = _digests(animator, performance, size)
    folder = FramesFolder(job.frames_folder, digests, job.overwrite)
    last = _LastFrame(job.frames_folder / LAST_NAME, digests)
    first, image = last.read(folder.kept)
    total, num_kept = len(digests), first
    reference = {
        'reference_image': to_float_image(tf.constant(squashed(performance.image, animator.size)[np.newaxis])),
        'reference_pose': tf.constant(performance.pose[np.newaxis]),
    }
    poses = (tf.constant(performance.make_pose(number)[np.newaxis]) for number in range(first, total))
    previous = None
    if image is not None and first < total:
        previous = tf.constant(image), tf.constant(performance.make_pose(first - 1)[np.newaxis])
    frames = animator.outputs(reference, poses, previous) if first < total else iter(())
    progress = tqdm(frames, desc='frames', unit='', initial=first, total=total, disable=None)
    for number, outputs in enumerate(progress, start=first):
        picture = to_uint8_image(outputs['image'])[0].numpy()
        folder.save(number, picture if picture.shape[:2] == size else resize_image(picture, size))
        last.write(number, outputs['image'].numpy())
    finish(job, folder, num_kept, performance.fps, performance.sound, [CACHE_NAME, LAST_NAME])
    last.path.unlink(missing_ok=True)


class _LastFrame:
    """The last frame of a run, in a file that is replaced with each frame."""

    def __init__(self, path: pathlib.Path, digests: Sequence[str]) -> None:
        self.path, self._digests = path, digests

    def write(self, number: int, image: np.ndarray) -> None:
        with atomic_path(self.path) as temporary:
            np.savez(temporary, number=number, digest=self._digests[number], image=image)

    def read(self, kept: set[int]) -> tuple[int, np.ndarray | None]:
        """The number of the next frame, given those that are there, and the last one float32 [1, H, W, 3].

        All frames there: their number, without a last one. Where the file tells nothing of use: 0 and nothing.
        """
        if len(kept) == len(self._digests):
            return len(kept), None
        try:
            with np.load(self.path, allow_pickle=False) as content:
                number, digest, image = int(content['number']), str(content['digest']), content['image']
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return 0, None
        is_of_this = number < len(self._digests) and self._digests[number] == digest
        return (number + 1, image) if is_of_this and kept >= set(range(number + 1)) else (0, None)


def _digests(animator: FrameMaker, performance: Performance, size: tuple[int, int]) -> list[str]:
    """Of each frame, a digest of all that it depends on: that of the frame before, too."""
    digest = hashlib.sha256(f'{animator.fingerprint} {animator.size} {size} {performance.image.shape}'.encode())
    for array in (performance.image, performance.pose):
        digest.update(np.ascontiguousarray(array).tobytes())
    found = []
    for ingredients in performance.ingredients:
        digest.update(ingredients)
        found.append(digest.hexdigest()[:16])
    return found
