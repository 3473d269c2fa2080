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
# What each picture keeps of that in float32 where the export computes in another precision, in dB.
MIN_PSNR = 40.0


def checked_differences(
    folder: str | os.PathLike, original: Reposer, pairs: Mapping[str, np.ndarray], precision: str = 'float32'
) -> dict[str, float]:
    """Largest difference of each output that is a picture: levels for uint8, parts of -1 to 1 for float.

    The SavedModel answers all pairs at once, the model one after the other: a coupling inside a batch would be seen.

    Args:
        folder: of the SavedModel.
        original: the run's own model, with its own implementation of the sampler.
        pairs: raw inputs of serving_default.
        precision: what the SavedModel computes in. In float32 no value may differ by more than `MAX_LEVELS` or
            `MAX_FLOAT_DIFFERENCE`, in another one every picture has to reach a PSNR of `MIN_PSNR`.

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
        'serving_default': (images - levels, 255.0, MAX_LEVELS),
        'serve_bytes': (decoded - levels, 255.0, MAX_LEVELS),
        'debug': (floats - expected, 2.0, MAX_FLOAT_DIFFERENCE),
    }
    for name, (differences, largest, limit) in found.items():
        problem = _exceeding(differences, limit) if precision == 'float32' else _falling_short(differences, largest)
        if problem:
            raise RunError(
                f'{original.run.path}: the export differs from the model: {name} {problem}; nothing was written'
            )
    return {name: float(np.abs(differences).max()) for name, (differences, _, _) in found.items()}


def _exceeding(differences: np.ndarray, limit: float) -> str:
    difference = np.abs(differences).max()
    # Not `>`: a difference that is not a number is not a small one.
    return '' if difference <= limit else f'by {difference:g}, expected at most {limit:g}'


def _falling_short(differences: np.ndarray, largest: float) -> str:
    errors = np.mean(np.square(differences), axis=(1, 2, 3)) / largest**2
    least = -10.0 * np.log10(np.maximum(errors, 1e-12).max())
    return '' if least >= MIN_PSNR else f'to a PSNR of {least:.1f} dB, expected at least {MIN_PSNR:g}'


def _tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(array) for name, array in arrays.items()}
