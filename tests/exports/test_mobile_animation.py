"""What the phone page makes of a dance is what Python makes of it; `make test-mobile` installs what this needs."""

import json
import subprocess

import numpy as np
import pytest

from exports.mobile.dances import dance_of, drawn_dances
from exports.tflite.litert import LiteRTReposer
from posewarp_tf.conventions import MISSING
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.picture_files import load_image, resize_image
from posewarp_tf.poses.dance_joints import joints_of_keypoints
from posewarp_tf.poses.dance_maps import pose_maps, resize_joints
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from tests.exports.phone_page import MOBILE

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
    done = subprocess.run(
        ['node', '--input-type=module', '-e', script], cwd=MOBILE, capture_output=True, text=True, check=True
    )
    page = json.loads(done.stdout)
    assert [tuple(order) for order in page['orders']] == [COCO_17, HUMAN36M_17]
    for number, (pose, maps) in enumerate(zip(poses, page['maps'])):
        expected = pose_maps(pose, (COCO_17, HUMAN36M_17)[number % 2], (48, 40))
        found = np.float32(maps).reshape(expected.shape)
        np.testing.assert_array_equal(found[..., 17:], expected[..., 17:])
        np.testing.assert_allclose(found[..., :17], expected[..., :17], atol=1e-6)


@pytest.mark.browser
def test_frames_of_the_page_are_made_from_the_one_before_as_in_python(page_models, page_results):
    told = json.loads((page_results / 'dance.json').read_text())
    requests = [
        {name: np.float32(values).reshape(1, *SIZE, -1) for name, values in request.items()}
        for request in told['requests']
    ]
    photo = load_image(MOBILE / 'page' / 'example.jpg')
    keypoints = np.float32([[MISSING, MISSING] if at is None else at for at in told['joints']])
    reference = pose_maps(resize_joints(joints_of_keypoints(keypoints), photo.shape[:2], SIZE), COCO_17, SIZE)
    shown = {index: keypoints[index] for index in (1, 8, 11)}
    hips = (shown[8] + shown[11]) / 2
    torso = np.linalg.norm(shown[1] - hips)
    animator = LiteRTReposer(page_models / 'dance' / 'posewarp_float32.tflite')
    state = {'previous_image': requests[0]['reference_image'] / 127.5 - 1, 'previous_pose': reference[np.newaxis]}
    for request, frame in zip(requests, told['dance']['frames']):
        picture = np.uint8(request['reference_image'])
        assert np.abs(picture[0].astype(int) - resize_image(photo, SIZE)).max() <= 1
        np.testing.assert_allclose(request['reference_pose'][0], reference, atol=1e-5)
        joints = [[0, 0] if at is None else hips + torso * np.array(at) for at in frame]
        expected = pose_maps(resize_joints(joints, photo.shape[:2], SIZE), HUMAN36M_17, SIZE)
        np.testing.assert_allclose(request['target_pose'][0], expected, atol=1e-4)
        for name in state:
            np.testing.assert_allclose(request[name], state[name], atol=2e-3)
        answer = animator.run({**request, 'reference_image': picture})
        state = {name: answer[name] for name in state}
    assert np.abs(requests[2]['previous_image'] - requests[1]['previous_image']).mean() > 1e-3


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
