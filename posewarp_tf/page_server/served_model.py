"""The model that a page is served with: a .tflite file, and what the page has to know of it before it loads it."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.files.kinds import NUM_BYTES, kind_of

# All that a page can make of a photo.
INPUT_NAMES = ('source_image', 'source_keypoints', 'target_keypoints')
# What finds people, and the landmarks of one of them: their parts in the page, and the names of the files.
POSE_MODELS = {'detector': 'pose_detection.tflite', 'landmarks': 'pose_landmark_full.tflite'}
# Of the address, whatever the file is called: a name may hold what an address may not.
_FILE_NAME = 'posewarp.tflite'
_METADATA = 'metadata.json'
# The last one, how people stand in the training's pictures, is not known of every model.
_FIELDS = ('image_size', 'joint_names', 'person_frame')


class ServedModel(NamedTuple):
    """A model as the page fetches it.

    Attributes:
        card: model.json as exports/mobile/page/js/model_file.js reads it: `file`, `bytes`, `sha256`, the _FIELDS of
            metadata.json, and `pose_models`, the files by which the page finds joints, or None.
        contents: {name: contents} of the .tflite files that the card names.
    """

    card: dict[str, Any]
    contents: dict[str, bytes]

    @property
    def files(self) -> dict[str, bytes]:
        """{name in the page's folder of models: contents}."""
        return {'model.json': (json.dumps(self.card, indent=2) + '\n').encode(), **self.contents}

    def with_pose_models(self, pose_models: Mapping[str, bytes]) -> ServedModel:
        """The same beside what finds people and their joints: {part in POSE_MODELS: contents}."""
        found = {POSE_MODELS[part]: contents for part, contents in pose_models.items()}
        cards = {part: _file_card(name, found[name]) for part, name in POSE_MODELS.items()}
        return ServedModel({**self.card, 'pose_models': cards}, {**self.contents, **found})


def load_served_model(path: str | os.PathLike) -> ServedModel:
    """A .tflite file that `exports.tflite` wrote; its metadata.json lies beside it. Joints are placed by hand.

    Raises:
        DataError: a file is missing or something else, or the model needs more than a photo and joints.
    """
    path = pathlib.Path(path)
    contents = _read_tflite(path)
    described_in = path.with_name(_METADATA)
    metadata = _read_metadata(described_in)
    inputs = metadata.get('signatures', {}).get('serving_default', {}).get('inputs', INPUT_NAMES)
    require_photo_and_joints(inputs, f'{described_in}: the model')
    card = {
        **_file_card(_FILE_NAME, contents),
        **{name: metadata[name] for name in _FIELDS if name in metadata},
        'pose_models': None,
    }
    return ServedModel(card, {_FILE_NAME: contents})


def _file_card(name: str, contents: bytes) -> dict[str, Any]:
    return {'file': name, 'bytes': len(contents), 'sha256': hashlib.sha256(contents).hexdigest()}


def require_photo_and_joints(inputs: Iterable[str], whose: str) -> None:
    """Raises DataError, beginning with `whose`, if there are inputs that a page cannot make of a photo."""
    others = sorted(set(inputs) - set(INPUT_NAMES))
    if others:
        raise DataError(
            f'{whose} also needs {", ".join(others)}, which the page cannot make from a photo; expected a model of '
            f'{", ".join(INPUT_NAMES)}'
        )


def _read_tflite(path: pathlib.Path) -> bytes:
    try:
        contents = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f'{path}: no such file, expected a .tflite file') from error
    except IsADirectoryError as error:
        raise DataError(f'{path}: a folder, expected a .tflite file') from error
    except OSError as error:
        raise DataError(f'{path}: unreadable model file: {error.strerror or error}') from error
    if contents[4:8] != b'TFL3':
        raise DataError(f'{path}: {kind_of(contents[:NUM_BYTES])}, expected a .tflite file')
    return contents


def _read_metadata(path: pathlib.Path) -> dict[str, Any]:
    if not path.exists():
        raise DataError(f'{path}: no such file: the exporter writes it beside the model, which needs it here too')
    try:
        metadata = json.loads(read_text(path, 'a JSON file'))
    except json.JSONDecodeError as error:
        raise DataError(f'{path}: not JSON: {error}') from error
    size = metadata.get('image_size') if isinstance(metadata, dict) else None
    if not (isinstance(size, list) and len(size) == 2 and all(isinstance(n, int) and n > 0 for n in size)):
        raise DataError(f'{path}: image_size: got {size!r}, expected [height, width]')
    if metadata.get('joint_names') != list(JOINT_NAMES):
        raise DataError(f'{path}: joint_names: expected {", ".join(JOINT_NAMES)}')
    return metadata
