"""The same person in the words of every program that writes joints as JSON; and what is no such file."""

import json

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.poses.readers import NoPoseError, load_keypoints
from posewarp_tf.poses.sequences import load_sequence

SIZE = (400, 300)
MISSING_JOINT = JOINT_NAMES.index('right_ear')

# The published orders of joints, shortened to letters: side, then what it is.
COCO = [
    'nose', 'l_eye', 'r_eye', 'l_ear', 'r_ear', 'l_shoulder', 'r_shoulder', 'l_elbow', 'r_elbow', 'l_wrist',
    'r_wrist', 'l_hip', 'r_hip', 'l_knee', 'r_knee', 'l_ankle', 'r_ankle',
]  # fmt: skip
HALPE_BODY = [*COCO, 'head', 'neck', 'hip', 'l_big_toe', 'r_big_toe', 'l_small_toe', 'r_small_toe', 'l_heel', 'r_heel']
OPENPOSE = [
    'nose', 'neck', 'r_shoulder', 'r_elbow', 'r_wrist', 'l_shoulder', 'l_elbow', 'l_wrist', 'r_hip', 'r_knee',
    'r_ankle', 'l_hip', 'l_knee', 'l_ankle', 'r_eye', 'l_eye', 'r_ear', 'l_ear',
]  # fmt: skip
BLAZEPOSE = [
    'nose', 'l_eye_in', 'l_eye', 'l_eye_out', 'r_eye_in', 'r_eye', 'r_eye_out', 'l_ear', 'r_ear', 'l_mouth',
    'r_mouth', 'l_shoulder', 'r_shoulder', 'l_elbow', 'r_elbow', 'l_wrist', 'r_wrist', 'l_pinky', 'r_pinky',
    'l_index', 'r_index', 'l_thumb', 'r_thumb', 'l_hip', 'r_hip', 'l_knee', 'r_knee', 'l_ankle', 'r_ankle', 'l_heel',
    'r_heel', 'l_foot', 'r_foot',
]  # fmt: skip


def more(names, count):
    return [*names, *(f'more_{i}' for i in range(count - len(names)))]


def person(shift=0.0):
    """18 joints, the neck halfway between the shoulders, without a right ear."""
    points = np.random.default_rng(3).uniform(40, [250, 350], (18, 2)).round(1) + shift
    points[1] = (points[2] + points[5]) / 2
    points[MISSING_JOINT] = -1
    return points


def rows(order, pose, confidence=0.9, absent=0.0, place_of_absent=(7.0, 9.0)):
    """[x, y, confidence] in another order; what the pose lacks has the confidence `absent`."""
    ours = {name.replace('right', 'r').replace('left', 'l'): i for i, name in enumerate(JOINT_NAMES)}
    return [
        [*map(float, pose[ours[name]]), confidence]
        if name in ours and pose[ours[name], 0] >= 0
        else [*place_of_absent, confidence if name not in ours else absent]
        for name in order
    ]


def flat(table):
    return [value for row in table for value in row]


def pairs(order, pose, **words):
    table = rows(order, pose, **words)
    return [row[:2] for row in table], [row[2] for row in table]


def canvas(pose, size, shares=False):
    """What editors write: 1 for every joint that is there, its place on their canvas."""
    scaled = np.where(pose < 0, -1, pose * [size[1] / SIZE[1], size[0] / SIZE[0]] / (size[::-1] if shares else 1))
    table = rows(OPENPOSE, scaled, confidence=1.0, place_of_absent=(0.0, 0.0))
    people = [{'pose_keypoints_2d': flat(table), 'face_keypoints_2d': None, 'hand_left_keypoints_2d': []}]
    return {'people': people, 'canvas_height': size[0], 'canvas_width': size[1]}


def mmpose(pose, order=COCO):
    points, scores = pairs(order, pose, absent=0.2)
    return {'keypoints': points, 'keypoint_scores': scores, 'bbox': [[1, 2, 3, 4]], 'bbox_score': 0.9}


def ultralytics(pose, scale=(1.0, 1.0)):
    table = np.array(rows(COCO, pose, absent=0.3, place_of_absent=(0.0, 0.0)))
    keypoints = {'x': (table[:, 0] / scale[1]).tolist(), 'y': (table[:, 1] / scale[0]).tolist()}
    box = {'x1': 1.0, 'y1': 2.0, 'x2': 3.0, 'y2': 4.0}
    keypoints['visible'] = table[:, 2].tolist()
    return {'name': 'person', 'class': 0, 'confidence': 0.8, 'box': box, 'keypoints': keypoints}


def alphapose(pose, order=COCO, image='me.jpg', score=2.9):
    keypoints = flat(rows(order, pose, absent=0.1))
    return {
        'image_id': image,
        'category_id': 1,
        'keypoints': keypoints,
        'score': score,
        'box': [1, 2, 3, 4],
        'idx': [1],
    }


def landmarks(pose, absent=0.2, presence=True):
    table = rows(BLAZEPOSE, pose, absent=absent)
    marks = [{'x': x / SIZE[1], 'y': y / SIZE[0], 'z': -0.1, 'visibility': seen} for x, y, seen in table]
    return [{**mark, 'presence': 0.99} if presence else mark for mark in marks]


def annotation(pose, **more_keys):
    return {'image_id': 5, 'category_id': 1, 'keypoints': flat(rows(COCO, pose, confidence=2)), **more_keys}


def whole_body(pose):
    """COCO-WholeBody's file: the feet, face and hands beside the body."""
    beside = {'foot_kpts': [1.0] * 18, 'face_kpts': [1.0] * 204, 'lefthand_kpts': [1.0] * 63, 'foot_valid': True}
    return {'images': [{'id': 5, 'file_name': 'me.jpg'}], 'annotations': [annotation(pose, **beside)]}


def rtmlib(pose, order):
    points, scores = pairs(order, pose, absent=0.1)
    return {'keypoints': [points], 'scores': [scores]}


DIALECTS = {
    'ComfyUI, a list': lambda pose: [canvas(pose, SIZE)],
    'ComfyUI, a larger canvas': lambda pose: [canvas(pose, (1024, 768))],
    'ComfyUI, shares of the canvas': lambda pose: [canvas(pose, (1024, 768), shares=True)],
    'ControlNet, a dict': lambda pose: canvas(pose, (800, 600)),
    'an editor of old': lambda pose: {
        'width': 600,
        'height': 800,
        'keypoints': [[row[:2] for row in rows(OPENPOSE, pose * 2, place_of_absent=(0.0, 0.0))]],
    },
    'OpenPose of old': lambda pose: {'people': [{'pose_keypoints': flat(rows(OPENPOSE, pose))}]},
    'MMPose, the demo of a picture': lambda pose: {'meta_info': {}, 'instance_info': [mmpose(pose)]},
    'MMPose, the demo of a video': lambda pose: {
        'meta_info': {'dataset_name': 'coco'},
        'instance_info': [{'frame_id': 1, 'instances': [mmpose(pose)]}],
    },
    'MMPose, the inferencer': lambda pose: [mmpose(pose)],
    'MMPose, what the inferencer returns': lambda pose: {'visualization': [], 'predictions': [[mmpose(pose)]]},
    'MMPose, one person': mmpose,
    'MMPose, 133 joints': lambda pose: [mmpose(pose, more(COCO, 133))],
    'MMPose, Halpe-26': lambda pose: [mmpose(pose, HALPE_BODY)],
    'rtmlib, 17 joints': lambda pose: rtmlib(pose, COCO),
    'rtmlib, 133 joints': lambda pose: rtmlib(pose, more(COCO, 133)),
    'DWPose, 134 joints': lambda pose: rtmlib(pose, more(OPENPOSE, 134)),
    'rows of x, y, confidence': lambda pose: rows(COCO, pose),
    'people of rows': lambda pose: [rows(more(COCO, 133), pose)],
    'Ultralytics': lambda pose: [ultralytics(pose)],
    'Ultralytics, normalised': lambda pose: [ultralytics(pose, SIZE)],
    'COCO results': lambda pose: [annotation(pose, score=0.7)],
    'COCO-WholeBody': whole_body,
    'COCO results of 133 joints': lambda pose: [
        {'image_id': 5, 'keypoints': flat(rows(more(COCO, 133), pose)), 'score': 0.7}
    ],
    'AlphaPose': lambda pose: [alphapose(pose)],
    'AlphaPose, Halpe-26': lambda pose: [alphapose(pose, HALPE_BODY)],
    'AlphaPose, Halpe-136': lambda pose: [alphapose(pose, more(HALPE_BODY, 136))],
    'AlphaPose, cmu': lambda pose: {'version': 0.1, 'bodies': [{'joints': flat(rows(OPENPOSE, pose))}]},
    'AlphaPose, open, all pictures': lambda pose: {
        'me.jpg': {'version': 'AlphaPose', 'people': [{'pose_keypoints_2d': flat(rows(OPENPOSE, pose))}]}
    },
    'MediaPipe Tasks, Python': lambda pose: {
        'pose_landmarks': [landmarks(pose)],
        'pose_world_landmarks': [landmarks(pose / 99)],
        'segmentation_masks': None,
    },
    'MediaPipe Tasks, JavaScript': lambda pose: {'landmarks': [landmarks(pose)], 'worldLandmarks': [landmarks(pose)]},
    'MediaPipe Tasks, a landmark that is not present': lambda pose: [
        {**mark, 'visibility': 0.9, 'presence': mark['visibility']} for mark in landmarks(pose)
    ],
    'MediaPipe Solutions': lambda pose: {'poseLandmarks': landmarks(pose, presence=False)},
    'MediaPipe, from protobuf': lambda pose: {'pose_landmarks': {'landmark': landmarks(pose, presence=False)}},
}


def write(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize('dialect', DIALECTS)
def test_every_dialect_gives_the_same_joints(tmp_path, dialect):
    path = write(tmp_path / 'me.json', DIALECTS[dialect](person()))
    np.testing.assert_allclose(load_keypoints(path, SIZE), person(), atol=1e-3)


def test_the_sample_tells_x_from_y_and_left_from_right():
    pose = person()
    assert np.abs(pose[:, 0] - pose[:, 1])[pose[:, 0] >= 0].min() > 1
    assert len({tuple(point) for point in pose}) == 18


SEVERAL = {
    'people': lambda poses: {
        'people': [{'pose_keypoints_2d': flat(rows(OPENPOSE, p, c))} for p, c in zip(poses, (0.5, 0.9, 0.6))]
    },
    'MMPose': lambda poses: [
        {'keypoints': pairs(COCO, p)[0], 'keypoint_scores': pairs(COCO, p, confidence=c, absent=0.2)[1]}
        for p, c in zip(poses, (0.5, 0.9, 0.6))
    ],
    'MediaPipe': lambda poses: {
        'landmarks': [
            [{**mark, 'visibility': mark['visibility'] * c} for mark in landmarks(p)]
            for p, c in zip(poses, (0.6, 1.0, 0.7))
        ]
    },
}


@pytest.mark.parametrize('dialect', SEVERAL)
def test_of_several_people_the_surest_is_taken_and_said(tmp_path, capsys, dialect):
    path = write(tmp_path / 'crowd.json', SEVERAL[dialect]([person(20), person(), person(30)]))
    np.testing.assert_allclose(load_keypoints(path, SIZE), person(), atol=1e-3)
    assert 'person 1 of 3 (counted from 0; highest mean confidence, 0.' in capsys.readouterr().out


def test_of_equally_sure_people_the_largest_is_taken(tmp_path):
    small = np.where(person() < 0, -1, person() / 3)
    content = canvas(small, SIZE)
    content['people'] += [{'pose_keypoints_2d': None}, *canvas(person(), SIZE)['people']]
    np.testing.assert_allclose(load_keypoints(write(tmp_path / 'two.json', content), SIZE), person(), atol=1e-3)


def test_a_canvas_of_another_shape_is_put_into_the_middle_and_not_stretched(tmp_path, capsys):
    """800x800 into 400x300: half of it does not fit, three eighths do, 50 rows above and below."""
    square = canvas(person(), SIZE)
    square.update(canvas_height=800, canvas_width=800)
    expected = np.where(person() < 0, -1, person() * 0.375 + [0, 50])
    np.testing.assert_allclose(load_keypoints(write(tmp_path / 'c.json', square), SIZE), expected, atol=1e-3)
    assert 'its canvas of 800x800 put into the middle of 400x300' in capsys.readouterr().out
    np.testing.assert_allclose(load_keypoints(tmp_path / 'c.json'), person(), atol=1e-3)


def test_joints_beyond_the_edge_of_their_canvas_are_missing_and_no_mistake(tmp_path, capsys):
    outside = person()
    outside[JOINT_NAMES.index('left_ankle')] = (100, 520)
    expected = person()
    expected[JOINT_NAMES.index('left_ankle')] = -1
    for shares in (False, True):
        path = write(tmp_path / 'c.json', [canvas(outside, (512, 384), shares)])
        np.testing.assert_allclose(load_keypoints(path, SIZE), expected, atol=1e-3)
        assert '1 outside it taken as missing' in capsys.readouterr().out


def frames(wrap, count=12):
    return [wrap(person(t), t) for t in range(count)]


SEQUENCES = {
    'ComfyUI': lambda: frames(lambda pose, t: canvas(pose, (800, 600))),
    'MMPose': lambda: {
        'instance_info': frames(lambda pose, t: {'frame_id': t, 'instances': [mmpose(pose, more(COCO, 133))]})
    },
    'MMPose, the inferencer': lambda: frames(lambda pose, t: {'frame_id': t, 'instances': [mmpose(pose)]}),
    'Ultralytics': lambda: frames(lambda pose, t: [ultralytics(pose)]),
    'AlphaPose, in any order': lambda: frames(lambda pose, t: alphapose(pose, image=f'{t}.jpg'))[::-1],
    'MediaPipe': lambda: frames(lambda pose, t: {'landmarks': [landmarks(pose)]}),
    'COCO': lambda: {
        'images': frames(lambda pose, t: {'id': 100 - t, 'file_name': f'f{t}.png', 'height': 400, 'width': 300}),
        'annotations': frames(lambda pose, t: {**annotation(pose), 'image_id': 100 - t}),
    },
}


@pytest.mark.parametrize('dialect', SEQUENCES)
def test_one_file_of_many_frames_is_a_sequence(tmp_path, dialect):
    path = write(tmp_path / 'dance.json', SEQUENCES[dialect]())
    sequence = load_sequence(path, SIZE)
    expected = np.stack([np.where(person() < 0, -1, person(t)) for t in range(12)])
    expected[:, MISSING_JOINT] = -1
    np.testing.assert_allclose(sequence.keypoints, expected, atol=1e-3)
    assert len(set(sequence.names)) == 12
    with pytest.raises(DataError, match=r'dance\.json: has 12 frames, .*say which picture is meant.*--target_dir'):
        load_keypoints(path, SIZE)
    np.testing.assert_allclose(load_keypoints(path, SIZE, sequence.names[3]), expected[3], atol=1e-3)


def test_a_frame_of_a_sequence_without_anybody_has_no_joints(tmp_path):
    content = SEQUENCES['ComfyUI']()
    content[4]['people'] = []
    keypoints = load_sequence(write(tmp_path / 'dance.json', content), SIZE).keypoints
    assert np.all(keypoints[4] == -1) and not np.any(np.all(keypoints[5:] == -1, axis=(1, 2)))


@pytest.mark.parametrize('order', [COCO, HALPE_BODY, BLAZEPOSE, more(COCO, 133)])
@pytest.mark.parametrize('columns', [2, 3])
def test_arrays_of_any_layout_are_sequences(tmp_path, order, columns):
    whole = person()
    whole[MISSING_JOINT] = (50, 60)
    array = np.array([rows(order, whole + t) for t in range(3)])[..., :columns]
    np.save(tmp_path / 'dance.npy', array)
    expected = np.stack([whole + t for t in range(3)])
    np.testing.assert_allclose(load_sequence(tmp_path / 'dance.npy', SIZE).keypoints, expected, atol=1e-3)


@pytest.mark.parametrize(
    'content',
    [[], {'people': [{'pose_keypoints_2d': None}]}, {'instance_info': []}, {'landmarks': []}, {'predictions': [[]]}],
)
def test_nobody_found_is_said_as_such(tmp_path, content):
    with pytest.raises(NoPoseError, match=r'empty\.json: .*the estimator found nobody'):
        load_keypoints(write(tmp_path / 'empty.json', content), SIZE)


def broken(dialect, change):
    content = DIALECTS[dialect](person())
    change(content)
    return content


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ([{'people': [{'pose_keypoints_2d': [1.0, 2.0]}]}], r'people\[0\].pose_keypoints_2d: got 2 numbers'),
        ({'people': 3}, '`people`: got int, expected a list'),
        ({'people': [None]}, r'people\[0\]: no `pose_keypoints_2d`'),
        ({'bodies': [{'joint': []}]}, r'bodies\[0\]: no `joints`'),
        ({'instance_info': 'x'}, '`instance_info`: got str, expected a list'),
        ({'instances': [{'bbox': []}]}, r'instances\[0\]: no `keypoints`'),
        (broken('MMPose, one person', lambda c: c['keypoints'].pop()), 'of shape .16, 2., expected x and y of 17'),
        (broken('MMPose, one person', lambda c: c['keypoint_scores'].pop()), '16 scores of 17 joints'),
        (broken('MMPose, the inferencer', lambda c: c[0]['keypoints'].__setitem__(3, [1])), 'expected numbers'),
        (broken('Ultralytics', lambda c: c[0]['keypoints'].pop('y')), 'expected `x` and `y`, lists of as many numbers'),
        (broken('Ultralytics', lambda c: c[0]['keypoints']['x'].__setitem__(0, 'a')), 'expected numbers'),
        (broken('AlphaPose', lambda c: c[0]['keypoints'].append(1.0)), r'results\[0\].keypoints: got 52 numbers'),
        (broken('rtmlib, 17 joints', lambda c: c.update(scores=[])), 'got 1 people, expected a list of scores of each'),
        (broken('MediaPipe Tasks, Python', lambda c: c['pose_landmarks'][0].pop()), 'landmarks: got 96 numbers'),
        (broken('MediaPipe Solutions', lambda c: c['poseLandmarks'][2].pop('x')), 'joint 2: got .nan, '),
        ({'pose_landmarks': {'x': 1}}, 'landmarks: got .*expected a list'),
        ([{'people': []}, {'joints': 3}], 'unknown JSON'),
        ({'keypoints': []}, 'got 0 numbers'),
        (17, 'not JSON|expected'),
    ],
)
def test_what_is_malformed_is_named_with_its_place(tmp_path, content, message):
    with pytest.raises(DataError, match=rf'odd\.json.*({message})'):
        load_keypoints(write(tmp_path / 'odd.json', content), SIZE)


HOSTILE = [None, True, 0, -1, 1e308, 'x', [], {}, [[]], [None], {'x': None}, [[['x']]]]


@pytest.mark.parametrize('dialect', DIALECTS)
def test_any_odd_value_anywhere_is_an_error_that_names_the_file(tmp_path, dialect):
    """Each value of each file is replaced by odd ones; a file that is read all the same gives finite joints."""
    text = json.dumps(DIALECTS[dialect](person()))
    rng = np.random.default_rng(0)
    for number in range(24):
        content = json.loads(text)
        place = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = keys[rng.integers(len(keys))]
            if not isinstance(place[key], (dict, list)) or not place[key] or rng.random() < 0.25:
                place[key] = HOSTILE[number % len(HOSTILE)]
                break
            place = place[key]
        path = write(tmp_path / 'odd.json', content)
        try:
            keypoints = load_keypoints(path, SIZE)
        except DataError as error:
            assert 'odd.json' in str(error)
        else:
            assert np.all(np.isfinite(keypoints)) and keypoints.shape == (18, 2)
