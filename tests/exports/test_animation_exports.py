"""Animation leaves as one step: what comes out of it, fed into the next one, makes the clips of the network."""

import json

import numpy as np
import pytest
import tensorflow as tf
from stand_in_server import Model, serving

from exports.animation.clips import animated
from exports.animation.held_out import NUM_FRAMES, held_out_clips
from exports.saved_model.export import export_saved_model
from exports.saved_model.warm_up import WARM_UP_PATH
from exports.serving.client import Client
from exports.serving.retries import ServingError
from exports.serving.served_animator import ServedAnimator
from exports.serving.transports import GrpcTransport, RestTransport
from exports.tflite.export import ALL_PRECISIONS, export_tflite
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.errors import DataError
from posewarp_tf.faces.landmarks import write_landmarks
from posewarp_tf.inference.animating import Animator
from posewarp_tf.inference.dancing import run_dance
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.inference.talking import run_talk
from posewarp_tf.ops import to_float_image
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.poses.writers import write_openpose
from posewarp_tf.synthetic.talking.videos import FaceSettings, write_faces
from tests.exports.metadata_reader import read_metadata
from tests.run_folders import make_animation_run, person, picture

SIZE, PHOTO = (16, 16), (60, 40)
FEW = {'check_pairs': 2, 'calibration_pairs': 2, 'timed_runs': 1}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp('run') / 'dance'
    # As few operations as there can be: what takes time is to trace them.
    settings = {'image_size': SIZE, 'sampler_impl': 'gather', 'attention_kernels': {1: 1}}
    return TrainedRun(make_animation_run(folder, 'dance', **settings).path)


@pytest.fixture(scope='module')
def clip(run):
    """Nobody's: the second frame's pose is that of the reference, from where the two differ by the state alone."""
    rng = np.random.default_rng(5)
    poses = rng.uniform(0, 1, (1, 4, *SIZE, 20)).astype(np.float32)
    return {
        'reference_image': picture(SIZE)[np.newaxis],
        'reference_pose': poses[:, 1],
        'target_poses': poses,
    }


@pytest.fixture(scope='module')
def generated(run, clip):
    """The frames of a clip, float32 [n, H, W, 3], by the network itself."""
    reference = to_float_image(tf.constant(clip['reference_image']))
    return run.portable_animator.model.generate({**clip, 'reference_image': reference})['images'][0].numpy()


def test_the_state_of_a_step_goes_into_the_next_one():
    poses = np.arange(1.0, 4.0).reshape(1, 3, 1, 1, 1)
    clip = {'reference_image': np.full((1, 1, 1, 3), 255), 'reference_pose': np.full((1, 1, 1, 1), 10.0)}

    def step(request):
        image = 2 * request['previous_image'] + request['previous_pose'] + 100 * request['reference_pose']
        return {'image': -image, 'previous_image': image, 'previous_pose': request['target_pose']}

    made = animated({**clip, 'target_poses': poses}, step)
    first, second = 2 * 1 + 10 + 1000, 2 * 1012 + 1 + 1000
    np.testing.assert_array_equal(made['previous_image'][0, :, 0, 0, 0], [first, second, 2 * second + 2 + 1000])
    np.testing.assert_array_equal(made['image'], -made['previous_image'])


@pytest.fixture(scope='module')
def exported(run, tmp_path_factory):
    """Version 1 of its SavedModel."""
    return export_saved_model(run, tmp_path_factory.mktemp('models') / 'dance', batch_sizes=(1, 2), check_pairs=2)


def test_what_lies_beside_a_saved_model_says_that_it_is_recurrent(exported):
    metadata = json.loads((exported / 'metadata.json').read_text())
    state = {'previous_image': 'reference_image / 127.5 - 1', 'previous_pose': 'reference_pose'}
    assert metadata['recurrent'] == {'signature': 'step', 'state': state}
    specs = metadata['signatures']['step']
    assert all(specs['inputs'][name] == specs['outputs'][name] for name in state)
    assert specs['inputs']['target_pose'] == {'dtype': 'float32', 'shape': [None, *SIZE, 20]}
    assert metadata['check']['num_pairs'] == 2 * NUM_FRAMES and metadata['check']['pairs'] == 'clips of drawn persons'
    assert metadata['check']['max_difference']['previous_image'] < 1e-4 and metadata['custom_operations'] == []
    card = (exported / 'MODEL_CARD.md').read_text()
    for words in ('`step`: ', 'is recurrent', 'were not evaluated', '16 frames of 2 clips', 'Limits'):
        assert words in card
    assert len(list(tf.data.TFRecordDataset(str(exported / WARM_UP_PATH)))) == 2


@pytest.fixture(scope='module')
def transports(exported):
    with serving(Model(exported)) as (grpc, rest):
        yield [GrpcTransport(grpc), RestTransport(rest)]


def test_a_served_clip_is_that_of_the_network_and_goes_on_as_if_it_had_not_been_cut(transports, clip, generated):
    reference, poses = (clip['reference_image'][0], clip['reference_pose'][0]), clip['target_poses'][0]
    assert np.abs(generated[1] - generated[0]).mean() > 1e-2
    for transport in transports:
        client = Client(transport)
        taken = []
        frames = client.animate(*reference, (taken.append(pose) or pose for pose in poses))
        for number, expected in enumerate(generated, start=1):
            np.testing.assert_allclose(next(frames), expected, atol=1e-4)
            # However long a clip is, nothing is read or asked for in advance.
            assert len(taken) == number
        assert next(frames, None) is None
        (last,) = client.animate(*reference, poses[3:], (generated[2], poses[2]))
        np.testing.assert_allclose(last, generated[3], atol=1e-4)
        (other,) = client.animate(*reference, poses[3:])
        assert np.abs(other - last).max() > 1e-2


def test_bad_steps_are_refused_by_name(transports, clip):
    good = {
        'reference_image': clip['reference_image'],
        'reference_pose': clip['reference_pose'],
        'previous_image': np.zeros((1, *SIZE, 3), np.float32),
        'previous_pose': clip['reference_pose'],
        'target_pose': clip['reference_pose'],
    }
    for name, bad, words in (
        ('previous_image', np.full((1, *SIZE, 3), np.nan, np.float32), 'previous_image: expected finite numbers'),
        ('target_pose', np.zeros((1, *SIZE, 16), np.float32), r'target_pose: expected shape \[B, 16, 16, 20\]'),
        ('previous_pose', np.zeros((2, *SIZE, 20), np.float32), 'previous_pose: expected shape'),
    ):
        for transport in transports:
            with pytest.raises(ServingError, match=words):
                transport.predict('step', {**good, name: bad}, 'image', 30)


def frames_of(folder):
    return np.stack([load_image(path) for path in sorted(folder.glob('frame-*.png'))]).astype(int)


def test_a_server_makes_the_dance_that_the_command_makes(transports, exported, run, tmp_path):
    save_image(tmp_path / 'me.png', picture(PHOTO))
    write_openpose(tmp_path / 'me.json', [(person(PHOTO), None)])
    (tmp_path / 'poses').mkdir()
    for frame in range(3):
        write_openpose(tmp_path / f'poses/{frame}.json', [(person(PHOTO, 20 * frame), None)])
    ways = {f'served_{i}': ServedAnimator(Client(transport), exported / 'metadata.json', 'dance_clips')
            for i, transport in enumerate(transports)}  # fmt: skip
    for name, animator in {'here': run.portable_animator, **ways}.items():
        paths = [str(tmp_path / path) for path in ('me.png', 'me.json', 'poses', name)]
        run_dance(lambda made=animator: made, DrivingJob(*paths), PoseFinder(lambda: None), 'none')
    here = frames_of(tmp_path / 'here')
    assert here.shape == (3, *PHOTO, 3) and np.abs(here[2] - here[0]).mean() > 0.5
    for name in ways:
        assert np.abs(frames_of(tmp_path / name) - here).max() <= 1


def test_a_server_of_another_model_is_refused_before_it_is_asked(exported, tmp_path):
    with pytest.raises(DataError, match='of --model=gfla_dance, expected one that is trained on face_clips'):
        ServedAnimator(None, exported / 'metadata.json', 'face_clips')
    (tmp_path / 'metadata.json').write_text('{"kind": 1}')
    with pytest.raises(DataError, match="not the metadata.json of an export: KeyError\\('config'\\)"):
        ServedAnimator(None, tmp_path / 'metadata.json', 'dance_clips')


@pytest.fixture(scope='module')
def files(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp('tflite')
    export_tflite(run, folder, ('float32',), **FEW)
    return folder


@pytest.mark.slow
def test_a_tflite_file_makes_the_clips_of_the_network(files, clip, generated):
    animator = LiteRTReposer(files / 'posewarp_float32.tflite')
    assert animator.inputs['previous_image'] == animator.outputs['previous_image'] == (np.float32, (1, *SIZE, 3))
    frames = animated(clip, animator.run)['previous_image'][0]
    np.testing.assert_allclose(frames, generated, atol=1e-4)
    request = dict.fromkeys(('reference_pose', 'previous_pose', 'target_pose'), clip['reference_pose'])
    with pytest.raises(DataError, match='previous_image: got inf in row 2, column 3, channel 1, expected finite'):
        bad = np.zeros((1, *SIZE, 3), np.float32)
        bad[0, 2, 3, 1] = np.inf
        animator.run({**request, 'reference_image': clip['reference_image'], 'previous_image': bad})


@pytest.mark.slow
def test_a_tflite_file_says_that_it_is_recurrent(files):
    metadata = json.loads((files / 'metadata.json').read_text())
    assert metadata['recurrent']['signature'] == 'step' and metadata['image_size'] == list(SIZE)
    inside = read_metadata((files / 'posewarp_float32.tflite').read_bytes())
    graph = inside['subgraph_metadata'][0]
    words = {tensor['name']: tensor['description'] for tensor in graph['input_tensor_metadata']}
    assert words['previous_image'].endswith('before the first one reference_image / 127.5 - 1.')
    assert {tensor['name'] for tensor in graph['output_tensor_metadata']} == {
        'image', 'previous_image', 'previous_pose'
    }  # fmt: skip
    assert '16 frames of clips of drawn persons' in (files / 'results.md').read_text()


@pytest.mark.slow
@pytest.mark.parametrize('task', ['dance', 'face'])
def test_every_precision_keeps_the_limits_over_clips(task, tmp_path):
    run = make_animation_run(tmp_path / 'run', task, image_size=(32, 32), sampler_impl='gather')
    report = export_tflite(TrainedRun(run.path), tmp_path / 'files', **{**FEW, 'calibration_pairs': 16})
    assert list(report['files']) == list(ALL_PRECISIONS)
    metadata = json.loads((tmp_path / 'files/metadata.json').read_text())
    assert 'one picture' in metadata['does']


@pytest.mark.slow
def test_a_server_makes_the_talk_that_the_command_makes_with_held_out_faces(tmp_path):
    write_faces(tmp_path / 'faces', FaceSettings(2, (32, 32), NUM_FRAMES), show_progress=False)
    path = make_animation_run(tmp_path / 'run', 'face', image_size=(32, 32), data_dir=str(tmp_path / 'faces')).path
    version = export_saved_model(TrainedRun(path), tmp_path / 'face', batch_sizes=(1,))
    check = json.loads((version / 'metadata.json').read_text())['check']
    assert check['pairs'] == 'test videos of faces'
    save_image(tmp_path / 'me.png', picture(PHOTO))
    points = np.random.default_rng(3).uniform([10, 8], [36, 32], (68, 2))
    for frame in range(3):
        write_landmarks(tmp_path / f'talk/{frame}.txt', points + [2 * frame, 0])
    write_landmarks(tmp_path / 'me.txt', points)
    with serving(Model(version)) as (grpc, _):
        served = ServedAnimator(Client(GrpcTransport(grpc)), version / 'metadata.json', 'face_clips')
        for name, animator in {'here': Animator(path, ['face_clips']), 'served': served}.items():
            paths = [str(tmp_path / place) for place in ('me.png', 'me.txt', 'talk', name)]
            config = animator.config.replace(face_background_edges=False)
            run_talk(lambda made=animator: made, config, DrivingJob(*paths), lambda: None)
    here, there = frames_of(tmp_path / 'here'), frames_of(tmp_path / 'served')
    assert np.abs(here - there).max() <= 1 and np.abs(here[2] - here[0]).mean() > 0.1


def test_drawn_clips_are_of_as_many_people_as_are_asked_for(run):
    clips, whose = held_out_clips(run.portable_animator.config, 2)
    assert whose == 'clips of drawn persons' and clips['target_poses'].shape == (2, NUM_FRAMES, *SIZE, 20)
    assert np.abs(clips['reference_image'][0].astype(int) - clips['reference_image'][1]).mean() > 5
