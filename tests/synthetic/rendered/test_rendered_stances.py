"""Stances in which something is before something else, and seats: where hands and knees are, and what a seat hides."""

import dataclasses

import numpy as np
import pytest

from posewarp_tf import conventions
from posewarp_tf.synthetic.drawn.pose import LegPose, Pose
from posewarp_tf.synthetic.rendered import camera, flow, limits, occasions, seats
from posewarp_tf.synthetic.rendered.glasses import glasses
from posewarp_tf.synthetic.rendered.joints import face_vertices
from posewarp_tf.synthetic.rendered.render import pose, render
from posewarp_tf.synthetic.rendered.rig import PART
from posewarp_tf.synthetic.rendered.stance import stance_of
from tests.synthetic.rendered.conftest import SIZE

SIDES = ('right', 'left')
FRONT = np.array([0.0, 0.0, 1.0])


@pytest.fixture(scope='module')
def person(couples):
    return next(couple[0].person for couple in couples if not couple[0].person.wears_skirt)


def taken(person, make, seed):
    """The first stance of these that somebody can take, and the joints in body heights."""
    rng = np.random.default_rng(seed)
    for _ in range(30):
        stance = stance_of(person.body, person.heads, person.tails, person.height, make(rng))
        settled = limits.settle(person, stance)
        if settled is not None:
            places = pose(person, settled)[1] / person.height
            return settled, dict(zip(conventions.JOINT_NAMES, places))
    raise AssertionError('nobody can stand like this')


def seated(person, seed, kind='box'):
    rng = np.random.default_rng(seed)
    seat = dataclasses.replace(seats.sample_seat(rng), kind=kind, width=0.5)
    for _ in range(30):
        stance = stance_of(person.body, person.heads, person.tails, person.height, occasions.sample_sitting(rng))
        stance = limits.settle(person, dataclasses.replace(stance, seat=seat))
        if stance is not None:
            return stance
    raise AssertionError('nobody can sit like this')


@pytest.mark.parametrize('seed', range(3))
def test_hands_are_where_the_names_say(person, seed):
    _, crossed = taken(person, occasions._crossed, seed)
    for side, sign in (('right', -1), ('left', 1)):
        # The left is at positive x.
        assert sign * crossed[f'{side}_wrist'][0] < 0.01
        assert crossed[f'{side}_wrist'][2] > crossed['neck'][2] + 0.05
    _, face = taken(person, occasions._at_face, seed)
    assert min(np.linalg.norm(face[f'{side}_wrist'] - face['nose']) for side in SIDES) < 0.16
    _, belly = taken(person, occasions._before_belly, seed)
    _, back = taken(person, occasions._behind_back, seed)
    for joints, behind in ((belly, False), (back, True)):
        ahead = [joints[f'{side}_wrist'][2] - joints[f'{side}_hip'][2] for side in SIDES]
        assert min(ahead) < -0.04 if behind else min(ahead) > 0.06


def test_arms_swing_against_the_legs(person):
    together = 0.0
    for seed in range(6):
        _, walk = taken(person, occasions._stride, seed)
        step, swing = (walk[f'left_{joint}'] - walk[f'right_{joint}'] for joint in ('ankle', 'wrist'))
        together += step[2] * swing[2]
    assert together < -0.02


@pytest.mark.parametrize('seed', range(3))
def test_who_kneels_has_one_knee_on_the_floor(person, seed):
    _, joints = taken(person, occasions._kneeling, seed)
    low, high = sorted(joints[f'{side}_knee'][1] for side in SIDES)
    assert low < 0.085 < 0.2 < high


def test_every_occasion_can_be_taken(person):
    for _, make in occasions._OCCASIONS:
        taken(person, make, 0)


def test_nobody_sits_on_nothing(person):
    low = Pose(legs={side: LegPose(0.1, 1.75, 0.07, 1.7) for side in SIDES})
    stance = stance_of(person.body, person.heads, person.tails, person.height, low)
    assert limits.problem(person, stance) == 'it sits'
    assert limits.problem(person, dataclasses.replace(stance, seat=seats.sample_seat(np.random.default_rng(0)))) == ''


@pytest.mark.parametrize('kind', seats.KINDS)
def test_a_seat_is_solid_and_carries(person, kind):
    stance = seated(person, 1, kind)
    vertices, places = pose(person, stance)
    mesh, solid = seats.with_seat(
        person.mesh, vertices, person.part_weights, places, np.array([0, 0, 1.0]), stance.seat
    )
    own = mesh.triangles[len(person.mesh.triangles) :]
    assert own.min() == len(vertices) and own.max() == len(solid) - 1 and len(mesh.vertices) == len(solid)
    # Fronts look outwards: the volume below all faces is that of the blocks.
    volume = np.einsum('ti,ti->t', solid[own[:, 0]], np.cross(solid[own[:, 1]], solid[own[:, 2]])).sum() / 6
    size = np.ptp(solid[len(vertices) :], axis=0)
    assert np.isclose(volume, size.prod()) if kind == 'box' else 0 < volume < 0.3 * size.prod()
    assert np.isclose(solid[len(vertices) :, 1].min(), 0) and abs(size[0] - 0.5) < 1e-6
    hips = places[[conventions.JOINT_NAMES.index(f'{side}_hip') for side in SIDES], 1].mean()
    top = solid[len(vertices) :, 1].max() - (0.42 if kind == 'chair' else 0)
    assert hips - 0.2 < top < hips - 0.03


def test_a_seat_is_background_that_hides(person):
    stance = seated(person, 2).turned(2.6)
    sitting = render(person, stance, camera.View(), SIZE)
    bare = render(person, dataclasses.replace(stance, seat=None), camera.View(), SIZE)
    assert sitting.hits.triangle.max() < len(person.mesh.triangles)
    is_seat = np.isfinite(sitting.hits.centres()[0]) & (sitting.parts == 0)
    is_seat &= np.isfinite(sitting.hits.depth[1::3, 1::3])
    assert is_seat.mean() > 0.02 and (bare.parts[is_seat] > 0).any()
    assert not sitting.garments[is_seat].any()
    hidden = (sitting.keypoints[:, 0] < 0) & (bare.keypoints[:, 0] >= 0)
    shown = (sitting.keypoints[:, 0] >= 0) & (bare.keypoints[:, 0] < 0)
    assert not shown.any() and hidden.sum() <= 6
    _, visibility = flow.exact_flow(sitting, bare)
    assert (visibility[is_seat & (bare.parts > 0)] == conventions.VISIBILITY_OCCLUDED).all()
    assert np.median(flow.round_trip(sitting, bare)) < 0.05


def test_glasses_sit_before_the_eyes_and_reach_the_ears(body):
    vertices = body.vertices
    wire = glasses(np.random.default_rng(0), body, vertices)[0]
    face = {name: vertices[number] for name, number in face_vertices(body).items()}
    for name in ('left_eye', 'right_eye'):
        near = wire.vertices[np.linalg.norm(wire.vertices[:, :2] - face[name][:2], axis=1) < 0.04]
        assert len(near) > 30 and (near[:, 2] > face[name][2] + 0.005).sum() > 30
        assert np.linalg.norm(wire.vertices - face[name.replace('eye', 'ear')], axis=1).min() < 0.02
    # Mirrored left and right, up to a face that is not quite.
    assert abs(wire.vertices[:, 0].max() + wire.vertices[:, 0].min()) < 0.003
    assert (wire.bones[:, 0] == body.bone('head')).all() and (wire.weights.sum(axis=1) == 1).all()


def test_a_cropped_picture_keeps_the_head_of_who_sits_sideways(person):
    stance = seated(person, 3)
    for yaw in (-1.5, 1.5):
        picture = render(person, stance.turned(yaw), camera.View(fill=1.5), SIZE)
        columns = np.flatnonzero((picture.parts == PART['head']).any(axis=0))
        assert columns.min() > 3 and columns.max() < SIZE[1] - 4
