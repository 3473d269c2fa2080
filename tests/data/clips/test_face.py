"""Clips of faces come from the published layout, frame by frame, and hang on seed and step alone."""

import shutil

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.check import check
from posewarp_tf.data.clips import face
from posewarp_tf.data.clips.face_files import load_face_videos
from posewarp_tf.data.picture_store import reading
from posewarp_tf.errors import DataError
from posewarp_tf.faces.face_maps import make_face_maps
from posewarp_tf.faces.landmarks import read_landmarks, write_landmarks
from tests.face_toy import config_of_faces
from tests.shards import assert_parts_are_the_whole

SIZE = (32, 64)
LENGTHS = {'a': 33, 'b': 12, 'c': 35}


def make_folder(root, landmark_folder='keypoints'):
    """Pictures 48 wide and 40 high whose red is the number of the frame; landmarks that move a pixel to the right."""
    face_points = np.random.default_rng(3).uniform([5, 8], [30, 34], (68, 2))
    for split in ('train', 'test'):
        for number, (video, length) in enumerate(LENGTHS.items()):
            for frame in range(length):
                picture = np.full((40, 48, 3), (5 * frame, 80 * number, 30), np.uint8)
                path = root / f'{split}_data' / video / f'{frame:05d}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path)
                text = root / f'{split}_{landmark_folder}' / video / f'{frame:05d}.txt'
                write_landmarks(text, face_points + [frame % 10, 0])
    return root


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp('faces'))


def config_of(folder, **settings):
    return config_of_faces(folder, SIZE, **settings)


def frames_of(images):
    return np.rint((np.asarray(images)[..., 0, 0, 0] + 1) * 127.5 / 5).astype(int)


def test_training_clips_are_frames_in_a_row_and_a_run_that_goes_on_sees_the_same(folder):
    config = config_of(folder)
    videos = load_face_videos(str(folder), 'train')
    assert videos.names == ['a', 'b', 'c'] and videos.lengths.tolist() == [33, 12, 35]
    straight = iter(face.make_training_clips(config, 0, videos))
    batches = [next(straight) for _ in range(3)]
    # Nor does it matter whether frames are kept in memory.
    resumed = next(iter(face.make_training_clips(config_of(folder, cache_images=False), 2, videos)))
    begins = set()
    for batch in batches:
        assert batch['target_images'].shape == (2, 30, *SIZE, 3)
        assert batch['target_poses'].shape == (2, 30, *SIZE, 16)
        # The one that is too short is not among them; both others come in each epoch.
        assert sorted(batch['name'].numpy()) == [b'a', b'c']
        frames = frames_of(batch['target_images'])
        np.testing.assert_array_equal(np.diff(frames, axis=1), 1)
        np.testing.assert_array_equal(frames_of(batch['reference_image']), frames[:, 0])
        np.testing.assert_array_equal(batch['reference_pose'], batch['target_poses'][:, 0])
        begins |= set(frames[:, 0])
    assert len(begins) > 2
    for name, values in batches[2].items():
        np.testing.assert_array_equal(values, resumed[name])


@pytest.mark.slow
def test_parts_of_several_workers_are_those_of_the_whole_batch(folder):
    videos = load_face_videos(str(folder), 'train')
    assert_parts_are_the_whole(lambda shard: face.make_training_clips(config_of(folder), 2, videos, shard=shard))


def test_a_frame_comes_with_the_maps_of_its_own_landmarks(folder):
    batch = next(iter(face.make_test_clips(config_of(folder, face_background_edges=False), 2, num_frames=30)))
    landmarks = read_landmarks(folder / 'test_keypoints' / 'c' / '00027.txt')
    expected = make_face_maps(landmarks, np.zeros((40, 48, 3), np.uint8), SIZE)
    pose = batch['target_poses'][1, 27].numpy()
    np.testing.assert_allclose(pose[..., :15] * 255, expected[..., :15], atol=1e-4)
    np.testing.assert_array_equal(pose[..., 15], expected[..., 15])
    assert frames_of(batch['target_images'])[1].tolist() == list(range(30))
    assert frames_of(batch['reference_image']).tolist() == [0, 0]


def test_some_test_clips_are_spread_over_all_and_videos_too_short_left_out(folder):
    batches = list(face.make_test_clips(config_of(folder), 1, 1, num_frames=12))
    assert [batch['name'].numpy().tolist() for batch in batches] == [[b'a']]
    names = [
        name for batch in face.make_test_clips(config_of(folder), 2, num_frames=35) for name in batch['name'].numpy()
    ]
    assert names == [b'c']
    with pytest.raises(DataError, match='longest of 3 videos has 35 frames, expected at least 36'):
        face.make_test_clips(config_of(folder), 2, num_frames=36)


def test_the_check_draws_a_sheet_and_names_what_training_would_stumble_on(tmp_path, capsys):
    root = make_folder(tmp_path / 'faces', 'keypoint')
    sheet = tmp_path / 'sheet.png'
    findings = check(config_of(root), str(sheet), decode_all=False)
    assert findings.problems == [] and findings.notes == ['videos of fewer than 30 frames, which are left out: 1'] * 2
    assert len(np.unique(np.asarray(Image.open(sheet)).reshape(-1, 3), axis=0)) > 50
    rows = (root / 'train_keypoint' / 'a' / '00003.txt').read_text().splitlines()
    (root / 'train_keypoint' / 'a' / '00003.txt').write_text('\n'.join([*rows[:5], 'x,y', *rows[6:]]))
    (root / 'test_keypoint' / 'c' / '00007.txt').unlink()
    findings = check(config_of(root), str(sheet), decode_all=True)
    assert findings.problems == ['unusable landmarks: 1', 'videos: 1']
    printed = capsys.readouterr().out
    assert "a/00003.txt: line 6: got 'x,y', expected x,y in pixels" in printed
    assert 'c/00007.txt: no such file, expected the landmarks of' in printed
    with pytest.raises(DataError, match='00003.txt: line 6'), reading():
        next(iter(face.make_training_clips(config_of(root), 0, load_face_videos(str(root), 'train'))))


def test_what_is_still_being_written_is_no_video(tmp_path):
    root = make_folder(tmp_path)
    for folder in ('train_data', 'train_keypoints'):
        shutil.copytree(root / folder / 'a', root / folder / '.a-123')
    assert load_face_videos(str(root), 'train').names == ['a', 'b', 'c']


def test_landmarks_of_another_picture_are_refused(tmp_path):
    root = make_folder(tmp_path)
    path = root / 'test_keypoints' / 'a' / '00000.txt'
    path.write_text(path.read_text().replace('\n', '\n1,999\n', 1).rsplit('\n', 2)[0] + '\n')
    with (
        pytest.raises(DataError, match='line 2: got 1,999, expected a pixel of its picture, which is 48 wide'),
        reading(),
    ):
        next(iter(face.make_test_clips(config_of(root), 1)))
    with pytest.raises(DataError, match='val_data: no such folder'):
        load_face_videos(str(root), 'val')
