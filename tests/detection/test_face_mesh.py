"""Landmarks of faces with the real networks, on drawn heads, whose landmarks are known."""

import os

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.detection.face_footage import Footage, square_around, write_footage
from posewarp_tf.detection.face_mesh import MESH_POINTS, Face, FaceMesh
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.faces.landmarks import EYES, INNER_LIPS, NOSE, OUTER_LIPS, read_landmarks
from posewarp_tf.synthetic.talking.videos import FaceSettings, talking_frames
from posewarp_tf.video.reading import is_film

# Where the mesh and a drawn face mean the same; of brows and jaw it knows other lines.
INNER = [*NOSE, *EYES[0], *EYES[1], *OUTER_LIPS, *INNER_LIPS]


@pytest.fixture(scope='module')
def mesh():
    return FaceMesh()


@pytest.fixture(scope='module')
def talk():
    """Some frames of one drawn head on a gray picture that is wider than high, and their landmarks."""
    frames = list(talking_frames(FaceSettings(2, (192, 192), 3), 'train', 2))
    pictures = [np.pad(frame.image, ((40, 30), (160, 20), (0, 0)), constant_values=128) for frame in frames]
    return pictures, [frame.landmarks + [160, 40] for frame in frames]


def test_landmarks_of_a_drawn_face_are_found_where_they_were_drawn(mesh, talk):
    face = None
    for picture, truth in zip(*talk):
        face = mesh.find(picture) if face is None else mesh.track(picture, face)
        eyes = np.linalg.norm(truth[45] - truth[36])
        errors = np.linalg.norm(face.landmarks - truth, axis=1) / eyes
        assert errors[INNER].mean() < 0.06 and errors.mean() < 0.11, errors
        assert face.landmarks[45, 0] > face.landmarks[36, 0] and face.landmarks[8, 1] > face.landmarks[57, 1]
    assert len(MESH_POINTS) == 68


def test_a_face_on_its_side_is_turned_upright_first(mesh, talk):
    picture, truth = np.rot90(talk[0][0]), talk[1][0]
    # The upper right corner goes to the upper left one: x becomes y, counted from the other end.
    turned = np.stack([truth[:, 1], talk[0][0].shape[1] - 1 - truth[:, 0]], axis=1)
    face = mesh.find(np.ascontiguousarray(picture))
    if face is None:
        pytest.fail('no face was found')
    errors = np.linalg.norm(face.landmarks - turned, axis=1) / np.linalg.norm(truth[45] - truth[36])
    assert errors[INNER].mean() < 0.08


def test_footage_becomes_a_folder_of_squares_around_the_face(mesh, talk, tmp_path):
    pictures, truths = talk
    source = tmp_path / 'talk'
    source.mkdir()
    for number, picture in enumerate([np.full_like(pictures[0], 90), *pictures]):
        # The tenth frame comes behind the fifth.
        Image.fromarray(picture).save(source / f'{5 * number}.png')
    numbers = write_footage(Footage(str(source)), tmp_path / 'data', 'train', 'me', mesh, size=128)
    assert numbers == (len(pictures) + 1, 1)
    written = sorted((tmp_path / 'data/train_data/me').iterdir())
    found = [read_landmarks(tmp_path / f'data/train_keypoints/me/{path.stem}.txt') for path in written]
    assert [Image.open(path).size for path in written] == [(128, 128)] * numbers[0]
    # The first frame, without a face, has the landmarks of the second.
    np.testing.assert_array_equal(found[0], found[1])
    assert min(points.min() for points in found) > 2 and max(points.max() for points in found) < 126
    scales = [np.linalg.norm(points[45] - points[36]) for points in found[1:]]
    for points, truth, scale in zip(found[1:], truths, scales):
        relative = (points - points[36]) / scale, (truth - truth[36]) / np.linalg.norm(truth[45] - truth[36])
        assert np.abs(relative[0] - relative[1])[INNER].mean() < 0.06
    with pytest.raises(DataError, match='is there already: choose another --name'):
        write_footage(Footage(str(source)), tmp_path / 'data', 'train', 'me', mesh)


def test_an_animated_picture_is_a_film_or_one_photo_as_it_is_meant(tmp_path, monkeypatch):
    pictures = [Image.fromarray(np.full((12, 10, 3), 60 * number, np.uint8)) for number in range(4)]
    path = str(tmp_path / 'wink.webp')
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, lossless=True)
    of_film = [frame[0, 0, 0] for frame in Footage(path, is_video=is_film(path)).frames()]
    assert of_film == [0, 60, 120, 180]
    assert [frame[0, 0, 0] for frame in Footage(path).frames()] == [0]
    pictures[1].save(tmp_path / 'me.bmp')
    assert [frame[0, 0, 0] for frame in Footage(str(tmp_path / 'me.bmp')).frames()] == [60]
    asked = []
    contents = (tmp_path / 'me.bmp').read_bytes()
    monkeypatch.setattr('posewarp_tf.pictures.contents.read_url', lambda url: asked.append(url) or contents)
    assert len(list(Footage('https://host/me.jpg').frames())) == 1 and asked == ['https://host/me.jpg']


def test_landmarks_are_not_left_without_their_frames(tmp_path, monkeypatch):
    class Mesh:
        def find(self, image):
            return Face(np.random.default_rng(0).uniform(5, 20, (68, 2)), 1.0, None)

    Image.new('RGB', (30, 20)).save(tmp_path / 'me.png')
    replace = os.replace

    def on_a_full_disk(old, new):
        if 'test_data' in str(new):
            raise OSError('no space left')
        replace(old, new)

    monkeypatch.setattr(os, 'replace', on_a_full_disk)
    with pytest.raises(OSError, match='no space left'):
        write_footage(Footage(str(tmp_path / 'me.png')), tmp_path / 'data', 'test', 'me', Mesh(), 16)
    assert not any(path.name != 'me.png' and not path.is_dir() for path in tmp_path.rglob('*'))
    monkeypatch.undo()
    assert write_footage(Footage(str(tmp_path / 'me.png')), tmp_path / 'data', 'test', 'me', Mesh(), 16) == (1, 0)
    assert len(list(tmp_path.rglob('00000.*'))) == 2


def test_without_a_face_nothing_is_written(mesh, tmp_path):
    Image.new('RGB', (200, 150), 'gray').save(tmp_path / 'wall.png')
    with pytest.raises(DataError, match='wall.png: no face was found in 1 frames'):
        write_footage(Footage(str(tmp_path / 'wall.png')), tmp_path / 'data', 'test', 'wall', mesh)
    assert not (tmp_path / 'data').exists()
    with pytest.raises(ConfigError, match='has no face_detection_short_range.tflite and face_landmark.tflite'):
        FaceMesh(str(tmp_path))


def test_the_square_stays_in_the_picture_and_has_the_face_in_its_middle():
    points = np.array([[40.0, 60.0], [80.0, 120.0]])
    left, top, side = square_around(points, (400, 500))
    assert side == pytest.approx(105) and left + side / 2 == pytest.approx(60)
    assert top + side / 2 == pytest.approx(90 - 0.06 * 105)
    left, top, side = square_around(points, (130, 90))
    assert side == 90 and left == -0.5 and -0.5 <= top <= 130 - 0.5 - 90
