"""What the phone page makes of a dance or a face is what Python makes of it; `make test-mobile` installs all for it."""

import json

import numpy as np
import pytest

from exports.mobile.dances import dance_of, drawn_dances
from exports.mobile.talks import drawn_talks, talk_in_files
from exports.tflite.litert import LiteRTReposer
from posewarp_tf.conventions import MISSING
from posewarp_tf.detection.face_footage import Footage, write_footage
from posewarp_tf.detection.face_mesh import FaceMesh
from posewarp_tf.errors import DataError
from posewarp_tf.faces import curves
from posewarp_tf.faces.face_maps import make_face_maps, to_pose
from posewarp_tf.faces.landmarks import read_landmarks, write_landmarks
from posewarp_tf.pictures.picture_files import load_image, squashed
from posewarp_tf.poses.dance_joints import joints_of_keypoints
from posewarp_tf.poses.dance_maps import pose_maps, resize_joints
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from tests.exports.phone_page import MOBILE, run_node

SIZE = (32, 32)


@pytest.mark.browser
def test_maps_of_the_page_are_those_of_the_package():
    rng = np.random.default_rng(0)
    poses = rng.uniform(-8, 56, (40, 17, 2))
    poses[rng.random((40, 17)) < 0.1] = 0
    poses[::3] = np.trunc(poses[::3])
    script = f"""
        const {{ COCO_17, HUMAN36M_17, poseMaps }} = await import('./page/js/animation/pose_maps.js');
        const orders = [COCO_17, HUMAN36M_17];
        const maps = {json.dumps(poses.tolist())}.map((pose, i) => [...poseMaps(pose, orders[i % 2], [48, 40])]);
        console.log(JSON.stringify({{ orders, maps }}));
    """
    page = run_node(script)
    assert [tuple(order) for order in page['orders']] == [COCO_17, HUMAN36M_17]
    for number, (pose, maps) in enumerate(zip(poses, page['maps'])):
        expected = pose_maps(pose, (COCO_17, HUMAN36M_17)[number % 2], (48, 40))
        found = np.float32(maps).reshape(expected.shape)
        np.testing.assert_array_equal(found[..., 17:], expected[..., 17:])
        np.testing.assert_allclose(found[..., :17], expected[..., :17], atol=1e-6)


@pytest.mark.browser
def test_frames_of_a_dance_are_made_from_the_one_before_as_in_python(page_models, page_results):
    told = json.loads((page_results / 'dance.json').read_text())
    photo = load_image(MOBILE / 'page' / 'example.jpg')
    keypoints = np.float32([[MISSING, MISSING] if at is None else at for at in told['points']])
    reference = pose_maps(resize_joints(joints_of_keypoints(keypoints), photo.shape[:2], SIZE), COCO_17, SIZE)
    shown = {index: keypoints[index] for index in (1, 8, 11)}
    hips = (shown[8] + shown[11]) / 2
    torso = np.linalg.norm(shown[1] - hips)
    targets = []
    for frame in told['clip']['frames']:
        joints = [[0, 0] if at is None else hips + torso * np.array(at) for at in frame]
        targets.append(pose_maps(resize_joints(joints, photo.shape[:2], SIZE), HUMAN36M_17, SIZE))
    check_requests(told['requests'], photo, reference, targets, page_models / 'dance')


@pytest.mark.browser
def test_frames_of_a_face_are_made_from_the_one_before_as_in_python(page_models, page_results):
    told = json.loads((page_results / 'talk.json').read_text())
    photo = load_image(MOBILE / 'page' / 'face.jpg')
    own, frames = np.array(told['points']), np.array(told['clip']['frames'])
    # x' = a x - b y + c, y' = b x + a y + d: the closest to the photo's landmarks for those of the first frame.
    rows = [row for x, y in frames[0] for row in ([x, -y, 1, 0], [y, x, 0, 1])]
    (a, b, c, d), *_ = np.linalg.lstsq(np.array(rows), own.ravel(), rcond=None)
    moved = np.rint(frames @ [[a, b], [-b, a]] + [c, d])
    assert np.abs(moved[0] - own).max() < 30 < np.abs(moved[0] - frames[0]).mean()
    reference, *targets = (to_pose(make_face_maps(points, photo, SIZE, False)) for points in (own, *moved))
    check_requests(told['requests'], photo, reference, targets, page_models / 'talk')


def check_requests(requests, photo, reference, targets, folder):
    """What went to the model is what Python makes of a photo and maps; the state is what came out before."""
    requests = [
        {name: np.float32(values).reshape(1, *SIZE, -1) for name, values in request.items()} for request in requests
    ]
    animator = LiteRTReposer(folder / 'posewarp_float32.tflite')
    state = {'previous_image': requests[0]['reference_image'] / 127.5 - 1, 'previous_pose': reference[np.newaxis]}
    for request, target in zip(requests, targets):
        picture = np.uint8(request['reference_image'])
        assert np.abs(picture[0].astype(int) - squashed(photo, SIZE)).max() <= 1
        np.testing.assert_allclose(request['reference_pose'][0], reference, atol=1e-5)
        np.testing.assert_allclose(request['target_pose'][0], target, atol=1e-4)
        for name in state:
            np.testing.assert_allclose(request[name], state[name], atol=2e-3)
        answer = animator.run({**request, 'reference_image': picture})
        state = {name: answer[name] for name in state}
    assert np.abs(requests[2]['previous_image'] - requests[1]['previous_image']).mean() > 1e-3


@pytest.mark.browser
def test_maps_of_faces_of_the_page_are_those_of_the_package_in_every_pixel(golden):
    rng, numbers = np.random.default_rng(0), golden('face_maps')
    cases = []
    for number in range(12):
        relative = numbers[f'landmarks{number % 4}'] / numbers[f'size{number % 4}'][::-1]
        (height, width), size = ((256, 256), (200, 150), (64, 64))[number % 3], ((64, 64), (50, 40))[number % 2]
        # Some reach over the edges, others lie on whole pixels.
        landmarks = (relative * (1 + 0.1 * number) - 0.05 * number + rng.normal(0, 0.01, (68, 2))) * [width, height]
        cases.append((np.rint(landmarks) if number % 2 else landmarks, (height, width), size))
    # Points one above the other, where rounding decides which of many parabolas it is; none lies on the picture's edge.
    t, values = rng.integers(20, 60, (150, 3)), rng.integers(20, 60, (150, 3))
    t[:75, 1], t[75:, 1] = t[:75, 0], t[75:, 2]
    pieces = [(own.tolist(), across.tolist()) for own, across in zip(t, values) if own[0] != own[2]]
    given = [(points.tolist(), {'height': h, 'width': w}, size) for points, (h, w), size in cases]
    page = run_node(f"""
        const {{ faceMaps }} = await import('./page/js/animation/face_maps.js');
        const {{ closestParabola }} = await import('./page/js/animation/closest_parabola.js');
        const maps = {json.dumps(given)}.map((one) => [...faceMaps(...one)]);
        const parabolas = {json.dumps(pieces)}.map((one) => closestParabola(...one));
        console.log(JSON.stringify({{ maps, parabolas }}));
    """)
    for (landmarks, picture_size, size), maps in zip(cases, page['maps']):
        blank = np.zeros((*picture_size, 3), np.uint8)
        expected = to_pose(make_face_maps(landmarks, blank, size, use_background_edges=False))
        np.testing.assert_array_equal(np.float32(maps).reshape(expected.shape), expected)
    expected = [curves._fit_closest(np.float64(own), np.float64(across)) for own, across in pieces]
    np.testing.assert_array_equal(np.array(page['parabolas'], np.float64), expected)
    assert 10 < np.sum(np.abs(expected)[:, 0] <= 1) < len(expected) - 10


@pytest.mark.browser
def test_the_page_finds_a_face_and_cuts_the_square_around_it_as_the_package(page_models, page_results, tmp_path):
    footage = Footage(str(page_models / 'face.png'))
    write_footage(footage, tmp_path, 'test', 'me', FaceMesh())
    expected = read_landmarks(tmp_path / 'test_keypoints' / 'me' / '00000.txt')
    assert np.abs(np.array(json.loads((page_results / 'face.json').read_text())) - expected).max() <= 1
    cut = load_image(page_results / 'face.png').astype(int)
    assert np.abs(cut - load_image(tmp_path / 'test_data' / 'me' / '00000.png')).mean() < 1


def test_dances_of_the_page_are_what_the_script_draws():
    dances = json.loads((MOBILE / 'page' / 'dances.json').read_text())['dances']
    assert [dance['title'] for dance in dances] == ['Walk', 'Turn', 'Wave', 'Dance']
    for dance, drawn in zip(dances, drawn_dances()):
        assert dance['fps'] == drawn['fps']
        np.testing.assert_allclose(np.float64(dance['frames']), np.float64(drawn['frames']), atol=2e-3)


def test_a_dance_is_free_of_place_and_size_and_knows_what_is_missing():
    joints = np.random.default_rng(0).uniform(10, 50, (2, 17, 2))
    joints[1, 5] = 0
    dance = dance_of('mine', joints, 25.0)
    assert dance == dance_of('mine', np.where(joints == 0, 0, 3 * joints + 100), 25.0)
    assert dance['frames'][1][5] is None
    hip, neck = (np.array(dance['frames'][0][HUMAN36M_17.index(name)]) for name in ('hip', 'neck'))
    assert hip.tolist() == [0, 0] and abs(np.hypot(*neck) - 1) < 1e-3
    joints[0, HUMAN36M_17.index('neck')] = 0
    with pytest.raises(DataError, match='mine: the first frame shows no torso'):
        dance_of('mine', joints, 25.0)


def test_what_faces_do_on_the_page_is_what_the_script_draws():
    talks = json.loads((MOBILE / 'page' / 'talks.json').read_text())['talks']
    assert [talk['title'] for talk in talks] == ['Talk', 'Smile', 'Turn', 'Nod']
    for talk, drawn in zip(talks, drawn_talks()):
        assert talk['fps'] == drawn['fps']
        np.testing.assert_allclose(talk['frames'], drawn['frames'], atol=1)
        # From rest to rest: a clip goes round.
        assert np.abs(np.subtract(talk['frames'][0], talk['frames'][-1])).max() <= 1
    talk, smile, turn, nod = (np.array(one['frames']) for one in talks)
    gaps = talk[:, 66, 1] - talk[:, 62, 1]
    assert gaps.max() > gaps[0] + 15
    wide = np.linalg.norm(smile[:, 54] - smile[:, 48], axis=1)
    assert wide.argmax() in (19, 20) and wide.max() > wide[0] + 10
    assert np.ptp(turn[:, 30, 0]) > 2 * np.ptp(turn[:, 30, 1]) and np.ptp(nod[:, 30, 1]) > 2 * np.ptp(nod[:, 30, 0])


def test_a_folder_of_landmarks_becomes_a_clip_in_the_order_of_its_frames(tmp_path):
    for number in (10, 9):
        write_landmarks(tmp_path / f'{number}.txt', np.full((68, 2), number))
    talk = talk_in_files(str(tmp_path), 30.0)
    assert (talk['title'], talk['fps']) == (tmp_path.name, 30.0)
    assert [frame[5] for frame in talk['frames']] == [[9, 9], [10, 10]]
    with pytest.raises(DataError, match='no .txt in this folder'):
        talk_in_files(str(tmp_path / 'none'), 30.0)
    (tmp_path / '11.txt').write_text('1,2\n')
    with pytest.raises(DataError, match='11.txt: got 1 landmarks, expected 68'):
        talk_in_files(str(tmp_path), 30.0)
