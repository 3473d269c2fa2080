"""The two models that find joints, put where the page's build looks for them."""

import pytest

from exports.mobile.pose_models import DETECTOR, LANDMARKS, write_pose_models
from posewarp_tf.errors import ConfigError


def test_models_of_any_name_get_the_names_of_the_build(tmp_path):
    given, out = tmp_path / 'given', tmp_path / 'new' / 'out'
    given.mkdir()
    (given / 'pose_detector.tflite').write_bytes(b'finds people')
    (given / 'pose_landmarks_detector.tflite').write_bytes(b'finds joints')
    write_pose_models(out, str(given))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        DETECTOR: b'finds people',
        LANDMARKS: b'finds joints',
    }


def test_without_models_nothing_is_written(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ConfigError, match='empty: has no pose_detection.tflite'):
        write_pose_models(tmp_path / 'out', str(tmp_path / 'empty'))
    assert not (tmp_path / 'out').exists()


def test_the_build_looks_for_these_names():
    from exports.check.page import FOLDER

    text = (FOLDER / 'tools' / 'build.mjs').read_text(encoding='utf-8')
    assert f"{{ detector: '{DETECTOR}', landmarks: '{LANDMARKS}' }}" in text
