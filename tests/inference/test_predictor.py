"""A predictor gives the model's answer in the size of the user's picture, and refuses what cannot be right."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import NUM_JOINTS
from posewarp_tf.errors import DataError, PosewarpError, RunError
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.poses.heatmaps import make_heatmaps
from tests.motions import flows_of, masks_of
from tests.run_folders import SIZE, make_run, person, picture


def test_answer_is_the_models_for_a_picture_of_its_size(tiny_run, tiny_predictor):
    image, source_pose, target_pose = picture(SIZE), person(SIZE), person(SIZE, lean=8)
    prediction = tiny_predictor.predict(image, source_pose, target_pose)
    outputs = tiny_run.load_model()(
        {
            'source_image': tf.cast(image[None], tf.float32) / 127.5 - 1,
            'source_pose': make_heatmaps(source_pose[None], SIZE, 6.0),
            'target_pose': make_heatmaps(target_pose[None], SIZE, 6.0),
        }
    )
    expected = np.rint((outputs['image'][0].numpy() + 1) * 127.5)
    assert np.abs(prediction.image - expected).max() <= 1
    assert expected.std() > 1
    for flow, expected_flow in zip(prediction.flows, flows_of(outputs)):
        np.testing.assert_allclose(flow, expected_flow[0], atol=1e-4)
    for mask, expected_mask in zip(prediction.masks, masks_of(outputs)):
        np.testing.assert_allclose(mask, expected_mask[0], atol=1e-4)


def test_answer_has_the_size_of_the_source(tiny_predictor):
    size = (150, 91)
    prediction = tiny_predictor.predict(picture(size), person(size), person(size))
    for image in (prediction.image, prediction.warped, *prediction.pictures().values()):
        assert image.shape == (*size, 3)
        assert image.dtype == np.uint8


def test_poses_are_scaled_with_their_pictures(tiny_predictor):
    """A larger picture of the same, with the target pose in the frame of yet another one, gives the same answer."""
    small = picture(SIZE)
    large = small.repeat(3, axis=0).repeat(2, axis=1)
    expected = tiny_predictor.predict(small, person(SIZE), person(SIZE, lean=8))
    found = tiny_predictor.predict(
        large,
        person(SIZE) * [2, 3],
        person(SIZE, lean=8) * [4, 5],
        target_size=(5 * SIZE[0], 4 * SIZE[1]),
    )
    for flow, expected_flow in zip(found.flows, expected.flows):
        # Squashing the larger picture again is not quite the inverse of enlarging it.
        assert np.abs(flow - expected_flow).max() < 0.05 * np.abs(expected_flow).max()
    np.testing.assert_allclose(found.target_keypoints, person(SIZE, lean=8) * [2, 3], atol=1e-3)


def test_target_pose_matters_and_x_is_not_y(tiny_predictor):
    upright = person(SIZE)
    swapped = upright[:, ::-1]
    first, second = (tiny_predictor.predict(picture(SIZE), upright, pose) for pose in (upright, swapped))
    assert np.abs(first.flows[-1] - second.flows[-1]).max() > 1e-3


def test_graph_is_traced_once_for_all_sizes(tiny_predictor):
    for size in ((64, 64), (100, 80), (33, 200)):
        tiny_predictor.predict(picture(size), person(size), person(size))
    assert tiny_predictor._start.experimental_get_tracing_count() == 1
    assert tiny_predictor._step.experimental_get_tracing_count() == 1


def test_joints_outside_of_the_picture_are_taken_as_missing(tiny_predictor):
    outside, missing = person(SIZE), person(SIZE)
    outside[10] = [20, SIZE[0] + 5]
    missing[10] = -1
    found, expected = (tiny_predictor.predict(picture(SIZE), person(SIZE), pose) for pose in (outside, missing))
    assert np.array_equal(found.image, expected.image)
    assert np.all(found.target_keypoints[10] == -1)


def test_pictures_name_what_they_show(tiny_predictor):
    prediction = tiny_predictor.predict(picture(SIZE), person(SIZE), person(SIZE))
    assert list(prediction.pictures()) == ['source_pose', 'target_pose', 'generated', 'warped', 'flow', 'mask']
    assert np.array_equal(prediction.pictures()['generated'], prediction.image)


def test_a_model_without_flows_predicts_too(tmp_path):
    run = make_run(tmp_path / 'run', spatial_transform='none')
    prediction = Predictor(run.path).predict(picture(SIZE), person(SIZE), person(SIZE))
    assert prediction.flows == prediction.masks == ()
    assert prediction.warped is None
    assert list(prediction.pictures()) == ['source_pose', 'target_pose', 'generated']


def _with_nan(pose):
    pose[4, 1] = np.nan
    return pose


@pytest.mark.parametrize(
    ('pose', 'message'),
    [
        (np.zeros((17, 2)), r'target_keypoints: got shape \[17, 2\], expected \[18, 2\]'),
        (_with_nan(person(SIZE)), r'target_keypoints: joint 4: got \[.*nan\], expected finite'),
        (np.full((NUM_JOINTS, 2), -1.0), 'target_keypoints: all 18 joints are missing'),
        (person((512, 512)), r'joints lie outside of the picture of 64x64.*--target_image_size'),
        (person(SIZE) / SIZE, 'target_keypoints: .*expected pixels'),
    ],
)
def test_a_pose_that_cannot_be_right_is_refused(tiny_predictor, pose, message):
    with pytest.raises(DataError, match=message):
        tiny_predictor.predict(picture(SIZE), person(SIZE), pose)


def test_one_joint_far_outside_is_refused(tiny_predictor):
    pose = person(SIZE)
    pose[4] = [SIZE[1] * 1.6, 10]
    with pytest.raises(DataError, match='source_keypoints: 1 of 18 joints lie outside'):
        tiny_predictor.predict(picture(SIZE), pose, person(SIZE))


@pytest.mark.parametrize(
    'image', [picture(SIZE) / 255.0, picture(SIZE)[..., 0], picture(SIZE)[..., :1], picture((0, 5))]
)
def test_anything_but_uint8_rgb_is_refused(tiny_predictor, image):
    with pytest.raises(DataError, match=r'source_image: got .*, expected uint8 \[H, W, 3\]'):
        tiny_predictor.predict(image, person(SIZE), person(SIZE))


def test_a_folder_that_is_no_run_folder_is_named(tmp_path):
    with pytest.raises(RunError, match='nowhere'):
        Predictor(tmp_path / 'nowhere')
    with pytest.raises(RunError, match='config.json'):
        Predictor(tmp_path)


def test_a_run_folder_with_the_config_of_another_is_refused(tmp_path):
    run = make_run(tmp_path / 'run')
    config = run.load_config().replace(base_filters=16)
    run.config_path.write_text(config.to_json())
    with pytest.raises(RunError, match='other networks'):
        Predictor(run.path)


def test_a_config_of_something_else_is_refused(tmp_path):
    run = make_run(tmp_path / 'run')
    run.config_path.write_text('{"name": "something else"}')
    with pytest.raises(PosewarpError, match='not a config of posewarp_tf'):
        Predictor(run.path)


def test_a_run_of_which_only_the_flows_are_trained_makes_no_pictures(tmp_path):
    run = make_run(tmp_path / 'run', trained_stage='flow')
    with pytest.raises(RunError, match="only the stage 'flow' is trained"):
        Predictor(run.path)


def test_a_model_of_other_poses_is_refused(tmp_path):
    run = make_run(tmp_path / 'run', pose_channels=20)
    with pytest.raises(RunError, match='20 channels, expected 18'):
        Predictor(run.path)
