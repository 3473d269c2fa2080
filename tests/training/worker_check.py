"""Trains as TF_CONFIG says: `python -m tests.training.worker_check config.json folder`."""

import sys

import tensorflow as tf

from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.trainer import Trainer

if __name__ == '__main__':
    # A graph that runs three times is not worth optimising.
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
    sys.exit(Trainer(Config.load(sys.argv[1]), RunFolder(sys.argv[2])).train())
