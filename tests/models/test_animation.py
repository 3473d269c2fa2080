"""Generators of videos agree with reference numbers of the published networks, and generate frame after frame."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.faces.face_flow import curves_flow
from posewarp_tf.faces.face_maps import make_face_maps, to_pose
from posewarp_tf.models.registry import model_config
from posewarp_tf.ops import bilinear_sample, resize_flow
from posewarp_tf.poses.dance_flow import joints_flow
from posewarp_tf.poses.dance_maps import pose_maps
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from tests.clips import SHALLOW, TASKS, published_model, random_clips, reference_clips, small_model
from tests.conftest import assert_agrees

NUM_PARAMETERS = {'dance': 23510195, 'face': 16906667}

each_task = pytest.mark.parametrize('task', TASKS)


def without_truth(clips):
    return {name: tensor for name, tensor in clips.items() if name not in ('target_images', 'target_masks')}


def assert_same(expected, actual, atol):
    tf.nest.assert_same_structure(expected, actual)
    for one, other in zip(tf.nest.flatten(expected), tf.nest.flatten(actual)):
        np.testing.assert_allclose(one, other, atol=atol)


@each_task
def test_frames_flows_and_masks_of_a_window_agree_with_reference(task, golden, monkeypatch):
    # All kernels are given, and orthogonal ones of full size take most of the time.
    monkeypatch.setattr(tf.keras.initializers.Orthogonal, '__call__', lambda self, shape, *_, **__: tf.zeros(shape))
    reference = golden(f'{task}_train')
    model = published_model(task, reference)
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == NUM_PARAMETERS[task]
    clips = reference_clips(task, reference)
    outputs = model.generate({**without_truth(clips), 'target_poses': clips['target_poses'][:, :6]})
    found = {f'image{frame}': outputs['images'][:, frame, ::4, ::4] for frame in (0, 5)}
    found['w0_flow'] = outputs['motions']['previous'].flows[-1][:, -1]
    found['w0_mask'] = outputs['motions']['reference'].masks[-1][:, -1]
    for name, values in found.items():
        assert_agrees(values, reference[name], max(1e-4, 3 * reference.meta['float32_error'][name]))


@each_task
def test_a_clip_in_two_pieces_is_the_clip_at_once(task):
    model = small_model(task)
    inputs = without_truth(random_clips(model.model_config.pose_channels, 3))
    whole = model.generate(inputs)
    assert whole['images'].shape == (2, 3, 32, 32, 3)
    assert [flow.shape for flow in whole['motions']['previous'].flows] == [(2, 3, 8, 8, 2), (2, 3, 16, 16, 2)]
    assert [mask.shape for mask in whole['motions']['reference'].masks] == [(2, 3, 8, 8, 1), (2, 3, 16, 16, 1)]
    poses = inputs['target_poses']
    first = model.generate({**inputs, 'target_poses': poses[:, :1]})
    state = {'previous_image': first['images'][:, 0], 'previous_pose': poses[:, 0]}
    rest = model.generate({**inputs, **state, 'target_poses': poses[:, 1:]})
    joined = tf.nest.map_structure(lambda *pieces: tf.concat(pieces, axis=1), first, rest)
    assert_same(whole, joined, 1e-5)
    # A single frame, by the call that all models have; at first the reference is the previous frame too.
    of_reference = {f'previous_{what}': inputs[f'reference_{what}'] for what in ('image', 'pose')}
    frame = model({**inputs, **of_reference, 'target_pose': poses[:, 0]})
    np.testing.assert_allclose(frame['image'], whole['images'][:, 0], atol=1e-5)


def test_blended_pixels_are_those_of_the_reference_that_its_finest_flow_moves():
    model = small_model('face', **SHALLOW, pixel_blend=True)
    clips = without_truth(random_clips(model.model_config.pose_channels, 1, size=(16, 16)))
    kernel, bias = model.output_conv.weights
    kernel.assign(tf.zeros_like(kernel))
    bias.assign([0, 0, 0, np.log(3)])
    before = {f'previous_{what}': clips[f'reference_{what}'][:, ::-1] for what in ('image', 'pose')}
    outputs = model({**clips, **before, 'target_pose': clips['target_poses'][:, 0]})
    flow = resize_flow(outputs['motions']['reference'].flows[-1], (16, 16))
    np.testing.assert_allclose(outputs['image'], 0.75 * bilinear_sample(clips['reference_image'], flow), atol=1e-5)


@pytest.mark.parametrize(('task', 'base'), [('dance', 'joints'), ('face', 'curves')])
def test_the_flow_to_the_reference_begins_from_that_of_the_pose_if_asked(task, base):
    model = small_model(task, base_flow=base)
    if task == 'dance':
        places = np.arange(34, dtype=np.float64).reshape(17, 2) % 23 + 4
        poses = pose_maps(places, COCO_17, (32, 32)), pose_maps(places + 3, HUMAN36M_17, (32, 32))
    else:
        places = np.arange(136, dtype=np.float64).reshape(68, 2) % 23 + 4
        picture = np.zeros((32, 32, 3), np.uint8)
        poses = [
            to_pose(make_face_maps(points, picture, (32, 32)).astype(np.float32)) for points in (places, places + 3)
        ]
    frame = {name: tf.constant(pose[np.newaxis]) for name, pose in zip(('reference_pose', 'target_pose'), poses)}
    clips = random_clips(model.model_config.pose_channels, 1, batch=1)
    outputs = model(
        {**clips, **frame, 'previous_image': clips['reference_image'], 'previous_pose': frame['target_pose']}
    )
    flow_of = joints_flow if task == 'dance' else curves_flow
    expected = flow_of(frame['reference_pose'], frame['target_pose'])
    assert np.abs(expected).max() > 2
    for flow in outputs['motions']['reference'].flows:
        # A fresh head adds little.
        np.testing.assert_allclose(flow, resize_flow(expected, flow.shape[1:3]), atol=0.5)
    assert all(np.abs(flow).max() < 0.5 for flow in outputs['motions']['previous'].flows)


@each_task
def test_frames_of_the_reference_alone_know_nothing_of_the_frame_before(task):
    model = small_model(task, **SHALLOW, frame_sources='reference')
    clips = without_truth(random_clips(model.model_config.pose_channels, 2, size=(16, 16)))
    outputs = model.generate(clips)
    assert list(outputs['motions']) == ['reference']
    second = model.generate({**clips, 'target_poses': clips['target_poses'][:, 1:]})
    np.testing.assert_allclose(outputs['images'][:, 1], second['images'][:, 0], atol=1e-6)
    assert not any('previous' in variable.name for variable in model.trainable_variables)


def test_gradients_reach_the_first_frame_from_the_last_and_recomputing_changes_none():
    plain, frugal = (small_model('face', **SHALLOW, recompute=recompute) for recompute in (False, True))
    frugal.set_weights(plain.get_weights())
    clips = without_truth(random_clips(2, 3, size=(16, 16)))

    def gradients(model, clips):
        with tf.GradientTape() as tape:
            tape.watch(clips)
            total = tf.reduce_sum(model.run_stage(clips, 'full', training=True)['images'][:, -1] ** 2)
        return total, tape.gradient(total, (clips['target_poses'], model.trainable_variables))

    total, (of_poses, of_weights) = gradients(plain, clips)
    assert np.all(np.max(np.abs(of_poses), axis=(0, 2, 3, 4)) > 0)
    again, (again_of_poses, again_of_weights) = gradients(frugal, clips)
    np.testing.assert_allclose(total, again, rtol=1e-5)
    largest = max(np.max(np.abs(gradient)) for gradient in of_weights)
    assert_same((of_poses, of_weights), (again_of_poses, again_of_weights), 1e-4 * largest)


def test_where_both_masks_are_zero_features_are_doubled(monkeypatch):
    """A sum, not a mean: the decoder then sees twice what it would see without the attentions."""
    model = small_model('dance', **SHALLOW)
    seen = []
    inputs = without_truth(random_clips(2, 1, size=(16, 16)))
    for estimator in model.flow_estimators.values():
        for head in estimator.heads:
            head.mask_conv.bias.assign([-100.0])
    plain = model._decode

    def decode(inputs, motions, scales, transform):
        def watched(index, features):
            seen.append((features, transform(index, features)))
            return seen[-1][1]

        return plain(inputs, motions, scales, watched)

    monkeypatch.setattr(model, '_decode', decode)
    model.generate(inputs)
    ((before, after),) = seen
    np.testing.assert_allclose(after, 2 * before, rtol=1e-5)


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ConfigError, match='--attention_kernels: got none, --model=gfla_face needs one'):
        model_config('gfla_face', attention_kernels={})
    with pytest.raises(ConfigError, match='--image_size: got 48,48, expected multiples of 32'):
        model_config('gfla_dance', image_size=(48, 48))
    inputs = without_truth(random_clips(20, 1))
    with pytest.raises(ValueError, match='got previous_image alone'):
        model_config('gfla_dance').build().generate({**inputs, 'previous_image': inputs['reference_image']})
