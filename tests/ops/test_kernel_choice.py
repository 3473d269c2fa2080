"""Which library of compiled ops is taken, refused or built, and what serves where there is none: needs no compiler."""

import os
import pathlib
import subprocess
import sys
import time
import types

import pytest
import tensorflow as tf

import posewarp_tf
from custom_ops import build
from posewarp_tf.ops import kernel_library, local_attention_sample

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_build(*flags, **environment):
    command = [sys.executable, '-m', 'custom_ops.build', *flags]
    return subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_gather_holds_stock_operations_only():
    traced = tf.function(lambda *a: local_attention_sample(*a, impl='gather')).get_concrete_function(
        tf.zeros([1, 4, 4, 3]), tf.zeros([1, 4, 4, 2]), tf.zeros([1, 4, 4, 9])
    )
    assert not [operation.type for operation in traced.graph.get_operations() if 'Posewarp' in operation.type]


@pytest.mark.parametrize(
    'content, reason',
    [
        (b'posewarp_ops for TensorFlow 1.0.0 without CUDA\n', f'for TensorFlow 1.0.0, this is {tf.__version__}'),
        (b'\x7fELF something else', 'not a library of the compiled ops'),
        (None, 'no compiled ops; `posewarp build-ops` (or `make op`) builds it'),
    ],
)
def test_libraries_that_do_not_fit_are_refused_unread(content, reason, tmp_path):
    path = tmp_path / 'lib.so'
    if content is not None:
        path.write_bytes(content)
    assert reason in kernel_library.refusal(path)


@pytest.mark.parametrize('version, has_cuda, age, fresh_for', [
    (tf.__version__, 'without', 0, {False}),
    (tf.__version__, 'with', 0, {True}),
    (tf.__version__, 'without', 10 * 365 * 86400, set()),
    ('1.0.0', 'without', 0, set()),
])  # fmt: skip
def test_a_library_is_built_anew_when_it_is_not_what_would_be_built(version, has_cuda, age, fresh_for, tmp_path):
    path = tmp_path / 'lib.so'
    assert not build.is_fresh(path, use_cuda=False)
    path.write_bytes(f'posewarp_ops for TensorFlow {version} {has_cuda} CUDA\n'.encode())
    os.utime(path, (time.time() - age,) * 2)
    assert {use_cuda for use_cuda in (False, True) if build.is_fresh(path, use_cuda)} == fresh_for


def test_without_a_library_auto_gathers_and_says_so_once():
    program = (
        'import tensorflow as tf; from absl import logging; logging.set_verbosity(logging.INFO);'
        'from posewarp_tf.ops import bilinear_sample as sample;'
        'print([float(sample(tf.ones([1, 2, 2, 1]), tf.zeros([1, 2, 2, 2]))[0, 0, 0, 0]) for _ in range(3)])'
    )
    finished = subprocess.run(
        [sys.executable, '-c', program],
        env={**os.environ, kernel_library.PATH_VARIABLE: '/nowhere/lib.so'},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '[1.0, 1.0, 1.0]' in finished.stdout
    assert finished.stderr.count('samplers: plain TensorFlow gathers (/nowhere/lib.so: no compiled ops') == 1


def test_kernels_that_a_gpu_cannot_run_give_way_to_gathers(monkeypatch):
    def fail(*_):
        raise tf.errors.InternalError(None, None, 'CUDA: driver version is insufficient')

    gpu = types.SimpleNamespace(name='/device:GPU:0')
    monkeypatch.setattr(tf.config, 'list_logical_devices', lambda kind: [gpu])
    monkeypatch.setattr(kernel_library, 'has_cuda', lambda path: True)
    monkeypatch.setattr(kernel_library, 'load', lambda: types.SimpleNamespace(posewarp_bilinear_sample=fail))
    obstacle = kernel_library._obstacle.__wrapped__()
    assert obstacle.endswith('does not run on /device:GPU:0: CUDA: driver version is insufficient')


def test_no_compiler_is_no_obstacle_to_the_rest():
    finished = run_build('--optional', CXX='no-such-compiler')
    assert finished.returncode == 0 and 'no C++ compiler (no-such-compiler)' in finished.stdout
    finished = run_build('--force', CXX='no-such-compiler')
    assert finished.returncode == 1 and 'error: no-such-compiler: no such C++ compiler' in finished.stderr


def test_nvcc_that_is_missing_is_named_before_anything_is_compiled(tmp_path):
    finished = run_build('--force', '--cuda=yes', PATH=f'{tmp_path}', CXX=sys.executable)
    assert finished.returncode == 1 and 'error: nvcc: not found' in finished.stderr


def test_installed_package_builds_into_and_finds_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv(kernel_library.PATH_VARIABLE, raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setattr(kernel_library, '_PACKAGE', tmp_path / 'site-packages' / 'posewarp_tf')
    path = kernel_library.build_path()
    assert path.parent == tmp_path / 'cache' / 'posewarp_tf' / f'ops-{posewarp_tf.__version__}'
    assert kernel_library.library_path() == path
    inside = tmp_path / 'site-packages' / 'posewarp_tf' / 'custom_ops' / '_build' / path.name
    for library in (path, inside):
        library.parent.mkdir(parents=True)
        library.write_bytes(f'posewarp_ops for TensorFlow {tf.__version__} without CUDA\n'.encode())
    # What came with the package is newer than what an earlier one left in the cache.
    assert kernel_library.library_path() == inside
    inside.write_bytes(b'posewarp_ops for TensorFlow 1.0.0 without CUDA\n')
    assert kernel_library.library_path() == path
