"""Where BlazePose's networks come from: in which order, what is refused, and that nothing half is left behind."""

import hashlib
import importlib.util
import zipfile

import pytest

from posewarp_tf.detection import models
from posewarp_tf.detection.models import SHA256, load_models
from posewarp_tf.errors import ConfigError
from posewarp_tf.files import wheels

DETECTOR, LANDMARKS = SHA256
IN_WHEEL = {
    DETECTOR: f'mediapipe/modules/pose_detection/{DETECTOR}',
    LANDMARKS: f'mediapipe/modules/pose_landmark/{LANDMARKS}',
}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """A cache of its own, no installed mediapipe, and files of which the hashes are known."""
    monkeypatch.setenv('POSEWARP_CACHE', str(tmp_path / 'cache'))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None if name == 'mediapipe' else find_spec(name))
    monkeypatch.setattr(models, 'SHA256', {name: hashlib.sha256(name.encode()).hexdigest() for name in SHA256})


def wheel(path, contents=None):
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in (contents or {place: name for name, place in IN_WHEEL.items()}).items():
            archive.writestr(name, content)
    return path


def serves(monkeypatch, contents=None):
    """Has the index serve a wheel; returns the list of downloads."""
    calls = []

    def download(folder):
        calls.append(folder)
        wheel(folder / 'mediapipe.whl', contents)
        return folder / 'mediapipe.whl'

    monkeypatch.setattr(models, 'download', download)
    return calls


def refuses(monkeypatch):
    def download(folder):
        raise AssertionError('asked the index')

    monkeypatch.setattr(models, 'download', download)


def test_fetched_once_then_from_the_cache(tmp_path, monkeypatch, capsys):
    calls = serves(monkeypatch)
    first = load_models()
    said = capsys.readouterr().out
    assert 'mediapipe==0.10.21' in said and 'Apache-2.0' in said and '36 MB' in said and str(tmp_path / 'cache') in said
    assert (first.detector, first.landmarks) == (DETECTOR.encode(), LANDMARKS.encode())
    assert load_models()[:2] == first[:2] and len(calls) == 1
    assert capsys.readouterr().out == ''
    assert {path.name for path in models.cache_folder().iterdir()} == {DETECTOR, LANDMARKS}


def test_damaged_cache_is_fetched_anew(monkeypatch):
    calls = serves(monkeypatch)
    load_models()
    (models.cache_folder() / LANDMARKS).write_bytes(b'half of i')
    assert load_models().landmarks == LANDMARKS.encode() and len(calls) == 2


def test_another_file_than_expected_is_refused_and_not_kept(monkeypatch):
    serves(monkeypatch, {IN_WHEEL[DETECTOR]: DETECTOR, IN_WHEEL[LANDMARKS]: 'another'})
    with pytest.raises(ConfigError, match=f'{LANDMARKS} of mediapipe==0.10.21: got SHA-256 .*--pose_model=PATH'):
        load_models()
    assert not models.cache_folder().exists()


def test_failed_download_leaves_nothing_and_says_how_to_get_the_file(tmp_path, monkeypatch):
    # An index that is not there.
    monkeypatch.setenv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple')
    monkeypatch.setenv('PIP_RETRIES', '0')
    monkeypatch.setattr(wheels, '_PATIENCE', ('--retries=0', '--timeout=2'))
    with pytest.raises(ConfigError) as caught:
        load_models()
    assert 'mediapipe==0.10.21 cannot be fetched: pip says: ERROR' in str(caught.value)
    assert 'run `pip download mediapipe==0.10.21 ' in str(caught.value) and '--pose_model=PATH' in str(caught.value)
    assert not models.cache_folder().exists()


def test_cache_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch, capsys):
    serves(monkeypatch)
    (tmp_path / 'cache').write_text('a file where a folder should be')
    assert load_models().detector == DETECTOR.encode()
    assert 'cannot be kept' in capsys.readouterr().out


def test_installed_mediapipe_comes_before_cache_and_index_and_is_not_imported(tmp_path, monkeypatch):
    refuses(monkeypatch)
    package = tmp_path / 'site' / 'mediapipe'
    for name, place in IN_WHEEL.items():
        path = package.parent / place
        path.parent.mkdir(parents=True)
        path.write_text(f'installed {name}')
    (package / '__init__.py').write_text('raise RuntimeError("imported")')
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(package.parent))
    refuses(monkeypatch)
    assert load_models().landmarks == f'installed {LANDMARKS}'.encode()


@pytest.mark.parametrize(
    'names', [tuple(IN_WHEEL.values()), ('pose_detector.tflite', 'pose_landmarks_detector.tflite')]
)
def test_named_file_comes_first_be_it_a_wheel_or_a_task(tmp_path, monkeypatch, names):
    refuses(monkeypatch)
    path = wheel(tmp_path / 'given.zip', dict(zip(names, ('one', 'two'))))
    found = load_models(str(path))
    assert found[:2] == (b'one', b'two') and found.landmarks_name == f'{path}, {names[1]}'


def test_named_folder_may_have_the_heavy_network(tmp_path, monkeypatch):
    refuses(monkeypatch)
    for name in (DETECTOR, 'pose_landmark_heavy.tflite'):
        (tmp_path / name).write_text(name)
    assert load_models(str(tmp_path)).landmarks == b'pose_landmark_heavy.tflite'


def test_named_place_without_networks_is_refused(tmp_path):
    expected = 'expected a wheel of mediapipe'
    with pytest.raises(ConfigError, match=f'--pose_model: .*nothing.whl: no such file or folder; {expected}'):
        load_models(str(tmp_path / 'nothing.whl'))
    (tmp_path / 'text.whl').write_text('no archive')
    with pytest.raises(ConfigError, match=f'text.whl: File is not a zip file; {expected}'):
        load_models(str(tmp_path / 'text.whl'))
    path = wheel(tmp_path / 'other.whl', {IN_WHEEL[DETECTOR]: 'one'})
    with pytest.raises(ConfigError, match=f'other.whl: has no {LANDMARKS}; {expected}'):
        load_models(str(path))
