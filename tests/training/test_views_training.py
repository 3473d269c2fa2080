"""Novel views through the shared trainer: resumed to the same weights, evaluated, and used to turn an object."""

import json

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.inference.turning import ObjectTurner
from posewarp_tf.metrics.table import format_table
from posewarp_tf.metrics.views import evaluate_views, format_turns
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.poses.views import view_vector
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.trainer import Trainer
from posewarp_tf.turn import parse_azimuths
from tests.models.test_gfla_views import SMALL
from tests.processes import run_module


@pytest.fixture(scope='module')
def config(views_folder):
    settings = {**SMALL, 'image_size': (32, 32), 'num_layers': 1, 'flow_num_layers': 2, 'attention_kernels': {1: 3}}
    return Config().replace(
        model='gfla_views', data_dir=str(views_folder), **settings, batch_size=4, init_gain=1.0, learning_rate=2e-3,
        adam_beta_1=0.9, stage_steps={'flow': 2, 'full': 6}, checkpoint_every=2, validate_every=3, validation_pairs=4,
        loss_weights={
            'flow': {'affine': 0.1, 'supervised_flow': 1.0}, 'full': {'l1': 5.0, 'affine': 0.1, 'supervised_flow': 1.0},
        },
    )  # fmt: skip


@pytest.fixture(scope='module')
def run(config, tmp_path_factory):
    folder = RunFolder(tmp_path_factory.mktemp('run'))
    assert Trainer(config, folder).train() == 0
    return folder


def test_a_run_that_goes_on_ends_with_the_weights_of_one_that_never_stopped(config, run, tmp_path):
    stopped = RunFolder(tmp_path / 'run')
    Trainer(config.replace(stage_steps={'flow': 2, 'full': 2}), stopped).train()
    Trainer(config, stopped).train()
    for one, other in zip(run.load_model(which='latest').weights, stopped.load_model(which='latest').weights):
        np.testing.assert_array_equal(one, other)
    # Four rows of source, truth, generated, warped, flow, mask and attention.
    assert (run.path / 'samples/flow-2.png').exists() and (run.path / 'samples/full-6.png').exists()


def test_it_is_evaluated_beside_the_source_and_the_nearest_object(run):
    metrics = evaluate_views(run.path)
    assert json.loads(run.metrics_path.read_text()) == metrics
    l1 = metrics['image']['whole']['l1']
    assert set(l1) == {'model', 'nearest_object', 'copy_source'} and all(0 < value < 1 for value in l1.values())
    assert list(metrics['turns']) == [str(turn) for turn in range(0, 200, 20)]
    # Object 0 is shown from azimuth 0, where its copy is exact.
    assert (
        metrics['turns']['0']['l1']['copy_source'] == 0 and metrics['turns']['0']['ssim_gaussian']['copy_source'] == 1
    )
    mean = np.mean([metrics['turns'][turn]['l1']['copy_source'] for turn in metrics['turns'] for _ in (0, 1)][1:-1])
    np.testing.assert_allclose(mean, l1['copy_source'])
    assert metrics['flow']['scale_1']['visible']['zero_flow'] > 1
    assert metrics['protocol']['num_pairs'] == 18
    assert 'nearest object' in format_table(metrics) and '180' in format_turns(metrics)
    assert list((run.path / 'samples').glob('evaluate-*.png'))


def test_an_object_is_turned_and_what_depends_on_the_source_is_the_same_for_all_views(run, views_folder):
    turner = ObjectTurner(run.path)
    picture = np.full((50, 50, 3), 255, np.uint8)
    picture[10:40, 20:30] = [200, 40, 90]
    views = np.stack([view_vector(azimuth) for azimuth in (40, 90, 40)])
    frames = list(turner.views(picture, view_vector(20), views))
    assert all(frame.shape == (32, 32, 3) and frame.dtype == np.uint8 for frame in frames)
    np.testing.assert_array_equal(frames[0], frames[2])
    assert np.any(frames[0] != frames[1])


def test_command_writes_an_animation_or_a_folder(run, tmp_path):
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(tmp_path / 'chair.png')
    flags = [f'--run_dir={run.path}', '--source_image=chair.png', '--azimuth=0:90:30']
    code, printed = run_module('posewarp_tf.turn', [*flags, '--output=turn.gif'], tmp_path)
    assert code == 0 and 'turn.gif: 3 views of 32x32' in printed, printed
    with Image.open(tmp_path / 'turn.gif') as animation:
        assert animation.n_frames == 3
    code, printed = run_module('posewarp_tf.turn', [*flags, '--output=turned'], tmp_path)
    assert code == 0, printed
    assert sorted(path.name for path in (tmp_path / 'turned').iterdir()) == ['0000_0.png', '0001_30.png', '0002_60.png']
    assert load_image(tmp_path / 'turned/0000_0.png').shape == (32, 32, 3)


def test_azimuths_are_a_range_or_a_list():
    assert parse_azimuths('0:360:120') == [0, 120, 240] and parse_azimuths('40,-20') == [40, -20]
    assert parse_azimuths('20:-20:-20') == [20, 0]
    for wrong in ('a', '0:10', '0:360:0', '90:0:10', '0:1e9:0.1'):
        with pytest.raises(ConfigError, match='--azimuth: got'):
            parse_azimuths(wrong)


def test_runs_of_people_and_of_objects_are_not_taken_for_each_other(run, tiny_run):
    with pytest.raises(RunError, match='holds --model=gfla_views, expected a model that makes pictures of people'):
        Predictor(run.path)
    with pytest.raises(RunError, match='holds --model=gfla, which turns no objects'):
        ObjectTurner(tiny_run.path)
