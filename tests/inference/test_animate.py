"""A person of a picture dances: each frame from the one before, from the joints that the networks were trained on."""

import json
import shutil

import numpy as np
import pytest

from posewarp_tf.conventions import MISSING
from posewarp_tf.detection.people import Person
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference import animating, film
from posewarp_tf.inference.animating import LAST_NAME, Animator
from posewarp_tf.inference.dancing import run_dance
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.ops import to_float_image, to_uint8_image
from posewarp_tf.pictures.picture_files import load_image, resize_image, save_image, squashed
from posewarp_tf.poses.dance_joints import human36m_joints, joints_of_keypoints, keypoints_of_human36m
from posewarp_tf.poses.dance_maps import pose_maps
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, coco_to_human36m, noisy_skeletons
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.video.reading import VideoReader
from tests.run_folders import make_animation_run, person, picture
from tests.video import films

PHOTO, VIDEO, NUM_FRAMES = (90, 60), (128, 128), 4


@pytest.fixture(scope='module')
def animator(tmp_path_factory):
    return Animator(make_animation_run(tmp_path_factory.mktemp('run') / 'dance', 'dance').path, ['dance_clips'])


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / 'me.png', picture(PHOTO))
    write_pose(tmp_path / 'me.json', person(PHOTO))
    for frame in range(NUM_FRAMES):
        write_pose(tmp_path / f'poses/{frame}.json', person(VIDEO, 6 * frame))
    return tmp_path


def write_pose(path, joints):
    path.parent.mkdir(parents=True, exist_ok=True)
    points = [[float(x), float(y), float(x >= 0)] for x, y in joints]
    path.write_text(json.dumps({'people': [{'pose_keypoints_2d': sum(points, [])}]}))


def job_of(folder, **changes):
    paths = {'source_image': 'me.png', 'source_keypoints': 'me.json', 'poses': 'poses', 'output': 'out', **changes}
    files = {name: str(folder / paths.pop(name)) for name in ('source_image', 'source_keypoints', 'poses', 'output')}
    return DrivingJob(**files, **{'pose_size': VIDEO, **paths})


def dance(animator, job, retarget='none'):
    run_dance(lambda: animator, job, PoseFinder(lambda: None), retarget)


def frames_of(folder):
    return [load_image(path) for path in sorted(folder.glob('frame-*.png'))]


def joints_seen(monkeypatch):
    """The joints of all poses that are drawn, first those of the reference, with their order."""
    seen = []

    def draw(joints, order, size):
        seen.append((order, np.array(joints)))
        return pose_maps(joints, order, size)

    monkeypatch.setattr('posewarp_tf.inference.dancing.pose_maps', draw)
    return seen


def test_frames_are_those_that_the_network_generates_in_the_size_of_the_picture(animator, folder, capsys):
    dance(animator, job_of(folder))
    scale = np.array([64 / PHOTO[1], 64 / PHOTO[0]])
    reference = joints_of_keypoints(person(PHOTO)) * scale
    targets = [human36m_joints(joints_of_keypoints(person(VIDEO, 6 * frame))) / 2 for frame in range(NUM_FRAMES)]
    expected = animator.model.generate({
        'reference_image': to_float_image(squashed(picture(PHOTO), (64, 64))[np.newaxis]),
        'reference_pose': pose_maps(reference, COCO_17, (64, 64))[np.newaxis],
        'target_poses': np.stack([pose_maps(joints, HUMAN36M_17, (64, 64)) for joints in targets])[np.newaxis],
    })['images'][0]  # fmt: skip
    frames = frames_of(folder / 'out')
    assert [frame.shape for frame in frames] == [(*PHOTO, 3)] * NUM_FRAMES
    for frame, truth in zip(frames, to_uint8_image(expected).numpy()):
        assert np.abs(frame.astype(int) - resize_image(truth, PHOTO)).max() <= 1
    assert np.abs(frames[1].astype(int) - frames[3]).mean() > 1
    words = capsys.readouterr().out
    assert 'joints: as found' in words and '4 frames and' in words
    assert {path.suffix for path in (folder / 'out').iterdir()} == {'.png', '.gif', '.json'}


def test_of_a_large_picture_a_video_is_smaller_and_frames_are_not(animator, folder, monkeypatch, capsys):
    monkeypatch.setattr(film, 'MAX_FILM_SIDE', 45)
    dance(animator, job_of(folder, output='out.gif'))
    assert 'the video is made of 45x30 pixels' in capsys.readouterr().out
    assert VideoReader(str(folder / 'out.gif')).size == (45, 30)
    dance(animator, job_of(folder))
    assert frames_of(folder / 'out')[0].shape == (*PHOTO, 3)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(animator, folder, monkeypatch, capsys):
    dance(animator, job_of(folder))
    whole = frames_of(folder / 'out')
    save = animating.FramesFolder.save

    def stop_at_two(self, number, image):
        if number == 2:
            raise KeyboardInterrupt
        save(self, number, image)

    monkeypatch.setattr(animating.FramesFolder, 'save', stop_at_two)
    with pytest.raises(KeyboardInterrupt):
        dance(animator, job_of(folder, output='stopped'))
    assert (folder / 'stopped' / LAST_NAME).exists() and len(frames_of(folder / 'stopped')) == 2
    # As a power cut may leave it.
    shutil.copytree(folder / 'stopped', folder / 'cut')
    (folder / 'cut' / LAST_NAME).write_bytes(b'')
    made = []
    monkeypatch.setattr(animating.FramesFolder, 'save', lambda *call: (made.append(call[1]), save(*call)))
    capsys.readouterr()
    dance(animator, job_of(folder, output='stopped'))
    assert made == [2, 3] and '(2 of them kept' in capsys.readouterr().out
    assert all(np.array_equal(*both) for both in zip(whole, frames_of(folder / 'stopped')))
    assert not (folder / 'stopped' / LAST_NAME).exists()
    made.clear()
    dance(animator, job_of(folder, output='cut'))
    assert made == [0, 1, 2, 3]
    # One graph served them all.
    assert animator._step.experimental_get_tracing_count() == 1
    # Another dance is not mixed into it.
    write_pose(folder / 'poses/0.json', person(VIDEO, -20))
    with pytest.raises(DataError, match='4 frames in it were not made from this'):
        dance(animator, job_of(folder, output='stopped'))


def test_the_dance_is_placed_where_the_person_of_the_picture_stands(animator, folder, monkeypatch):
    # Half as large as their video would have it, further right and lower.
    for number in range(NUM_FRAMES):
        write_pose(folder / f'poses/{number}.json', person(VIDEO, 6 * number) / 2 + [50, 10])
    seen = joints_seen(monkeypatch)
    apart = {}
    for retarget in ('place', 'none'):
        seen.clear()
        dance(animator, job_of(folder, output=retarget), retarget)
        assert [order for order, _ in seen[:2]] == [COCO_17, HUMAN36M_17]
        hips = [[joints[order.index(f'{side}_hip')] for side in ('left', 'right')] for order, joints in seen[:2]]
        apart[retarget] = np.abs(np.subtract(*hips))
    assert apart['place'].max() < 3 and apart['none'].min() > 3, apart


def test_clean_joints_of_a_data_set_are_taken_as_they_are(animator, folder, monkeypatch, capsys):
    clean = np.random.default_rng(1).uniform(10, 110, (NUM_FRAMES, 17, 2))
    for frame, joints in enumerate(clean):
        write_pose(folder / f'test_256/train_video2d/v/{frame}.json', joints)
    save_image(folder / 'test_256/train_A/v/0.png', picture(VIDEO))
    seen = joints_seen(monkeypatch)
    dance(animator, job_of(folder, poses='test_256/train_A/v', pose_size=None))
    np.testing.assert_allclose([joints for _, joints in seen[1:]], clean / 2, atol=1e-6)
    assert 'taken as they are' in capsys.readouterr().out


@pytest.fixture
def motion(folder, monkeypatch):
    """A run of motion extraction whose answers are joints a quarter of the width further right, and what it saw."""
    run, seen = str(folder / 'motion'), []

    class Cleaner:
        def __init__(self, run_dir):
            assert run_dir == run

        def clean(self, skeletons):
            seen.append(skeletons)
            return skeletons @ coco_to_human36m().T + np.repeat([0, 0.5], 17)

    RunFolder(run).save_config(Config().replace(model='motion'))
    monkeypatch.setattr('posewarp_tf.inference.cleaning.SkeletonCleaner', Cleaner)
    return run, seen


def test_motion_extraction_cleans_found_joints_and_is_refused_for_clean_ones(
    animator, folder, motion, monkeypatch, capsys
):
    motion, _ = motion
    seen = joints_seen(monkeypatch)
    dance(animator, job_of(folder, motion_run_dir=motion))
    assert f'cleaned by {motion}' in capsys.readouterr().out
    expected = human36m_joints(joints_of_keypoints(person(VIDEO))) / 2 + [16, 0]
    np.testing.assert_allclose(seen[1][1], expected, atol=1e-3)
    write_pose(folder / 'train_video2d/v/0.json', np.ones((17, 2)))
    with pytest.raises(ConfigError, match='clean already'):
        dance(animator, job_of(folder, poses='train_video2d/v', motion_run_dir=motion))


class Passer:
    """Finds somebody at the same place in all frames of a film but those whose numbers are `absent`."""

    identity = 'a passer-by'

    def __init__(self, absent):
        self._absent = absent

    def find(self, image):
        is_absent = films.numbers_of([image])[0] in self._absent
        return [] if is_absent else [Person(person((48, 64)), np.ones(18, np.float32), (0.0, 0.0, 1.0, 1.0), None)]

    def track(self, image, before):
        return next(iter(self.find(image)), None)


def test_frames_of_a_video_that_show_nobody_are_left_to_motion_extraction(animator, folder, motion, capsys):
    films.write_film(folder / 'dance.mp4', [films.frame(number) for number in range(4)])
    video = {'poses': 'dance.mp4', 'is_video': True, 'pose_size': None}
    run, seen = motion
    finder = PoseFinder(lambda: Passer(absent=(1, 2)))
    run_dance(lambda: animator, job_of(folder, motion_run_dir=run, **video), finder, 'none')
    (skeletons,) = seen
    nobody = noisy_skeletons(np.full((1, 18, 2), MISSING, np.float32), (48, 64))[0]
    assert [np.array_equal(skeleton, nobody) for skeleton in skeletons] == [False, True, True, False]
    assert 'the pose before is held' not in capsys.readouterr().out
    run_dance(lambda: animator, job_of(folder, output='held', **video), finder, 'none')
    assert 'note: frames 1-2 show nobody: the pose before is held' in capsys.readouterr().out


def test_joints_that_are_made_of_a_missing_one_are_missing():
    keypoints = person((100, 100))
    keypoints[8] = MISSING  # the right hip
    joints = human36m_joints(joints_of_keypoints(keypoints))
    missing = {name for name, joint in zip(HUMAN36M_17, joints) if not joint.any()}
    assert missing == {'hip', 'spine', 'right_hip'}
    left, right = keypoints[5], keypoints[2]
    np.testing.assert_allclose(joints[HUMAN36M_17.index('neck')], (left + right) / 2, rtol=1e-6)
    back = keypoints_of_human36m(joints)
    np.testing.assert_allclose(back[[2, 9, 13]], keypoints[[2, 9, 13]])
    assert np.all(back[8] == MISSING) and np.all(back[14] == MISSING)
