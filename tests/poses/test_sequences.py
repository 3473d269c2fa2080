"""Poses over time: every form they come in gives the same frames, in order; only short gaps are filled."""

import json

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.poses.sequences import load_sequence, natural_order, require_poses
from posewarp_tf.poses.smoothing import fill_gaps

SIZE = (200, 100)
NUM_FRAMES = 12


def poses():
    """Joint j of frame t lies at x = 5 j + t, y = 10 j + 2 t."""
    t, j = np.mgrid[:NUM_FRAMES, :18]
    return np.stack([5 * j + t, 10 * j + 2 * t], axis=-1).astype(np.float32)


def openpose(keypoints, confidence=0.9):
    table = [[float(x), float(y), confidence if x >= 0 else 0.0] for x, y in keypoints]
    return {'pose_keypoints_2d': sum(table, [])}


def write_openpose(folder, frames, name='dance_{}_keypoints.json'):
    folder.mkdir(exist_ok=True)
    for number, people in enumerate(frames):
        (folder / name.format(number)).write_text(json.dumps({'people': people}))
    return folder


def _folder_of_json(root):
    return write_openpose(root / 'json', [[openpose(pose)] for pose in poses()])


def _folder_of_texts(root):
    (root / 'texts').mkdir()
    for number, pose in enumerate(poses()):
        (root / 'texts' / f'{number}.txt').write_text(''.join(f'{x} {y}\n' for x, y in pose))
    return root / 'texts'


def _csv_with_header(root):
    rows = [','.join(map(str, pose.ravel())) for pose in poses()]
    header = ','.join(f'{name}_{axis}' for name in JOINT_NAMES for axis in 'xy')
    (root / 'poses.csv').write_text('\n'.join([header, *rows]) + '\n')
    return root / 'poses.csv'


def _table_with_confidence(root):
    np.savetxt(root / 'poses.txt', np.dstack([poses(), np.ones((NUM_FRAMES, 18))]).reshape(NUM_FRAMES, -1), fmt='%g')
    return root / 'poses.txt'


def _npy(root):
    np.save(root / 'poses.npy', poses())
    return root / 'poses.npy'


def _normalised_npy(root):
    np.save(root / 'poses.npy', poses() / SIZE[::-1])
    return root / 'poses.npy'


def _annotations(root):
    """In the published frame of 256x176."""
    rows = []
    for number, pose in enumerate(poses() * [1.76, 1.28]):
        x, y = pose.T.tolist()
        rows.append(f'frame{number}.jpg: {json.dumps(y)}: {json.dumps(x)}')
    (root / 'annotation.csv').write_text('\n'.join(['name:keypoints_y:keypoints_x', *rows]) + '\n')
    return root / 'annotation.csv'


FORMS = [
    _folder_of_json,
    _folder_of_texts,
    _csv_with_header,
    _table_with_confidence,
    _npy,
    _normalised_npy,
    _annotations,
]


@pytest.mark.parametrize('form', FORMS)
def test_every_form_gives_the_poses_in_order(tmp_path, capsys, form):
    place = form(tmp_path)
    sequence = load_sequence(place, SIZE)
    np.testing.assert_allclose(sequence.keypoints, poses(), atol=2e-3)
    assert sequence.keypoints.dtype == np.float32
    assert len(sequence.names) == NUM_FRAMES
    assert f'{place}: 12 poses' in capsys.readouterr().out
    require_poses(sequence)


def test_frame_nine_comes_before_frame_ten():
    names = ['a10.json', 'a9.json', 'a09.json', 'a1b2.json', 'b1.json', 'a1b10.json', '7.json']
    expected = ['7.json', 'a1b2.json', 'a1b10.json', 'a9.json', 'a09.json', 'a10.json', 'b1.json']
    assert sorted(names, key=natural_order) == expected


def test_frames_that_show_nobody_are_listed(tmp_path):
    people = [[openpose(pose)] for pose in poses()]
    people[3] = []
    people[7] = [openpose(np.full((18, 2), -1.0))]
    sequence = load_sequence(write_openpose(tmp_path / 'json', people), SIZE)
    with pytest.raises(DataError, match=r'2 frames have no pose: dance_3_.*dance_7_.*--smooth_poses'):
        require_poses(sequence)
    filled, lines = fill_gaps(sequence.keypoints)
    require_poses(sequence._replace(keypoints=filled))
    np.testing.assert_allclose(filled, poses(), atol=1e-4)
    assert lines[0] == 'nose in frames 3, 7' and len(lines) == 18


def test_several_people_are_reported(tmp_path, capsys):
    people = [[openpose(pose)] for pose in poses()]
    people[5] = [openpose(poses()[0], 0.5), openpose(poses()[5], 0.8)]
    sequence = load_sequence(write_openpose(tmp_path / 'json', people), SIZE)
    np.testing.assert_allclose(sequence.keypoints, poses())
    assert '1 frames show several people' in capsys.readouterr().out


def _bad_row(root):
    path = _csv_with_header(root)
    path.write_text(path.read_text().replace('5.0,10.0', '5.0', 1))
    return path


def _word(root):
    path = _table_with_confidence(root)
    path.write_text(path.read_text().replace('1', 'one', 1).replace('0', '0', 1) + 'last\n')
    return path


def _nan(root):
    array = poses()
    array[3, 2, 1] = np.nan
    np.save(root / 'poses.npy', array)
    return root / 'poses.npy'


def _not_npy(root):
    (root / 'poses.npy').write_text('poses')
    return root / 'poses.npy'


def _outside(root):
    array = poses()
    array[6] += 300
    np.save(root / 'poses.npy', array)
    return root / 'poses.npy'


def _broken_json(root):
    folder = _folder_of_json(root)
    (folder / 'dance_4_keypoints.json').write_text('{')
    return folder


def _video(root):
    (root / 'dance.mp4').write_bytes(b'\0\0\0\x18ftypisom\0\0\2\0isommp41')
    return root / 'dance.mp4'


def _one_json(root):
    (root / 'pose.json').write_text(json.dumps({'people': [openpose(poses()[0])]}))
    return root / 'pose.json'


def _nobody_ever(root):
    return write_openpose(root / 'json', [[]] * 3)


def _empty_folder(root):
    return root


@pytest.mark.parametrize(
    ('form', 'message'),
    [
        (_bad_row, r'poses\.csv, row 2: got 35 numbers, expected 2 \(x y\) or 3'),
        (_word, r"poses\.txt, row \d+: could not convert string to float: 'last'"),
        (_nan, r'poses\.npy, frame 3: got a number that is not finite'),
        (_not_npy, r'poses\.npy: not a \.npy file'),
        (_outside, r'poses\.npy, frame 6: joint 0 lies at .*--target_image_size'),
        (_broken_json, r'dance_4_keypoints\.json: not JSON'),
        (_video, r'dance\.mp4: an MP4 video, expected a folder with a pose file per frame.* --target_video'),
        (_one_json, r'pose\.json: a JSON file, which has the pose of one picture, expected a folder'),
        (_nobody_ever, 'none of the 3 frames has a pose'),
        (_empty_folder, r'no files in this folder that end in \.json, \.txt'),
    ],
)
def test_what_cannot_be_read_is_named_with_its_frame(tmp_path, form, message):
    with pytest.raises(DataError, match=message):
        load_sequence(form(tmp_path), SIZE)
