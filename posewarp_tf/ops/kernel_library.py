"""The compiled ops of custom_ops: found, checked and loaded when they are first asked for.

Every sampler has two implementations with one meaning. 'gather' is plain TensorFlow and runs everywhere; 'kernel' is
the compiled op. `use_kernel` is the only place that chooses.
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
from types import ModuleType

import tensorflow as tf
from absl import logging

from posewarp_tf.conventions import SAMPLER_IMPLEMENTATIONS
from posewarp_tf.errors import ConfigError
from posewarp_tf.files.cache import cache_folder

# Names another library, for example one that Bazel built; empty: none at all.
PATH_VARIABLE = 'POSEWARP_OPS_LIBRARY'
# One for each TensorFlow, so that environments with different ones share a clone.
_NAME = f'libposewarp_ops-tensorflow-{tf.__version__}.so'
_PACKAGE = pathlib.Path(__file__).resolve().parents[1]
_BUILD_MARK = re.compile(rb'posewarp_ops for TensorFlow (\S+) (with|without) CUDA\n')
_ADVICE = '`posewarp build-ops` (or `make op`) builds it'


def use_kernel(impl: str) -> bool:
    """Whether the compiled ops serve a call with this `impl`.

    'auto' takes them when they are built and run on every device; never where XLA compiles, which cannot.

    Raises:
        ConfigError: an unknown `impl`, or 'kernel' where it cannot be had; the message says why.
    """
    if impl not in SAMPLER_IMPLEMENTATIONS:
        raise ConfigError(f'impl: got {impl!r}, expected one of {", ".join(map(repr, SAMPLER_IMPLEMENTATIONS))}')
    if impl == 'gather':
        return False
    obstacle = 'XLA compiles no custom op' if _is_compiled_by_xla() else _obstacle()
    if impl == 'kernel' and obstacle:
        raise ConfigError(f"impl='kernel': {obstacle}")
    return not obstacle


@functools.cache
def load() -> ModuleType:
    """The compiled ops as Python functions, their gradients registered.

    Raises:
        ConfigError: there are none, they are of another TensorFlow, or they cannot be loaded.
    """
    path = library_path()
    problem = refusal(path) if path else f'{PATH_VARIABLE} is empty'
    if problem:
        raise ConfigError(problem)
    try:
        ops = tf.load_op_library(str(path))
    except (tf.errors.OpError, OSError) as error:
        raise ConfigError(f'{path}: cannot be loaded, {_ADVICE} anew: {error}') from error
    from posewarp_tf.ops import kernel_gradients

    kernel_gradients.register(ops)
    return ops


def call(name: str, source: tf.Tensor, coords: tf.Tensor, *inputs: tf.Tensor, **attributes: float) -> tf.Tensor:
    """Calls a sampler of the library; [B, H, W, C] in the dtype of `source`. Points in float64 want a source in it."""
    wide = tf.cast(source, tf.float64) if coords.dtype == tf.float64 else source
    return tf.cast(getattr(load(), name)(wide, coords, *inputs, **attributes), source.dtype)


def library_path() -> pathlib.Path | None:
    """Where the library is looked for; None where the environment wants none.

    The file that the environment names; or the first that this TensorFlow can load of a clone's custom_ops/_build, one
    that came inside the installed package, and the user's cache; or, if there is none, where `build_path` says.
    """
    given = os.environ.get(PATH_VARIABLE)
    if given is not None:
        return pathlib.Path(given) if given else None
    places = (_PACKAGE.parent / 'custom_ops' / '_build', _PACKAGE / 'custom_ops' / '_build', cache_folder('ops'))
    return next((place / _NAME for place in places if not refusal(place / _NAME)), build_path())


def build_path() -> pathlib.Path:
    """Where the library is built to: beside the sources in a clone, in the user's cache for an installed package."""
    clone = _PACKAGE.parent / 'custom_ops'
    return (clone / '_build' if clone.is_dir() else cache_folder('ops')) / _NAME


def refusal(path: pathlib.Path) -> str:
    """Why the library at `path` is not loaded; empty if it can be. Nothing of it runs for that."""
    if not path.exists():
        return f'{path}: no compiled ops; {_ADVICE}'
    mark = _build_mark(path)
    if mark is None:
        return f'{path}: not a library of the compiled ops'
    if mark[0] != tf.__version__:
        return f'{path}: built for TensorFlow {mark[0]}, this is {tf.__version__}; {_ADVICE} anew'
    return ''


def has_cuda(path: pathlib.Path) -> bool:
    """Whether CUDA kernels are built in."""
    mark = _build_mark(path)
    return mark is not None and mark[1] == 'with'


@functools.cache
def _obstacle() -> str:
    """Why this process has no compiled ops; empty if it has. Says once in the log which way it went."""
    try:
        load()
        path = library_path()
        assert path is not None
        gpus = tf.config.list_logical_devices('GPU')
        if gpus and not has_cuda(path):
            raise ConfigError(f'{path}: built without CUDA kernels, and there is a GPU; {_ADVICE} where nvcc is')
        for gpu in gpus:
            _try_on(gpu.name)
    except ConfigError as error:
        logging.info('samplers: plain TensorFlow gathers (%s)', error)
        return str(error)
    logging.info('samplers: compiled ops of %s', path)
    return ''


def _try_on(device: str) -> None:
    """Runs a kernel once: those of a newer CUDA than the driver, or of other GPUs, load but do not run."""
    with tf.init_scope(), tf.device(device):
        try:
            load().posewarp_bilinear_sample(tf.zeros([1, 1, 1, 1]), tf.zeros([1, 1, 1, 2])).numpy()
        except tf.errors.OpError as error:
            raise ConfigError(f'{library_path()}: does not run on {device}: {error.message}') from error


def _build_mark(path: pathlib.Path) -> tuple[str, str] | None:
    found = _BUILD_MARK.search(path.read_bytes())
    return (found[1].decode(), found[2].decode()) if found else None


def _is_compiled_by_xla() -> bool:
    """Whether the function that is being traced is one of `tf.function(jit_compile=True)`."""
    from tensorflow.python.ops import control_flow_util  # There is no public way to ask.

    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
