"""Numbered frames in a folder, and what each was made from: a run that was stopped goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path, write_text

if TYPE_CHECKING:
    from posewarp_tf.inference.photo import PhotoReposer
    from posewarp_tf.inference.photo_parts import PhotoPerson, Pose

# What each frame was made from, so that a later run knows which ones it may keep.
MANIFEST_NAME = 'frames.json'


class FramesFolder:
    """A folder of frame-00000.png, frame-00001.png, ... and frames.json.

    Attributes:
        frames: the path of every frame, in order, whether it is there or not.
        kept: numbers of the frames that are there already, as they should be.

    Args:
        path: of the folder, which is made if there is none.
        digests: of all that each frame depends on (`digests_of_frames`).
        overwrite: removes frames of earlier runs; without it those that were made from the same stay.

    Raises:
        DataError: the folder holds frames that were made from something else.
    """

    def __init__(self, path: str | pathlib.Path, digests: Sequence[str], overwrite: bool = False):
        self._path = pathlib.Path(path)
        self._path.mkdir(parents=True, exist_ok=True)
        manifest = {f'frame-{number:05d}.png': digest for number, digest in enumerate(digests)}
        self.frames = [self._path / name for name in manifest]
        there = _kept_frames(self._path, manifest, overwrite)
        self.kept = {number for number, name in enumerate(manifest) if name in there}
        write_text(self._path / MANIFEST_NAME, json.dumps(manifest, indent=2) + '\n')

    def save(self, number: int, image: np.ndarray) -> None:
        """Writes a frame, uint8 [H, W, 3], whole or not at all."""
        with atomic_path(self.frames[number]) as temporary:
            # As small as it gets without making a run much longer.
            Image.fromarray(image).save(temporary, compress_level=1)

    def remove(self, others: Iterable[str] = ()) -> None:
        """Removes the frames, the manifest and files of these other names; and the folder, if nothing else is in it."""
        for path in (*self.frames, self._path / MANIFEST_NAME, *(self._path / name for name in others)):
            path.unlink(missing_ok=True)
        if not any(self._path.iterdir()):
            self._path.rmdir()


def digests_of_frames(reposer: PhotoReposer, person: PhotoPerson, poses: Sequence[Pose]) -> list[str]:
    """Of each pose, a digest of all that its frame depends on."""
    common = hashlib.sha256(f'{reposer.fingerprint} {reposer.options} {person.window}'.encode())
    masks = [mask for mask in (person.mask, person.others) if mask is not None]
    for array in (person.photo, *masks, *(person.inputs[name] for name in sorted(person.inputs))):
        common.update(np.ascontiguousarray(array).tobytes())
    found = []
    for pose in poses:
        digest = common.copy()
        digest.update(str(pose.window).encode())
        for array in (pose.keypoints, *(pose.inputs[name] for name in sorted(pose.inputs))):
            digest.update(np.ascontiguousarray(array).tobytes())
        found.append(digest.hexdigest()[:16])
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
