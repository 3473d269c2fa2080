"""Whole runs of a tiny network on tiny pictures."""

import math
import shutil

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.losses.objective import Objective
from posewarp_tf.models import registry
from posewarp_tf.runs.checkpoints import CheckpointFolder, checkpoint_step, list_checkpoints, restore_weights
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training.stage import StageTraining
from posewarp_tf.training.trainer import Trainer


@pytest.fixture(scope='module')
def config(tiny_config):
    return tiny_config.replace(ema_decay=0.5)


@pytest.fixture(scope='module')
def straight_run(config, tmp_path_factory):
    """Both stages without a stop: 2 and 4 steps."""
    folder = tmp_path_factory.mktemp('runs') / 'straight'
    assert Trainer(config, RunFolder(folder)).train() == 0
    return RunFolder(folder)


@pytest.fixture
def copied_run(straight_run, tmp_path):
    return RunFolder(shutil.copytree(straight_run.path, tmp_path / 'run'))


def steps_of(folder):
    return [checkpoint_step(path) for path in list_checkpoints(folder)]


def saved_numbers(run_folder, stage, step):
    """Every number of a checkpoint, by name."""
    reader = tf.train.load_checkpoint(str(run_folder.stage_dir(stage) / f'step-{step}'))
    names = [name for name in reader.get_variable_to_shape_map() if name != '_CHECKPOINTABLE_OBJECT_GRAPH']
    return {name: reader.get_tensor(name) for name in names}


def remove_checkpoint(folder, step):
    for path in folder.glob(f'step-{step}.*'):
        path.unlink()


@pytest.fixture
def started_with(monkeypatch):
    """Runs a trainer up to its first step; returns the stage's first step and the weights it would start from."""

    def start(trainer):
        found = []

        def stop_here(stage, step, interruption):
            found.append((stage._stage, step, [weight.numpy() for weight in trainer.model.weights]))

        with monkeypatch.context() as patch:
            patch.setattr(StageTraining, 'train', stop_here)
            trainer.train()
        return found

    return start


def test_run_folder_holds_checkpoints_pictures_and_logs(straight_run):
    for stage, steps in (('flow', [2]), ('full', [2, 4])):
        assert steps_of(straight_run.stage_dir(stage)) == steps
        assert len(steps_of(straight_run.best_dir(stage))) == 1
        assert (straight_run.sample_dir / f'{stage}-{steps[-1]}.png').exists()
        assert list((straight_run.log_dir / stage).glob('events.*'))


def test_run_folder_knows_how_people_stand_in_the_pictures(config, straight_run):
    examples = load_dataset(config.data, 'train', config.model.image_size)
    frame = straight_run.person_frame()
    assert frame.num_pictures == 6
    # The joints were drawn in a frame of 256 x 176 at random.
    assert frame.aspect == 256 / 176
    low, high = frame.height_range
    heights = np.ptp(examples.keypoints[..., 1], axis=1) / config.model.image_size[0]
    assert heights.min() <= low <= frame.height <= high <= heights.max()


def test_run_continued_from_its_middle_ends_with_the_numbers_of_a_straight_one(
    config, straight_run, copied_run, has_effect
):
    remove_checkpoint(copied_run.stage_dir('full'), 4)
    assert Trainer(config, copied_run).train() == 0
    expected, actual = saved_numbers(straight_run, 'full', 4), saved_numbers(copied_run, 'full', 4)
    assert actual.keys() == expected.keys()
    for name in filter(has_effect, expected):
        np.testing.assert_allclose(actual[name], expected[name], rtol=0, atol=1e-6, err_msg=name)


def test_checkpoint_holds_everything_that_a_step_changes(straight_run):
    before, after = saved_numbers(straight_run, 'full', 2), saved_numbers(straight_run, 'full', 4)
    changed = {name for name in after if not np.array_equal(before[name], after[name])}
    for part in ('model', 'average', 'discriminator', 'optimizer', 'discriminator_optimizer'):
        assert any(name.startswith(f'{part}/') for name in changed), part
    for vector in ('u', 'v'):
        assert any(name.endswith(f'/{vector}/.ATTRIBUTES/VARIABLE_VALUE') for name in changed), vector


def test_complete_run_is_left_alone(config, copied_run, capsys, started_with):
    assert started_with(Trainer(config, copied_run)) == []
    assert f'{copied_run.path}: complete' in capsys.readouterr().out


def test_second_stage_starts_from_the_last_weights_of_the_first(config, copied_run, started_with):
    shutil.rmtree(copied_run.stage_dir('full'))
    ((stage, step, weights),) = started_with(Trainer(config, copied_run))
    assert (stage, step) == ('full', 0)
    expected = registry.build_model(config)
    restore_weights(expected, str(copied_run.stage_dir('flow') / 'step-2'))
    for weight, reference in zip(weights, expected.weights):
        np.testing.assert_array_equal(weight, reference.numpy(), err_msg=reference.name)


def test_more_steps_of_a_stage_that_another_has_begun_from_are_an_error(config, copied_run):
    longer = config.replace(
        stage_steps={**config.training.stage_steps, 'flow': config.training.stage_steps['flow'] + 1}
    )
    before = copied_run.config_path.read_text()
    with pytest.raises(ConfigError, match='--stage_steps: got flow=.* next stage has begun from its step'):
        Trainer(longer, copied_run)
    assert copied_run.config_path.read_text() == before


def test_init_from_takes_what_fits_and_says_what(tiny_config, tmp_path, capsys, started_with):
    source = registry.build_model(tiny_config)
    CheckpointFolder(tmp_path / 'other', 1, {'model': source}).save(7)
    other_config = tiny_config.replace(spatial_transform='local_attention')
    trainer = Trainer(other_config, RunFolder(tmp_path / 'run'), init_from=tmp_path / 'other/step-7')
    untouched = trainer.model.transforms[0].get_weights()
    started_with(trainer)
    printed = capsys.readouterr().out
    assert f'flow_estimator ({len(source.flow_estimator.weights)})' in printed
    assert f'fresh: transform_scale_1 ({len(untouched)})' in printed
    for part in ('flow_estimator', 'output_conv'):
        for weight, expected in zip(getattr(trainer.model, part).weights, getattr(source, part).weights):
            np.testing.assert_array_equal(weight.numpy(), expected.numpy(), err_msg=weight.name)
    for weight, expected in zip(trainer.model.transforms[0].get_weights(), untouched):
        np.testing.assert_array_equal(weight, expected)


def test_init_from_takes_a_run_folder(tiny_config, copied_run, tmp_path, capsys, started_with):
    started_with(Trainer(tiny_config, RunFolder(tmp_path / 'new'), init_from=copied_run.path))
    assert f'stage flow starts from {copied_run.stage_dir("full")}/step-4' in capsys.readouterr().out


def test_init_from_nothing_is_an_error(tiny_config, tmp_path):
    with pytest.raises(RunError, match='--init_from: got .*nowhere'):
        Trainer(tiny_config, RunFolder(tmp_path / 'run'), init_from=tmp_path / 'nowhere').train()


def test_loss_that_is_not_finite_stops_the_run_and_saves_nothing(config, copied_run, monkeypatch):
    total = Objective.total
    monkeypatch.setattr(Objective, 'total', lambda self, terms: total(self, terms) * math.nan)
    trainer = Trainer(config.replace(stage='flow', stage_steps={'flow': 4, 'full': 4}), copied_run)
    with pytest.raises(RunError, match='stage flow, step 3: .*total=nan, affine=.*last good checkpoint is .*step-2'):
        trainer.train()
    assert steps_of(copied_run.stage_dir('flow')) == [2]
    assert steps_of(copied_run.best_dir('flow')) == [2]


def test_damaged_latest_checkpoint_costs_only_the_steps_since_the_one_before(config, copied_run, capsys, started_with):
    (path,) = copied_run.stage_dir('full').glob('step-4.data-*')
    path.write_bytes(path.read_bytes()[:100])
    longer = config.replace(stage_steps={'flow': 2, 'full': 6})
    ((stage, step, _),) = started_with(Trainer(longer, copied_run))
    assert (stage, step) == ('full', 2)
    assert 'step-4: damaged' in capsys.readouterr().out


def test_best_checkpoint_has_the_lowest_validation_loss(config, straight_run):
    losses = {}
    for path in (straight_run.log_dir / 'full').glob('events.*'):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                if value.tag == 'validation/total':
                    losses[event.step] = float(tf.make_ndarray(value.tensor))
    assert set(losses) == {2, 4}
    assert steps_of(straight_run.best_dir('full')) == [min(losses, key=losses.get)]


def test_loaded_model_is_the_average_of_the_best_step(config, straight_run):
    (step,) = steps_of(straight_run.best_dir('full'))
    model = straight_run.load_model()
    reader = tf.train.load_checkpoint(str(straight_run.stage_dir('full') / f'step-{step}'))
    name = 'output_conv/conv/kernel/.ATTRIBUTES/VARIABLE_VALUE'
    kernel = model.output_conv.conv.kernel.numpy()
    np.testing.assert_array_equal(kernel, reader.get_tensor(f'average/{name}'))
    assert not np.array_equal(kernel, reader.get_tensor(f'model/{name}'))


@pytest.mark.slow
def test_half_precision_keeps_weights_in_float32_and_a_run_the_choice_of_its_trial(tiny_config, tmp_path, monkeypatch):
    run_folder = RunFolder(tmp_path)
    config = tiny_config.replace(precision='auto', stage='flow')
    monkeypatch.setattr('posewarp_tf.models.precision._fastest', lambda with_gradient: 'bfloat16')
    trainer = Trainer(config, run_folder)
    assert trainer.model.output_conv.conv.compute_dtype == 'bfloat16'
    assert tf.keras.mixed_precision.global_policy().name == 'float32'
    assert trainer.train() == 0
    numbers = saved_numbers(run_folder, 'flow', 2)
    weights = [value for name, value in numbers.items() if name.startswith('model/')]
    assert {value.dtype for value in weights} == {np.dtype(np.float32)}
    assert all(np.isfinite(value).all() for value in weights)
    assert run_folder.load_config().training.precision == 'bfloat16'
    monkeypatch.setattr('posewarp_tf.models.precision._fastest', lambda with_gradient: 'float32')
    assert Trainer(config, run_folder).model.output_conv.conv.compute_dtype == 'bfloat16'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'stage': 'warp'}, "--stage: got 'warp', expected one of flow, full, all"),
        ({'stage_steps': {'flow': 2}}, "--stage_steps: .*stage 'full', expected full=steps"),
        ({'num_gpus': 99, 'batch_size': 99}, '--num_gpus: got 99'),
    ],
)
def test_settings_that_cannot_work_are_errors(tiny_config, tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        Trainer(tiny_config.replace(**changes), RunFolder(tmp_path))


def test_batch_that_cannot_be_divided_is_an_error(tiny_config, tmp_path):
    with pytest.raises(ConfigError, match='--batch_size: got 2, expected a multiple of the 3 replicas'):
        Trainer(tiny_config, RunFolder(tmp_path), devices=['CPU:0', 'CPU:1', 'CPU:2'])


def test_compiled_step_on_several_replicas_is_an_error(tiny_config, tmp_path):
    with pytest.raises(ConfigError, match='--jit_compile: works on one replica, got 2'):
        Trainer(tiny_config.replace(jit_compile=True), RunFolder(tmp_path), devices=['CPU:0', 'CPU:1'])
