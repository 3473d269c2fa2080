"""Is a SavedModel the model it was made from? Every signature is compared with the Keras model on the same pairs."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf import ops
from posewarp_tf.errors import RunError
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.models.inputs import make_model_inputs

from ..exportable import Exportable
from .warm_up import to_files

# Rounding may tip a value from one grey level to the next.
MAX_LEVELS = 1.0
# One grey level, in the range -1 to 1.
MAX_FLOAT_DIFFERENCE = 1 / 127.5


def checked_differences(
    folder: str | os.PathLike, exportable: Exportable, model: ReposingModel, pairs: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Largest difference of each output that is a picture: levels for uint8, parts of -1 to 1 for float.

    The SavedModel answers all pairs at once, the model one after the other: a coupling inside a batch would be seen.

    Args:
        folder: of the SavedModel.
        exportable: what it was made from.
        model: the run's own model, not rebuilt for the export.
        pairs: raw inputs of serving_default.

    Raises:
        RunError: a difference larger than rounding explains, or values that are not finite.
    """
    expected = _model_images(model, exportable, pairs)
    levels = ops.to_uint8_image(expected).numpy().astype(int)
    signatures = tf.saved_model.load(str(folder)).signatures
    images = signatures['serving_default'](**_tensors(pairs))['image'].numpy()
    files = signatures['serve_bytes'](**_tensors(to_files(pairs)))['image_bytes'].numpy()
    decoded = np.stack([tf.io.decode_png(file).numpy() for file in files])
    floats = signatures['debug'](**_tensors(pairs))['float_image'].numpy()
    found = {
        'serving_default': (np.abs(images - levels).max(), MAX_LEVELS),
        'serve_bytes': (np.abs(decoded - levels).max(), MAX_LEVELS),
        'debug': (np.abs(floats - expected).max(), MAX_FLOAT_DIFFERENCE),
    }
    for name, (difference, limit) in found.items():
        # Not `>`: a difference that is not a number is not a small one.
        if not difference <= limit:
            raise RunError(
                f'{exportable.run.path}: the export differs from the model: {name} by {difference:g}, expected at most '
                f'{limit:g}; nothing was written'
            )
    return {name: float(difference) for name, (difference, _) in found.items()}


def _model_images(model: ReposingModel, exportable: Exportable, pairs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Float [B, H, W, 3], one pair at a time."""
    images = []
    for i in range(len(pairs['source_image'])):
        raw = {name: tf.constant(array[i : i + 1]) for name, array in pairs.items()}
        images.append(model(make_model_inputs(raw, exportable.config))['image'].numpy())
    return np.concatenate(images).astype(np.float32)


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(array) for name, array in arrays.items()}
