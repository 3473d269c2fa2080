"""A run folder of animation as the next version of a SavedModel, compared with the network first."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import RunError

from ..operations import custom_operations, operations_of, require_stock_operations
from ..saved_model.export import write_version
from ..saved_model.parity import MAX_FLOAT_DIFFERENCE, MAX_LEVELS
from ..saved_model.warm_up import write_warm_up
from ..trained_run import TrainedRun
from .card import make_metadata, model_card
from .clips import Arrays, animated, animated_by_model, as_step
from .held_out import clips_for
from .signature import NAME, make_step, step_inputs


def export_animator(
    run: TrainedRun, output_dir: pathlib.Path, sampler_impl: str, batch_sizes: Sequence[int], check_frames: int
) -> pathlib.Path:
    """As `saved_model.export.export_saved_model`, which calls this for runs of animation."""
    animator = run.portable_animator if sampler_impl == 'gather' else run.animator(sampler_impl)
    signatures = {NAME: make_step(animator)}
    if sampler_impl == 'gather':
        require_stock_operations(signatures[NAME])
    clips, whose = run.held_out_clips(clips_for(check_frames))

    def describe(folder: pathlib.Path) -> tuple[dict[str, Any], str]:
        differences = checked_differences(folder, run, clips)
        count, length = clips['target_poses'].shape[:2]
        check = {'pairs': whose, 'num_pairs': count * length, 'num_clips': count, 'max_difference': differences}
        model = animator.config.model
        write_warm_up(folder, step_inputs(model), model.image_size, [NAME], batch_sizes, output_dir.name)
        custom = custom_operations(operations_of(signatures[NAME].graph.as_graph_def()))
        metadata = make_metadata(animator, signatures, check, custom)
        return metadata, model_card(metadata)

    return write_version(output_dir, animator.model.variables, signatures, describe)


def checked_differences(folder: pathlib.Path, run: TrainedRun, clips: Arrays) -> dict[str, float]:
    """Largest difference of any frame: of `image` in levels, of the image of the state in parts of -1 to 1.

    The SavedModel makes all clips at once, each frame from the one that it made before, as the network does with one
    clip after the other: a coupling inside a batch would be seen, and errors that grow from frame to frame.

    Raises:
        RunError: a difference larger than rounding explains, or values that are not finite.
    """
    step = tf.saved_model.load(str(folder)).signatures[NAME]

    found, expected = animated(clips, as_step(step)), animated_by_model(clips, run.original_animator)
    differences = {name: float(np.abs(found[name].astype(float) - expected[name]).max()) for name in found}
    for name, limit in (('image', MAX_LEVELS), ('previous_image', MAX_FLOAT_DIFFERENCE)):
        # Not `>`: a difference that is not a number is not a small one.
        if not differences[name] <= limit:
            raise RunError(
                f'{run.path}: the export differs from the network: {name} by {differences[name]:g}, expected at most '
                f'{limit:g}; nothing was written'
            )
    return differences
