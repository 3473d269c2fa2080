"""Mean and covariance of what Inception sees in all training pictures, kept in the user's cache: they take hours."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path
from posewarp_tf.files.cache import cache_folder
from posewarp_tf.metrics.frechet import Moments


def training_moments(
    paths: Sequence[str],
    features: Callable[[np.ndarray], np.ndarray],
    read: Callable[[str], np.ndarray],
    batch_size: int,
    weights: str,
    way: Any,
) -> Moments:
    """The moments of the features of pictures; computed once for the same files, weights and way.

    Args:
        paths: of the pictures.
        features: of uint8 pictures [B, H, W, 3], float64 [B, n].
        read: a path to a picture, of one size all.
        weights: the file that the network's weights are from.
        way: everything else that the features depend on, for JSON.
    """
    path = cache_folder('moments') / f'{_key(paths, weights, way)}.npz'
    if path.exists():
        try:
            with np.load(path) as file:
                return Moments.of_arrays(file)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f'{path}: damaged: {error}; remove it, and it is computed anew') from error
    moments = Moments()
    for batch in tqdm(list(batches(paths, batch_size)), desc='training pictures', unit='batch'):
        moments.add(features(np.stack([read(name) for name in batch])))
    with atomic_path(path) as temporary:
        np.savez(temporary, **moments.arrays())
    return moments


def batches(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Parts of `size` items, in order; the last may be smaller."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _key(paths: Sequence[str], weights: str, way: Any) -> str:
    stats = [os.stat(path) for path in paths]
    files = [(os.path.abspath(path), stat.st_size, stat.st_mtime_ns) for path, stat in zip(paths, stats)]
    known = hashlib.sha256(pathlib.Path(weights).read_bytes())
    known.update(json.dumps([files, way]).encode())
    return known.hexdigest()[:32]
