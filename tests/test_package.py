"""The package as others get it: built from the clone, installed into an empty environment, used from another folder."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile

import pytest
from PIL import Image

import posewarp_tf
from posewarp_tf.page_server.packed_runtime import ARCHIVE
from posewarp_tf.pictures.picture_files import save_image
from tests.page_server.test_served_model import METADATA, MODEL
from tests.run_folders import make_run, person, picture

pytestmark = pytest.mark.package
ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(command, cwd, **environment):
    # Nothing of this clone or of the environment of the tests may be found.
    kept = {name: value for name, value in os.environ.items() if name not in ('PYTHONPATH', 'VIRTUAL_ENV')}
    finished = subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return finished.stdout


@pytest.fixture(scope='module')
def distributions(tmp_path_factory):
    """(sdist, wheel built from the unpacked sdist)."""
    folder = tmp_path_factory.mktemp('dist')
    run([sys.executable, '-m', 'build', '--outdir', folder, ROOT], cwd=folder)
    (sdist,), (wheel,) = folder.glob('*.tar.gz'), folder.glob('*.whl')
    return sdist, wheel


@pytest.fixture(scope='module')
def installed(distributions, tmp_path_factory):
    """The programs of an environment that has nothing but the wheel, its `export` extra and what they need."""
    folder = tmp_path_factory.mktemp('environment')
    run([sys.executable, '-m', 'venv', folder], cwd=folder)
    run([folder / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', f'{distributions[1]}[export]'], cwd=folder)
    return folder / 'bin'


def test_distributions_hold_what_is_needed_and_nothing_else(distributions):
    sdist, wheel = distributions
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    configs = {f'posewarp_tf/configs/{path.name}' for path in (ROOT / 'posewarp_tf' / 'configs').glob('*.cfg')}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'custom_ops' / 'cc').rglob('*.[ch]*')}
    assert configs | {f'posewarp_tf/{source}' for source in sources} <= set(names)
    assert {name.split('/')[0] for name in names} == {'posewarp_tf', f'posewarp_tf-{posewarp_tf.__version__}.dist-info'}
    page = {name.removeprefix('posewarp_tf/page_server/page/') for name in names}
    assert {'index.html', 'sw.js', 'vendor/litert/index.js'} <= page, 'run `make page` first'
    assert ARCHIVE in page and not any(name.endswith(('.wasm', '.tflite')) for name in names)
    assert not [name for name in names if name.endswith(('BUILD', '.so', '.pyc')) or 'node_modules' in name]
    assert any(name.endswith('licenses/LICENSE') for name in names)
    starter = {name.removeprefix('posewarp_tf/starter/') for name in names if name.startswith('posewarp_tf/starter/')}
    assert {'README.md', 'config.json', 'person_frame.json'} <= starter
    (weights,) = [name for name in starter if name.endswith('.npz')]
    assert (ROOT / 'posewarp_tf' / 'starter' / weights).stat().st_size <= 6e6
    assert wheel.stat().st_size <= 12e6
    with tarfile.open(sdist) as file:
        inside = {name.split('/', 1)[1] for name in file.getnames() if '/' in name}
    assert {'README.md', 'LICENSE', 'requirements.txt', 'exports/tflite/export.py', 'tests/test_package.py'} <= inside
    assert not [name for name in inside if 'node_modules' in name]


def test_installed_command_reposes_a_photo_from_another_folder(installed, tmp_path):
    make_run(tmp_path / 'run')
    save_image(tmp_path / 'me.jpg', picture((120, 90)))
    for name, lean in (('me', 0), ('pose', 20)):
        rows = '\n'.join(f'{x:.1f} {y:.1f}' for x, y in person((120, 90), lean))
        (tmp_path / f'{name}.txt').write_text(rows + '\n')
    run([installed / 'posewarp', 'predict', '--run_dir=run', '--source_image=me.jpg', '--source_keypoints=me.txt',
         '--target_keypoints=pose.txt', '--output=out.png'], cwd=tmp_path)  # fmt: skip
    assert Image.open(tmp_path / 'out.png').size == (90, 120)


def test_installed_command_reposes_with_the_starter_it_brought(installed, tmp_path):
    shutil.copy(ROOT / 'posewarp_tf' / 'starter' / 'example' / 'person.jpg', tmp_path / 'me.jpg')
    size = Image.open(tmp_path / 'me.jpg').size
    for name, lean in (('me', 0), ('pose', 20)):
        rows = '\n'.join(f'{x:.1f} {y:.1f}' for x, y in person(size[::-1], lean))
        (tmp_path / f'{name}.txt').write_text(rows + '\n')
    printed = run([installed / 'posewarp', 'predict', '--source_image=me.jpg', '--source_keypoints=me.txt',
                   '--target_keypoints=pose.txt', '--output=out.png'], cwd=tmp_path)  # fmt: skip
    assert 'model: the starter of posewarp_tf' in printed
    assert Image.open(tmp_path / 'out.png').size == size


def test_installed_command_trains_and_exports(installed, tmp_path):
    run([installed / 'posewarp', 'synthetic', '--output_dir=data/quickstart', '--num_train_people=2',
         '--num_test_people=1', '--poses_per_person=2', '--pairs_per_person=2', '--image_height=96',
         '--image_width=64'], cwd=tmp_path)  # fmt: skip
    run([installed / 'posewarp', 'train', '--config=quickstart', '--stage_steps=flow=1,full=1', '--batch_size=2',
         '--validation_pairs=1'], cwd=tmp_path)  # fmt: skip
    run([installed / 'posewarp', 'export-saved-model', '--run_dir=runs/quickstart', '--output_dir=models/posewarp',
         '--check_pairs=1'], cwd=tmp_path)  # fmt: skip
    run([installed / 'posewarp', 'export-tflite', '--run_dir=runs/quickstart', '--output_dir=models/tflite',
         '--precision=float16', '--check_pairs=1', '--timed_runs=1'], cwd=tmp_path)  # fmt: skip
    assert (tmp_path / 'models' / 'posewarp' / '1' / 'saved_model.pb').exists()
    assert (tmp_path / 'models' / 'tflite' / 'posewarp_float16.tflite').exists()


def test_installed_command_serves_the_page_that_the_package_brought(installed, tmp_path):
    (tmp_path / 'model.tflite').write_bytes(MODEL)
    (tmp_path / 'metadata.json').write_text(json.dumps(METADATA))
    environment = {'PATH': str(tmp_path), 'HOME': str(tmp_path)}  # Without npm.
    app = subprocess.Popen(
        [installed / 'posewarp', 'app', '--model=model.tflite', '--nofind_joints', '--noopen_browser', '--port=0'],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        url = app.stdout.readline().split()[1]
        for name in ('', 'js/app.js', 'vendor/litert/wasm/litert_wasm_internal.wasm', 'model/posewarp.tflite'):
            with urllib.request.urlopen(url + name, timeout=10) as answer:
                assert len(answer.read()) == int(answer.headers['Content-Length']) > 0
    finally:
        app.kill()
        app.communicate()


@pytest.mark.compiler
def test_installed_command_builds_the_ops_into_the_users_cache(installed, tmp_path):
    cache = {'XDG_CACHE_HOME': str(tmp_path / 'cache')}
    run([installed / 'posewarp', 'build-ops', '--cuda=no'], cwd=tmp_path, **cache)
    (library,) = (tmp_path / 'cache').rglob('*.so')
    program = 'from posewarp_tf.ops import kernel_library; kernel_library.load(); print(kernel_library.library_path())'
    assert run([installed / 'python', '-c', program], cwd=tmp_path, **cache).strip() == str(library)


def test_package_can_be_installed_straight_from_a_copy_of_the_clone(tmp_path):
    shutil.copytree(ROOT, tmp_path / 'clone', ignore=shutil.ignore_patterns('.git', '.venv*', 'node_modules', '_build'))
    run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', '--target', tmp_path / 'target', '.'],
        cwd=tmp_path / 'clone')  # fmt: skip
    found = {path.name for path in (tmp_path / 'target').iterdir()}
    assert found == {'posewarp_tf', f'posewarp_tf-{posewarp_tf.__version__}.dist-info', 'bin'}
