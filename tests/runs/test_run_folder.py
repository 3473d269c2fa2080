import dataclasses
import json

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models import registry
from posewarp_tf.photos.person_frame import default_person_frame
from posewarp_tf.runs.checkpoints import CheckpointFolder
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import config_fields


@pytest.fixture(scope='module')
def model(tiny_config):
    return registry.build_model(tiny_config)


@pytest.fixture
def folder(tmp_path, tiny_config, model):
    """A run folder with the checkpoints flow/step-1, full/step-2, full/step-3 and full/best/step-2."""
    folder = RunFolder(tmp_path / 'run')
    folder.save_config(tiny_config)
    for place, step in (('flow', 1), ('full', 2), ('full', 3), ('full/best', 2)):
        mark(model, step)
        CheckpointFolder(folder.checkpoint_dir / place, 3, {'model': model}).save(step)
    return folder


def mark(model, value):
    for weight in model.weights:
        weight.assign(np.full(weight.shape, value))


def mark_of(model):
    (value,) = {float(value) for weight in model.weights for value in np.unique(weight)}
    return value


def damage(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ('stage', 'which', 'value'),
    [(None, 'best', 2), (None, 'latest', 3), ('full', 'best', 2), ('flow', 'latest', 1), ('flow', 'best', 1)],
)
def test_model_is_loaded_from_the_checkpoint_asked_for(folder, stage, which, value):
    assert mark_of(folder.load_model(stage, which)) == value


def test_model_is_loaded_with_its_averaged_weights(tmp_path, tiny_config, model):
    folder, config = RunFolder(tmp_path), tiny_config.replace(ema_decay=0.9)
    folder.save_config(config)
    average = registry.build_model(config)
    mark(model, 5)
    mark(average, 6)
    CheckpointFolder(folder.stage_dir('full'), 3, {'model': model, 'average': average}).save(1)
    assert mark_of(folder.load_model()) == 6


def test_config_survives(folder, tiny_config):
    assert folder.load_config() == tiny_config


def test_other_config_is_an_error_that_lists_what_differs(folder, tiny_config):
    other = tiny_config.replace(base_filters=8, learning_rate=0.5, log_every=7)
    with pytest.raises(ConfigError) as error:
        folder.save_config(other)
    assert str(folder.path) in str(error.value)
    assert '--base_filters: got 8, expected 4' in str(error.value)
    assert '--learning_rate: got 0.5, expected 0.001' in str(error.value)
    assert 'log_every' not in str(error.value)
    assert folder.load_config() == tiny_config


def test_settings_that_change_nothing_learned_may_change(folder, tiny_config):
    changed = tiny_config.replace(log_every=7, stage_steps={'flow': 2, 'full': 9}, data_dir='elsewhere', num_gpus=0)
    folder.save_config(changed)
    assert folder.load_config() == changed


def test_names_that_may_change_are_settings(tiny_config):
    sections = json.loads(tiny_config.to_json())
    may_change = {field.name for field, _ in config_fields() if field.metadata['may_change']}
    settings = {name for section in sections.values() for name in section}
    # Other models have settings of their own.
    assert {'stage_steps', 'sampler_impl', 'data_dir'} <= may_change & settings < settings


def test_config_may_change_before_anything_is_trained(tmp_path, tiny_config):
    folder = RunFolder(tmp_path)
    folder.save_config(tiny_config)
    folder.save_config(tiny_config.replace(base_filters=8))
    assert folder.load_config().model.base_filters == 8


def test_notes_are_kept_and_added_to(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.notes() == {}
    folder.add_notes({'vgg_weights': 'random'})
    folder.add_notes({'terms_left_out': 'affine'})
    assert folder.notes() == {'vgg_weights': 'random', 'terms_left_out': 'affine'}


def test_how_people_stand_is_kept(folder):
    assert folder.person_frame() == default_person_frame(folder.load_config().model.image_size)
    measured = dataclasses.replace(default_person_frame((32, 32)), aspect=1.25, num_pictures=7)
    folder.save_person_frame(measured)
    assert folder.person_frame() == measured


def test_no_such_folder(tmp_path):
    with pytest.raises(RunError, match='nowhere: no such run folder'):
        RunFolder(tmp_path / 'nowhere').load_model()


def test_folder_without_config(tmp_path):
    with pytest.raises(RunError, match=r'config\.json: missing'):
        RunFolder(tmp_path).load_model()


def test_folder_without_checkpoint(tmp_path, tiny_config):
    folder = RunFolder(tmp_path)
    folder.save_config(tiny_config)
    with pytest.raises(RunError, match='no checkpoint in .*flow, .*full'):
        folder.load_model()
    with pytest.raises(RunError, match='no checkpoint in .*flow:'):
        folder.load_model('flow')


def test_damaged_checkpoint_is_named(folder):
    for path in folder.best_dir('full').glob('*.data-*'):
        damage(path)
    with pytest.raises(RunError, match='full/best/step-2: damaged'):
        folder.load_model()


def test_checkpoint_of_another_config_is_named(folder, tiny_config):
    folder.config_path.write_text(tiny_config.replace(base_filters=8).to_json())
    with pytest.raises(RunError, match='full/best/step-2: a checkpoint of other networks'):
        folder.load_model()
