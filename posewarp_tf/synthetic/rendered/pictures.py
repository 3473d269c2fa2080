"""Pictures that things are painted with: read once, then kept decoded in the cache and mapped into memory."""

from __future__ import annotations

import functools
import hashlib
import pathlib

import numpy as np
from PIL import Image

from posewarp_tf import files
from posewarp_tf.errors import DataError
from posewarp_tf.files.cache import cache_folder

_LARGEST = 1024


@functools.lru_cache(maxsize=256)
def load_texture(path: pathlib.Path, occlusion: pathlib.Path | None = None) -> np.ndarray:
    """uint8 [h, w, 4], at most 1024 pixels wide and high; darkened where the picture `occlusion` is dark.

    Raises:
        DataError: it is no picture.
    """
    states = [(file.resolve(), file.stat().st_size, file.stat().st_mtime_ns) for file in (path, occlusion) if file]
    name = hashlib.sha256(repr(states).encode()).hexdigest()[:24]
    kept = cache_folder('people') / 'textures' / f'{name}.npy'
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_path(kept) as temporary, open(temporary, 'wb') as file:
            picture = _decode(path)
            if occlusion is not None:
                shade = np.asarray(
                    Image.fromarray(_decode(occlusion)).convert('L').resize((picture.shape[1], picture.shape[0]))
                )
                picture = picture * np.dstack([0.35 + 0.65 * shade / 255.0] * 3 + [np.ones(shade.shape)])
            np.save(file, picture.astype(np.uint8))
    return np.load(kept, mmap_mode='r')


def _decode(path: pathlib.Path) -> np.ndarray:
    try:
        with Image.open(path) as opened:
            picture = opened.convert('RGBA')
    except OSError as error:
        raise DataError(f'{path}: expected a picture ({error})') from error
    picture.thumbnail((_LARGEST, _LARGEST))
    return np.asarray(picture)
