"""Novel views leave as a SavedModel and as TFLite, with a signature of their own."""

import json

import numpy as np
import pytest
import tensorflow as tf

from exports.saved_model.export import export_saved_model
from exports.tflite.export import export_tflite
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.inference.turning import ObjectTurner
from posewarp_tf.poses.views import view_vector
from tests.run_folders import make_views_run


@pytest.fixture(scope='module')
def run(tmp_path_factory, views_folder):
    return make_views_run(
        tmp_path_factory.mktemp('run'), image_size=(32, 32), data_dir=str(views_folder), sampler_impl='gather', gain=0.5
    )


@pytest.mark.slow
def test_a_served_model_answers_as_the_model_turns(run, tmp_path):
    version = export_saved_model(TrainedRun(run.path), tmp_path / 'models', check_pairs=2, batch_sizes=(1,))
    signature = tf.saved_model.load(str(version)).signatures['serving_default']
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    views = np.stack([view_vector(20), view_vector(70)])
    answer = signature(
        source_image=tf.constant(picture[None]),
        source_view=tf.constant(views[:1]),
        target_view=tf.constant(views[1:]),
    )
    (expected,) = ObjectTurner(run.path).views(picture, views[0], views[1:])
    assert np.abs(answer['image'][0].numpy().astype(int) - expected).max() <= 1
    metadata = json.loads((version / 'metadata.json').read_text())
    inputs = metadata['signatures']['serving_default']['inputs']
    assert set(inputs) == {'source_image', 'source_view', 'target_view'} and 'joints' not in metadata
    card = (version / 'MODEL_CARD.md').read_text()
    assert 'Shows the object of one picture from another side' in card and 'joint' not in card
    report = export_tflite(
        TrainedRun(run.path), tmp_path / 'tflite', ('float32',), check_pairs=2, calibration_pairs=2, timed_runs=1
    )
    assert report['compared_on']['pairs'] == 'test pairs of chairs'
    reposer = LiteRTReposer(tmp_path / 'tflite' / 'posewarp_float32.tflite')
    request = {'source_image': picture[None], 'source_view': views[:1], 'target_view': views[1:]}
    assert np.abs(reposer.run(request)['image'][0].astype(int) - expected).max() <= 1
