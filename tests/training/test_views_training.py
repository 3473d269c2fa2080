"""Novel views through the shared trainer: resumed to the same weights, evaluated, and used to turn an object."""

import json

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.view_files import load_views
from posewarp_tf.data.views import make_training_views
from posewarp_tf.errors import ConfigError, DataError, RunError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.inference.turning import ObjectTurner, write_turned
from posewarp_tf.losses.objective import Objective
from posewarp_tf.metrics.table import format_table
from posewarp_tf.metrics.views import evaluate_views, format_turns
from posewarp_tf.models.registry import build_model
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.poses.views import view_vector
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training.plan import maps_to_train
from posewarp_tf.training.trainer import Trainer
from posewarp_tf.turn import check_output, parse_azimuths
from tests.models.test_gfla_views import SMALL
from tests.run_folders import make_views_run


@pytest.fixture(scope='module')
def run(views_folder, tmp_path_factory):
    """Of a small network with random weights."""
    return make_views_run(tmp_path_factory.mktemp('run'), image_size=(32, 32), data_dir=str(views_folder))


@pytest.fixture
def config(views_folder):
    return Config().replace(
        model='gfla_views', data_dir=str(views_folder), **SMALL, image_size=(32, 32), batch_size=4, init_gain=1.0,
        learning_rate=2e-3, adam_beta_1=0.9, stage_steps={'flow': 2, 'full': 4}, checkpoint_every=2, validate_every=2,
        validation_pairs=4, vgg_weights='random', discriminator_num_layers=2,
        loss_weights={'flow': {'affine': 0.1, 'supervised_flow': 1.0}, 'full': {'correctness': 1.0, 'l1': 5.0}},
    )  # fmt: skip


def test_batches_have_what_terms_look_at(config):
    batch = next(iter(make_training_views(config, maps_to_train(config), 0, load_views(config.data, 'train'))))
    model = build_model(config)
    terms = Objective(config, 'flow').generator_terms(batch, model.run_stage(batch, 'flow'))
    assert set(terms) == {'affine', 'supervised_flow'}
    assert all(np.all(term > 0) for term in terms.values())


@pytest.mark.slow
def test_a_run_that_goes_on_ends_with_the_weights_of_one_that_never_stopped(config, tmp_path):
    straight, stopped = RunFolder(tmp_path / 'straight'), RunFolder(tmp_path / 'stopped')
    Trainer(config, straight).train()
    Trainer(config.replace(stage_steps={'flow': 2, 'full': 2}), stopped).train()
    Trainer(config, stopped).train()
    models = [folder.load_model(stage='full', which='latest') for folder in (straight, stopped)]
    for one, other in zip(*(model.weights for model in models)):
        np.testing.assert_array_equal(one, other)
    assert {path.name for path in (straight.path / 'samples').iterdir()} == {'flow-2.png', 'full-4.png'}
    assert list((straight.path / 'checkpoints/full/best').glob('step-*'))


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


def test_views_are_written_as_an_animation_or_as_a_folder(tmp_path):
    names = ['0000_0', '0001_30', '0002_60']
    pictures = [np.full((32, 32, 3), level, np.uint8) for level in (0, 100, 200)]
    write_turned(tmp_path / 'turn.gif', iter(pictures), names, 12.0)
    with Image.open(tmp_path / 'turn.gif') as animation:
        assert animation.n_frames == 3
    write_turned(tmp_path / 'turned', iter(pictures), names, 12.0)
    assert sorted(path.stem for path in (tmp_path / 'turned').iterdir()) == names
    np.testing.assert_array_equal(load_image(tmp_path / 'turned/0001_30.png'), pictures[1])


def test_azimuths_are_a_range_or_a_list():
    assert parse_azimuths('0:360:120') == [0, 120, 240] and parse_azimuths('40,-20') == [40, -20]
    assert parse_azimuths('20:-20:-20') == [20, 0]
    for wrong in ('a', '0:10', '0:360:0', '90:0:10', '0:1e9:0.1'):
        with pytest.raises(ConfigError, match='--azimuth: got'):
            parse_azimuths(wrong)


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    source = str(tmp_path / 'chair.png')
    (tmp_path / 'turned.gif').mkdir()
    for name, message in (
        ('chair.png', 'is the source picture itself'),
        ('turn.avi', 'expected a folder for the views, or a name that ends in .mp4'),
        ('turn.jpg', 'expected a folder for the views'),
        ('turned.gif', 'is a folder, expected a file'),
    ):
        with pytest.raises(DataError, match=message):
            check_output(str(tmp_path / name), source)
    for name in ('turn.png', 'turn.gif', 'turned', 'turn_v1.2'):
        check_output(str(tmp_path / name), source)


def test_runs_of_people_and_of_objects_are_not_taken_for_each_other(run, tiny_run):
    with pytest.raises(RunError, match='holds --model=gfla_views, expected a model that makes pictures of people'):
        Predictor(run.path)
    with pytest.raises(RunError, match='holds --model=gfla, which turns no objects'):
        ObjectTurner(tiny_run.path)
