"""Exports that are made once: counted."""

import pytest
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.page_server.cached_export import cached_export
from posewarp_tf.runs.run_folder import RunFolder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('POSEWARP_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def make_run(path, weights=(1.0, 2.0, 3.0), step=7):
    """Of one variable."""
    run = RunFolder(path)
    run.best_dir('full').mkdir(parents=True, exist_ok=True)
    run.config_path.write_text('{}')
    tf.train.Checkpoint(weights=tf.Variable(weights)).write(str(run.best_dir('full') / f'step-{step}'))
    return run


class Exporter:
    def __init__(self):
        self.calls = 0

    def __call__(self, folder):
        assert list(folder.iterdir()) == []
        self.calls += 1
        (folder / 'posewarp.tflite').write_text(f'export {self.calls}')


def test_a_second_start_does_not_export(tmp_path):
    run, export = make_run(tmp_path / 'run'), Exporter()
    first = cached_export(run, export)
    assert cached_export(RunFolder(tmp_path / 'run' / '..' / 'run'), export) == first
    assert export.calls == 1
    assert [path.name for path in first.iterdir()] == ['posewarp.tflite']


def test_other_weights_are_exported_anew_and_the_former_export_goes(tmp_path, cache):
    export = Exporter()
    first = cached_export(make_run(tmp_path / 'run'), export)
    second = cached_export(make_run(tmp_path / 'run', (1.0, 2.0, 3.0000002)), export)
    assert export.calls == 2 and first != second
    assert [path.read_text() for path in cache.rglob('*.tflite')] == ['export 2']


def test_every_weight_place_and_setting_counts_and_nothing_else(tmp_path):
    prints = [
        make_run(tmp_path / name, weights, step).fingerprint()
        for name, weights, step in (('a', (1.0, 2.0), 7), ('b', (2.0, 1.0), 7), ('c', (1.0, 2.0), 8))
    ]
    run = make_run(tmp_path / 'd', (1.0, 2.0), 7)
    assert run.fingerprint() == prints[0]
    run.log_dir.mkdir()
    (run.log_dir / 'events').write_text('of TensorBoard')
    assert run.fingerprint() == prints[0]
    run.config_path.write_text('{ }')
    assert len({*prints, run.fingerprint()}) == 4


def test_an_export_that_fails_leaves_nothing(tmp_path, cache):
    def fail(folder):
        (folder / 'half.tflite').write_text('half')
        raise RunError('too far from the model')

    run = make_run(tmp_path / 'run')
    with pytest.raises(RunError, match='too far'):
        cached_export(run, fail)
    assert [path for path in cache.rglob('*') if path.is_file()] == []
    assert cached_export(run, Exporter()).is_dir()


def test_two_runs_keep_their_exports(tmp_path, cache):
    export = Exporter()
    places = [
        cached_export(make_run(tmp_path / name, weights), export) for name, weights in (('a', [1.0]), ('b', [2.0]))
    ]
    assert all(place.is_dir() for place in places)
    assert export.calls == 2
