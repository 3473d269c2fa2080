"""Packed checkpoints: the weights of one generator and nothing else, in half precision, as one small file.

step-N.npz stands where the checkpoint step-N of a stage would. It holds an array for every weight, named by the way
from the model to it ('flow_estimator/decoder/0/conv/kernel'), so that neither the order nor the names in which layers
are made matter. Everything that reads the weights of a run folder reads it; training can start from it, in another
folder, but not go on with it: optimizer and discriminators are not in there.
"""

from __future__ import annotations

import collections
import pathlib
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np

from posewarp_tf import files
from posewarp_tf.errors import RunError

if TYPE_CHECKING:
    import tensorflow as tf

SUFFIX = '.npz'

_DAMAGE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


def packed_file(checkpoint: str) -> pathlib.Path | None:
    """The file of a checkpoint (named without suffix), if it is a packed one."""
    path = pathlib.Path(checkpoint + SUFFIX)
    return path if path.exists() else None


def write_packed(path: pathlib.Path, model: tf.keras.Model) -> None:
    """Writes the weights of a built model, rounded to float16.

    Raises:
        RunError: a weight is not finite, or too large for float16.
    """
    arrays = {}
    for name, weight in weights_by_path(model).items():
        array = weight.numpy()
        with np.errstate(over='ignore'):
            arrays[name] = array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
        if not np.isfinite(arrays[name]).all():
            raise RunError(
                f'{path}: the weight {name} cannot be packed: its largest value is {np.abs(array).max():g}, '
                f'expected finite ones up to {np.finfo(np.float16).max:g}'
            )
    with files.atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def restore_packed(model: tf.keras.Model, path: pathlib.Path, partially: bool = False) -> list[tf.Variable]:
    """Restores the weights of a built model; those that were restored.

    Args:
        partially: leaves weights that the file has not as they are, and what else it has aside.

    Raises:
        RunError: a damaged file, or one of other networks.
    """
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except _DAMAGE as error:
        raise RunError(f'{path}: damaged: {error}') from error
    weights = weights_by_path(model)
    if not partially and arrays.keys() != weights.keys():
        odd = sorted(arrays.keys() ^ weights.keys())
        where = 'the file' if odd[0] in arrays else 'the network'
        raise RunError(
            f'{path}: weights of other networks than those of the config: got {len(arrays)}, expected {len(weights)}; '
            f'the first that differs is {odd[0]}, which only {where} has'
        )
    restored = []
    for name, weight in weights.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if weight.shape != array.shape:
            raise RunError(
                f'{path}: weights of other networks than those of the config: {name} has the shape {array.shape}, '
                f'expected {tuple(weight.shape)}'
            )
        weight.assign(array.astype(weight.dtype.as_numpy_dtype))
        restored.append(weight)
    return restored


def weights_by_path(model: tf.keras.Model) -> dict[str, tf.Variable]:
    """Every weight of a built model by the shortest way to it through the attributes that checkpoints follow."""
    import tensorflow as tf

    view = tf.train.TrackableView(model)
    weights = {id(weight) for weight in model.weights}
    found: dict[str, tf.Variable] = {}
    seen, waiting = {id(model)}, collections.deque([('', model)])
    while waiting:
        way, node = waiting.popleft()
        for name, child in view.children(node).items():
            if id(child) in seen:
                continue
            seen.add(id(child))
            if id(child) in weights:
                found[f'{way}{name}'] = child
            else:
                waiting.append((f'{way}{name}/', child))
    return found
