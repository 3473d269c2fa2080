"""Rendered people without assets: labels, joints, flow and clothes tell the same story as the picture."""

import dataclasses
import types

import numpy as np
import pytest

from posewarp_tf import conventions
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.rendered import (
    accessories,
    camera,
    clearance,
    flow,
    gestures,
    head,
    joints,
    limits,
    loose,
    render,
    skinning,
)
from posewarp_tf.synthetic.rendered.mesh import Material, vertex_normals
from posewarp_tf.synthetic.rendered.rig import GARMENT, PART, part_of, part_weights
from posewarp_tf.synthetic.rendered.stance import Stance
from tests.synthetic.rendered.conftest import SIZE

JOINT = {name: number for number, name in enumerate(conventions.JOINT_NAMES)}


def upright(person, yaw=0.0):
    return Stance(np.tile(np.eye(3), (len(person.body.bone_names), 1, 1))).turned(yaw)


def whole(person, yaw=0.0, size=SIZE):
    return render.render(person, upright(person, yaw), camera.View(fill=0.9), size)


@pytest.fixture(scope='module')
def front(couples):
    return whole(couples[0][0].person)


def test_maps_have_the_picture_size_and_known_classes(couples):
    for picture in (picture for couple in couples for picture in couple):
        assert picture.image.shape == (*SIZE, 3)
        assert picture.image.dtype == picture.parts.dtype == picture.garments.dtype == np.uint8
        assert picture.parts.max() < len(conventions.PART_NAMES)
        assert picture.garments.max() < len(conventions.GARMENT_NAMES)
        np.testing.assert_array_equal(picture.parts == 0, picture.garments == 0)
        np.testing.assert_array_equal(picture.parts == 0, picture.hits.centres()[0] < 0)


def test_everybody_is_dressed(couples):
    thighs = [PART['left_upper_leg'], PART['right_upper_leg']]
    for person in (couple[0].person for couple in couples):
        for yaw in (0.0, 1.6, 3.1):
            picture = whole(person, yaw)
            trunk = picture.garments[picture.parts == PART['torso']]
            # What shows of the trunk's skin is the neck and what a neckline leaves free.
            assert (trunk == GARMENT['face']).mean() < 0.16
            skin = (picture.parts == PART['torso']) & (picture.garments == GARMENT['face'])
            chest = camera.Camera.project(picture.camera, _place(picture, 'spine01'))[1]
            assert np.flatnonzero(skin.any(axis=1)).max(initial=0) < chest + 0.02 * SIZE[0]
            top_of_thighs = camera.Camera.project(picture.camera, _place(picture, 'upperleg02.L'))[1]
            bare = np.isin(picture.parts, thighs) & (picture.garments == GARMENT['legs'])
            assert not bare[: int(top_of_thighs)].any()


def _place(picture, bone):
    body, person = picture.person.body, picture.person
    lift = picture.vertices[:, 1].min() - person.mesh.vertices[:, 1].min()
    return person.heads[body.bone(bone)] + np.array([0.0, lift - person.mesh.vertices[:, 1].min(), 0.0])


def test_every_part_shows_on_a_figure_with_free_limbs(front):
    assert set(np.unique(front.parts)) == set(range(len(conventions.PART_NAMES)))


def test_the_right_side_is_at_the_left_of_a_front_view(front):
    columns = np.arange(SIZE[1])[None, :]
    for name in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle', 'eye'):
        right, left = front.keypoints[JOINT[f'right_{name}']], front.keypoints[JOINT[f'left_{name}']]
        assert 0 <= right[0] < left[0]
        assert abs(right[1] - left[1]) < 3
    for name in ('upper_arm', 'lower_leg'):
        right, left = (front.parts == PART[f'{side}_{name}'] for side in ('right', 'left'))
        assert (columns * right).sum() / right.sum() < (columns * left).sum() / left.sum()


def test_joints_lie_one_above_the_other_and_on_their_parts(front):
    rows = [front.keypoints[JOINT[name], 1] for name in ('nose', 'neck', 'right_hip', 'right_knee', 'right_ankle')]
    assert rows == sorted(rows) and rows[0] > 0
    for name, parts in (
        ('right_elbow', ('right_upper_arm', 'right_lower_arm')),
        ('left_knee', ('left_upper_leg', 'left_lower_leg')),
    ):
        x, y = np.rint(front.keypoints[JOINT[name]]).astype(int)
        assert front.parts[y, x] in [PART[part] for part in parts]


def test_a_back_view_has_no_face_and_is_flipped(couples):
    back = whole(couples[1][0].person, np.pi).keypoints
    assert back[JOINT['right_shoulder'], 0] > back[JOINT['left_shoulder'], 0] >= 0
    assert (back[[JOINT['nose'], JOINT['right_eye'], JOINT['left_eye']]] == conventions.MISSING).all()


def test_a_side_view_shows_the_near_side(couples):
    # Turned to the right of the picture, a person shows the right side.
    side = whole(couples[2][0].person, np.pi / 2).keypoints
    for name in ('shoulder', 'elbow', 'ear'):
        assert side[JOINT[f'right_{name}'], 0] >= 0
        assert side[JOINT[f'left_{name}'], 0] == conventions.MISSING


def test_visible_pixels_come_back_to_where_they_were(couples):
    errors = np.concatenate([flow.round_trip(source, target) for source, target in couples])
    assert len(errors) > 4000
    assert np.median(errors) <= 0.15
    assert (errors > 2.0).mean() <= 0.003


def test_a_swapped_or_reversed_flow_does_not_come_back(couples, monkeypatch):
    exact = flow.exact_flow
    for wrong in (lambda f: f[..., ::-1], lambda f: -f):
        monkeypatch.setattr(flow, 'exact_flow', lambda *pair, wrong=wrong: (wrong(exact(*pair)[0]), exact(*pair)[1]))
        assert np.median(flow.round_trip(*couples[0])) > 2.0


def test_the_same_pose_gives_no_flow_and_everything_visible(front):
    found, visibility = flow.exact_flow(front, front)
    np.testing.assert_allclose(found, 0.0, atol=1e-3)
    np.testing.assert_array_equal(visibility > 0, front.parts > 0)
    assert (visibility[front.parts > 0] == conventions.VISIBILITY_VISIBLE).mean() > 0.999


def test_the_same_person_in_more_pixels_has_the_same_labels(front):
    large = whole(front.person, size=(2 * SIZE[0], 2 * SIZE[1]))
    seen = front.keypoints[:, 0] >= 0
    np.testing.assert_allclose(large.keypoints[seen], 2 * front.keypoints[seen] + 0.5, atol=0.02)
    assert (large.parts[::2, ::2] == front.parts).mean() > 0.97


def poked_through(picture):
    """Pixels that show what should lie under another layer, and pixels of the layers that should cover it."""
    mesh = picture.person.mesh
    triangle, weights = picture.hits.centres()
    seen = triangle >= 0
    places = np.einsum('sk,skc->sc', weights[seen], mesh.vertices[mesh.triangles[triangle[seen]]])
    pieces = mesh.piece[triangle[seen]]
    through, outside = 0, 0
    for number, material in enumerate(mesh.materials):
        if not material.name.startswith('loose'):
            continue
        own = slice(mesh.starts[number], mesh.starts[number + 1])
        outer = types.SimpleNamespace(vertices=mesh.vertices[own], field=mesh.field[own])
        below = [
            k for k in range(number) if mesh.materials[k].name == 'skin' or mesh.materials[k].name.startswith('loose')
        ]
        inner = np.isin(pieces, below) & np.array([mesh.materials[k].name != material.name for k in pieces])
        through += clearance.covered(places[inner], outer, 0.025, 0.05).sum()
        outside += (pieces == number).sum()
    return through, outside


def test_nothing_pokes_through_what_is_worn_over_it(couples):
    counts = [poked_through(picture) for couple in couples for picture in couple]
    through, outside = np.sum(counts, axis=0)
    assert outside > 5000
    assert through <= 0.006 * outside


def test_a_layer_that_is_pushed_out_keeps_its_distance(body):
    bare = head.body_layer(body, body.vertices, Material('skin', 0), 'body')
    tight = dataclasses.replace(
        loose.top(body, body.vertices, body.bone_heads(body.vertices), loose.Cut(room=-0.01), Material('top', 4))
    )
    before = clearance.depth_below(tight.vertices, bare)
    after = clearance.depth_below(clearance.push_out(tight, [bare], 0.004).vertices, bare)
    assert (before < 0.002).mean() > 0.3
    assert (after < 0.002).mean() < 0.01


@pytest.mark.parametrize('sleeve', [0.3, 1.0, 1.9])
def test_sleeves_end_where_they_are_cut(body, sleeve):
    vertices, heads = body.vertices, body.bone_heads(body.vertices)
    layer = loose.top(body, vertices, heads, loose.Cut(sleeve=sleeve), Material('top', 4))
    shoulder, elbow, wrist = (heads[body.bone(name)] for name in ('upperarm01.L', 'lowerarm01.L', 'wrist.L'))
    end = shoulder + sleeve * (elbow - shoulder) if sleeve <= 1 else elbow + (sleeve - 1) * (wrist - elbow)
    along = elbow - shoulder if sleeve <= 1 else wrist - elbow
    along = along / np.linalg.norm(along)
    on_arm = (
        part_weights(body, layer.bones, layer.weights)[:, [PART['left_upper_arm'], PART['left_lower_arm']]].sum(1) > 0.5
    )
    for shown, way in ((layer.field > 0, 'before'), (layer.field <= 0, 'beyond')):
        places = (layer.vertices[shown & on_arm] - end) @ along
        assert places.max() < 0.02 if way == 'before' else places.min() > -0.02


def test_limbs_that_run_through_the_body_are_refused(couples):
    person = couples[3][0].person
    assert limits.problem(person, upright(person)) == ''
    assert limits.crossings(person, upright(person)) == []
    folded = upright(person)
    bone = person.body.bone('upperarm01.L')
    # The upper arm through the chest to the right.
    folded.rotations[bone] = geometry.rotation(np.array([0.0, 0.0, 1.0]), np.radians(-100))
    assert limits.crossings(person, folded) == ['left_lower_arm']
    assert limits.settle(person, folded) is None
    lying = upright(person)
    lying.rotations[0] = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert limits.problem(person, lying) == 'the trunk lies'


def test_everybody_stands_on_the_floor_in_a_stance_that_can_be_taken(couples):
    for picture in (picture for couple in couples for picture in couple):
        assert abs(picture.vertices[:, 1].min()) < 1e-6


def test_a_face_that_smiles_moves_nothing_below_the_neck(couples):
    person = couples[0][0].person
    calm, _ = render.pose(person, upright(person))
    smiling = dataclasses.replace(upright(person), expression={'mouthSmileLeft': 1.0, 'jawOpen': 0.5})
    moved = np.linalg.norm(render.pose(person, smiling)[0] - calm, axis=1)
    assert moved.max() > 0.004
    assert moved[person.mesh.vertices[:, 1] < person.heads[person.body.bone('neck01'), 1] - 0.05].max() < 1e-6


def test_bones_belong_to_the_part_of_their_limb():
    assert part_of('upperarm02.L') == PART['left_upper_arm'] and part_of('finger3-2.R') == PART['right_lower_arm']
    assert part_of('toe2-1.L') == PART['left_lower_leg'] and part_of('spine03') == PART['torso']
    assert part_of('jaw') == part_of('eye.R') == PART['head']


def test_the_points_of_the_face_lie_on_their_sides(body):
    places = {name: body.vertices[number] for name, number in joints.face_vertices(body).items()}
    assert places['left_eye'][0] > 0.02 and places['right_ear'][0] < -0.05
    assert abs(places['nose'][0]) < 0.005 and places['nose'][2] > places['left_eye'][2] > places['left_ear'][2]
    assert places['left_eye'][1] > places['nose'][1]


def test_normals_point_out_of_a_body(body):
    layer = head.body_layer(body, body.vertices, Material('skin', 0), 'body')
    normals = vertex_normals(layer.vertices, layer.triangles)
    assert normals[layer.vertices[:, 1].argmax(), 1] > 0.8
    assert normals[layer.vertices[:, 1].argmin(), 1] < -0.8
    assert normals[layer.vertices[:, 0].argmax(), 0] > 0.2 > -0.2 > normals[layer.vertices[:, 0].argmin(), 0]
    assert skinning.dual_quaternions(np.eye(3, 4)[None]).tolist() == [[1, 0, 0, 0, 0, 0, 0, 0]]


def test_gloves_and_scarfs_lie_around_what_they_are_worn_on(body):
    vertices, heads = body.vertices, body.bone_heads(body.vertices)
    bare = head.body_layer(body, vertices, Material('bare', 0), 'body')
    hands = accessories.gloves(body, vertices)
    assert 0.0015 < np.median(clearance.depth_below(hands.vertices, bare)) < 0.002
    wrists = heads[[body.bone('wrist.L'), body.bone('wrist.R')]]
    away = np.linalg.norm(hands.vertices[hands.field > 0][:, None] - wrists, axis=2).min(axis=1)
    assert away.max() < 0.24 and away.min() > 0.005
    loop = accessories.scarf(np.random.default_rng(0), body, vertices, heads, [])
    neck = heads[body.bone('neck01')]
    assert np.abs(loop.vertices.mean(axis=0) - neck).max() < 0.05
    assert (np.nan_to_num(clearance.depth_below(loop.vertices, bare), nan=1.0) > 0).mean() > 0.9


def test_fingers_bend_towards_the_palm(couples):
    person = couples[0][0].person
    tips = {}
    for name, angle in (('straight', 0), ('bent', 70)):
        stance = upright(person)
        for letter in ('L', 'R'):
            gestures.bend_fingers(person, stance.rotations, letter, ((0, 0, 0),) + ((angle,) * 3,) * 4)
        posed = limits._pose_bones(person, stance).heads
        for letter in ('L', 'R'):
            wrist, tip = (posed[person.body.bone(f'{bone}.{letter}')] for bone in ('wrist', 'finger3-3'))
            thumb = posed[person.body.bone(f'finger1-3.{letter}')]
            tips[name, letter] = np.linalg.norm(tip - wrist), np.linalg.norm(tip - thumb)
    for letter in ('L', 'R'):
        assert tips['bent', letter][0] < 0.8 * tips['straight', letter][0]
        assert tips['bent', letter][1] < tips['straight', letter][1]
