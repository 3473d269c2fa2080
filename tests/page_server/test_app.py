"""`posewarp app` as a command: what it refuses, and that it serves until it is interrupted."""

import json
import os
import signal
import socket
import subprocess
import sys
import types
import urllib.request

import pytest

from exports.trained_run import TrainedRun
from posewarp_tf import __main__ as command
from posewarp_tf import app
from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from tests.page_server.test_served_model import METADATA, MODEL
from tests.source_code import ROOT

# Whatever page: one is put where the package's own would be. A shell may have interrupts ignored in the background.
PROGRAM = """
import pathlib, signal
from posewarp_tf.page_server import built_page
from posewarp_tf import app
from posewarp_tf.settings import command_line
signal.signal(signal.SIGINT, signal.default_int_handler)
built_page.SOURCES, built_page.PAGE = pathlib.Path('none'), pathlib.Path('page').resolve()
command_line.run(app.define_flags, app.main, 'posewarp app')
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'page').mkdir()
    (tmp_path / 'page' / 'index.html').write_text('the page')
    (tmp_path / 'model.tflite').write_bytes(MODEL)
    (tmp_path / 'metadata.json').write_text(json.dumps(METADATA))
    for name in ('pose_detection.tflite', 'pose_landmark_full.tflite'):
        (tmp_path / name).write_text(name)
    return tmp_path


def start(folder, *flags):
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'POSEWARP_CACHE': str(folder / 'cache')}
    return subprocess.Popen(
        [sys.executable, '-c', PROGRAM, '--noopen_browser', *flags],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def read(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def test_it_serves_page_and_models_until_it_is_interrupted(folder):
    running = start(folder, '--model=model.tflite', '--pose_model=.', '--port=0')
    try:
        line = running.stdout.readline()
        url = line.split()[1]
        assert line == f'posewarp: {url} (Ctrl-C ends it)\n' and url.startswith('http://localhost:')
        assert read(url) == b'the page'
        card = json.loads(read(f'{url}model/model.json'))
        assert card['joint_names'] == list(JOINT_NAMES) and card['image_size'] == [64, 48]
        assert read(f'{url}model/{card["file"]}') == MODEL
        finders = {part: read(f'{url}model/{found["file"]}') for part, found in card['pose_models'].items()}
        assert finders == {'detector': b'pose_detection.tflite', 'landmarks': b'pose_landmark_full.tflite'}
    finally:
        running.send_signal(signal.SIGINT)
        rest = running.communicate(timeout=10)[0]
    assert (running.returncode, rest) == (0, '\nended\n')


def test_opening_it_to_others_is_said_with_what_it_means(folder):
    running = start(folder, '--model=model.tflite', '--nofind_joints', '--port=0', '--host=0.0.0.0')
    try:
        url = running.stdout.readline().split()[1]
        warning = running.stdout.readline()
        assert json.loads(read(f'{url}model/model.json'))['pose_models'] is None
    finally:
        running.kill()
        running.communicate(timeout=10)
    assert warning.startswith('warning: --host=0.0.0.0: everyone in your network can open the page')


@pytest.mark.parametrize(
    ('flags', 'words'),
    [
        (['--run_dir=a', '--model=b'], '--run_dir, --model: got both, expected one: a run folder, or a .tflite file'),
        (['--model=absent.tflite'], 'absent.tflite: no such file, expected a .tflite file'),
        (['--model=page/index.html'], 'page/index.html: a text file, expected a .tflite file'),
        (['--run_dir=absent'], 'absent: no such run folder'),
        (['--model=model.tflite', '--pose_model=page'], '--pose_model: page: has no pose_detection.tflite'),
        (['--model=model.tflite', '--port=70000'], 'port'),
    ],
)
def test_mistakes_end_in_one_line(folder, flags, words):
    running = start(folder, '--port=0', *flags)
    printed = running.communicate(timeout=30)[0]
    assert running.returncode in (1, 2)
    assert printed.startswith('error: ') and words in printed
    assert printed.count('\n') == 1


def test_a_taken_port_is_said_before_anything_is_exported_or_built(folder):
    (folder / 'page' / 'index.html').unlink()
    with socket.create_server(('localhost', 0)) as taken:
        port = taken.getsockname()[1]
        printed = start(folder, f'--port={port}', '--run_dir=absent').communicate(timeout=30)[0]
    assert printed.startswith(f'error: --port={port}: taken by another program')


def test_a_package_without_the_page_says_so(folder):
    (folder / 'page' / 'index.html').unlink()
    printed = start(folder, '--port=0', '--model=model.tflite').communicate(timeout=30)[0]
    assert printed.startswith('error: ') and 'made without the page' in printed and 'make page' in printed


@pytest.fixture
def run(tmp_path, monkeypatch):
    """An untrained run folder of a model that takes joints alone; what it exports goes into a cache of its own."""
    monkeypatch.setenv('POSEWARP_CACHE', str(tmp_path / 'cache'))
    made = RunFolder(tmp_path / 'run')
    made.save_config(Config())
    return made


def test_a_run_is_exported_once(run, monkeypatch):
    calls = []

    def export_tflite(opened, output_dir, precisions, **settings):
        calls.append((opened.path, precisions))
        for precision in precisions:
            (output_dir / f'posewarp_{precision}.tflite').write_bytes(MODEL)

    exporter = types.SimpleNamespace(export_tflite=export_tflite, TrainedRun=TrainedRun)
    monkeypatch.setattr(command, 'find_module', lambda name: exporter)
    paths = [app.exported(str(run.path)) for _ in range(2)]
    assert paths[0] == paths[1] and paths[0].read_bytes() == MODEL
    assert calls == [(run.path, ['float16'])]


def test_without_the_exporters_packages_the_extra_is_named(run, monkeypatch):
    monkeypatch.setattr(app.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ConfigError, match=r"--run_dir=.*: .* pip install 'posewarp_tf\[export\]', or .* by --model"):
        app.exported(str(run.path))


def test_a_model_of_class_maps_is_refused_before_it_is_exported(run, monkeypatch):
    monkeypatch.setattr(command, 'find_module', lambda name: pytest.fail('exported'))
    run.save_config(Config().replace(model='pfl', pose_representation='both', use_garment=True))
    with pytest.raises(DataError, match='run: the model also needs .*source_parts.*, which the page cannot make'):
        app.exported(str(run.path))


def test_where_the_networks_of_joints_cannot_be_had_joints_are_placed_by_hand(monkeypatch, capsys):
    from posewarp_tf.detection import models

    def fail(pose_model):
        raise ConfigError('pip says: no network')

    monkeypatch.setattr(models, 'load_models', fail)
    assert app.pose_models(None) == {}
    assert capsys.readouterr().out == 'note: joints are placed by hand: pip says: no network\n'
    with pytest.raises(ConfigError, match='no network'):
        app.pose_models('somewhere')
