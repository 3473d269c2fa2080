"""Heads that talk: what an expression moves, and that landmarks and flows are those of what is seen."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from posewarp_tf.conventions import VISIBILITY_BACKGROUND, VISIBILITY_VISIBLE
from posewarp_tf.faces.face_maps import make_face_maps
from posewarp_tf.synthetic.talking.expression import Expression, sample_talk
from posewarp_tf.synthetic.talking.hair import Hair
from posewarp_tf.synthetic.talking.person import sample_talker
from posewarp_tf.synthetic.talking.render import exact_flow, render

SIZE = (128, 128)
# Of each landmark the one on the other side of the face.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
     41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65]
)  # fmt: skip


@pytest.fixture(scope='module')
def talker():
    """Somebody without hair or glasses, in the middle of the picture."""
    talker = sample_talker(np.random.default_rng(5))
    bald = Hair('bald', (0.1, 0.1, 0.1), 0.3, 0.0, 0)
    return dataclasses.replace(talker, hair=bald, has_glasses=False, middle=(0.0, 0.0))


def landmarks_of(talker, **expression):
    """[68, 3] in head heights: to the person's left, up, to the front."""
    return talker.landmarks(talker.vertices(Expression(**expression)))


def test_a_face_that_turns_left_is_the_mirror_picture_of_one_that_turns_right(talker):
    pose = {'openness': 0.4, 'smile': 0.5, 'pitch': 0.1}
    left, right = (landmarks_of(talker, yaw=sign * 0.4, roll=sign * 0.1, **pose) for sign in (1, -1))
    # All but the diagonals of the skin's grid is symmetric.
    np.testing.assert_allclose(right[MIRRORED] * [-1, 1, 1], left, atol=0.004)
    # The nose points to the person's left, which is the right of the picture.
    assert left[30, 0] > left[27, 0] > left[[36, 45], 0].mean()
    assert left[8, 1] < left[57, 1] < left[33, 1] < left[39, 1] < left[19, 1]


def test_each_part_of_an_expression_moves_its_landmarks_and_no_others(talker):
    rest = landmarks_of(talker)
    jaw, brows, eyes, mouth = slice(0, 17), slice(17, 27), slice(36, 48), slice(48, 68)

    def moved(**expression):
        return landmarks_of(talker, **expression) - rest

    opened = moved(openness=1.0)
    assert rest[62, 1] - rest[66, 1] == pytest.approx(0, abs=1e-6)
    assert opened[62, 1] > 0.005 and opened[66, 1] < -0.06 and opened[8, 1] < -0.03
    assert np.abs(opened[17:48]).max() < 0.004 and np.abs(opened[[0, 16]]).max() < 0.01
    closed = moved(blink=1.0)
    lids = rest + closed
    np.testing.assert_allclose(lids[[37, 38, 43, 44], 1], lids[[41, 40, 47, 46], 1], atol=1e-6)
    assert rest[37, 1] - rest[41, 1] > 0.02 and np.abs(closed[mouth]).max() < 1e-9
    smiling = moved(smile=1.0)
    assert smiling[48, 0] < -0.01 and smiling[54, 0] > 0.01 and smiling[[48, 54], 1].min() > 0.01
    raised = moved(brow=1.0)
    assert raised[brows, 1].min() > 0.005 and np.abs(raised[mouth]).max() < 1e-6
    assert np.abs(raised[jaw]).max() < 0.004 and np.abs(raised[eyes]).max() < 0.02
    puckered = moved(pucker=1.0)
    assert puckered[54, 0] < -0.015 and puckered[48, 0] > 0.015


def test_landmarks_lie_on_what_is_drawn(talker):
    white_teeth = render(talker, Expression(openness=0.9), SIZE)
    shut = render(talker, Expression(openness=0.0), SIZE)
    mouth = white_teeth.landmarks[60:68]
    middle = np.rint(mouth.mean(axis=0)).astype(int)
    # Between the lips it is dark, or there are teeth: nothing of the skin, which is the first piece.
    owner = talker.owners[white_teeth.triangle[middle[1], middle[0]]]
    assert owner > 0
    shut_owner = talker.owners[shut.triangle[middle[1], middle[0]]]
    assert shut_owner == 0
    eyes = white_teeth.landmarks[[[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]]].mean(axis=1)
    for number, (x, y) in enumerate(np.rint(eyes).astype(int)):
        assert talker.owners[white_teeth.triangle[y, x]] == 1 + number
    # The labels of the maps cover the eyeballs that are seen, and hardly more.
    labels = make_face_maps(white_teeth.landmarks, white_teeth.image, SIZE)[..., 15]
    seen = np.isin(talker.owners[white_teeth.triangle], (1, 2)) & (white_teeth.triangle >= 0)
    assert np.mean(labels[seen] == 4) > 0.9 and seen.sum() > 30
    assert np.sum(labels == 4) < 2.2 * seen.sum()


def test_the_flow_leads_to_the_same_point_of_the_skin_and_warping_by_it_shows_the_target(talker):
    source = render(talker, Expression(yaw=0.1, openness=0.1), SIZE)
    target = render(talker, Expression(yaw=0.3, openness=0.6, smile=0.5, pitch=0.1, shift=(0.03, 0.02)), SIZE)
    flow, visibility = exact_flow(source, target)
    assert flow.dtype == np.float32 and (visibility[:5] == VISIBILITY_BACKGROUND).all()
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    warped = np.stack(
        [ndimage.map_coordinates(source.image[..., c] / 1.0, [rows + flow[..., 1], columns + flow[..., 0]], order=1)
         for c in range(3)], axis=-1,
    )  # fmt: skip
    seen = visibility == VISIBILITY_VISIBLE
    assert seen.mean() > 0.25
    errors = [np.abs(picture - target.image)[seen].mean() for picture in (warped, source.image.astype(float))]
    assert errors[0] < 0.45 * errors[1]
    # Landmarks in the middle of the skin, away from slits.
    for number in (27, 28, 29, 30, 8, 51, 57):
        x, y = np.rint(target.landmarks[number]).astype(int)
        expected = source.landmarks[number] - target.landmarks[number]
        np.testing.assert_allclose(flow[y, x], expected, atol=0.6)
    nothing, unchanged = exact_flow(target, target)
    assert np.abs(nothing).max() < 1e-3 and np.mean(unchanged[target.triangle >= 0] == VISIBILITY_VISIBLE) > 0.995


def test_somebody_talks_smoothly_blinks_and_stays_within_thirty_degrees():
    talk = sample_talk(np.random.default_rng(2), 300)
    assert len(talk) == 300 and talk == sample_talk(np.random.default_rng(2), 300)
    yaw, blink, openness = (np.array([getattr(one, name) for one in talk]) for name in ('yaw', 'blink', 'openness'))
    assert np.abs(yaw).max() <= np.radians(30) and np.ptp(yaw) > np.radians(15)
    assert np.abs(np.diff(yaw)).max() < np.radians(3)
    assert 2 <= np.sum((blink[1:] == 1) & (blink[:-1] < 1)) <= 12
    assert openness.min() >= 0 and openness.max() > 0.4
