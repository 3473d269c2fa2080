"""Puts the two models by which the page finds joints into a folder, for `npm run build -- --pose_models=folder`.

    python -m exports.mobile.pose_models --output_dir=dist/pose_models
    python -m exports.mobile.pose_models --output_dir=dist/pose_models --metadata=dist/tflite/metadata.json

They are those that `posewarp pose` uses: MediaPipe's, fetched once where they are not at hand. For an exported model of
faces, which its metadata.json tells, they are those of `posewarp landmarks`, which find landmarks of faces.
"""

from __future__ import annotations

import json
import os
import pathlib

from absl import flags

from posewarp_tf.detection.models import FACE, POSE, Pair, load_models
from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path, read_text
from posewarp_tf.settings import command_line


def define_flags() -> None:
    flags.DEFINE_string('output_dir', 'dist/pose_models', 'Folder to write to.')
    flags.DEFINE_string(
        'pose_model', None, "Where the models are: mediapipe's wheel, a pose landmarker (.task) or a folder."
    )
    flags.DEFINE_string('metadata', None, "metadata.json of the page's own model; default: it is one of persons.")


def names_for_build(pair: Pair) -> tuple[str, str]:
    """As the page's build looks for the two files, whatever they are called where they come from."""
    (detector, *_), (landmarks, *_) = pair.names
    return detector, landmarks


def pair_for(metadata_path: str | os.PathLike) -> Pair:
    """The models that the page of an exported model needs.

    Raises:
        DataError: no such file, or it is not an export's.
    """
    try:
        material = json.loads(read_text(metadata_path)).get('material')
    except (ValueError, AttributeError) as error:
        raise DataError(f'{metadata_path}: not the metadata.json of an export: {error}') from error
    return FACE if material == 'face_clips' else POSE


def write_pose_models(output_dir: str | os.PathLike, pose_model: str | None = None, pair: Pair = POSE) -> None:
    """Writes both files of a pair.

    Raises:
        ConfigError: there are none, as `load_models` says.
    """
    models = load_models(pose_model, pair)
    folder = pathlib.Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names_for_build(pair), (models.detector, models.landmarks)):
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes(content)


def main() -> None:
    given = flags.FLAGS
    pair = POSE if given.metadata is None else pair_for(given.metadata)
    write_pose_models(given.output_dir, given.pose_model, pair)


if __name__ == '__main__':
    command_line.run(define_flags, main)
