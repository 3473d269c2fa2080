"""Writes the weights of a run folder as a checkpoint that the published PyTorch code loads:

    python -m posewarp_tf.export_pytorch --run_dir=runs/gfla_fashion --output=latest_net_G.pth

A run folder that has trained the flow stage alone gives the checkpoint of a flow estimator.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.settings import command_line


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder that training or import_pytorch wrote.', required=True)
    flags.DEFINE_string('output', None, 'Generator to write (latest_net_G.pth).', required=True)
    flags.DEFINE_string('discriminator_output', None, 'Discriminator to write (latest_net_D.pth).')
    flags.DEFINE_string('clip_discriminator_output', None, 'Discriminator of clips to write (latest_net_D_V.pth).')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to write.')


def main() -> None:
    from posewarp_tf.pytorch_files.exporting import export_run

    given = flags.FLAGS
    discriminators = given.discriminator_output, given.clip_discriminator_output
    path = export_run(given.run_dir, given.output, discriminators[0], given.checkpoint, discriminators[1])
    for written in filter(None, (given.output, *discriminators)):
        print(f'{written}: written from {path}')


if __name__ == '__main__':
    command_line.run(define_flags, main)
