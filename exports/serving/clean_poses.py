"""Asks a TensorFlow Serving server to clean the poses of a video; it serves a run of motion extraction.

    python -m exports.serving.clean_poses --rest=localhost:8501 --poses=data/walk/poses --image_size=256,176
        --output_dir=clean

Poses are read and written as by `posewarp clean-poses`, and the answers are those of its network.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.inference.cleaning_job import CleaningJob, define_cleaning_flags
from posewarp_tf.inference.pose_cleaning import run_cleaning
from posewarp_tf.settings import command_line

from .client import Client, chosen_transport, define_server_flags


def define_flags() -> None:
    define_server_flags()
    define_cleaning_flags()


def main() -> None:
    given = flags.FLAGS
    client = Client(chosen_transport(), given.timeout, given.max_retries)
    run_cleaning(CleaningJob.from_flags(given), lambda: client.clean_skeletons)


if __name__ == '__main__':
    command_line.run(define_flags, main)
