"""A model that is one folder and one line in the registry does everything; no other file knows it."""

import json

import numpy as np
import pytest
import tensorflow as tf
from absl import flags

from exports.saved_model.export import export_saved_model
from exports.tflite.export import export_tflite
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.data.check import check
from posewarp_tf.errors import ConfigError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.metrics.evaluation import evaluate
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_config_flags
from posewarp_tf.synthetic import Settings, write_dataset
from posewarp_tf.training.trainer import Trainer
from tests.run_folders import person, picture
from tests.toy_model.registered import toy_registered

SIZE = (32, 32)


@pytest.fixture(scope='module', autouse=True)
def registered():
    with toy_registered():
        yield


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    people = Settings(2, 1, 2, 2, SIZE)
    write_dataset(folder, people, num_processes=1, show_progress=False)
    settings = {'data_dir': str(folder), 'image_size': SIZE, 'batch_size': 2, 'stage_steps': {'alone': 3}}
    return Config().replace(model='toy', **settings, validation_pairs=2, learning_rate=1e-2)


@pytest.fixture(scope='module')
def run(config, tmp_path_factory):
    folder = RunFolder(tmp_path_factory.mktemp('run'))
    assert Trainer(config, folder).train() == 0
    return folder


def test_its_settings_are_flags_and_those_of_others_are_refused():
    def parsed(*arguments):
        flag_values = flags.FlagValues()
        define_config_flags(flag_values)
        flag_values(['test', *arguments])
        return config_from_flags(flag_values=flag_values)

    assert parsed('--model=toy', '--reach=2').model.reach == 2
    assert parsed('--model=toy', '--loss_weights=alone.l1=3').loss.loss_weights == {
        'alone': {'l1': 3.0, 'smoothness': 0.1}
    }
    with pytest.raises(ConfigError, match=r'--reach: --model=gfla has no such setting \(--model=toy has\)'):
        parsed('--reach=2')
    with pytest.raises(ConfigError, match='--attention_kernels: --model=toy has no such setting'):
        parsed('--model=toy', '--attention_kernels=2=3')
    with pytest.raises(ConfigError, match='--reach: got -1.0, expected at least 0'):
        parsed('--model=toy', '--reach=-1')


def test_data_is_checked_for_it(config, tmp_path):
    assert check(config, str(tmp_path / 'sheet.png'), decode_all=False).problems == []


def test_it_trains_and_goes_on(run, config):
    assert (run.path / 'samples' / 'alone-3.png').exists()
    assert Config.load(run.config_path) == config
    longer = config.replace(stage_steps={'alone': 4})
    assert Trainer(longer, run).train() == 0
    assert run.checkpoint_path(('alone',), 'latest').endswith('step-4')
    with pytest.raises(ConfigError, match='--reach: got 2.0, expected 4.0'):
        Trainer(config.replace(reach=2.0), run)


def test_it_is_evaluated(run):
    metrics = evaluate(run.path)
    assert 0 < metrics['image']['whole']['l1']['model'] < 1
    assert set(metrics['flow']) == {'scale_1'}
    assert list((run.path / 'samples').glob('evaluate-*.png'))


def test_it_predicts(run):
    predictor = Predictor(run.path)
    prediction = predictor.predict(picture((80, 60)), person((80, 60)), person((80, 60), lean=20))
    assert prediction.image.shape == (80, 60, 3)
    assert prediction.doubt.shape == (*SIZE, 1)
    assert list(prediction.pictures()) == ['source_pose', 'target_pose', 'generated', 'warped', 'flow', 'doubt']
    # The toy does nothing but warp.
    difference = np.abs(prediction.image.astype(int) - prediction.warped)
    assert np.mean(difference) < 2


@pytest.mark.slow
def test_it_is_exported(run, tmp_path):
    version = export_saved_model(TrainedRun(run.path), tmp_path / 'models', check_pairs=2, batch_sizes=(1,))
    debug = tf.saved_model.load(str(version)).signatures['debug'].structured_outputs
    assert set(debug) == {'float_image', 'flow_0', 'doubt'}
    card = json.loads((version / 'metadata.json').read_text())
    assert card['ranges']['doubt'].startswith('0 to 1')
    report = export_tflite(
        TrainedRun(run.path), tmp_path / 'tflite', ('float32',), check_pairs=2, calibration_pairs=2, timed_runs=1
    )
    assert report['files']['float32']['max_flow_difference'] < 1e-3
    reposer = LiteRTReposer(tmp_path / 'tflite' / 'posewarp_float32.tflite')
    assert set(reposer.outputs) == {'image', 'flow'}
