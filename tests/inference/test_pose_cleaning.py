"""Files of noisy poses become files of clean ones as the published tool makes them, and in other forms."""

import json

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference.cleaning_job import CleaningJob
from posewarp_tf.inference.pose_cleaning import run_cleaning
from posewarp_tf.models.motion.motion import MotionNet
from posewarp_tf.models.pytorch_names import assign_pytorch_weights
from posewarp_tf.models.registry import model_config
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.poses.annotations import read_annotations
from posewarp_tf.poses.readers import read_keypoints
from posewarp_tf.poses.skeletons import HUMAN36M_17, clean_in_pieces, coco_to_human36m
from posewarp_tf.poses.writers import write_openpose
from posewarp_tf.video.reading import VideoReader
from tests.conftest import assert_agrees
from tests.run_folders import person, picture

SIZE = (90, 70)


def in_order(skeletons):
    """Cleans nothing: what was found, in the order of clean skeletons."""
    return skeletons @ coco_to_human36m().T


def write_poses(folder, num_frames=5, empty=()):
    folder.mkdir(parents=True)
    for frame in range(num_frames):
        write_openpose(folder / f'walk_{frame}.json', [] if frame in empty else [(person(SIZE, 2 * frame), None)])
    return str(folder)


def cleaned(tmp_path, poses, output='clean', clean=in_order, **settings):
    job = CleaningJob(poses, str(tmp_path / output), **{'size': SIZE, **settings})
    run_cleaning(job, lambda: clean)
    return tmp_path / output


def test_a_whole_video_is_written_as_by_the_published_tool(golden, tmp_path):
    reference = golden('motion_extraction_train')
    model = MotionNet(model_config('motion'))
    model.create_weights()
    assign_pytorch_weights(model.pytorch_names(), reference.seeded_weights())
    (tmp_path / 'noisy').mkdir()
    for frame, points in enumerate(reference['noisy']):
        people = [] if frame in reference['empty'] else [{'pose_keypoints_2d': points.ravel().tolist()}]
        (tmp_path / 'noisy' / f'{frame}.json').write_text(json.dumps({'people': people}))

    def clean(skeletons):
        return clean_in_pieces(skeletons, lambda pieces: model({'skeletons': pieces})['skeletons'].numpy())

    size = reference.meta['height'], reference.meta['width']
    folder = cleaned(tmp_path, str(tmp_path / 'noisy'), clean=clean, size=size)
    contents = [json.loads((folder / f'{frame}.json').read_text()) for frame in range(60)]
    assert {content['version'] for content in contents} == {'Video to Pose 2D'}
    written = np.reshape([content['people'][0]['pose_keypoints_2d'] for content in contents], (60, 17, 3))
    assert_agrees(written, reference['clean'])


def test_what_is_written_is_read_as_human36m_and_not_as_coco(tmp_path, capsys):
    folder = cleaned(tmp_path, write_poses(tmp_path / 'poses', empty=[2]))
    assert 'note: the video has 5 frames, fewer than 24' in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == [f'walk_{frame}.json' for frame in range(5)]
    keypoints, _ = read_keypoints(folder / 'walk_3.json', SIZE)
    expected = person(SIZE, 6)
    for name in HUMAN36M_17:
        if name in JOINT_NAMES and name != 'neck':
            joint = JOINT_NAMES.index(name)
            np.testing.assert_allclose(keypoints[joint], expected[joint], atol=0.02)
    assert np.all(keypoints[[JOINT_NAMES.index(name) for name in ('left_eye', 'right_ear')]] == MISSING)
    # Nobody is the middle of the picture.
    middle = json.loads((folder / 'walk_2.json').read_text())['people'][0]['pose_keypoints_2d']
    np.testing.assert_allclose(np.reshape(middle, (17, 3))[4], [35, 45, 1])


def test_other_forms_keep_the_face(tmp_path):
    poses = write_poses(tmp_path / 'poses')
    shifted = lambda skeletons: in_order(skeletons) + np.repeat(np.float32([0.0, 0.2]), 17)  # noqa: E731
    as_openpose = cleaned(tmp_path, poses, 'openpose', shifted, form='openpose')
    as_csv = cleaned(tmp_path, poses, 'csv', shifted, form='annotations')
    rows = read_annotations(as_csv / 'annotations.csv').keypoints
    assert list(rows) == [f'walk_{frame}.jpg' for frame in range(5)]
    before, ankle, nose = person(SIZE, 4), JOINT_NAMES.index('left_ankle'), JOINT_NAMES.index('nose')
    of_files = (
        read_keypoints(as_openpose / 'walk_2.json', SIZE)[0],
        read_keypoints(as_csv / 'annotations.csv', SIZE, 'walk_2.jpg')[0],
    )
    for keypoints in of_files:
        # A tenth of the width further right, no lower.
        np.testing.assert_allclose(keypoints[ankle], before[ankle] + [7, 0], atol=0.02)
        np.testing.assert_allclose(keypoints[nose], before[nose], atol=0.02)


def test_a_folder_of_folders_is_as_many_videos_and_frames_of_one_file_are_numbered(tmp_path):
    for name in ('a', 'b'):
        write_poses(tmp_path / 'poses' / name, 3)
    save_image(tmp_path / 'frames' / 'a' / '1.png', picture(SIZE))
    folder = cleaned(tmp_path, str(tmp_path / 'poses'))
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*.json')) == [
        f'{name}/walk_{frame}.json' for name in 'ab' for frame in range(3)
    ]
    np.save(tmp_path / 'poses.npy', np.stack([person(SIZE), person(SIZE, 3)]))
    numbered = cleaned(tmp_path, str(tmp_path / 'poses.npy'), 'numbered')
    assert sorted(path.name for path in numbered.iterdir()) == ['frame-00000.json', 'frame-00001.json']
    with pytest.raises(ConfigError, match='--strip, --film: given for 2 videos'):
        cleaned(tmp_path, str(tmp_path / 'poses'), 'more', strip=str(tmp_path / 'strip.png'))


def test_a_strip_and_a_film_show_the_frames_before_and_after(tmp_path):
    poses, frames = write_poses(tmp_path / 'poses', 4), tmp_path / 'frames'
    # Names of two may differ in their suffix alone.
    for name in ('0.jpg', '0.png', '2.png', '10.png'):
        save_image(frames / name, np.full((*SIZE, 3), 200, np.uint8))
    far = lambda skeletons: in_order(skeletons) + np.repeat(np.float32([0.0, 0.9]), 17)  # noqa: E731
    strip, film = tmp_path / 'strip.png', tmp_path / 'film.gif'
    cleaned(tmp_path, poses, clean=far, size=None, pictures=str(frames), strip=str(strip), film=str(film))
    image = load_image(strip).astype(int)
    rows = np.array_split(image[24:], 2)
    right = [
        [np.abs(row[:, 199 * cell + 140 : 199 * cell + 199] - 200).max(axis=-1) for cell in range(4)] for row in rows
    ]
    # Most of who was found is left of where the clean one is.
    assert np.mean(np.array(right[1]) > 60) > 2 * np.mean(np.array(right[0]) > 60)
    assert VideoReader(str(film)).num_frames == 4


def test_what_cannot_be_done_is_refused_before_anything_is_loaded_or_written(tmp_path):
    def never(skeletons):
        pytest.fail('loaded')

    poses = write_poses(tmp_path / 'poses')
    save_image(tmp_path / 'frames' / '0.png', picture(SIZE))
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'file').touch()
    for settings, error, words in (
        ({'size': None}, ConfigError, '--image_size: missing'),
        ({'pictures': str(tmp_path / 'frames')}, DataError, 'got 1 of .*, expected 5'),
        ({'strip': 'strip.mp4'}, DataError, "--strip: got 'strip.mp4'"),
        ({'film': 'film.txt'}, DataError, "--film: got 'film.txt'"),
        ({'output': 'full'}, DataError, 'already holds something'),
    ):
        with pytest.raises(error, match=words):
            cleaned(tmp_path, poses, clean=never, **settings)
    with pytest.raises(DataError, match='no files in this folder'):
        cleaned(tmp_path, str(tmp_path / 'full'), clean=never)
    assert not (tmp_path / 'clean').exists()
