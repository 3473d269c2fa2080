"""Exports a run folder as TFLite files for phones.

    python -m exports.tflite --run_dir=runs/mobile --output_dir=models/mobile --precision=float16,dynamic

writes posewarp_<precision>.tflite (convert.py has the precisions), metadata.json, and what was measured as
results.md and results.json. Every file is compared with the Keras model first: if one of them is too far from it,
nothing is written.
"""

from __future__ import annotations

import pathlib

from absl import flags

from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag

from ..trained_run import TrainedRun
from .export import ALL_PRECISIONS, export_tflite


def main() -> None:
    given = flags.FLAGS
    run = TrainedRun(chosen_run(given.run_dir), given.checkpoint, size_from_flag('image_size'), given.data_dir)
    export_tflite(run, given.output_dir, given.precision, given.check_pairs, given.calibration_pairs, given.timed_runs)
    print((pathlib.Path(given.output_dir) / 'results.md').read_text(encoding='utf-8').partition('\n## ')[0])
    print(f'written: {given.output_dir}')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_string('output_dir', None, 'Folder of the files.', required=True)
    flags.DEFINE_list('precision', ','.join(ALL_PRECISIONS), f'Some of {", ".join(ALL_PRECISIONS)}.')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')
    flags.DEFINE_string('image_size', None, 'Height,width to export for; default: as trained.')
    flags.DEFINE_string('data_dir', None, "Data set with test pairs; default: the run's, or drawn people.")
    flags.DEFINE_integer(
        'check_pairs', 8, 'Held-out pairs (of animation: frames) to compare files and model on.', lower_bound=1
    )
    flags.DEFINE_integer('calibration_pairs', 32, 'Other ones that int8 takes its ranges from.', lower_bound=1)
    flags.DEFINE_integer('timed_runs', 10, 'Each time is the median of so many.', lower_bound=1)


if __name__ == '__main__':
    command_line.run(define_flags, main)
