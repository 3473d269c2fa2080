"""Run folders of imported checkpoints: loaded, trained on and exported like any other."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from posewarp_tf.errors import RunError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.registry import build_model
from posewarp_tf.pytorch_files.exporting import export_run, pytorch_tensors
from posewarp_tf.pytorch_files.importing import PytorchWeights, write_run
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.runs import checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.tensor_files.pytorch import read_tensors
from posewarp_tf.training.stage import StageTraining
from posewarp_tf.training.trainer import Trainer


@pytest.fixture(scope='module')
def config(tiny_config):
    """Training that changes no weight, so that what it started from can be seen afterwards."""
    return tiny_config.replace(
        spatial_transform='local_attention', learning_rate=0.0, stage_steps={'flow': 1, 'full': 1}
    )


@pytest.fixture(scope='module')
def released(config, tmp_path_factory):
    """generator, flow and discriminator: files with weights of their own."""
    folder, rng = tmp_path_factory.mktemp('released'), np.random.default_rng(0)
    generator, discriminator = build_model(config), build_discriminator(config)
    for variable in (*generator.variables, *discriminator.variables):
        variable.assign(rng.normal(0, 0.2, variable.shape).astype(np.float32))
    tensors = pytorch_tensors(generator)
    write_tensors(folder / 'generator.pth', tensors)
    write_tensors(folder / 'flow.pth', {key: array for key, array in tensors.items() if key.startswith('flow_net.')})
    write_tensors(folder / 'discriminator.pth', pytorch_tensors(discriminator))
    return {path.stem: path for path in folder.iterdir()}


def imported(path, config, released, name='generator', discriminator=True):
    given = PytorchWeights(released['discriminator']) if discriminator else None
    write_run(path, config, PytorchWeights(released[name]), given)
    return RunFolder(path)


@pytest.fixture(scope='module')
def run(config, released, tmp_path_factory):
    """Generator and discriminator; not to be changed."""
    return imported(tmp_path_factory.mktemp('imported') / 'run', config, released)


def assert_holds(tensors, path):
    """Every number of a checkpoint file, except the spectral vectors, which every training step moves."""
    for key, array in read_tensors(path).items():
        if not key.endswith(('_u', '_v')):
            np.testing.assert_array_equal(tensors[key], array)


def test_imported_weights_are_loaded_exactly(config, released, run):
    assert_holds(pytorch_tensors(run.load_model()), released['generator'])
    assert run.notes()['imported_from'] == 'generator.pth'
    assert run.load_config() == config
    Predictor(run.path)


def test_imported_weights_are_the_average_too(config, released, tmp_path):
    run = imported(tmp_path / 'run', config.replace(ema_decay=0.9), released)
    assert_holds(pytorch_tensors(run.load_model()), released['generator'])


def test_training_goes_on_from_imported_networks(config, released, tmp_path, capsys):
    run = imported(tmp_path / 'run', config, released)
    Trainer(config, run).train()
    said = capsys.readouterr().out
    assert 'stage flow: left out, a later stage has begun' in said
    assert 'stage full: 0 of 1 steps are done' in said
    assert_holds(pytorch_tensors(run.load_model(which='latest')), released['generator'])
    discriminator = build_discriminator(config)
    path = run.checkpoint_path(('full',), 'latest')
    assert checkpoints.checkpoint_step(path) == 1
    checkpoints.restore_weights(discriminator, path, checkpoints.DISCRIMINATOR)
    assert_holds(pytorch_tensors(discriminator), released['discriminator'])
    Trainer(config, run).train()
    assert 'stage full: 1 steps are done' in capsys.readouterr().out


@pytest.fixture
def no_steps(monkeypatch):
    """Training is made ready and ends before its first step."""
    monkeypatch.setattr(StageTraining, 'train', lambda self, step, interruption: None)


def test_training_goes_on_from_a_generator_alone(config, released, tmp_path, no_steps):
    averaging = config.replace(ema_decay=0.5)
    run = imported(tmp_path / 'run', averaging, released, discriminator=False)
    trainer = Trainer(averaging, run)
    trainer.train()
    assert_holds(pytorch_tensors(trainer.model), released['generator'])
    assert_holds(pytorch_tensors(trainer.average), released['generator'])


def test_flow_checkpoint_starts_the_full_stage(config, released, tmp_path, capsys, no_steps):
    run = imported(tmp_path / 'run', config, released, 'flow')
    with pytest.raises(RunError, match="only the stage 'flow' is trained"):
        Predictor(run.path)
    trainer = Trainer(config.replace(stage='full'), run)
    trainer.train()
    assert 'flow/step-0' in capsys.readouterr().out
    assert_holds(pytorch_tensors(trainer.model), released['flow'])


def test_flow_checkpoint_can_be_trained_on(config, released, tmp_path, capsys, no_steps):
    trainer = Trainer(config.replace(stage='flow'), imported(tmp_path / 'run', config, released, 'flow'))
    trainer.train()
    assert 'stage flow: 0 of 1 steps are done' in capsys.readouterr().out
    assert_holds(pytorch_tensors(trainer.model), released['flow'])


def test_another_run_starts_from_an_imported_one(config, released, run, tmp_path, capsys, no_steps):
    trainer = Trainer(config.replace(stage='full'), RunFolder(tmp_path / 'other'), init_from=run.path)
    trainer.train()
    assert 'fresh: none' in capsys.readouterr().out
    assert_holds(pytorch_tensors(trainer.model), released['generator'])


def test_folder_with_checkpoints_is_left_alone(config, released, run):
    with pytest.raises(RunError, match='holds checkpoints already'):
        imported(run.path, config, released, 'flow')
    assert_holds(pytorch_tensors(run.load_model()), released['generator'])


def test_file_that_does_not_fit_leaves_no_folder(config, released, tmp_path):
    with pytest.raises(RunError, match='it is another network'):
        imported(tmp_path / 'run', config.replace(base_filters=8), released)
    assert not (tmp_path / 'run').exists()


def test_damaged_imported_checkpoint_is_named(config, run, tmp_path):
    copy = RunFolder(shutil.copytree(run.path, tmp_path / 'run'))
    (index,) = copy.checkpoint_dir.rglob('*.index')
    index.write_bytes(index.read_bytes()[:50])
    with pytest.raises(RunError, match='full: no checkpoint can be read'):
        Trainer(config, copy).train()


@pytest.mark.parametrize('name', ['generator', 'flow'])
def test_export_gives_back_what_was_imported(name, config, released, run, tmp_path):
    if name == 'flow':
        run = imported(tmp_path / 'run', config, released, name)
    export_run(run.path, tmp_path / 'G.pth', tmp_path / 'D.pth')
    for exported, original in (('G.pth', name), ('D.pth', 'discriminator')):
        found, expected = read_tensors(tmp_path / exported), read_tensors(released[original])
        assert list(found) == list(expected)
        for key, array in expected.items():
            np.testing.assert_array_equal(found[key], array)


def test_ablations_and_missing_discriminators_cannot_be_exported(config, released, tmp_path):
    run = imported(tmp_path / 'run', config, released, discriminator=False)
    with pytest.raises(RunError, match='other networks than those of the config'):
        export_run(run.path, tmp_path / 'G.pth', tmp_path / 'D.pth')
    run.config_path.write_text(config.replace(spatial_transform='bilinear').to_json())
    with pytest.raises(RunError, match="--spatial_transform: got 'bilinear', expected local_attention"):
        export_run(run.path, tmp_path / 'G.pth')
    assert not list(tmp_path.glob('*.pth'))


def command(name, *arguments):
    return subprocess.run(
        [sys.executable, '-m', f'posewarp_tf.{name}', *map(str, arguments)], capture_output=True, text=True
    )


def test_commands_import_and_export(config, released, tmp_path):
    run_dir, output = tmp_path / 'run', tmp_path / 'G.pth'
    given = (f'--checkpoint={released["generator"]}', f'--discriminator={released["discriminator"]}')
    done = command('import_pytorch', *given, f'--run_dir={run_dir}', '--image_size=32,32')
    assert done.returncode == 0, done.stderr
    assert 'by its keys and shapes a network of --attention_kernels=1=3' in done.stdout
    assert 'image size: 32x32 (as given)' in done.stdout
    assert RunFolder(run_dir).load_config().model.image_size == (32, 32)
    done = command('export_pytorch', f'--run_dir={run_dir}', f'--output={output}')
    assert done.returncode == 0, done.stderr
    assert f'{output}: written from ' in done.stdout
    assert_holds(read_tensors(output), released['generator'])


def test_command_ends_in_one_line_that_names_a_bad_file(tmp_path):
    bad = tmp_path / 'bad.pth'
    bad.write_bytes(b'cos\nsystem\n(X\1\0\0\0xtR.')
    done = command('import_pytorch', f'--checkpoint={bad}', f'--run_dir={tmp_path / "run"}')
    assert done.returncode == 1
    expected = f'error: {bad}: refused: the pickle asks for os.system, which no dict of tensors needs; nothing was run'
    # TensorFlow may greet before.
    assert done.stderr.splitlines()[-1] == expected and 'Traceback' not in done.stderr
