"""Trains on clips on two logical CPU devices and on one: `python -m tests.training.clip_replicas folder`.

A program of its own because logical devices are fixed once TensorFlow runs.
"""

import pathlib
import sys

import tensorflow as tf

from posewarp_tf.data import materials
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.trainer import Trainer
from tests.clips import clip_material


def main(folder):
    cpus = tf.config.list_physical_devices('CPU')
    tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
    # A graph that runs three times is not worth optimising.
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
    config = Config.load(folder / 'config.json')
    materials._MATERIALS[config.model.material] = clip_material(config)
    for devices in (['CPU:0', 'CPU:1'], ['CPU:0']):
        assert Trainer(config, RunFolder(folder / str(len(devices))), devices).train() == 0


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
