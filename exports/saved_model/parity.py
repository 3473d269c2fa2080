"""Is a SavedModel the model it was made from? Every signature is compared with the Keras model on the same pairs."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.inference.reposer import Reposer

from ..held_out import each_pair
from .warm_up import to_files

# Rounding may tip a value from one grey level to the next.
MAX_LEVELS = 1.0
# One grey level, in the range -1 to 1.
MAX_FLOAT_DIFFERENCE = 1 / 127.5


def checked_differences(
    folder: str | os.PathLike, original: Reposer, pairs: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Largest difference of each output that is a picture: levels for uint8, parts of -1 to 1 for float.

    The SavedModel answers all pairs at once, the model one after the other: a coupling inside a batch would be seen.

    Args:
        folder: of the SavedModel.
        original: the run's own model, with its own implementation of the sampler.
        pairs: raw inputs of serving_default.

    Raises:
        RunError: a difference larger than rounding explains, or values that are not finite.
    """
    answers = [original(_tensors(pair)) for pair in each_pair(pairs)]
    levels = np.concatenate([answer['image'] for answer in answers]).astype(int)
    expected = np.concatenate([answer['float_image'] for answer in answers])
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
                f'{original.run.path}: the export differs from the model: {name} by {difference:g}, expected at most '
                f'{limit:g}; nothing was written'
            )
    return {name: float(difference) for name, (difference, _) in found.items()}


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(array) for name, array in arrays.items()}
