"""Puts the two models by which the page finds joints into a folder, for `npm run build -- --pose_models=folder`.

    python -m exports.mobile.pose_models --output_dir=dist/pose_models

They are those that `posewarp pose` uses: MediaPipe's, fetched once where they are not at hand.
"""

from __future__ import annotations

import os
import pathlib

from absl import flags

from posewarp_tf.detection.models import load_models
from posewarp_tf.files import atomic_path
from posewarp_tf.settings import command_line

# As the page's build looks for them, whatever they are called where they come from.
DETECTOR, LANDMARKS = 'pose_detection.tflite', 'pose_landmark_full.tflite'


def define_flags() -> None:
    flags.DEFINE_string('output_dir', 'dist/pose_models', 'Folder to write to.')
    flags.DEFINE_string(
        'pose_model', None, "Where the models are: mediapipe's wheel, a pose landmarker (.task) or a folder."
    )


def write_pose_models(output_dir: str | os.PathLike, pose_model: str | None = None) -> None:
    """Writes both files.

    Raises:
        ConfigError: there are none, as `load_models` says.
    """
    models = load_models(pose_model)
    folder = pathlib.Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((DETECTOR, models.detector), (LANDMARKS, models.landmarks)):
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes(content)


def main() -> None:
    write_pose_models(flags.FLAGS.output_dir, flags.FLAGS.pose_model)


if __name__ == '__main__':
    command_line.run(define_flags, main)
