"""Two replicas against one, in a process with two logical CPU devices."""

import json
import pathlib
import subprocess
import sys

import pytest

from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.skeletons import write_skeletons

REPOSITORY = pathlib.Path(__file__).parents[2]


def found_by_check(config, folder):
    """What `replica_check.py` finds for global batches of 4, in the last stage of the model."""
    (folder / 'config.json').write_text(config.replace(batch_size=4).to_json())
    command = [sys.executable, '-m', 'tests.training.replica_check', str(folder / 'config.json'), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope='module')
def check(tiny_config, tmp_path_factory):
    return found_by_check(tiny_config, tmp_path_factory.mktemp('replicas'))


def test_two_replicas_end_with_the_weights_of_one_with_their_whole_batch(check, has_effect):
    weights = {
        name: difference
        for name, (difference, _) in check['to_one_replica'].items()
        if name.startswith(('model/', 'discriminator/')) and has_effect(name)
    }
    assert len(weights) > 60
    # A step of Adam changes a weight by about 1e-3.
    assert {name: difference for name, difference in weights.items() if difference > 1e-5} == {}


def test_two_replicas_sum_up_to_the_gradients_of_one(check):
    """With beta_1 = 0 the first moments of Adam are the gradients of the last step."""
    slots = {name: values for name, values in check['to_one_replica'].items() if 'optimizer/_variables/' in name}
    assert len(slots) > 120
    assert max(largest for _, largest in slots.values()) > 1
    for name, (difference, largest) in slots.items():
        assert difference <= 1e-5 * largest + 1e-6, name


def test_every_weight_is_the_same_on_all_replicas(check):
    between = check['between_replicas']
    assert sum(name.endswith(('/u:0', '/v:0')) for name in between) == 8
    assert set(between.values()) == {0.0}


@pytest.mark.slow
def test_dropout_and_pieces_of_motion_extraction_do_not_hang_on_the_replica(tmp_path):
    """Its weights and, as beta_1 = 0, the gradients of its last step."""
    write_skeletons(tmp_path / 'skeletons', 7)
    motion = Config().replace(
        model='motion', data_dir=str(tmp_path / 'skeletons'), motion_channels=8, motion_base='joints', init_gain=1.0,
        learning_rate=1e-3, validation_pairs=1,
    )  # fmt: skip
    check = found_by_check(motion, tmp_path)
    weights = {name: values for name, values in check['to_one_replica'].items() if name.startswith('model/')}
    slots = {name: values for name, values in check['to_one_replica'].items() if 'optimizer/_variables/' in name}
    assert len(weights) > 40 and len(slots) > 80
    assert max(difference for difference, _ in weights.values()) < 1e-5
    assert max(largest for _, largest in slots.values()) > 1e-3
    assert all(difference <= 1e-4 * largest + 1e-7 for difference, largest in slots.values())
    assert set(check['between_replicas'].values()) == {0.0}
