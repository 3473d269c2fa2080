"""Cleans the noisy joints that an estimator found in the frames of a video, by motion extraction.

    posewarp clean-poses --run_dir=runs/motion --poses=walk/poses --image_size=256,176 --output_dir=walk/clean

Poses are read in every format that `posewarp predict` reads. Written is a file per frame, with the stem of the one it
is from: 17 joints in Human3.6M's order as the published tool has them, or others by --format. A folder of folders is as
many videos.
"""

from __future__ import annotations

import os

from absl import flags

from posewarp_tf.inference.cleaning_job import CleaningJob, define_cleaning_flags
from posewarp_tf.inference.pose_cleaning import Clean, run_cleaning
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings import command_line


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder of motion extraction, trained or imported.', required=True)
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')
    define_cleaning_flags()


def main() -> None:
    given = flags.FLAGS
    run_dir = os.path.expanduser(given.run_dir)
    # A bad run is found before TensorFlow is imported.
    RunFolder(run_dir).load_config_of('skeletons')

    def load_clean() -> Clean:
        from posewarp_tf.inference.cleaning import SkeletonCleaner

        return SkeletonCleaner(run_dir, given.checkpoint).clean

    run_cleaning(CleaningJob.from_flags(given), load_clean)


if __name__ == '__main__':
    command_line.run(define_flags, main)
