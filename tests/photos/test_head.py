"""A head that is moved whole: its places are those of the similarity, its outline that of the photo's mask."""

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES, PART_NAMES
from posewarp_tf.photos.full_resolution import full_resolution
from posewarp_tf.photos.head import HeadMotion
from posewarp_tf.photos.moving import SourcePositions
from posewarp_tf.photos.windows import Window
from posewarp_tf.poses.body_lengths import FACE, NECK, NOSE
from tests.photos.scenes import grid, texture

PHOTO, MODEL = (512, 384), (128, 96)
WHOLE = Window.whole(PHOTO)
HEAD, TORSO, ARM = (PART_NAMES.index(name) for name in ('head', 'torso', 'left_lower_arm'))
# Beside the neck, in distances of ears: nose, eyes, ears.
FACE_JOINTS = np.array([[0.02, -1.2], [-0.27, -1.45], [0.27, -1.45], [-0.5, -1.35], [0.5, -1.35]])
EARS = 40.0
SOURCE_NECK, TARGET_NECK = np.array([180.0, 220.0]), np.array([205.0, 236.0])
TURN = 0.2


def pose(neck, turn=0.0):
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    found = np.full((18, 2), -1.0, np.float32)
    found[NECK] = neck
    found[[NOSE, *FACE]] = neck + EARS * FACE_JOINTS @ rotation.T
    return found


def moved_place(x, y):
    """Of pixels of the target the source's, if everything were the head."""
    offset = ((x - TARGET_NECK[0]) + 1j * (y - TARGET_NECK[1])) * np.exp(-1j * TURN)
    return SOURCE_NECK[0] + offset.real, SOURCE_NECK[1] + offset.imag


def head(parts=None, source=None, photo_size=PHOTO):
    parts = np.zeros(MODEL, np.uint8) if parts is None else parts
    source = pose(SOURCE_NECK) if source is None else source
    return HeadMotion.of_poses(source, pose(TARGET_NECK, TURN), parts, photo_size)


def still():
    """The places of a flow of nothing."""
    return SourcePositions.of_flow(np.zeros((*MODEL, 2), np.float32), WHOLE, WHOLE)


def cell(x, y):
    """The pixel of the model's map at a place of the photo."""
    return int(y * MODEL[0] / PHOTO[0]), int(x * MODEL[1] / PHOTO[1])


def test_the_head_moves_by_the_similarity_and_the_body_by_the_flow():
    positions, weight = head().moved(still())
    row, column = cell(*(TARGET_NECK + [0, -1.4 * EARS]))
    assert weight[row, column] == 1
    x, y = still().places[row, column]
    np.testing.assert_allclose(positions.places[row, column], moved_place(x, y), atol=1e-3)
    for place in (TARGET_NECK, TARGET_NECK + [3 * EARS, -EARS], TARGET_NECK + [0, -4 * EARS]):
        assert weight[cell(*place)] == 0
    np.testing.assert_array_equal(positions.places[weight == 0], still().places[weight == 0])


def test_arms_before_the_head_are_the_models_and_so_is_a_body_that_goes_elsewhere():
    parts = np.full(MODEL, HEAD, np.uint8)
    at = cell(*(TARGET_NECK + [0, -1.4 * EARS]))
    parts[at] = ARM
    _, weight = head(parts).moved(still())
    assert weight[at] == 0 and weight[at[0], at[1] + 2] == 1
    # The flow of nothing leads 30 pixels away from the head's place; one that leads there may be blended.
    parts[:] = TORSO
    assert head(parts).moved(still())[1].max() == 0
    x, y = grid(PHOTO)
    along = np.stack(moved_place(x, y), axis=-1)[2::4, 2::4]
    near = SourcePositions(along, WHOLE, WHOLE)
    assert head(parts).moved(near)[1].max() == 1


def test_the_outline_is_that_of_the_photos_mask_with_the_hair():
    x, y = grid(PHOTO)
    hair = np.hypot((x - SOURCE_NECK[0]) / 1.2, y - SOURCE_NECK[1] + 1.5 * EARS) < 0.8 * EARS
    moved_x, moved_y = moved_place(x, y)
    truth = np.hypot((moved_x - SOURCE_NECK[0]) / 1.2, moved_y - SOURCE_NECK[1] + 1.5 * EARS) < 0.8 * EARS
    matte = head().matte(np.zeros(PHOTO, np.float32), hair.astype(np.float32), still())
    upper = y < TARGET_NECK[1] - 1.1 * EARS
    assert np.abs(matte - truth)[upper].mean() < 0.004
    # What the model said of the head is forgotten, what it said of the body is not.
    bald = head().matte(np.ones(PHOTO, np.float32), 0 * hair.astype(np.float32), still())
    middle = np.rint(TARGET_NECK + [0, -1.5 * EARS]).astype(int)
    assert bald[middle[1], middle[0]] == 0 and bald[int(TARGET_NECK[1]) + 10, int(TARGET_NECK[0])] == 1


def test_the_head_of_the_answer_is_the_photos_own_whatever_the_model_made():
    photo = texture(*grid(PHOTO))
    answer = np.full((*MODEL, 3), 90, np.uint8)
    flow, mask = np.zeros((*MODEL, 2), np.float32), np.zeros((*MODEL, 1), np.float32)
    found = full_resolution(photo, WHOLE, WHOLE, flow, mask, answer, head=head())
    truth = texture(*moved_place(*grid(PHOTO)))
    middle = np.rint(TARGET_NECK + [0, -1.4 * EARS]).astype(int)
    part = np.s_[middle[1] - 20 : middle[1] + 20, middle[0] - 20 : middle[0] + 20]
    assert np.abs(found.image[part].astype(float) - truth[part]).mean() < 4
    np.testing.assert_array_equal(found.image[-100:], 90)


@pytest.mark.parametrize('lacking', [[NOSE, *FACE], [NECK]])
def test_without_a_face_or_a_neck_no_head_is_moved(lacking):
    source = pose(SOURCE_NECK)
    source[lacking] = -1
    assert head(source=source) is None


def test_an_arm_beside_the_head_does_not_come_along():
    source = pose(SOURCE_NECK)
    arm = SOURCE_NECK + EARS * np.array([[1.2, 0.0], [1.6, -1.0], [1.2, -2.0]])
    source[[JOINT_NAMES.index(f'left_{name}') for name in ('shoulder', 'elbow', 'wrist')]] = arm
    beside = TARGET_NECK + EARS * np.array([1.2, -1.9])
    with_arm, without = (head(source=one).moved(still())[1] for one in (source, pose(SOURCE_NECK)))
    assert without[cell(*beside)] > 0.4 and with_arm[cell(*beside)] == 0
    middle = cell(*(TARGET_NECK + [0, -1.4 * EARS]))
    assert with_arm[middle] == 1
    # The mask of a raised arm is no part of the head's outline.
    x, y = grid(PHOTO)
    raised = (np.hypot(x - SOURCE_NECK[0] - 1.3 * EARS, y - SOURCE_NECK[1] + 1.7 * EARS) < 0.35 * EARS).astype(
        np.float32
    )
    assert head(source=source).matte(np.zeros(PHOTO, np.float32), raised, still()).max() < 0.05


def test_a_head_that_the_photo_cuts_off_is_cut_off_there():
    """The photo's border goes through the forehead; below it all is as with a whole photo."""
    border = SOURCE_NECK[1] - 1.6 * EARS
    source = pose(SOURCE_NECK)
    source[source[:, 1] >= 0, 1] -= border
    target = pose(TARGET_NECK)
    cut = HeadMotion.of_poses(source, target, np.zeros(MODEL, np.uint8), (int(PHOTO[0] - border), PHOTO[1]))
    weight = cut.moved(still())[1]
    assert weight[cell(*(TARGET_NECK + [0, -1.4 * EARS]))] == 1
    assert weight[cell(*(TARGET_NECK + [0, -1.8 * EARS]))] == 0
    matte = cut.matte(np.zeros(PHOTO, np.float32), np.ones((int(PHOTO[0] - border), PHOTO[1]), np.float32), still())
    assert matte[: int(TARGET_NECK[1] - 1.8 * EARS)].max() == 0


def test_the_head_has_the_size_of_the_targets_also_where_it_is_turned():
    """With --retarget=none."""
    target = pose(TARGET_NECK)
    face = [NOSE, *FACE]
    target[face] = TARGET_NECK + 1.5 * (pose(TARGET_NECK)[face] - TARGET_NECK)
    target[face, 0] += 0.2 * EARS * np.array([1.5, 1.0, 1.0, -0.5, -0.5])
    found = HeadMotion.of_poses(pose(SOURCE_NECK), target, np.zeros(MODEL, np.uint8), PHOTO)
    assert abs(found.fit.factor) == pytest.approx(1.5, rel=0.1)


@pytest.mark.parametrize('part', [ARM, HEAD])
@pytest.mark.parametrize('size', [(1, 1), (2, 3), (100, 75)])
def test_windows_smaller_than_the_models_picture_are_no_error(size, part):
    window = Window.whole(size)
    positions = SourcePositions.of_flow(np.zeros((*MODEL, 2), np.float32), window, window)
    matte = np.zeros(size, np.float32)
    answer = head(np.full(MODEL, part, np.uint8)).matte(matte, np.ones(PHOTO, np.float32), positions)
    assert answer.shape == size and np.isfinite(answer).all()
