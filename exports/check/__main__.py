"""Follows one model through every export and compares the pictures after each step.

    python -m exports.check --run_dir=runs/quickstart --output_dir=models/check

run folder -> SavedModel -> TFLite in all precisions -> the phone page in Chromium. Writes the exports, and one table of
differences and of times, relative to the Keras model in the same run, as check.md and check.json.
"""

from __future__ import annotations

from absl import flags, logging

from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line

from ..trained_run import TrainedRun
from .check import check_exports
from .report import markdown


def main() -> None:
    given = flags.FLAGS
    logging.set_verbosity(logging.ERROR)  # Or saving graphs says more than there is to read.
    run = TrainedRun(chosen_run(given.run_dir), data_dir=given.data_dir)
    report = check_exports(run, given.output_dir, given.num_pairs, given.timed_runs, given.require_page)
    print(markdown(report))
    print(f'written: {given.output_dir}')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_string('output_dir', None, 'Folder for the exports and the table.', required=True)
    flags.DEFINE_string('data_dir', None, "Data set with test pairs; default: the run's, or drawn people.")
    flags.DEFINE_integer('num_pairs', 4, 'Held-out pairs to compare on.', lower_bound=1)
    flags.DEFINE_integer('timed_runs', 10, 'Each time is the median of so many.', lower_bound=1)
    flags.DEFINE_boolean('require_page', False, 'Fail where the phone page cannot be run, instead of leaving it out.')


if __name__ == '__main__':
    command_line.run(define_flags, main)
