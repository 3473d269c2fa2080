"""The two models that find joints, put where the page's build looks for them."""

import re

import pytest

from exports.mobile.pose_models import names_for_build, pair_for, write_pose_models
from posewarp_tf.detection.models import FACE, POSE
from posewarp_tf.errors import ConfigError, DataError


def test_models_of_any_name_get_the_names_of_the_build(tmp_path):
    given, out = tmp_path / 'given', tmp_path / 'new' / 'out'
    given.mkdir()
    (given / 'pose_detector.tflite').write_bytes(b'finds people')
    (given / 'pose_landmarks_detector.tflite').write_bytes(b'finds joints')
    write_pose_models(out, str(given))
    written = {path.name: path.read_bytes() for path in out.iterdir()}
    assert written == dict(zip(names_for_build(POSE), (b'finds people', b'finds joints')))


def test_the_page_of_a_model_of_faces_gets_those_that_find_faces(tmp_path):
    metadata = tmp_path / 'metadata.json'
    for content, pair in (('{"material": "face_clips"}', FACE), ('{"material": "dance_clips"}', POSE), ('{}', POSE)):
        metadata.write_text(content)
        assert pair_for(metadata) == pair
    metadata.write_text('[')
    with pytest.raises(DataError, match='metadata.json: not the metadata.json of an export'):
        pair_for(metadata)


def test_without_models_nothing_is_written(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ConfigError, match='empty: has no pose_detection.tflite'):
        write_pose_models(tmp_path / 'out', str(tmp_path / 'empty'))
    assert not (tmp_path / 'out').exists()


def test_the_build_looks_for_these_names():
    from exports.check.page import FOLDER

    text = (FOLDER / 'tools' / 'build.mjs').read_text(encoding='utf-8')
    for pair in (POSE, FACE):
        detector, landmarks = names_for_build(pair)
        assert re.search(rf"detector: '{re.escape(detector)}',\s+landmarks: '{re.escape(landmarks)}'", text)
