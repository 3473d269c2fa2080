"""Exports a run folder as the next version of a SavedModel that TensorFlow Serving takes as it is.

    python -m exports.saved_model --run_dir=runs/quickstart --output_dir=models/posewarp

writes models/posewarp/<n>/ with saved_model.pb, its variables, warm-up requests, metadata.json and MODEL_CARD.md, after
comparing every signature (signatures.py) with the model of the run folder.
"""

from __future__ import annotations

import json

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.precision import PRECISIONS
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag

from ..trained_run import TrainedRun
from .export import BATCH_SIZES, export_saved_model


def main() -> None:
    given = flags.FLAGS
    try:
        batch_sizes = sorted({int(size) for size in given.batch_sizes})
    except ValueError as error:
        raise ConfigError(f'--batch_sizes: {error}') from error
    size = size_from_flag('image_size')
    run = TrainedRun(chosen_run(given.run_dir), given.checkpoint, size, given.data_dir, given.precision)
    version = export_saved_model(run, given.output_dir, given.sampler_impl, batch_sizes, given.check_pairs)
    check = json.loads((version / 'metadata.json').read_text(encoding='utf-8'))['check']
    differences = ', '.join(f'{name} {value:.2g}' for name, value in check['max_difference'].items())
    print(f'largest difference from the model on {check["num_pairs"]} {check["pairs"]}: {differences}')
    print(f'written: {version}')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_string('output_dir', None, 'Folder of the versions; its name is the model name.', required=True)
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')
    flags.DEFINE_string('image_size', None, 'Height,width to export for; default: as trained.')
    flags.DEFINE_enum(
        'sampler_impl', 'gather', ['gather', 'kernel'], "'kernel' needs a server with the compiled operation linked in."
    )
    flags.DEFINE_enum(
        'precision',
        'float32',
        [name for name in PRECISIONS if name != 'auto'],
        'In what the networks compute; the others are faster where the server has them, and have to reach a PSNR of '
        '40 dB to float32.',
    )
    flags.DEFINE_list(
        'batch_sizes', list(map(str, BATCH_SIZES)), 'Batch sizes of the warm-up requests, as the server allows.'
    )
    flags.DEFINE_integer(
        'check_pairs', 4, 'Held-out pairs (of animation: frames) to compare export and model on.', lower_bound=1
    )
    flags.DEFINE_string('data_dir', None, "Data set with test pairs for that; default: the run's, or drawn people.")


if __name__ == '__main__':
    command_line.run(define_flags, main)
