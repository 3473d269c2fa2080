"""Motion extraction through the shared trainer: resumed to the same weights, evaluated, and used on poses."""

import dataclasses
import json

import numpy as np
import pytest

from posewarp_tf.conventions import MISSING
from posewarp_tf.data.check import check
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.inference.cleaning import SkeletonCleaner
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.metrics.skeletons import evaluate_skeletons, format_skeleton_table, moving_average
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.poses.writers import write_openpose
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.skeletons import write_skeletons
from posewarp_tf.training.trainer import Trainer
from tests.run_folders import person, picture, run_driving


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'skeletons'
    write_skeletons(folder, 14)
    return Config().replace(
        model='motion', data_dir=str(folder), motion_channels=16, motion_base='joints', batch_size=4, init_gain=1.0,
        learning_rate=2e-3, stage_steps={'extraction': 30}, checkpoint_every=10, validate_every=15, validation_pairs=5,
    )  # fmt: skip


@pytest.fixture(scope='module')
def run(config, tmp_path_factory):
    folder = RunFolder(tmp_path_factory.mktemp('run'))
    assert Trainer(config, folder).train() == 0
    return folder


@pytest.mark.slow
def test_a_run_that_goes_on_ends_with_the_weights_of_one_that_never_stopped(config, run, tmp_path):
    stopped = RunFolder(tmp_path / 'run')
    Trainer(config.replace(stage_steps={'extraction': 10}), stopped).train()
    Trainer(config, stopped).train()
    for one, other in zip(run.load_model(which='latest').weights, stopped.load_model(which='latest').weights):
        np.testing.assert_array_equal(one, other)


def test_it_is_evaluated_beside_a_moving_average(run):
    metrics = evaluate_skeletons(run.path)
    assert json.loads(run.metrics_path.read_text()) == metrics
    errors = metrics['joints']['error']
    assert errors['moving_average'] < errors['noisy'] and 0 < errors['model'] < errors['noisy']
    assert metrics['joints']['jitter']['truth'] < metrics['joints']['jitter']['noisy']
    assert 'of the moving average' in format_skeleton_table(metrics)


def test_a_moving_average_is_over_the_frames_around():
    path = np.array([0.0, 3.0, 6.0, 0.0]).reshape(4, 1, 1)
    np.testing.assert_allclose(moving_average(path, 3).ravel(), [1.5, 3, 3, 3])
    np.testing.assert_allclose(moving_average(path, 1), path)


def test_poses_are_cleaned_and_their_gaps_filled(run):
    rng = np.random.default_rng(0)
    still = rng.uniform(40, 200, (1, 18, 2)).astype(np.float32).repeat(30, axis=0)
    noisy = still + rng.normal(0, 3, still.shape).astype(np.float32)
    noisy[5:8, 4] = MISSING
    noisy[20] = MISSING
    cleaned = SkeletonCleaner(run.path).clean_poses(noisy, (256, 256))
    assert cleaned.shape == noisy.shape
    assert np.all(cleaned[:, 2:14] != MISSING)
    assert np.abs(cleaned[:, 2:14] - still[:, 2:14]).mean() < 20


def test_runs_of_the_other_kind_are_refused(run, tiny_run):
    with pytest.raises(RunError, match='holds --model=motion, .*expected a model that makes pictures'):
        Reposer(run.path)
    with pytest.raises(RunError, match='expected a model that cleans skeletons'):
        SkeletonCleaner(tiny_run.path)


def test_a_driving_sequence_is_cleaned_by_it(run, tiny_predictor, tmp_path):
    size = (90, 70)
    save_image(tmp_path / 'me.png', picture(size))
    (tmp_path / 'dance').mkdir()
    write_openpose(tmp_path / 'me.json', [(person(size), None)])
    for frame in range(5):
        people = [(person(size, 2 * frame), None)] if frame != 2 else []
        write_openpose(tmp_path / 'dance' / f'{frame}.json', people)
    job = DrivingJob(
        str(tmp_path / 'me.png'), str(tmp_path / 'me.json'), str(tmp_path / 'dance'), str(tmp_path / 'out')
    )
    with pytest.raises(DataError, match=r'1 frames have no pose: 2\.json'):
        run_driving(tiny_predictor, job)
    run_driving(tiny_predictor, dataclasses.replace(job, motion_run_dir=str(run.path)))
    assert len(list((tmp_path / 'out').glob('frame-*.png'))) == 5


def test_data_is_checked_for_it(config, tmp_path):
    assert check(config, str(tmp_path / 'sheet.png'), decode_all=False).problems == []
    assert check(config.replace(data_dir=str(tmp_path)), str(tmp_path / 'sheet.png'), decode_all=False).problems
