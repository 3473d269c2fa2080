"""Exports of motion extraction are its network; what they do in graphs is what poses/skeletons.py does."""

import json

import numpy as np
import pytest
import tensorflow as tf
from stand_in_server import Model, serving

from exports.check.check import check_exports
from exports.packed.export import export_packed
from exports.saved_model.export import export_saved_model
from exports.saved_model.warm_up import WARM_UP_PATH
from exports.serving.client import Client
from exports.serving.retries import ServingError
from exports.serving.transports import GrpcTransport, RestTransport
from exports.skeletons.signatures import NAME, make_signatures
from exports.skeletons.tflite import shortfall
from exports.skeletons.whole_videos import cleaned_in_pieces, filled
from exports.tflite.export import ALL_PRECISIONS, export_tflite
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.errors import ConfigError, DataError, RunError
from posewarp_tf.inference.cleaning_job import CleaningJob
from posewarp_tf.inference.pose_cleaning import run_cleaning
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, fill_skeletons, noisy_skeletons
from posewarp_tf.poses.writers import write_openpose
from posewarp_tf.settings.config import Config
from tests.exports.metadata_reader import read_metadata
from tests.run_folders import person, run_of_config

FEW = {'check_pairs': 2, 'calibration_pairs': 4, 'timed_runs': 1}


def noisy_videos(num_frames, seed=0):
    """Two videos float32 [2, frames, 34] with joints that are not found, in one never; and a frame of nobody."""
    rng = np.random.default_rng(seed)
    videos = rng.uniform(-0.9, 0.9, (2, num_frames, 34)).astype(np.float32)
    lost = rng.random((2, num_frames, 17)) < 0.3
    lost[1, :, 4] = True
    videos[np.concatenate([lost, lost], axis=-1)] = -1.0
    videos[0, num_frames // 2] = 0.0
    return videos


def trained_run(folder, base):
    config = Config().replace(model='motion', motion_channels=8, motion_base=base)
    return TrainedRun(run_of_config(folder, config, 'extraction', gain=1.0).path)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return trained_run(tmp_path_factory.mktemp('run') / 'motion', 'joints')


@pytest.fixture(scope='module')
def exported(run, tmp_path_factory):
    """Version 1 of its SavedModel."""
    return export_saved_model(run, tmp_path_factory.mktemp('models') / 'motion', batch_sizes=(1, 2), check_pairs=2)


@tf.function(input_signature=[tf.TensorSpec([None, None, 34])])
def filled_and_cut(videos):
    """With a network that gives back the middle of a piece."""
    return filled(videos), cleaned_in_pieces(videos, lambda pieces: pieces[:, 40:-40])


@pytest.mark.parametrize('num_frames', [1, 5, 24, 25, 60])
def test_gaps_and_pieces_in_a_graph_are_those_of_whole_videos(num_frames):
    videos = noisy_videos(num_frames)
    in_graph, whole = filled_and_cut(videos)
    np.testing.assert_allclose(in_graph, [fill_skeletons(video) for video in videos], atol=1e-5)
    np.testing.assert_array_equal(whole, videos)


def test_nothing_is_filled_in_a_video_of_nobody():
    np.testing.assert_array_equal(filled(tf.zeros([1, 4, 34])), np.zeros([1, 4, 34]))


def test_what_lies_beside_a_saved_model_says_what_is_in_it(exported):
    metadata = json.loads((exported / 'metadata.json').read_text())
    assert (metadata['joints_in'], metadata['joints_out']) == (list(COCO_17), list(HUMAN36M_17))
    assert metadata['signatures']['clean']['inputs'] == {NAME: {'dtype': 'float32', 'shape': [None, None, 34]}}
    assert metadata['fills_gaps_before'] and metadata['weights']['step'] == 7
    assert set(metadata['check']['max_difference']) == {'serving_default', 'clean'}
    card = (exported / 'MODEL_CARD.md').read_text()
    for words in ('`clean`: skeletons float32 [B, any, 34]', 'wants gaps filled', 'were not evaluated', 'Limits'):
        assert words in card
    records = list(tf.data.TFRecordDataset(str(exported / WARM_UP_PATH)))
    assert len(records) == 4


@pytest.fixture(scope='module')
def transports(exported):
    with serving(Model(exported)) as (grpc, rest):
        yield [GrpcTransport(grpc), RestTransport(rest)]


@pytest.mark.parametrize('num_frames', [104, 90])
def test_pieces_are_answered_as_by_the_network(num_frames, transports, run):
    videos = noisy_videos(num_frames)
    expected = run.cleaner.model({NAME: videos})[NAME]
    assert expected.shape == (2, num_frames - 80, 34) and np.std(expected) > 0.05
    for transport in transports:
        answer = transport.predict('serving_default', {NAME: videos}, NAME, 30)
        np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_bad_requests_are_refused_by_name(transports):
    for signature, bad, words in (
        ('serving_default', np.zeros((1, 80, 34), np.float32), 'at least 81 frames'),
        ('clean', np.zeros((1, 30, 33), np.float32), 'skeletons: expected shape'),
        ('clean', np.zeros((1, 0, 34), np.float32), 'at least 1 frames'),
        ('clean', np.full((1, 30, 34), np.nan, np.float32), 'skeletons: expected finite numbers'),
    ):
        for transport in transports:
            with pytest.raises(ServingError, match=words) as refusal:
                transport.predict(signature, {NAME: bad}, NAME, 30)
            assert not refusal.value.may_pass


def test_a_server_cleans_a_folder_of_poses_as_the_command_does(transports, run, tmp_path):
    (tmp_path / 'poses').mkdir()
    for frame in range(30):
        people = [(person((90, 70), 2 * (frame % 9)), None)] if frame != 7 else []
        write_openpose(tmp_path / 'poses' / f'{frame}.json', people)
    ways = {f'served_{i}': Client(transport).clean_skeletons for i, transport in enumerate(transports)}
    written = {}
    for name, clean in {'here': run.cleaner.clean, **ways}.items():
        run_cleaning(CleaningJob(str(tmp_path / 'poses'), str(tmp_path / name), size=(90, 70)), lambda c=clean: c)
        contents = [json.loads((tmp_path / name / f'{frame}.json').read_text()) for frame in range(30)]
        written[name] = np.array([content['people'][0]['pose_keypoints_2d'] for content in contents])
    for name in ways:
        np.testing.assert_allclose(written[name], written['here'], atol=0.02)


@pytest.fixture(scope='module')
def files(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp('tflite')
    export_tflite(run, folder, ('float32',), **FEW)
    return folder


def walk():
    """Skeletons [1, 104, 34] of somebody who leans left and right."""
    keypoints = np.stack([person((256, 176), 10 * np.sin(frame / 9)) for frame in range(104)])
    return noisy_skeletons(keypoints, (256, 176))[np.newaxis]


def test_a_tflite_file_answers_as_the_network(files, run):
    reposer = LiteRTReposer(files / 'posewarp_float32.tflite')
    assert reposer.inputs == {NAME: (np.float32, (1, 104, 34))}
    assert reposer.outputs == {NAME: (np.float32, (1, 24, 34))}
    expected = run.cleaner.model({NAME: walk()})[NAME]
    np.testing.assert_allclose(reposer.run({NAME: walk()})[NAME], expected, atol=1e-4)
    with pytest.raises(DataError, match='frame 3: got .* expected finite numbers'):
        reposer.run({NAME: np.where(np.arange(104)[:, np.newaxis] == 3, np.nan, walk())})


def test_a_tflite_file_says_what_it_is(files):
    inside = read_metadata((files / 'posewarp_float32.tflite').read_bytes())
    assert inside['description'] == (
        'Cleans the joints of a person over time, from nose, left_eye, right_eye, left_ear, right_ear, left_shoulder, '
        'right_shoulder, left_elbow, right_elbow, left_wrist, right_wrist, left_hip, right_hip, left_knee, '
        'right_knee, left_ankle, right_ankle to hip, right_hip, right_knee, right_ankle, left_hip, left_knee, '
        'left_ankle, spine, neck, nose, head, left_shoulder, left_elbow, left_wrist, right_shoulder, right_elbow, '
        'right_wrist, both in this order; float32.'
    )
    graph = inside['subgraph_metadata'][0]
    assert [tensor['name'] for side in graph.values() for tensor in side] == [NAME, NAME]
    results = json.loads((files / 'results.json').read_text())
    assert results['compared_on'] == {'num_pairs': 2, 'pairs': 'pieces of self-made sequences'}
    table = (files / 'results.md').read_text()
    assert '| `posewarp_float32.tflite` |' in table and 'CONV_2D' in table
    assert 'int8: joints differ by 9 pixels' in shortfall('int8', {'mean_difference': 9.0})
    assert shortfall('float32', {'mean_difference': float('nan')})


@pytest.mark.slow
@pytest.mark.parametrize('base', ['none', 'joints'])
def test_every_precision_and_both_signatures_of_every_base(base, tmp_path):
    run = trained_run(tmp_path / 'run', base)
    precisions = ALL_PRECISIONS if base == 'joints' else ALL_PRECISIONS[:3]
    if base == 'none':
        # Random weights put joints far outside of the picture, which 8 bits do not follow.
        with pytest.raises(RunError, match='int8: joints differ by .* nothing was written'):
            export_tflite(run, tmp_path / 'files', ('int8',), **FEW)
        assert list((tmp_path / 'files').iterdir()) == []
    assert list(export_tflite(run, tmp_path / 'files', precisions, **FEW)['files']) == list(precisions)
    expected = run.cleaner.model({NAME: walk()})[NAME]
    reposer = LiteRTReposer(tmp_path / 'files' / f'posewarp_{precisions[-1]}.tflite')
    assert np.abs(reposer.run({NAME: walk()})[NAME] - expected).mean() < 0.02
    metadata = json.loads((export_saved_model(run, tmp_path / 'saved', check_pairs=3) / 'metadata.json').read_text())
    assert max(metadata['check']['max_difference'].values()) < 1e-4
    assert metadata['fills_gaps_before'] == (base == 'joints')
    videos = noisy_videos(60)
    answer = make_signatures(run.cleaner)['clean'](skeletons=tf.constant(videos))[NAME]
    np.testing.assert_allclose(answer, [run.cleaner.clean(video) for video in videos], atol=1e-4)


def test_what_has_no_meaning_for_skeletons_is_refused(run, tmp_path):
    with pytest.raises(ConfigError, match='--image_size: given for .*, a run of skeletons'):
        export_saved_model(TrainedRun(run.path, image_size=(64, 64)), tmp_path / 'out')
    for export in (export_packed, check_exports):
        with pytest.raises(RunError, match='expected a model that makes pictures'):
            export(run, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
