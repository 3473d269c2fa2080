"""The phone page in a real Chromium: `make test-mobile` installs what this needs."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from exports.mobile import gallery
from exports.tflite.litert import LiteRTReposer
from posewarp_tf.conventions import JOINT_NAMES, LIMBS
from posewarp_tf.photos.person_frame import default_person_frame, framing
from posewarp_tf.pictures.drawing import flow_to_color
from posewarp_tf.pictures.picture_files import load_image, resize_image
from tests.exports.phone_page import MOBILE, run_node, run_npm
from tests.run_folders import SIZE, person, picture

pytestmark = pytest.mark.browser


def test_page_is_formatted_and_linted():
    run_npm(['lint'])


def test_browser_tests_pass(page_results):
    assert {'small.png', 'large.png'} <= {path.name for path in page_results.iterdir()}


def test_saved_picture_is_what_python_computes(page_models, page_results):
    reposer = LiteRTReposer(page_models / 'tiny.tflite')
    inputs = _inputs(page_results / 'small.json')
    assert np.array_equal(inputs['source_image'][0], load_image(page_models / 'small.png'))
    expected = reposer.run(inputs)['image'][0].astype(int)
    saved = np.asarray(Image.open(page_results / 'small.png').convert('RGB')).astype(int)
    assert saved.shape == (*SIZE, 3)
    assert np.max(np.abs(saved - expected)) <= 2
    assert np.std(expected) > 10


def test_picture_and_joints_reach_the_model_as_prediction_makes_them(page_models, page_results):
    inputs = _inputs(page_results / 'large.json')
    expected = resize_image(_window(load_image(page_models / 'large.png'), page_results / 'large.json'), SIZE).astype(
        int
    )
    assert np.max(np.abs(inputs['source_image'][0].astype(int) - expected)) <= 1
    source, target = inputs['source_keypoints'][0], inputs['target_keypoints'][0]
    elbow = JOINT_NAMES.index('left_elbow')
    assert np.array_equal(source[elbow], [-1, -1])
    others = np.delete(source, elbow, axis=0)
    assert np.all((others >= 0) & (others < SIZE[::-1]))
    # The person's right side is on the left of the picture, and the head is up.
    assert source[JOINT_NAMES.index('right_wrist'), 0] < source[JOINT_NAMES.index('left_wrist'), 0]
    assert source[JOINT_NAMES.index('nose'), 1] < source[JOINT_NAMES.index('neck'), 1]
    assert np.any(target != source)


def _window(photo, path):
    """The part of a photo that the page says it gave to the model; beyond the photo as at its edge."""
    left, top, width, height = json.loads(path.read_text())['window']
    assert width == height, 'the shape of the model'
    assert left < 0 < left + width, 'beyond the photo, which is narrower'
    far = max(photo.shape)
    padded = np.pad(photo, [(far, far), (far, far), (0, 0)], mode='edge')
    return padded[top + far : top + far + height, left + far : left + far + width]


def _inputs(path):
    given = json.loads(path.read_text())
    keypoints = {n: np.float32(given[n]).reshape(1, 18, 2) for n in ('source_keypoints', 'target_keypoints')}
    return {'source_image': np.uint8(given['source_image']).reshape(1, *SIZE, 3), **keypoints}


@pytest.mark.parametrize('threads', [1, 2])
def test_runtime_of_the_page_computes_what_python_does(page_models, tmp_path, threads):
    reposer = LiteRTReposer(page_models / 'tiny.tflite')
    cases = {f'case_{lean}': _case(lean) for lean in (0, 12)}
    for name, inputs in cases.items():
        (tmp_path / 'in' / name).mkdir(parents=True)
        for key, array in inputs.items():
            np.save(tmp_path / 'in' / name / f'{key}.npy', array)
    printed = run_npm(
        ['check', '--', f'--model={page_models / "tiny.tflite"}', f'--inputs={tmp_path / "in"}',
         f'--out={tmp_path / "out"}', f'--threads={threads}']
    )  # fmt: skip
    assert json.loads(printed) == {'cases': 2, 'accelerator': 'wasm', 'threads': threads}
    for name, inputs in cases.items():
        expected = reposer.run(inputs)
        given = {key: np.load(tmp_path / 'out' / name / f'{key}.npy') for key in expected}
        assert np.max(np.abs(given['image'].astype(int) - expected['image'])) <= 2
        assert np.max(np.abs(given['flow'] - expected['flow'])) <= 1e-3
        assert np.max(np.abs(given['mask'] - expected['mask'])) <= 1e-4


def _case(lean):
    target = person(SIZE, lean + 10)
    target[4] = -1
    return {
        'source_image': picture(SIZE, seed=lean)[None],
        'source_keypoints': person(SIZE, lean)[None],
        'target_keypoints': target[None],
    }


def test_time_is_printed_as_json(page_models):
    printed = json.loads(run_npm(['time', '--', f'--model={page_models / "tiny.tflite"}', '--runs=3']))
    assert printed['runs'] == 3
    assert 0 < printed['min_ms'] <= printed['median_ms'] < printed['load_ms']


def test_gallery_files_are_what_the_script_writes(tmp_path):
    gallery.write_gallery(tmp_path)
    for name in ('poses.json', 'example.json', 'face.json'):
        assert json.loads((tmp_path / name).read_text()) == json.loads((MOBILE / 'page' / name).read_text())
    for name in ('example.jpg', 'face.jpg'):
        drawn, kept = load_image(tmp_path / name), load_image(MOBILE / 'page' / name)
        assert np.mean(np.abs(drawn.astype(int) - kept)) < 1


def test_joints_limbs_and_flow_colours_are_those_of_the_package():
    script = """
        const { JOINT_NAMES, LIMBS } = await import('./page/js/joints.js');
        const { flowColor } = await import('./page/js/flow_color.js');
        const colors = [[3, 0], [0, 3], [-3, 0], [0, -3], [1, 1], [0, 0], [-2, 1]].map(([x, y]) => flowColor(x, y, 3));
        console.log(JSON.stringify({ JOINT_NAMES, LIMBS, colors }));
    """
    page = run_node(script)
    assert tuple(page['JOINT_NAMES']) == JOINT_NAMES
    assert {tuple(limb) for limb in page['LIMBS']} == set(LIMBS)
    flow = np.float32([[[3, 0], [0, 3], [-3, 0], [0, -3], [1, 1], [0, 0], [-2, 1]]])
    assert np.max(np.abs(np.int32(page['colors'])[:, :3] - flow_to_color(flow, 3.0)[0])) <= 1


@pytest.mark.parametrize('size', [(96, 64), (1101, 750), (600, 900)])
def test_windows_are_those_of_the_package(size):
    """Around people elsewhere and of another size, of a photo's whole height, and beyond its edge."""
    frame = default_person_frame((256, 176))
    people = [person(size), 0.4 * person(size) + np.float32([0.1 * size[1], 0.5 * size[0]]), 1.3 * person(size)]
    skeletons = [[[{'x': float(x), 'y': float(y), 'present': True} for x, y in keypoints]] for keypoints in people]
    script = f"""
        const {{ framing, frameOf }} = await import('./page/js/window.js');
        const frame = frameOf({{ image_size: [256, 176] }});
        const size = {{ height: {size[0]}, width: {size[1]} }};
        const windows = {json.dumps(skeletons)}.map((skeleton) => framing(size, skeleton, frame));
        console.log(JSON.stringify(windows));
    """
    windows = run_node(script)
    expected = [dataclasses.asdict(framing(size, keypoints, frame)) for keypoints in people]
    for found, window in zip(windows, expected):
        # Halves of pixels are rounded up there, and to even numbers here.
        assert found == pytest.approx(window, abs=1)
