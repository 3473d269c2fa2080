"""Files of MakeHuman's formats and of motion capture, tiny ones written here, mean what they say."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.rendered import bvh, makehuman, pictures, poses, wardrobe
from posewarp_tf.synthetic.rendered.obj_files import parse_obj
from posewarp_tf.synthetic.rendered.rig import PART, part_weights

SQUARE = 'v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\ng cloth\nf 1/1 2/2 3/3 4/4\n'


@pytest.fixture(scope='module')
def dense(body):
    weights = np.zeros((len(body.vertices), len(body.bone_names)), np.float32)
    np.add.at(weights, (np.arange(len(weights))[:, None], body.bones.astype(int)), body.weights)
    return weights


def write_item(folder, rows, extra=''):
    (folder / 'square.obj').write_text(SQUARE)
    lines = ['# a comment', 'name square', 'obj_file square.obj', 'tag Female', 'tag Casual', 'z_depth 40']
    lines += ['x_scale 100 200 2.0', 'y_scale 100 200 4.0', 'z_scale 100 200 8.0', extra, 'verts 0', *rows]
    path = folder / 'square.mhclo'
    path.write_text('\n'.join(lines) + '\ndelete_verts\n3 - 6 9\n')
    return path


def test_faces_with_four_corners_become_two_triangles_with_their_texture_places():
    mesh = parse_obj(SQUARE, 'square.obj')
    np.testing.assert_array_equal(mesh.triangles, [[0, 1, 2], [0, 2, 3]])
    np.testing.assert_array_equal(mesh.uv[mesh.triangles_uv[1]], [[0, 0], [1, 1], [0, 1]])
    assert mesh.groups == ('cloth',) and len(mesh.triangles_of('clo')) == 2


def test_what_is_no_mesh_is_named():
    for text in ('v 1 two 3\n', 'v 0 0 0\nf 1 2 3\n', 'hello\n'):
        with pytest.raises(DataError, match='thing.obj: expected'):
            parse_obj(text, 'thing.obj')


def test_an_item_follows_the_body_as_its_rows_say(tmp_path, body, dense):
    rows = ['10', '20', '10 20 30 0.5 0.25 0.25 1.0 2.0 -3.0', '30']
    item = makehuman.read_item(write_item(tmp_path, rows), body, dense)
    vertices = body.vertices
    placed = item.fit(vertices)
    np.testing.assert_allclose(placed[[0, 1, 3]], vertices[[10, 20, 30]], atol=1e-6)
    size = np.abs(vertices[100] - vertices[200])
    expected = 0.5 * vertices[10] + 0.25 * vertices[20] + 0.25 * vertices[30] + [1, 2, -3] * size / [2, 4, 8]
    np.testing.assert_allclose(placed[2], expected, atol=1e-6)
    np.testing.assert_array_equal(item.deleted, [3, 4, 5, 6, 9])
    assert (item.depth, item.tags) == (40, ('female', 'casual'))
    blended = 0.5 * dense[10] + 0.25 * dense[20] + 0.25 * dense[30]
    np.testing.assert_allclose(item.skin_weights[2], blended[item.bones[2]], atol=1e-5)


def test_broken_items_are_named(tmp_path, body, dense):
    for rows in (['10', '20', '30'], ['10', '20', '30', '9999999'], ['10', '20', '30', '1 2 3 0.5']):
        with pytest.raises(DataError, match='square.mhclo: expected an item of clothing'):
            makehuman.read_item(write_item(tmp_path, rows), body, dense)


def test_a_folder_without_assets_says_how_to_get_them(tmp_path):
    with pytest.raises(ConfigError, match='--makehuman_dir is missing; .* install MakeHuman or clone'):
        makehuman.require_folder(None)
    with pytest.raises(ConfigError, match=f'{tmp_path}: has no folder clothes/'):
        makehuman.require_folder(str(tmp_path))


def test_a_suit_of_two_pieces_comes_apart(tmp_path, body, dense):
    """Tube-like pieces of the body's own tights: a top and trousers in one file."""
    chosen = body.triangles_in('helper-tights')
    triangles = body.triangles[chosen]
    shares = part_weights(body, body.bones, body.weights)
    y = body.vertices[:, 1]
    ankle = body.bone_heads(body.vertices)[body.bone('foot.L'), 1]
    hip = body.bone_heads(body.vertices)[body.bone('upperleg01.L'), 1]
    legs = ((y[triangles] < hip + 0.06) & (y[triangles] > ankle + 0.03)).all(axis=1) & (
        np.abs(body.vertices[triangles, 0]) < 0.3
    ).all(axis=1)
    trunk = (y[triangles] > hip + 0.1).all(axis=1) & (shares[triangles, PART['torso']] > 0.5).all(axis=1)
    triangles = triangles[legs | trunk]
    used, numbers = np.unique(triangles, return_inverse=True)
    text = ''.join('v {} {} {}\n'.format(*body.vertices[vertex]) for vertex in used)
    text += 'vt 0 0\n' + ''.join('f {}/1 {}/1 {}/1\n'.format(*(row + 1)) for row in numbers.reshape(-1, 3))
    path = write_item(tmp_path, [str(vertex) for vertex in used])
    (tmp_path / 'square.obj').write_text(text)
    parts = wardrobe.take_apart(makehuman.read_item(path, body, dense), body)
    assert {part.kind for part in parts} == {'upper', 'lower'}
    assert sum(len(part.triangles) for part in parts) == len(triangles)


def test_a_texture_is_darkened_where_little_light_comes(tmp_path):
    Image.new('RGB', (4, 4), (200, 100, 50)).save(tmp_path / 'cloth.png')
    shade = Image.new('L', (4, 4), 255)
    shade.paste(0, (0, 0, 2, 4))
    shade.save(tmp_path / 'shade.png')
    texture = pictures.load_texture(tmp_path / 'cloth.png', tmp_path / 'shade.png')
    np.testing.assert_array_equal(texture[0, 3], [200, 100, 50, 255])
    np.testing.assert_array_equal(texture[0, 0], [70, 35, 17, 255])


WALKER = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine
  {
    OFFSET 0 20 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Neck
    {
      OFFSET 0 30 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 10 0
      }
    }
SIDES
  }
LEGS
}
MOTION
Frames: 2
Frame Time: 0.04
"""


def limb(side, sign, joints, first):
    text, closing = '', ''
    for number, (name, offset) in enumerate(joints):
        place = first if number == 0 else offset
        text += f'JOINT {side}{name}\n{{\nOFFSET {sign * place[0]} {place[1]} {place[2]}\n'
        text += 'CHANNELS 3 Zrotation Xrotation Yrotation\n'
        closing += '}\n'
    return text + 'End Site\n{\nOFFSET 0 -5 0\n}\n' + closing


@pytest.fixture
def walker(tmp_path):
    """Somebody with hanging arms who bends the left elbow by 90 degrees in the second frame."""
    arm = (('Arm', None), ('ForeArm', (0, -30, 0)), ('Hand', (0, -25, 0)))
    leg = (('UpLeg', None), ('Leg', (0, -45, 0)), ('Foot', (0, -42, 0)))
    sides = limb('Left', 1, arm, (18, 28, 0)) + limb('Right', -1, arm, (18, 28, 0))
    legs = limb('Left', 1, leg, (9, 0, 0)) + limb('Right', -1, leg, (9, 0, 0))
    text = WALKER.replace('SIDES', sides).replace('LEGS', legs)
    still = ['0 90 0'] + ['0 0 0'] * 15
    bent = list(still)
    bent[5] = '0 -90 0'  # Hips (way, turn), Spine, Neck, LeftArm, LeftForeArm
    path = tmp_path / 'walker.bvh'
    path.write_text(text + ' '.join(still) + '\n' + ' '.join(bent) + '\n')
    return path


def test_captured_motion_is_where_its_angles_put_it(walker):
    motion = bvh.read_bvh(walker)
    assert len(motion.rotations) == 2
    at = motion.places(1)
    elbow, hand = (at[motion.names.index(name)] for name in ('LeftForeArm', 'LeftHand'))
    np.testing.assert_allclose(elbow, [18, 90 + 20 + 28 - 30, 0], atol=1e-9)
    np.testing.assert_allclose(hand - elbow, [0, 0, 25], atol=1e-9)


def test_a_body_takes_the_pose_of_captured_motion(walker, body, couples):
    person = couples[0][0].person
    library = poses.read_library([walker.parent], body)
    assert len(library.captured) == 2 and not library.own
    from posewarp_tf.synthetic.rendered import limits
    from posewarp_tf.synthetic.rendered.stance import stance_from

    posed = limits._pose_bones(person, stance_from(body, person.heads, person.tails, library.captured[1])).heads
    elbow, wrist = (posed[body.bone(name)] for name in ('lowerarm01.L', 'wrist.L'))
    np.testing.assert_allclose(geometry.unit(wrist - elbow), [0, 0, 1], atol=0.02)
    elbow, wrist = (posed[body.bone(name)] for name in ('lowerarm01.R', 'wrist.R'))
    np.testing.assert_allclose(geometry.unit(wrist - elbow), [0, -1, 0], atol=0.02)


def test_a_mirrored_stance_is_the_mirror_image(walker, body, couples):
    from posewarp_tf.synthetic.rendered import limits
    from posewarp_tf.synthetic.rendered.stance import stance_from

    person = couples[0][0].person
    # The rest of the body is its own mirror image to a millimetre.
    stance = stance_from(body, person.heads, person.tails, bvh.directions(bvh.read_bvh(walker), 1, walker))
    first = limits._pose_bones(person, stance).heads
    second = limits._pose_bones(person, poses.mirrored(body, stance)).heads
    for name in ('wrist', 'foot', 'lowerarm01'):
        np.testing.assert_allclose(
            first[body.bone(f'{name}.L')] * [-1, 1, 1], second[body.bone(f'{name}.R')], atol=0.003
        )


def test_files_that_are_no_motion_are_named(tmp_path, body):
    (tmp_path / 'bad.bvh').write_text('HIERARCHY\nROOT Hips\n{\nOFFSET 0 0\n')
    with pytest.raises(DataError, match='bad.bvh: expected a .bvh file'):
        poses.read_library([tmp_path], body)
    (tmp_path / 'bad.bvh').write_text(WALKER.replace('SIDES', '').replace('LEGS', '') + '0 ' * 12 + '\n')
    with pytest.raises(DataError, match='no joint is called like left_shoulder'):
        poses.read_library([tmp_path], body)
    (tmp_path / 'none').mkdir()
    with pytest.raises(DataError, match='--bvh_dir=.*none: holds no .bvh file'):
        poses.read_library([tmp_path / 'nothing', tmp_path / 'none'], body)


def test_a_file_with_z_up_stands_up(walker):
    motion = bvh.read_bvh(walker)
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    tilted = dataclasses.replace(
        motion,
        offsets=motion.offsets @ turn.T,
        rotations=turn @ motion.rotations @ turn.T,
        ways=motion.ways @ turn.T,
    )
    np.testing.assert_allclose(bvh._upright(tilted).places(1), motion.places(1), atol=1e-9)
