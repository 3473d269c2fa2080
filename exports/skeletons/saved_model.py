"""Writes a run folder of motion extraction as the next version of a SavedModel, compared with the network first."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError
from posewarp_tf.inference.cleaning import SkeletonCleaner
from posewarp_tf.models.inputs import raw_inputs

from ..operations import require_stock_operations
from ..saved_model.export import write_version
from ..saved_model.warm_up import write_warm_up
from ..trained_run import TrainedRun
from .card import make_metadata, model_card
from .held_out import HeldOut
from .signatures import NAME, make_signatures

# Of a coordinate from -1 to 1: an eighth of a pixel of 256. Norms over whole pieces make rounding visible.
MAX_DIFFERENCE = 1e-3


def export_cleaner(
    run: TrainedRun, output_dir: pathlib.Path, batch_sizes: Sequence[int], check_pieces: int
) -> pathlib.Path:
    """As `saved_model.export.export_saved_model`, which calls this for runs of motion extraction."""
    cleaner = run.cleaner
    signatures = make_signatures(cleaner)
    for function in signatures.values():
        require_stock_operations(function)
    held_out = run.held_out_skeletons(check_pieces)

    def describe(folder: pathlib.Path) -> tuple[dict[str, Any], str]:
        differences = checked_differences(folder, cleaner, held_out)
        check = {'pairs': held_out.whose, 'num_pairs': len(held_out.pieces), 'max_difference': differences}
        model = cleaner.config.model
        write_warm_up(
            folder, raw_inputs(model.inputs), model.image_size, list(signatures), batch_sizes, output_dir.name
        )
        metadata = make_metadata(cleaner, signatures, check, [])
        return metadata, model_card(metadata)

    return write_version(output_dir, cleaner.model.variables, signatures, describe)


def checked_differences(folder: pathlib.Path, cleaner: SkeletonCleaner, held_out: HeldOut) -> dict[str, float]:
    """Largest difference of a coordinate by signature.

    The SavedModel answers all pieces at once, the network one after the other: a coupling inside a batch would be seen.
    `clean` is compared with the whole way of a video through `cleaner`.

    Raises:
        RunError: a difference larger than `MAX_DIFFERENCE`, or values that are not finite.
    """
    signatures = tf.saved_model.load(str(folder)).signatures
    expected = np.concatenate([cleaner.model({NAME: piece[np.newaxis]})[NAME] for piece in held_out.pieces])
    video = held_out.video[np.newaxis]
    found = {
        'serving_default': signatures['serving_default'](skeletons=tf.constant(held_out.pieces))[NAME] - expected,
        'clean': signatures['clean'](skeletons=tf.constant(video))[NAME] - cleaner.clean(held_out.video),
    }
    largest = {name: float(np.abs(difference).max()) for name, difference in found.items()}
    for name, difference in largest.items():
        # Not `>`: a difference that is not a number is not a small one.
        if not difference <= MAX_DIFFERENCE:
            raise RunError(
                f'{cleaner.run.path}: the export differs from the network: {name} by {difference:g}, expected at most '
                f'{MAX_DIFFERENCE:g}; nothing was written'
            )
    return largest
