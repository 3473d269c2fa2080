"""One pose written in every format is read as the same 18 joints."""

import json
import os

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.poses.joints import to_openpose_18
from posewarp_tf.poses.readers import load_keypoints

SIZE = (400, 300)

# The published index tables, against the names that joints.py spells out.
BODY_25_TO_18 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
COCO_17_TO_18 = [0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
MEDIAPIPE_33_TO_18 = [0, None, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7]


def _pose():
    """18 joints with the neck halfway between the shoulders; the right ear is missing."""
    points = np.random.default_rng(0).uniform(10, [290, 390], (18, 2)).round(1).astype(np.float32)
    points[1] = (points[2] + points[5]) / 2
    points[JOINT_NAMES.index('right_ear')] = -1
    return points


def _flat(pose, table, count, confidence=0.9, size=None):
    """`pose` in another layout as x, y, confidence, x, y, ...; joints that pose lacks are elsewhere."""
    points = np.tile([7.0, 9.0, confidence], (count, 1))
    for joint, other in enumerate(table):
        if other is not None:
            missing = pose[joint, 0] < 0
            points[other] = (0, 0, 0) if missing else (*pose[joint], confidence)
    if size is not None:
        points[:, :2] /= [size[1], size[0]]
    return points.ravel().tolist()


def _write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def _openpose(*people):
    return {'version': 1.3, 'people': [{'pose_keypoints_2d': person} for person in people]}


@pytest.mark.parametrize(
    ('table', 'count'), [(range(18), 18), (BODY_25_TO_18, 25), (COCO_17_TO_18, 17), (MEDIAPIPE_33_TO_18, 33)]
)
def test_openpose_json_of_any_length_gives_the_same_joints(tmp_path, table, count):
    path = _write(tmp_path / 'me.json', _openpose(_flat(_pose(), table, count)))
    np.testing.assert_allclose(load_keypoints(path, SIZE), _pose(), atol=1e-4)


def test_neck_is_missing_without_both_shoulders():
    points = np.full([17, 3], 5.0)
    points[5] = 0
    joints = to_openpose_18(points)
    assert joints[JOINT_NAMES.index('neck')].tolist() == [-1, -1]
    assert joints[JOINT_NAMES.index('right_shoulder')].tolist() == [5, 5]


def test_most_confident_person_is_taken_and_named(tmp_path, capsys):
    other = _flat(_pose() / 2, range(18), 18, confidence=0.4)
    path = _write(tmp_path / 'crowd.json', _openpose(other, _flat(_pose(), range(18), 18), other))
    np.testing.assert_allclose(load_keypoints(path, SIZE), _pose(), atol=1e-4)
    assert 'person 1 of 3' in capsys.readouterr().out


def test_nobody_in_the_picture_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r'empty\.json: `people` is empty'):
        load_keypoints(_write(tmp_path / 'empty.json', _openpose()), SIZE)


def test_normalised_coordinates_are_scaled_to_the_picture(tmp_path):
    path = _write(tmp_path / 'me.json', _openpose(_flat(_pose(), range(18), 18, size=SIZE)))
    np.testing.assert_allclose(load_keypoints(path, SIZE), _pose(), atol=1e-3)
    with pytest.raises(DataError, match='normalised to 0..1: the size of the picture is needed'):
        load_keypoints(path)


def _coco_annotation(pose, image_id=1, visibility=2):
    return {'image_id': image_id, 'keypoints': _flat(pose, COCO_17_TO_18, 17, confidence=visibility)}


def test_coco_annotation_with_most_visible_joints_is_taken(tmp_path, capsys):
    few = _pose()
    few[2:12] = -1
    content = {'images': [], 'annotations': [_coco_annotation(few), _coco_annotation(_pose(), visibility=1)]}
    np.testing.assert_allclose(load_keypoints(_write(tmp_path / 'coco.json', content), SIZE), _pose(), atol=1e-4)
    assert 'person 1 of 2' in capsys.readouterr().out


def test_coco_picture_is_found_by_name_and_scaled_from_its_own_size(tmp_path):
    images = [{'id': i, 'file_name': f'{i}.jpg', 'height': 200, 'width': 600} for i in (1, 2)]
    half = np.where(_pose() < 0, -1, _pose() * [2, 0.5])
    annotations = [_coco_annotation(_pose() / 7, image_id=1), _coco_annotation(half, image_id=2)]
    path = _write(tmp_path / 'coco.json', {'images': images, 'annotations': annotations})
    np.testing.assert_allclose(load_keypoints(path, SIZE, '2.png'), _pose(), atol=1e-3)
    with pytest.raises(DataError, match="for picture '3.jpg'"):
        load_keypoints(path, SIZE, '3.jpg')


def test_list_of_coco_results_and_of_landmarks_are_read(tmp_path):
    path = _write(tmp_path / 'results.json', [_coco_annotation(_pose())])
    np.testing.assert_allclose(load_keypoints(path, SIZE), _pose(), atol=1e-4)
    points = np.reshape(_flat(_pose(), MEDIAPIPE_33_TO_18, 33, size=SIZE), (33, 3))
    landmarks = [{'x': x, 'y': y, 'z': 0.1, 'visibility': visibility} for x, y, visibility in points]
    for content in (landmarks, {'pose_landmarks': [landmarks]}):
        keypoints = load_keypoints(_write(tmp_path / 'landmarks.json', content), SIZE)
        np.testing.assert_allclose(keypoints, _pose(), atol=1e-3)


def _csv(tmp_path, points, name='fasion-annotation-test.csv'):
    rows = [f'{i}.jpg: {p[:, 1].tolist()}: {p[:, 0].tolist()}' for i, p in enumerate(points)]
    return _write(tmp_path / name, '\n'.join(['name:keypoints_y:keypoints_x', *rows]))


def test_csv_row_is_scaled_from_its_frame(tmp_path):
    frame_pose = np.where(_pose() < 0, -1, _pose() * [176 / 300, 256 / 400])
    path = _csv(tmp_path, [np.where(frame_pose < 0, -1, frame_pose / 2), frame_pose])
    np.testing.assert_allclose(load_keypoints(path, SIZE, '1.jpg'), _pose(), atol=1e-3)
    np.testing.assert_allclose(load_keypoints(path, None, '1.png'), frame_pose, atol=1e-3)
    with pytest.raises(DataError, match=r"no row of picture '5\.jpg'"):
        load_keypoints(path, SIZE, '5.jpg')
    with pytest.raises(DataError, match='has 2 rows: say which picture'):
        load_keypoints(path, SIZE)


def test_csv_with_borders_is_cut_or_kept_as_the_picture_is(tmp_path):
    frame_pose = np.where(_pose() < 0, -1, _pose() * [176 / 300, 256 / 400] + [40, 0])
    frame_pose[0] = (210, 20)
    path = _csv(tmp_path, [frame_pose])
    cut = np.where(frame_pose < 0, -1, (frame_pose - [40, 0]) * [300 / 176, 400 / 256])
    np.testing.assert_allclose(load_keypoints(path, SIZE), cut, atol=1e-3)
    np.testing.assert_allclose(load_keypoints(path, (256, 256)), frame_pose, atol=1e-3)


def test_market_csv_has_its_own_frame(tmp_path):
    frame_pose = np.where(_pose() < 0, -1, _pose() * [64 / 300, 128 / 400])
    path = _csv(tmp_path, [frame_pose], 'market-annotation-test.csv')
    np.testing.assert_allclose(load_keypoints(path, SIZE, '0.jpg'), _pose(), atol=1e-3)


@pytest.mark.parametrize('separator', [' ', ', ', '\t'])
def test_pose_text_is_read(tmp_path, separator):
    rows = [separator.join(str(value) for value in row) for row in _pose().tolist()]
    path = _write(tmp_path / 'pose.txt', '\n'.join(rows) + '\n')
    np.testing.assert_allclose(load_keypoints(path, SIZE), _pose(), atol=1e-4)
    np.testing.assert_allclose(load_keypoints(path), _pose(), atol=1e-4)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (_openpose([1.0, 2.0, 0.5] * 19), r'people\[0\].pose_keypoints_2d: got 57 numbers, expected 3 \* 17'),
        (_openpose([float('nan'), 2.0, 0.5] * 18), r'joint 0: got \[nan, 2.0, 0.5\], expected finite'),
        (_openpose([0.0, 0.0, 0.0] * 18), 'all 18 joints are missing'),
        (
            _openpose([5000.0, 20.0, 0.9] * 18),
            r'joint 0 lies at x, y = \[5000.0, 20.0\], outside the picture of 400x300',
        ),
        (_openpose(['a', 2, 3]), 'expected numbers'),
        ({'people': [{}]}, r'people\[0\]: no `pose_keypoints_2d`'),
        ({'annotations': []}, 'no `annotations` with `keypoints`'),
        ({'joints': [1, 2]}, 'unknown JSON'),
        ('{"people": [', 'not JSON'),
        ('', 'the file is empty'),
        ('1 2\n' * 17, 'got 17 rows of 2 numbers, expected 18'),
        ('1 2\n' * 17 + '1 x\n', "row 18: got '1 x'"),
        ('-1 -1\n' * 18, 'all 18 joints are missing'),
        ('1 nan\n' * 18, 'expected finite numbers'),
    ],
)
def test_bad_file_is_named_with_got_and_expected(tmp_path, content, message):
    with pytest.raises(DataError, match=rf'pose\.any.*{message}'):
        load_keypoints(_write(tmp_path / 'pose.any', content), SIZE)


@pytest.mark.parametrize(
    ('contents', 'kind'),
    [(b'\xff\xd8\xff\xe0', 'a JPEG picture'), (b'\0\0\0\x18ftypisom\0\0\2\0isommp41', 'an MP4 video')],
)
def test_who_gives_a_picture_or_a_video_is_told_who_finds_joints(tmp_path, contents, kind):
    (tmp_path / 'me.json').write_bytes(contents + bytes(50))
    with pytest.raises(DataError, match=rf'me\.json: {kind}, expected joints as OpenPose, COCO, .* .posewarp pose. '):
        load_keypoints(tmp_path / 'me.json', SIZE)


@pytest.mark.parametrize(
    'content',
    [
        {'annotations': None},
        {'annotations': [], 'images': 3},
        {'annotations': [{'image_id': [], 'keypoints': [1.0] * 51}]},
        [{'x': 0.1, 'y': 0.2}, None],
        '[' * 100000,
        '9' * 5000 + 'e',
    ],
)
def test_json_of_a_strange_form_is_named(tmp_path, content):
    with pytest.raises(DataError, match=r'strange\.json'):
        load_keypoints(_write(tmp_path / 'strange.json', content), SIZE, 'me.jpg')


def test_blank_lines_before_json_are_no_mistake(tmp_path):
    path = _write(tmp_path / 'me.json', '\n' + json.dumps(_openpose(_flat(_pose(), range(18), 18))))
    np.testing.assert_allclose(load_keypoints(path, SIZE), _pose(), atol=1e-4)


def test_a_csv_that_has_changed_is_read_again(tmp_path):
    frame_pose = np.where(_pose() < 0, -1, _pose() * [176 / 300, 256 / 400])
    path = _csv(tmp_path, [frame_pose])
    first = load_keypoints(path, SIZE, '0.jpg')
    os.utime(_csv(tmp_path, [np.where(frame_pose < 0, -1, frame_pose / 2)]), ns=(0, 0))
    assert np.abs(load_keypoints(path, SIZE, '0.jpg') - first).max() > 1


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r'gone\.json: no such file'):
        load_keypoints(tmp_path / 'gone.json', SIZE)


def test_joint_just_outside_becomes_missing_and_is_counted(tmp_path, capsys):
    pose = _pose()
    pose[4] = (303, 100)
    path = _write(tmp_path / 'me.json', _openpose(_flat(pose, range(18), 18)))
    assert load_keypoints(path, SIZE)[4].tolist() == [-1, -1]
    assert '1 just outside it taken as missing' in capsys.readouterr().out
