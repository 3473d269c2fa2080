"""A packed run folder is the run, in less space."""

import json
import shutil

import numpy as np
import pytest

from exports.packed.export import export_packed
from exports.trained_run import TrainedRun
from posewarp_tf.errors import RunError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.runs import packed
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training import trainer
from tests.processes import run_module
from tests.run_folders import SIZE, make_run, person, picture


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A run of the machine that trained it, whose data is gone."""
    settings = {'data_dir': '/home/somebody/data/people', 'vgg_weights': '/home/somebody/vgg.h5', 'gain': 0.5}
    run = make_run(tmp_path_factory.mktemp('run') / 'trained', ema_decay=0.9, **settings)
    run.add_notes({'data': 'rendered people'})
    weights = {'step': 7, 'file': 'checkpoints/full/step-7'}
    protocol = {'weights': weights, 'resolution': '8x8', 'data_dir': '/home/somebody/data/people'}
    run.metrics_path.write_text(json.dumps({'image': {}, 'protocol': protocol}))
    return run


@pytest.fixture(scope='module')
def made(run, tmp_path_factory):
    """(folder of the packed run, what the exporter says of it)."""
    folder = tmp_path_factory.mktemp('packed') / 'starter'
    folder.mkdir()
    (folder / 'README.md').write_text('# Mine\n')
    return folder, export_packed(TrainedRun(run.path), folder, check_pairs=1)


def test_answers_agree_with_those_of_the_run(run, made):
    folder, written = made
    assert written.psnr is None or written.psnr > 45
    inputs = picture(SIZE), person(SIZE), person(SIZE, 15)
    ours, theirs = (Predictor(path).predict(*inputs) for path in (folder, run.path))
    np.testing.assert_allclose(ours.image.astype(int), theirs.image.astype(int), atol=3)
    np.testing.assert_allclose(ours.flows[-1], theirs.flows[-1], atol=0.1)


def test_folder_holds_what_predictions_need_and_is_smaller(run, made):
    folder, written = made
    found = {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()}
    assert found == {
        'README.md', 'checkpoints/full/step-7.npz', 'config.json', 'metrics.json', 'notes.json', 'person_frame.json'
    }  # fmt: skip
    assert (folder / 'README.md').read_text() == '# Mine\n'
    assert written.weights == folder / 'checkpoints/full/step-7.npz'
    assert RunFolder(folder).notes() == {'data': 'rendered people'}
    trained = sum(path.stat().st_size for path in run.checkpoint_dir.rglob('*.data-*'))
    assert written.weights.stat().st_size < 0.6 * trained


def test_nothing_says_where_the_data_lay(made):
    for path in made[0].glob('*.json'):
        assert 'somebody' not in path.read_text()
    assert RunFolder(made[0]).load_config().data.data_dir == 'people'


def test_training_starts_from_a_packed_folder(made):
    assert trainer._find_checkpoint(made[0], ('flow', 'full')) == str(made[0] / 'checkpoints/full/step-7')


@pytest.mark.slow
def test_packing_again_replaces_the_weights(run, made, tmp_path):
    folder = shutil.copytree(made[0], tmp_path / 'again')
    (folder / 'checkpoints/full/step-7.npz').rename(folder / 'checkpoints/full/step-9.npz')
    export_packed(TrainedRun(run.path), folder, check_pairs=1)
    assert [path.name for path in folder.rglob('*.npz')] == ['step-7.npz']
    export_packed(TrainedRun(folder), tmp_path / 'third', check_pairs=1)
    assert (tmp_path / 'third/checkpoints/full/step-7.npz').read_bytes() == made[1].weights.read_bytes()


def test_folder_of_a_training_is_not_written_to(run, tmp_path):
    other = shutil.copytree(run.path, tmp_path / 'other')
    with pytest.raises(RunError, match='--output_dir: .* holds the checkpoints of a training'):
        export_packed(TrainedRun(run.path), other)


def test_weights_whose_pictures_differ_too_much_are_not_written(run, tmp_path, monkeypatch):
    def write_coarsely(path, model):
        arrays = {name: weight.numpy() for name, weight in packed.weights_by_path(model).items()}
        path.parent.mkdir(parents=True)
        np.savez(path, **{name: np.round(array, 1).astype(np.float16) for name, array in arrays.items()})

    monkeypatch.setattr(packed, 'write_packed', write_coarsely)
    with pytest.raises(RunError, match='half precision changes the pictures: PSNR .* expected at least 45'):
        export_packed(TrainedRun(run.path), tmp_path / 'spoiled', check_pairs=1)
    assert not (tmp_path / 'spoiled').exists()


@pytest.mark.slow
def test_command_packs_and_others_take_what_it_made(run, tmp_path):
    code, output = run_module(
        'exports.packed',
        [f'--run_dir={run.path}', '--output_dir=small', '--check_pairs=1', '--licence=For all.'],
        tmp_path,
    )
    assert code == 0 and 'written: small/checkpoints/full/step-7.npz (0.' in output
    arguments = ['--run_dir=small', '--output_dir=models', '--precision=float16', '--check_pairs=1', '--timed_runs=1']
    arguments += ['--calibration_pairs=1']
    code, output = run_module('exports.tflite', arguments, tmp_path)
    assert code == 0, output
    licence = json.loads((tmp_path / 'models/metadata.json').read_text())['licence']
    assert licence == 'For all.'
