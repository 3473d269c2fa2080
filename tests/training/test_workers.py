"""Several workers on the loopback, each a process of one thread."""

import os
import signal
import time

import pytest
import tensorflow as tf

from posewarp_tf.runs.checkpoints import checkpoint_step, list_checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from tests.processes import start_module
from tests.training.workers import local_workers

CHECK = 'tests.training.worker_check'
NUM_STEPS = 3


def numbers(folder, stage):
    reader = tf.train.load_checkpoint(str(RunFolder(folder).stage_dir(stage) / f'step-{NUM_STEPS}'))
    names = [name for name in reader.get_variable_to_shape_map() if name != '_CHECKPOINTABLE_OBJECT_GRAPH']
    return {name: reader.get_tensor(name) for name in names}


@pytest.mark.slow
@pytest.mark.parametrize(
    ('stage', 'count', 'stops'), [('flow', 2, [NUM_STEPS]), ('full', 2, [NUM_STEPS]), ('full', 3, [1, NUM_STEPS])]
)
def test_workers_end_with_the_weights_of_one_machine_and_the_chief_alone_writes(
    stage, count, stops, tiny_config, has_effect, tmp_path
):
    """What is drawn at random for the pictures is the same too, and what they go on from after a stop."""
    path, path_alone, log = (tmp_path / name for name in ('config.json', 'alone.json', 'log'))
    changes = {'augmentation': 'affine', 'color_jitter': True, 'ema_decay': 0.5}
    config = tiny_config.replace(stage=stage, batch_size=2 * count, **changes)
    path.write_text(config.to_json())
    path_alone.write_text(config.replace(distribution='none').to_json())
    alone = start_module(CHECK, [str(path_alone), str(tmp_path / 'alone'), str(NUM_STEPS)], tmp_path, log)
    for steps in stops:
        with local_workers(
            CHECK, lambda i, n=steps: [path, tmp_path / f'run-{i}', n], count, tmp_path / 'logs'
        ) as they:
            assert they.wait() == [0] * count, they.log(0) + they.log(1)
    alone.join()
    assert alone.exitcode == 0, log.read_text()
    assert [(tmp_path / f'run-{index}').exists() for index in range(count)] == [True] + [False] * (count - 1)
    one, several = (numbers(tmp_path / name, stage) for name in ('alone', 'run-0'))
    assert one.keys() == several.keys()
    parts = ('model/', 'average/', 'discriminator/')
    weights = [name for name in one if name.startswith(parts) and has_effect(name)]
    assert len(weights) > 60
    # A step of Adam changes a weight by about 1e-3.
    assert {name for name in weights if abs(one[name] - several[name]).max() > 1e-5} == set()


def test_a_worker_with_other_settings_is_named_by_all_and_nothing_is_written(tiny_config, tmp_path):
    for index, changes in enumerate(({'data_dir': 'here'}, {'data_dir': 'there', 'learning_rate': 2e-3})):
        (tmp_path / f'{index}.json').write_text(tiny_config.replace(**changes).replace(stage='flow').to_json())
    arguments = lambda index: [tmp_path / f'{index}.json', tmp_path / 'run', 1]  # noqa: E731
    with local_workers(CHECK, arguments, 2, tmp_path / 'logs') as workers:
        assert workers.wait() == [1, 1]
    for index in range(2):
        message = workers.log(index).partition('worker 1: other settings than the chief, worker 0, has:')[2]
        assert message.split('\n')[1:3] == ['  --learning_rate: got 0.002, expected 0.001', '']
    assert not (tmp_path / 'run').exists()


def steps_of(run_folder):
    return [checkpoint_step(path) for path in list_checkpoints(run_folder.stage_dir('flow'))]


def wait_until(happened, workers):
    deadline = time.monotonic() + 900
    while not happened():
        assert all(process.is_alive() for process in workers.processes), workers.log(0) + workers.log(1)
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_lost_worker_ends_the_others_and_a_signal_to_any_saves_once_after_which_all_go_on(train_command, tmp_path):
    run_folder = RunFolder(tmp_path / 'run')

    def workers_of(steps, **changes):
        flags = {'stage_steps': f'flow={steps}', 'keep_checkpoints': 1000, 'validation_pairs': 1, **changes}
        command = train_command(run_folder.path, stage='flow', **flags)
        return local_workers('posewarp_tf.train', lambda index: command[3:], 2, tmp_path / 'logs')

    with workers_of(10**6, checkpoint_every=1) as workers:
        wait_until(lambda: len(steps_of(run_folder)) > 1, workers)
        workers.processes[1].kill()
        assert workers.wait() == [1, -signal.SIGKILL]
        assert 'error: worker 0 of 2: another worker has ended' in workers.log(0)
    kept = steps_of(run_folder)
    with workers_of(10**6, checkpoint_every=10**6, sample_every=1) as workers:
        wait_until(lambda: list(run_folder.sample_dir.glob('*.png')), workers)
        os.kill(workers.processes[1].pid, signal.SIGTERM)
        assert workers.wait() == [143, 143]
        assert f'stage flow: {kept[-1]} of 1000000 steps are done' in workers.log(0)
        assert all('stopped; nothing is lost' in workers.log(index) for index in range(2))
    *before, stopped_at = steps_of(run_folder)
    assert before == kept and stopped_at > kept[-1]
    with workers_of(stopped_at + 1) as workers:
        assert workers.wait() == [0, 0], workers.log(0) + workers.log(1)
    assert steps_of(run_folder) == [*kept, stopped_at, stopped_at + 1]
