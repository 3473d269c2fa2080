"""Models of clips through the shared trainer: window after window, resumed to the same weights, replicas as one."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.data import materials
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.losses.windows import objective_of
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.registry import build_model
from posewarp_tf.runs.checkpoints import CLIP_DISCRIMINATOR, DISCRIMINATOR
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.training import windows
from posewarp_tf.training.plan import plan_training
from posewarp_tf.training.train_step import Networks
from posewarp_tf.training.trainer import Trainer
from posewarp_tf.training.window_step import train_step_of
from tests.clips import SHALLOW, TASKS, clip_material, random_clips
from tests.source_code import ROOT

CHANNELS = {'dance': 20, 'face': 16}
WEIGHTS = {'correctness': 0, 'perceptual': 0, 'style': 0, 'affine': 0.01, 'l1': 5.0}


def tiny_config(task, **changes):
    values = {
        'loss_weights': {'full': {**WEIGHTS, 'adversarial': 2.0, 'clip_adversarial': 2.0}},
        'stage_steps': {'full': 2},
        'batch_size': 2,
        'learning_rate': 1e-3,
        'checkpoint_every': 1,
        'validate_every': 2,
    }
    return Config().replace(**{**SHALLOW, 'model': f'gfla_{task}', **values, **changes})


def numbers(run):
    path = run.checkpoint_path(('full',), 'latest')
    reader = tf.train.load_checkpoint(path)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if 'OBJECT_GRAPH' not in name}


def test_every_window_updates_the_generator_and_both_discriminators():
    config = tiny_config('face', decay_start=0.0)
    model = build_model(config)
    objective = objective_of(config, 'full')
    judges = {subject: build_discriminator(config, subject) for subject in objective.judges}
    step = train_step_of(config, 'full', objective, Networks(model, None, judges))
    networks = [model, *judges.values()]
    before = [[weight.numpy() for weight in network.trainable_weights] for network in networks]
    # Not as a graph, which would take longer to be made than two windows take.
    losses = step.compute(random_clips(2, 12, size=(16, 16)))
    assert int(step.iterations) == 2
    assert step.images_per_example == 12
    # The second window came after half a step of two, however many windows the longest clips have.
    assert step.learning_rate == pytest.approx(0.75 * config.training.learning_rate)
    assert list(losses) == [
        'total', 'affine', 'l1', 'adversarial', 'clip_adversarial',
        *(f'discriminator{which}_{kind}' for which in ('', '_clip') for kind in ('real', 'fake')),
    ]  # fmt: skip
    weighted = sum(config.loss.loss_weights['full'][name] * losses[name] for name in list(losses)[1:5])
    np.testing.assert_allclose(losses['total'], weighted, rtol=1e-4)
    for network, weights in zip(networks, before):
        moved = [np.any(weight != old) for weight, old in zip(network.trainable_weights, weights)]
        assert np.mean(moved) > 0.9


def test_the_stage_of_flows_sees_true_frames_and_trains_the_flow_estimators_alone():
    config = tiny_config('face', loss_weights={'flow': {'correctness': 0, 'affine': 1.0}}, stage_steps={'flow': 1})
    model = build_model(config)
    clips = random_clips(2, 6, size=(16, 16))
    window = windows.cut_window(clips, windows.first_state(clips), 0)
    motions = model.run_stage(window, 'flow')['motions']
    frame = {name: clips[name] for name in ('reference_image', 'reference_pose')}
    frame.update(previous_image=clips['target_images'][:, 2], previous_pose=clips['target_poses'][:, 2])
    alone = model({**frame, 'target_pose': clips['target_poses'][:, 3]})['motions']
    for family in ('previous', 'reference'):
        np.testing.assert_allclose(motions[family].flows[0][:, 3], alone[family].flows[0], atol=1e-5)
    before = model.get_weights()
    step = train_step_of(config, 'flow', objective_of(config, 'flow'), Networks(model, None, {}))
    step.compute(clips)
    changed = {weight.name for weight, old in zip(model.weights, before) if np.any(weight.numpy() != old)}
    assert changed and all('/flow_net/' in name for name in changed), changed


def test_a_discriminator_of_clips_has_its_own_name_where_it_is_the_only_one():
    config = tiny_config('face', loss_weights={'full': {**WEIGHTS, 'adversarial': 0.0, 'clip_adversarial': 2.0}})
    objective = objective_of(config, 'full')
    judges = {subject: build_discriminator(config, subject) for subject in objective.judges}
    step = train_step_of(config, 'full', objective, Networks(build_model(config), None, judges))
    assert step.parts[CLIP_DISCRIMINATOR] is judges['clip']
    assert DISCRIMINATOR not in step.parts


@pytest.mark.parametrize('task', TASKS)
def test_poses_with_other_channels_than_those_of_the_videos_are_refused_before_anything_is_built(task):
    with pytest.raises(ConfigError, match=f'--pose_channels: got 2, expected {CHANNELS[task]}: .*gfla_{task}'):
        plan_training(tiny_config(task))
    assert list(plan_training(tiny_config(task, pose_channels=CHANNELS[task]))) == ['full']


def test_a_discriminator_that_cannot_look_at_time_is_refused_where_it_would_judge():
    def planned(task, clip_adversarial):
        weights = {**WEIGHTS, 'adversarial': 2.0, 'clip_adversarial': clip_adversarial}
        changes = {'discriminator_num_layers': 1, 'pose_channels': CHANNELS[task], 'loss_weights': {'full': weights}}
        return plan_training(tiny_config(task, **changes))['full'].judges

    with pytest.raises(ConfigError, match='--discriminator_num_layers: got 1, expected at least 2'):
        planned('dance', 2.0)
    assert planned('dance', 0.0) == ('image',)
    # That of faces sees differences, as if they were one picture.
    assert planned('face', 2.0) == ('image', 'clip')


@pytest.mark.slow
def test_a_run_that_goes_on_ends_with_the_weights_of_one_that_never_stopped(monkeypatch, tmp_path):
    config = tiny_config('face', pose_channels=CHANNELS['face'])
    monkeypatch.setitem(materials._MATERIALS, 'face_clips', clip_material(config))
    straight, stopped = RunFolder(tmp_path / 'straight'), RunFolder(tmp_path / 'stopped')
    assert Trainer(config, straight).train() == 0
    Trainer(config.replace(stage_steps={'full': 1}), stopped).train()
    Trainer(config, stopped).train()
    expected, found = numbers(straight), numbers(stopped)
    assert any(name.startswith('discriminator_clip/') for name in expected)
    # Twelve frames are two windows, each with an update of everything.
    assert expected['optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE'] == 4
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert (straight.path / 'samples' / 'full-2.png').exists()


def test_a_window_goes_on_from_what_was_generated_and_its_truth_from_the_true_frame():
    clips = random_clips(3, 12)
    state = windows.first_state(clips)
    first = windows.cut_window(clips, state, 0)
    np.testing.assert_array_equal(first['previous_image'], clips['reference_image'])
    np.testing.assert_array_equal(first['previous_pose'], clips['reference_pose'])
    made = tf.random.stateless_uniform((2, 6, 32, 32, 3), (0, 1))
    second = windows.cut_window(clips, windows.next_state(first, {'images': made}), 1)
    np.testing.assert_array_equal(second['previous_image'], made[:, 5])
    np.testing.assert_array_equal(second['previous_image_truth'], clips['target_images'][:, 5])
    np.testing.assert_array_equal(second['previous_pose'], clips['target_poses'][:, 5])
    for name in ('target_images', 'target_poses', 'target_masks'):
        np.testing.assert_array_equal(second[name], clips[name][:, 6:])


def test_test_clips_of_any_length_become_whole_windows():
    short = {name: values for name, values in random_clips(3, 4).items() if name != 'target_masks'}
    padded = windows.whole_windows(short)
    np.testing.assert_array_equal(padded['target_images'][:, 5], short['target_images'][:, 3])
    assert padded['target_masks'].shape == (2, 6, 32, 32) and np.all(padded['target_masks'] == 1)
    assert windows.whole_windows(random_clips(3, 20))['target_poses'].shape[1] == 18
    with pytest.raises(DataError, match='clips: got 20 frames, expected a multiple of 6'):
        windows.num_windows(random_clips(3, 20)['target_images'])


@pytest.mark.parametrize('task', TASKS)
def test_the_discriminator_of_clips_is_the_published_one(task):
    network = build_discriminator(Config().replace(model=f'gfla_{task}', image_size=(64, 64)), 'clip')
    count = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert count == {'dance': 1032961, 'face': 665537}[task]
    with pytest.raises(ConfigError, match='--model=gfla makes no clips'):
        build_discriminator(Config(), 'clip')


@pytest.mark.slow
@pytest.mark.parametrize('task', TASKS)
def test_two_replicas_generate_what_one_with_their_whole_batch_generates(task, tmp_path):
    # That of faces also remembers one frame at a time.
    config = tiny_config(task, batch_size=4, pose_channels=CHANNELS[task], recompute=task == 'face')
    (tmp_path / 'config.json').write_text(config.to_json())
    command = [sys.executable, '-m', 'tests.training.clip_replicas', str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    clips = random_clips(CHANNELS[task], 6, size=(16, 16))
    frames = {}
    for name in ('1', '2', 'fresh'):
        tf.keras.utils.set_random_seed(config.training.seed)
        model = build_model(config) if name == 'fresh' else RunFolder(tmp_path / name).load_model(which='latest')
        frames[name] = model.generate(clips)['images']
    # Biases right before a norm differ, by steps of rounding errors; what is computed does not.
    np.testing.assert_allclose(frames['1'], frames['2'], atol=1e-3)
    assert np.max(np.abs(frames['1'] - frames['fresh'])) > 0.02
