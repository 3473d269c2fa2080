"""Folders of talking heads: the published layout, exact flows of tests, the same from the same seed."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.clips import face
from posewarp_tf.data.clips.face_files import flow_path, load_face_videos
from posewarp_tf.data.truth import load_flow
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.faces.landmarks import read_landmarks
from posewarp_tf.synthetic.talking.render import exact_flow
from posewarp_tf.synthetic.talking.videos import FaceSettings, talking_frames, write_faces
from tests.face_toy import config_of_faces

SETTINGS = FaceSettings(2, (48, 40), 4, seed=3)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'faces'
    assert write_faces(folder, SETTINGS, num_processes=1, show_progress=False)
    return folder


def test_the_folder_is_read_as_published_ones_are_and_holds_what_was_drawn(folder):
    frames = list(talking_frames(SETTINGS, 'test', 0))
    videos = load_face_videos(str(folder), 'test')
    assert videos.names == ['test_00000'] and videos.lengths.tolist() == [4]
    assert load_face_videos(str(folder), 'train').names == ['train_00000']
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(np.asarray(Image.open(videos.pictures[number])), frame.image)
        assert np.abs(read_landmarks(videos.landmarks[number]) - frame.landmarks).max() <= 0.5
        for kind, source in (('previous', frames[max(number - 1, 0)]), ('reference', frames[0])):
            flow, visibility = load_flow(flow_path(videos, number, kind))
            expected = exact_flow(source, frame)
            assert np.abs(flow - expected[0]).max() <= 1 / 128
            np.testing.assert_array_equal(visibility, expected[1])
    assert not (folder / 'train_flows').exists()
    assert json.loads((folder / 'dataset.json').read_text())['num_people'] == {'train': 1, 'test': 1}


def test_a_folder_that_is_there_is_left_alone_and_bad_numbers_are_refused(folder):
    assert not write_faces(folder, SETTINGS, num_processes=1, show_progress=False)
    with pytest.raises(DataError, match='already holds something else'):
        write_faces(folder, FaceSettings(2, (48, 40), 5, seed=3), num_processes=1, show_progress=False)
    with pytest.raises(ConfigError, match='--faces: got 1, expected at least 2'):
        FaceSettings(1)


def test_test_clips_come_with_the_exact_flow_to_the_frame_before_and_to_the_reference(folder, tmp_path):
    config = config_of_faces(folder, SETTINGS.image_size)
    (batch,) = face.make_test_clips(config, 2, num_frames=4, with_truth=True)
    assert batch['target_flows'].shape == (1, 4, 48, 40, 2) and batch['target_visibility'].shape == (1, 4, 48, 40)
    frames = list(talking_frames(SETTINGS, 'test', 0))
    for name, source in (('target', frames[2]), ('reference', frames[0])):
        flow, visibility = exact_flow(source, frames[3])
        np.testing.assert_allclose(batch[f'{name}_flows'][0, 3], flow, atol=1 / 128)
        np.testing.assert_array_equal(batch[f'{name}_visibility'][0, 3], visibility)
    assert np.abs(batch['target_flows'][0, 0]).max() < 0.01 < np.abs(batch['reference_flows'][0, 3]).max()
    image = (batch['target_images'][0, 3].numpy() + 1) * 127.5
    np.testing.assert_allclose(image, frames[3].image, atol=0.01)
    # Half as large, so are flows.
    (half,) = face.make_test_clips(config_of_faces(folder, (24, 20)), 2, num_frames=4, with_truth=True)
    assert np.abs(half['reference_flows'][0, 3]).max() <= 0.5 * np.abs(batch['reference_flows'][0, 3]).max() + 1e-6
    bare = tmp_path / 'bare'
    for name in ('test_data', 'test_keypoints'):
        shutil.copytree(folder / name, bare / name)
    with pytest.raises(DataError, match='00000.npz: no such exact flow'):
        face.make_test_clips(config_of_faces(bare, (24, 20)), 2, num_frames=4, with_truth=True)
