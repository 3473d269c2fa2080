"""From run folders to checkpoints that the published PyTorch code loads."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.pytorch_names import to_pytorch
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.runs import checkpoints
from posewarp_tf.runs.run_folder import RunFolder


def export_run(
    run_dir: str | os.PathLike,
    output: str | os.PathLike,
    discriminator_output: str | os.PathLike | None = None,
    which: str = 'best',
    clip_discriminator_output: str | os.PathLike | None = None,
) -> str:
    """Writes the generator of a run folder (of the flow stage: the flow estimator alone), and the discriminators.

    Returns: the checkpoint that was read.

    Raises:
        RunError: not a run folder, nothing trained in it, an ablation that the published code does not have, or
            no discriminator in the checkpoint.
        ConfigError: a discriminator of clips is wanted of a model that makes none.
    """
    run = RunFolder(run_dir)
    config = run.load_config()
    try:
        config.model.check_released()
    except ConfigError as error:
        raise RunError(f'{run.config_path}: {error}') from error
    model = run.load_model(which=which)
    path = run.checkpoint_path(model.stages, which)
    tensors = pytorch_tensors(model)
    if run.stage_of(path) != model.stages[-1]:
        tensors = {key: array for key, array in tensors.items() if key.startswith('flow_net.')}
    for wanted, subject, role in (
        (discriminator_output, 'image', checkpoints.DISCRIMINATOR),
        (clip_discriminator_output, 'clip', checkpoints.CLIP_DISCRIMINATOR),
    ):
        if wanted is not None:
            discriminator = build_discriminator(config, subject)
            checkpoints.restore_weights(discriminator, path, role)
            write_tensors(wanted, pytorch_tensors(discriminator))
    write_tensors(output, tensors)
    return path


def pytorch_tensors(network: Any) -> dict[str, np.ndarray]:
    """The weights of a network as its released checkpoints hold them; one array under all names of a variable."""
    arrays: dict[int, np.ndarray] = {}
    return {
        key: arrays.setdefault(id(variable), to_pytorch(variable, kind))
        for key, variable, kind in network.pytorch_names()
    }
