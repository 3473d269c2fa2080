"""The command line program, ended from outside."""

import os
import pathlib
import signal
import subprocess
import time

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.runs.checkpoints import checkpoint_step, list_checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training.trainer import Trainer

REPOSITORY = pathlib.Path(__file__).parents[2]


@pytest.fixture
def full_graphs(quick_graphs):
    """As the program runs them: numbers are compared with its own."""
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': False})
    yield
    tf.config.optimizer.set_experimental_options({'disable_meta_optimizer': True})


def last_step(run_folder):
    return max(map(checkpoint_step, list_checkpoints(run_folder.stage_dir('flow'))), default=0)


@pytest.fixture
def start(train_command):
    """Trains the flow stage without end, with a checkpoint after every step."""

    def start(run_folder):
        command = train_command(run_folder.path, stage='flow', stage_steps='flow=1000000', checkpoint_every=1)
        log = open(run_folder.path.with_suffix('.log'), 'w')  # noqa: SIM115 (the program writes it)
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)

    return start


def end(process, run_folder, after_step, number):
    """Sends a signal once a step has been saved; the exit code."""
    deadline = time.monotonic() + 120
    while last_step(run_folder) < after_step:
        assert process.poll() is None and time.monotonic() < deadline, run_folder.path.with_suffix('.log').read_text()
        time.sleep(0.02)
    os.kill(process.pid, number)
    return process.wait(60)


def test_killed_run_goes_on_and_ends_with_the_numbers_of_a_straight_one(
    tiny_config, tmp_path, start, has_effect, full_graphs
):
    run_folder = RunFolder(tmp_path / 'killed')
    assert end(start(run_folder), run_folder, 2, signal.SIGKILL) == -signal.SIGKILL
    killed_at = last_step(run_folder)
    assert end(start(run_folder), run_folder, killed_at + 1, signal.SIGTERM) == 143
    log = run_folder.path.with_suffix('.log').read_text()
    assert f'stage flow: {killed_at} of 1000000 steps are done' in log
    assert 'stopped; nothing is lost' in log

    steps = last_step(run_folder)
    straight = RunFolder(tmp_path / 'straight')
    Trainer(tiny_config.replace(stage='flow', stage_steps={'flow': steps}), straight).train()
    expected, actual = (
        tf.train.load_checkpoint(str(folder.stage_dir('flow') / f'step-{steps}')) for folder in (straight, run_folder)
    )
    names = set(expected.get_variable_to_shape_map()) - {'_CHECKPOINTABLE_OBJECT_GRAPH'}
    compared = [name for name in names if name.startswith(('model/', 'optimizer/')) and has_effect(name)]
    assert len(compared) > 100
    for name in compared:
        np.testing.assert_allclose(actual.get_tensor(name), expected.get_tensor(name), rtol=0, atol=1e-6, err_msg=name)
