"""Several workers on the loopback against one machine."""

import pytest
import tensorflow as tf

from posewarp_tf.runs.run_folder import RunFolder
from tests.processes import start_module
from tests.training.workers import local_workers

NUM_STEPS = 3


def numbers(run_folder, stage):
    reader = tf.train.load_checkpoint(str(run_folder.stage_dir(stage) / f'step-{NUM_STEPS}'))
    names = [name for name in reader.get_variable_to_shape_map() if name != '_CHECKPOINTABLE_OBJECT_GRAPH']
    return {name: reader.get_tensor(name) for name in names}


@pytest.mark.parametrize('count', [2, pytest.param(3, marks=pytest.mark.slow)])
def test_workers_end_with_the_weights_of_one_machine_and_the_chief_alone_writes(
    count, tiny_config, has_effect, tmp_path
):
    """What is drawn at random for the pictures is the same too."""
    config = tiny_config.replace(
        stage='full', stage_steps={'full': NUM_STEPS}, batch_size=2 * count, augmentation='affine', color_jitter=True
    )
    path = tmp_path / 'config.json'
    path.write_text(config.to_json())
    alone = start_module(
        'tests.training.worker_check', [str(path), str(tmp_path / 'alone')], tmp_path, tmp_path / 'log'
    )
    arguments = lambda index: [str(path), str(tmp_path / f'run-{index}')]  # noqa: E731
    with local_workers('tests.training.worker_check', arguments, count, tmp_path / 'logs') as workers:
        assert workers.wait() == [0] * count, workers.log(0) + workers.log(1)
    alone.join()
    assert alone.exitcode == 0, (tmp_path / 'log').read_text()
    assert [(tmp_path / f'run-{index}').exists() for index in range(count)] == [True] + [False] * (count - 1)
    one, several = (numbers(RunFolder(tmp_path / name), 'full') for name in ('alone', 'run-0'))
    assert one.keys() == several.keys()
    weights = [name for name in one if name.startswith(('model/', 'discriminator/')) and has_effect(name)]
    assert len(weights) > 60
    # A step of Adam changes a weight by about 1e-3.
    assert {name for name in weights if abs(one[name] - several[name]).max() > 1e-5} == set()
