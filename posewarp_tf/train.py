"""Trains a re-posing model:

    python -m posewarp_tf.train --flagfile=posewarp_tf/configs/quickstart.cfg
    python -m posewarp_tf.train --flagfile=posewarp_tf/configs/gfla_fashion.cfg --stage=flow --run_dir=runs/flow
    python -m posewarp_tf.train --flagfile=posewarp_tf/configs/gfla_fashion.cfg --stage=full --init_from=runs/flow

The same command again continues where the run was left, also after it was killed. Ctrl-C and SIGTERM save and stop
(exit code 130, 143); a second one stops at once.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import config_from_flags, define_training_flags


def define_flags() -> None:
    flags.DEFINE_string('run_dir', '', 'Folder of this run: made if missing, continued if not.')
    flags.DEFINE_string(
        'init_from',
        '',
        "Run folder, checkpoint or 'starter' whose weights the first stage starts from, as far as they fit.",
    )
    define_training_flags(has_run_dir=True)


def main() -> int:
    from posewarp_tf.runs.run_folder import RunFolder
    from posewarp_tf.training.trainer import Trainer

    if not flags.FLAGS.run_dir:
        raise ConfigError('--run_dir: got none, expected the folder of this run, for example --run_dir=runs/first')
    return Trainer(config_from_flags(), RunFolder(flags.FLAGS.run_dir), init_from=flags.FLAGS.init_from).train()


if __name__ == '__main__':
    command_line.run(define_flags, main)
