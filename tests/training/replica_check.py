"""Trains the same three steps on two logical CPU devices and on one; prints how the results differ, as JSON.

    python -m tests.training.replica_check config.json folder

A program of its own because logical devices are fixed once TensorFlow runs.
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training import trainer

NUM_STEPS = 3


def main(config_path, folder):
    cpus = tf.config.list_physical_devices('CPU')
    tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
    # A graph that runs three times is not worth optimising.
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})
    config = Config.load(config_path)
    stage = config.model.stages[-1].name
    config = config.replace(stage=stage, stage_steps={stage: NUM_STEPS})
    discriminators = record_discriminators()
    checkpoints = {}
    for devices in (['CPU:0', 'CPU:1'], ['CPU:0']):
        run_folder = RunFolder(pathlib.Path(folder) / str(len(devices)))
        training = trainer.Trainer(config, run_folder, devices)
        assert training.train() == 0
        checkpoints[len(devices)] = numbers(run_folder, stage)
        if len(devices) == 2:
            weights = [*training.model.weights, *(weight for one in discriminators for weight in one.weights)]
            between = {
                weight.name: largest_difference(*training._workers.strategy.experimental_local_results(weight))
                for weight in weights
            }
    print(json.dumps({'between_replicas': between, 'to_one_replica': compare(checkpoints[2], checkpoints[1])}))


def record_discriminators():
    made, build = [], trainer.build_discriminator

    def build_and_record(config, subject):
        made.append(build(config, subject))
        return made[-1]

    trainer.build_discriminator = build_and_record
    return made


def numbers(run_folder, stage):
    reader = tf.train.load_checkpoint(str(run_folder.stage_dir(stage) / f'step-{NUM_STEPS}'))
    names = [name for name in reader.get_variable_to_shape_map() if name != '_CHECKPOINTABLE_OBJECT_GRAPH']
    return {name: reader.get_tensor(name) for name in names}


def compare(two, one):
    assert two.keys() == one.keys()
    return {name: [largest_difference(two[name], value), float(np.max(np.abs(value)))] for name, value in one.items()}


def largest_difference(first, second):
    return float(np.max(np.abs(np.asarray(first) - np.asarray(second))))


if __name__ == '__main__':
    main(*sys.argv[1:])
