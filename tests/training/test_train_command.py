"""What a user's mistakes look like on the terminal: one line, no traceback, exit code 1."""

import pathlib
import resource
import subprocess

import pytest

from posewarp_tf.runs.checkpoints import list_checkpoints
from posewarp_tf.runs.run_folder import RunFolder

REPOSITORY = pathlib.Path(__file__).parents[2]


def run(command, **kwargs):
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, **kwargs)


def error_of(done):
    assert done.returncode == 1, done.stdout + done.stderr
    assert 'Traceback' not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    return line


@pytest.fixture(scope='module')
def run_dir(train_command, tmp_path_factory):
    """A run folder in which one step of the flow stage was done by the program."""
    run_dir = tmp_path_factory.mktemp('command') / 'run'
    done = run(train_command(run_dir, stage='flow', stage_steps='flow=1', validation_pairs=1))
    assert done.returncode == 0, done.stderr
    assert f'{run_dir}: complete' in done.stdout
    return run_dir


def test_no_run_folder_given(train_command):
    assert '--run_dir: got none' in error_of(run(train_command('')))


def test_run_folder_of_another_config(train_command, run_dir):
    done = run(train_command(run_dir, stage='flow', stage_steps='flow=1', validation_pairs=1, base_filters=8))
    assert f'{run_dir}: a run folder of another config' in error_of(done)
    assert '--base_filters: got 8, expected 4' in done.stderr


@pytest.mark.slow
def test_full_disk(train_command, run_dir):
    """No file may grow beyond 70 kB, less than a checkpoint has."""
    command = train_command(run_dir, stage='flow', stage_steps='flow=2', validation_pairs=1)
    done = run(command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, 70_000)))
    error = error_of(done)
    assert f'{run_dir}/checkpoints/flow/' in error and 'could not be written' in error
    assert [pathlib.Path(path).name for path in list_checkpoints(RunFolder(run_dir).stage_dir('flow'))] == ['step-1']
    RunFolder(run_dir).load_model('flow')
