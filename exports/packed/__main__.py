"""Packs a run folder to be handed on: the weights that predictions use, in half precision, and what they need.

    python -m exports.packed --run_dir=runs/starter --output_dir=posewarp_tf/starter

writes a run folder without optimizer, averages and earlier checkpoints, after comparing its answers with those of the
run. predict, evaluate and the exports take it by --run_dir, and training by --init_from. The folder in the example is
the starter's, which comes with posewarp_tf and is used where no --run_dir is given.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.settings import command_line

from ..trained_run import TrainedRun
from .export import export_packed


def main() -> None:
    given = flags.FLAGS
    run = TrainedRun(given.run_dir, given.checkpoint)
    packed = export_packed(run, given.output_dir, given.check_pairs, given.licence)
    nearness = 'equal to' if packed.psnr is None else f'{packed.psnr:.1f} dB (PSNR) from'
    print(f'{nearness} the model on {packed.num_pairs} {packed.pairs}')
    print(f'written: {packed.weights} ({packed.weights.stat().st_size / 1e6:.2f} MB)')


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder that training or import_pytorch wrote.', required=True)
    flags.DEFINE_string('output_dir', None, 'Folder to make; earlier packed weights in it are replaced.', required=True)
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to pack.')
    flags.DEFINE_string(
        'licence',
        None,
        'Terms of the weights in a sentence, which exports repeat; default: as the notes of the run say.',
    )
    flags.DEFINE_integer('check_pairs', 4, 'Held-out pairs to compare packed and trained model on.', lower_bound=1)


if __name__ == '__main__':
    command_line.run(define_flags, main)
