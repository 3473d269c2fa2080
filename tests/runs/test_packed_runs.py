"""Packed checkpoints: weights of half precision that every reader of a run folder takes."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.models import registry
from posewarp_tf.runs import checkpoints, packed
from posewarp_tf.runs.checkpoints import CheckpointFolder
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training.trainer import Trainer


@pytest.fixture(scope='module')
def model(tiny_config):
    return registry.build_model(tiny_config)


def fill(model, seed):
    """Random weights, which are all different."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape))


@pytest.fixture
def run(tmp_path, tiny_config, model):
    """A run folder with nothing but a packed checkpoint, full/step-40."""
    run = RunFolder(tmp_path / 'packed')
    run.save_config(tiny_config)
    fill(model, 0)
    packed.write_packed(checkpoints.packed_path(run.stage_dir('full'), 40), model)
    return run


def weights_of(run):
    return run.stage_dir('full') / 'step-40.npz'


@pytest.mark.parametrize('which', ['best', 'latest'])
def test_model_is_loaded_with_each_weight_in_its_place_and_rounded(run, model, which):
    loaded = run.load_model(which=which)
    assert run.is_trained and run.checkpoint_path(loaded.stages, which) == str(run.stage_dir('full') / 'step-40')
    assert len(loaded.weights) == len(model.weights) > 50
    for ours, theirs in zip(loaded.weights, model.weights):
        np.testing.assert_array_equal(ours, theirs.numpy().astype(np.float16))


def test_averaged_weights_are_the_packed_ones(run, tiny_config, model):
    run.config_path.unlink()
    run.save_config(tiny_config.replace(ema_decay=0.9))
    np.testing.assert_allclose(run.load_model().weights[0], model.weights[0], rtol=1e-3)


def test_names_are_ways_through_the_model_whatever_its_layers_were_called(run, tiny_config):
    with np.load(weights_of(run)) as archive:
        names = set(archive.files)
    assert set(packed.weights_by_path(registry.build_model(tiny_config))) == names
    assert any(name.startswith('output_conv/') for name in names)


def test_packed_checkpoint_takes_half_of_the_space(run, model):
    values = sum(int(tf.size(weight)) for weight in model.weights)
    assert weights_of(run).stat().st_size < 2 * values + 400 * len(model.weights)


def test_same_weights_make_the_same_file(run, model):
    other = run.path / 'other.npz'
    packed.write_packed(other, model)
    assert other.read_bytes() == weights_of(run).read_bytes()


def test_damaged_file_is_named(run):
    path = weights_of(run)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RunError, match='step-40.npz: damaged'):
        run.load_model()


def test_weights_of_another_network_are_refused(run, tiny_config):
    wider = tiny_config.replace(base_filters=tiny_config.model.base_filters * 2, max_filters=16)
    with pytest.raises(RunError, match='step-40.npz: weights of other networks.*has the shape'):
        run.load_model(config=wider)


def test_weights_that_one_side_lacks_are_named(run, model):
    with np.load(weights_of(run)) as archive:
        arrays = dict(archive)
    arrays['one_more/kernel'] = np.zeros(3, np.float16)
    np.savez(weights_of(run), **arrays)
    with pytest.raises(RunError, match='the first that differs is one_more/kernel, which only the file has'):
        checkpoints.restore_weights(model, str(run.stage_dir('full') / 'step-40'))


@pytest.mark.parametrize(('value', 'words'), [(np.nan, 'largest value is nan'), (1e5, 'largest value is 100000')])
def test_weight_that_half_precision_cannot_hold_is_named(run, model, value, words):
    model.weights[0].assign(np.full(model.weights[0].shape, value))
    with pytest.raises(RunError, match=f'cannot be packed: its {words}, expected finite ones up to 65504'):
        packed.write_packed(run.path / 'bad.npz', model)
    assert not list(run.path.glob('*bad*'))


def test_training_starts_from_one_but_does_not_go_on_with_it(run, tiny_config, data_dir, model, capsys):  # noqa: F811
    config = tiny_config.replace(data_dir=str(data_dir))
    with pytest.raises(RunError, match='step-40.npz: a packed checkpoint, which holds no optimizer.*--init_from='):
        CheckpointFolder(run.stage_dir('full'), 1, {'model': model}).restore()
    fresh = RunFolder(run.path.parent / 'fresh')
    trainer = Trainer(config, fresh, init_from=run.path)
    trainer._take_over_weights(trainer._stages[0])
    np.testing.assert_allclose(trainer.model.weights[0], model.weights[0], rtol=1e-3)
    assert 'fresh: none' in capsys.readouterr().out


def test_file_itself_can_be_started_from_and_only_the_weights_that_fit_are_taken(run, tiny_config, model):
    with np.load(weights_of(run)) as archive:
        arrays = {name: archive[name] for name in archive.files if name.startswith('output_conv/')}
    np.savez(weights_of(run), **arrays)
    other = registry.build_model(tiny_config)
    before = other.weights[0].numpy()
    path = checkpoints.without_suffix(str(weights_of(run)))
    restored, fresh = checkpoints.restore_matching_weights(other, path)
    assert len(restored) == len(arrays) == len(other.weights) - len(fresh)
    np.testing.assert_array_equal(other.output_conv.weights[0], model.output_conv.weights[0].numpy().astype(np.float16))
    np.testing.assert_array_equal(other.weights[0], before)


def test_no_discriminator_is_in_there(run, model):
    with pytest.raises(RunError, match='holds no discriminator'):
        checkpoints.restore_weights(model, str(run.stage_dir('full') / 'step-40'), checkpoints.DISCRIMINATOR)
