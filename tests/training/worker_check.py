"""Trains as TF_CONFIG says, up to a step: `python -m tests.training.worker_check config.json folder steps`."""

import sys

import tensorflow as tf

from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.trainer import Trainer


def main(config, folder, steps):
    # A graph that runs three times is not worth optimising.
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
    config = Config.load(config)
    return Trainer(config.replace(stage_steps={config.training.stage: int(steps)}), RunFolder(folder)).train()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
