"""A face of a picture talks: from landmarks in files or found, with the maps that the network was trained on."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.detection.face_mesh import Face
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.faces.face_maps import make_face_maps, to_pose
from posewarp_tf.faces.landmarks import read_landmarks, write_landmarks
from posewarp_tf.inference import talking
from posewarp_tf.inference.animating import Animator
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.pictures.picture_files import load_image, resize_image, save_image
from tests.run_folders import make_animation_run, picture

PHOTO, FRAME, NUM_FRAMES = (72, 60), (40, 48), 3
POINTS = np.random.default_rng(3).uniform([10, 8], [36, 32], (68, 2))


@pytest.fixture(scope='module')
def animator(tmp_path_factory):
    run = make_animation_run(tmp_path_factory.mktemp('run') / 'face', 'face', image_size=(32, 32))
    return Animator(run.path, ['face_clips'])


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / 'me.png', picture(PHOTO))
    write_landmarks(tmp_path / 'me.txt', POINTS * 1.5)
    for frame in range(NUM_FRAMES):
        # The tenth frame comes behind the second.
        write_landmarks(tmp_path / f'test_keypoints/v/{frame * 5}.txt', POINTS + [2 * frame, 0])
        save_image(tmp_path / f'test_data/v/{frame * 5}.png', picture(FRAME, frame))
    return tmp_path


def talk(animator, folder, edges=True, mesh=None, target_frames=None, **changes):
    paths = {
        'source_image': 'me.png',
        'source_keypoints': 'me.txt',
        'poses': 'test_keypoints/v',
        'output': 'out',
        **changes,
    }
    files = {name: paths.pop(name) for name in ('source_image', 'source_keypoints', 'poses', 'output')}
    job = DrivingJob(**{name: path and str(folder / path) for name, path in files.items()}, **paths)
    config = dataclasses.replace(
        animator.config, data=dataclasses.replace(animator.config.data, face_background_edges=edges)
    )
    talking.run_talk(lambda: animator, config, job, lambda: mesh, target_frames)


@pytest.fixture
def performances(monkeypatch):
    """What is to be made, instead of making it."""
    found = []
    monkeypatch.setattr('posewarp_tf.inference.animating.animate', lambda animator, what, job: found.append(what))
    return found


@pytest.mark.parametrize('edges', [True, False])
def test_maps_are_those_of_the_landmarks_with_edges_as_the_run_has_them(animator, folder, performances, edges):
    talk(animator, folder, edges)
    (made,) = performances
    expected = make_face_maps(read_landmarks(folder / 'me.txt'), picture(PHOTO), (32, 32), edges)
    np.testing.assert_array_equal(made.pose, to_pose(expected))
    assert len(made.ingredients) == NUM_FRAMES
    # Little is held in memory of each frame, however large its picture.
    assert max(map(len, made.ingredients)) < 2 * POINTS.nbytes
    for frame in range(NUM_FRAMES):
        landmarks = read_landmarks(folder / f'test_keypoints/v/{5 * frame}.txt')
        expected = make_face_maps(landmarks, picture(FRAME, frame), (32, 32), edges)
        np.testing.assert_array_equal(made.make_pose(frame), to_pose(expected))


def test_frames_are_written_and_kept_until_the_landmarks_change(animator, folder, capsys):
    talk(animator, folder)
    frames = [load_image(path) for path in sorted((folder / 'out').glob('*.png'))]
    assert [frame.shape for frame in frames] == [(*PHOTO, 3)] * NUM_FRAMES
    assert np.abs(frames[0].astype(int) - frames[2]).mean() > 0.5
    talk(animator, folder)
    assert '3 of them kept' in capsys.readouterr().out
    write_landmarks(folder / 'test_keypoints/v/10.txt', POINTS)
    with pytest.raises(DataError, match='the first is frame-00002.png'):
        talk(animator, folder)


class Mesh:
    """Finds the same landmarks, in parts of the picture's width and height, in whatever is shown."""

    def find(self, image):
        return Face(POINTS / [FRAME[1], FRAME[0]] * [image.shape[1], image.shape[0]], 1.0, None)

    def track(self, image, face):
        return self.find(image)


def test_what_is_not_given_is_found_and_the_square_around_the_face_is_taken(animator, folder, performances):
    talk(animator, folder, mesh=Mesh(), source_keypoints=None)
    (made,) = performances
    assert made.image.shape == (256, 256, 3)
    # The square is as wide as the picture, which is higher.
    squares = [resize_image(picture(PHOTO)[top : top + 60], (256, 256)).astype(int) for top in range(13)]
    apart = [np.abs(square - made.image).mean() for square in squares]
    assert min(apart) < 4 < max(apart)
    assert made.pose[..., 15].max() == 6


def test_every_frame_of_an_animated_picture_is_followed(animator, folder, performances):
    frames = [Image.fromarray(picture(FRAME, seed)) for seed in range(NUM_FRAMES)]
    frames[0].save(folder / 'talk.webp', save_all=True, append_images=frames[1:], duration=40)
    talk(animator, folder, mesh=Mesh(), poses='talk.webp', is_video=True)
    (made,) = performances
    # The edges, and so the frames, are among them.
    assert len(set(made.ingredients)) == NUM_FRAMES and made.fps == 25


def test_what_is_missing_is_named(animator, folder, performances):
    (folder / 'test_data').rename(folder / 'elsewhere')
    with pytest.raises(ConfigError, match='--target_frames: missing for .*v: this run was trained with --face_back'):
        talk(animator, folder)
    talk(animator, folder, target_frames=str(folder / 'elsewhere/v'))
    # Without edges the size of the frames is enough.
    talk(animator, folder, edges=False, pose_size=FRAME)
    landmarks = read_landmarks(folder / 'test_keypoints/v/5.txt')
    expected = to_pose(make_face_maps(landmarks, picture(FRAME), (32, 32), False))
    np.testing.assert_array_equal(performances[-1].make_pose(1), expected)
    with pytest.raises(ConfigError, match='--target_image_size: got 48,40, expected 40,48 as the frames in .*v'):
        talk(animator, folder, target_frames=str(folder / 'elsewhere/v'), pose_size=FRAME[::-1])
    (folder / 'elsewhere/v/5.png').unlink()
    with pytest.raises(DataError, match='got 2 pictures for 3 files'):
        talk(animator, folder, target_frames=str(folder / 'elsewhere/v'))
    write_landmarks(folder / 'me.txt', POINTS + 500)
    with pytest.raises(DataError, match=r'me\.png: landmarks: got x from'):
        talk(animator, folder, edges=False)
