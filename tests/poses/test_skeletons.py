"""Skeletons and the pieces of a video agree with the published tool of motion extraction."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.models.motion.motion import MotionNet
from posewarp_tf.models.pytorch_names import assign_pytorch_weights
from posewarp_tf.models.registry import model_config
from posewarp_tf.poses.skeletons import (
    COCO_17,
    HUMAN36M_17,
    LIMBS,
    clean_in_pieces,
    cleaned_keypoints,
    coco_to_human36m,
    context_frames,
    fill_skeletons,
    from_skeletons,
    noisy_skeletons,
    piece_starts,
    to_skeletons,
)
from tests.conftest import assert_agrees

SIZE = (240, 320)


@pytest.fixture
def reference(golden):
    return golden('motion_extraction_train')


@pytest.fixture
def keypoints(reference):
    noisy = reference['noisy']
    found = np.where(noisy[..., 2:] > 0, noisy[..., :2], MISSING)
    found[reference['empty']] = MISSING
    return found.astype(np.float32)


def test_the_first_piece_goes_in_as_in_the_published_tool(reference, keypoints):
    assert (reference.meta['height'], reference.meta['width']) == SIZE
    skeletons = noisy_skeletons(keypoints, SIZE)
    first = skeletons[context_frames(int(reference['chunk_starts'][0]), len(skeletons))]
    np.testing.assert_allclose(first.T, reference['first_input'], atol=1e-5)
    assert piece_starts(len(skeletons)) == reference['chunk_starts'].tolist()


def test_a_whole_video_comes_out_as_from_the_published_tool(reference, keypoints):
    model = MotionNet(model_config('motion'))
    model.create_weights()
    assign_pytorch_weights(model.pytorch_names(), reference.seeded_weights())
    clean = clean_in_pieces(
        noisy_skeletons(keypoints, SIZE), lambda pieces: model({'skeletons': pieces})['skeletons'].numpy()
    )
    assert_agrees(from_skeletons(clean, SIZE), reference['clean'][..., :2])


def test_y_comes_before_x_and_back():
    joints = np.random.default_rng(0).uniform(0, 200, (5, 17, 2)).astype(np.float32)
    skeletons = to_skeletons(joints, SIZE)
    assert skeletons[2, 3] == pytest.approx(2 * joints[2, 3, 1] / 240 - 1)
    assert skeletons[2, 17 + 3] == pytest.approx(2 * joints[2, 3, 0] / 320 - 1)
    np.testing.assert_allclose(from_skeletons(skeletons, SIZE), joints, atol=1e-3)


@pytest.mark.parametrize(
    ('num_frames', 'starts'), [(5, [0]), (24, [0]), (25, [0, 1]), (48, [0, 24]), (60, [0, 24, 36])]
)
def test_pieces_cover_a_video_of_any_length(num_frames, starts):
    assert piece_starts(num_frames) == starts
    skeletons = np.arange(num_frames, dtype=np.float32)[:, np.newaxis].repeat(34, axis=1)
    np.testing.assert_array_equal(clean_in_pieces(skeletons, lambda pieces: pieces[:, 40:-40]), skeletons)


def test_gaps_are_filled_in_straight_lines():
    joints = np.random.default_rng(0).uniform(20, 200, (9, 17, 2))
    joints[:, 4] = np.arange(9)[:, np.newaxis] * [3.0, 5.0] + 40
    lost = joints.copy()
    lost[2:5, 4] = 0.0
    lost[6] = np.divide(SIZE[::-1], 2)  # nobody
    filled = from_skeletons(fill_skeletons(to_skeletons(lost, SIZE)), SIZE)
    np.testing.assert_allclose(filled[:, 4], joints[:, 4], atol=1e-3)
    np.testing.assert_allclose(filled[6, 5], (joints[5, 5] + joints[7, 5]) / 2, atol=1e-3)
    np.testing.assert_allclose(filled[:6, 5], joints[:6, 5], atol=1e-3)


def test_limbs_keep_their_places_from_one_order_to_the_other():
    skeleton = np.arange(34, dtype=np.float32)
    moved = coco_to_human36m() @ skeleton
    for name in LIMBS:
        for side in (0, 17):
            assert moved[side + HUMAN36M_17.index(name)] == side + COCO_17.index(name)
    assert moved[HUMAN36M_17.index('hip')] == (COCO_17.index('left_hip') + COCO_17.index('right_hip')) / 2


def test_clean_limbs_and_neck_replace_noisy_ones_and_the_face_stays():
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0, 200, (4, 18, 2)).astype(np.float32)
    knee, elbow = JOINT_NAMES.index('left_knee'), JOINT_NAMES.index('right_elbow')
    keypoints[:, knee], keypoints[1, elbow] = MISSING, MISSING
    clean = rng.uniform(0, 200, (4, 17, 2)).astype(np.float32)
    result = cleaned_keypoints(keypoints, to_skeletons(clean, SIZE), SIZE)
    np.testing.assert_allclose(result[:, elbow], clean[:, HUMAN36M_17.index('right_elbow')], atol=1e-3)
    np.testing.assert_array_equal(result[:, knee], keypoints[:, knee])
    np.testing.assert_array_equal(result[:, 0], keypoints[:, 0])
    np.testing.assert_allclose(result[:, JOINT_NAMES.index('neck')], clean[:, HUMAN36M_17.index('neck')], atol=1e-3)
