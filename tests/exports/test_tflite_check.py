import json
import shutil

import numpy as np
import pytest

from exports.check import check, page
from exports.tflite.export import ALL_PRECISIONS
from exports.tflite.litert import LiteRTReposer
from exports.trained_run import TrainedRun
from posewarp_tf.errors import RunError
from tests.run_folders import make_run

SETTINGS = {'gain': 0.5, 'attention_kernels': {1: 1}, 'num_layers': 1, 'flow_num_layers': 2}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp('run'), **SETTINGS)


@pytest.fixture
def stand_in_page(monkeypatch):
    """A page whose pictures are those of LiteRT plus as many levels as the returned list says; 'black' of int8 is."""
    levels = [1]

    def answers(path, pairs):
        reposer = LiteRTReposer(path)
        images = [reposer.run(pair)['image'] for pair in pairs]
        if levels[0] == 'black' and 'int8' in str(path):
            return [{'image': np.zeros_like(image)} for image in images]
        change = levels[0] if isinstance(levels[0], int) else 0
        return [{'image': np.where(image < 100, image + change, image - change)} for image in images]

    monkeypatch.setattr(page, 'missing_for_page', lambda: '')
    monkeypatch.setattr(page, 'page_answers', answers)
    monkeypatch.setattr(page, 'page_milliseconds', lambda path, timed_runs: 1e6)
    return levels


@pytest.fixture(scope='module')
def checked(run, tmp_path_factory):
    """Without a page."""
    folder = tmp_path_factory.mktemp('checked')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, 'missing_for_page', lambda: 'npm is not installed')
        check.check_exports(TrainedRun(run.path), folder, num_pairs=2, timed_runs=2)
    return folder


@pytest.fixture
def exports_at_hand(checked, monkeypatch):
    monkeypatch.setattr(
        'exports.saved_model.export.export_saved_model', lambda *args, **kwargs: checked / 'saved_model' / '1'
    )
    results = json.loads((checked / 'tflite' / 'results.json').read_text())
    monkeypatch.setattr('exports.tflite.export.export_tflite', lambda *args, **kwargs: results)
    return checked


@pytest.mark.slow
def test_table_has_every_step_with_its_difference_and_its_time(checked):
    report = json.loads((checked / 'check.json').read_text())
    steps = {step['name']: step for step in report['steps']}
    litert = [f'LiteRT {p}, {t}' for p in ALL_PRECISIONS for t in ('1 thread', '2 threads')]
    assert list(steps) == ['Keras', 'SavedModel', *litert]
    assert steps['Keras']['max_difference'] == 0
    assert steps['SavedModel']['max_difference'] <= 1
    assert steps['LiteRT float32, 1 thread']['max_difference'] <= 1
    assert steps['LiteRT int8, 1 thread']['psnr'] < steps['LiteRT float16, 1 thread']['psnr']
    for step in steps.values():
        assert step['ratio'] == pytest.approx(step['milliseconds'] / steps['Keras']['milliseconds'])
    table = (checked / 'check.md').read_text()
    assert all(f'| {name} |' in table for name in steps)
    assert 'The page was not run: npm is not installed' in table


def test_page_that_is_required_and_missing_is_an_error(run, monkeypatch, tmp_path):
    monkeypatch.setattr(page, 'missing_for_page', lambda: 'npm is not installed')
    with pytest.raises(RunError, match='--require_page: npm is not installed'):
        check.check_exports(TrainedRun(run.path), tmp_path, require_page=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_page_is_compared_with_litert(run, exports_at_hand, stand_in_page):
    report = check.check_exports(TrainedRun(run.path), exports_at_hand, num_pairs=2, timed_runs=1)
    steps = {step['name']: step for step in report['steps']}
    assert steps['Chromium WASM int8']['before'] == 'LiteRT int8, 1 thread'
    assert steps['Chromium WASM int8']['max_change'] == 1
    assert steps['Chromium WASM int8']['milliseconds'] == 1e6
    stand_in_page[0] = 3
    with pytest.raises(RunError, match='the page differs from LiteRT by 3 levels, at most 2'):
        check.check_exports(TrainedRun(run.path), exports_at_hand, num_pairs=2, timed_runs=1)
    stand_in_page[0] = 'black'
    with pytest.raises(RunError, match=r'int8.tflite: the page differs from LiteRT at a PSNR of .* dB, at least 30'):
        check.check_exports(TrainedRun(run.path), exports_at_hand, num_pairs=2, timed_runs=1)


def test_what_the_page_lacks_is_named_with_what_helps(tmp_path, monkeypatch):
    monkeypatch.setattr(page, 'FOLDER', tmp_path)
    monkeypatch.setattr(page.shutil, 'which', lambda name: '/usr/bin/npm')
    assert page.missing_for_page() == 'npm --prefix exports/mobile ci has not been run'


@pytest.mark.browser
def test_a_missing_chromium_is_told_before_anything_is_exported(tmp_path, monkeypatch):
    assert page.missing_for_page() == ''
    browser = page.FOLDER / 'tools' / 'browser.mjs'
    (tmp_path / 'tools').mkdir()
    text = browser.read_text().replace('/usr/bin/', '/nowhere/')
    (tmp_path / 'tools' / 'browser.mjs').write_text(text)
    shutil.copy(browser.with_name('arguments.mjs'), tmp_path / 'tools')
    shutil.copy(page.FOLDER / 'package.json', tmp_path)
    (tmp_path / 'node_modules').symlink_to(page.FOLDER / 'node_modules')
    monkeypatch.delenv('CHROMIUM', raising=False)
    monkeypatch.setattr(page, 'FOLDER', tmp_path)
    assert page.missing_for_page().startswith('no Chromium found: install it')


@pytest.mark.browser
def test_page_in_chromium_gives_the_pictures_of_litert(run, tmp_path):
    report = check.check_exports(TrainedRun(run.path), tmp_path, num_pairs=2, timed_runs=2, require_page=True)
    steps = {step['name']: step for step in report['steps']}
    for precision in ('float32', 'float16'):
        assert steps[f'Chromium WASM {precision}']['max_change'] <= 2
    assert steps['Chromium WASM float32']['max_difference'] <= 2
