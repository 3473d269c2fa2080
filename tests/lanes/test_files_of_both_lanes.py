"""What either set of packages wrote loads in this one: run folders, to predict and to train on, and SavedModels."""

import tarfile

import numpy as np
import pytest
import tensorflow as tf

import posewarp_tf
from posewarp_tf.runs.checkpoints import checkpoint_step, list_checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training.trainer import Trainer
from tests.lanes import lane_files
from tests.run_folders import person, picture

LANES = ('2.15', '2.21')


@pytest.fixture(scope='module', params=LANES)
def written(request, tmp_path_factory):
    """The folder that a lane wrote: run/, models/1/ and answer.npy."""
    folder = tmp_path_factory.mktemp('lane')
    with tarfile.open(lane_files.FOLDER / f'tensorflow-{request.param}.tar.xz') as archive:
        archive.extractall(folder)
    return folder


def test_this_lane_is_one_of_those_whose_files_are_kept():
    assert '.'.join(tf.__version__.split('.')[:2]) in LANES


def test_run_folder_of_either_lane_predicts_the_same_picture(written):
    answer = lane_files.answer(posewarp_tf.Predictor(written / 'run'))
    expected = np.load(written / 'answer.npy')
    assert expected.std() > 5
    np.testing.assert_allclose(answer.astype(int), expected.astype(int), atol=1)


def test_saved_model_of_either_lane_answers_like_the_run_folder(written):
    signature = tf.saved_model.load(str(written / 'models' / '1')).signatures['serving_default']
    photo, pose, target = picture((32, 32)), person((32, 32)), person((32, 32), lean=20)
    answer = signature(
        source_image=tf.constant(photo[np.newaxis]),
        source_keypoints=tf.constant(pose[np.newaxis]),
        target_keypoints=tf.constant(target[np.newaxis]),
    )['image']
    expected = posewarp_tf.Predictor(written / 'run').predict(photo, pose, target).image
    np.testing.assert_allclose(answer.numpy()[0].astype(int), expected.astype(int), atol=1)


def test_training_goes_on_with_a_run_of_either_lane(written, tmp_path):
    lane_files.write_people(tmp_path / 'data')
    config = lane_files.config(tmp_path / 'data').replace(stage_steps={'full': 4})
    run = RunFolder(written / 'run')
    before = tf.train.load_checkpoint(str(run.stage_dir('full') / 'step-2'))
    moments = [name for name in before.get_variable_to_shape_map() if 'optimizer' in name]
    assert len(moments) > 20
    assert Trainer(config, run).train() == 0
    assert checkpoint_step(list_checkpoints(run.stage_dir('full'))[-1]) == 4
