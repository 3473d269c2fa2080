"""Writes a run folder as a packed one, compared with the run first."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from posewarp_tf import files
from posewarp_tf.errors import RunError
from posewarp_tf.runs import packed
from posewarp_tf.runs.run_folder import LICENCE, RunFolder

from ..trained_run import TrainedRun

if TYPE_CHECKING:
    from posewarp_tf.inference.reposer import Reposer


class Packed(NamedTuple):
    """What was written and how near it is.

    weights: the file of the weights.
    psnr: dB between the pictures of the packed and the trained model; None if they are equal.
    num_pairs, pairs: what they were compared on, as of `TrainedRun.held_out_pairs`.
    """

    weights: pathlib.Path
    psnr: float | None
    num_pairs: int
    pairs: str


def export_packed(
    run: TrainedRun, output_dir: str | os.PathLike, check_pairs: int = 4, licence: str | None = None
) -> Packed:
    """Packs the model of a run folder into another folder; the folder is as it was if the answers do not agree.

    What else lies in the folder, such as a README.md, stays.

    Args:
        run: whose model is packed.
        output_dir: the folder, new or with an earlier packed run.
        check_pairs: how many held-out pairs to compare on.
        licence: the terms of the weights, which go into the notes of the run; None: as its notes say.

    Raises:
        RunError: the run cannot be used, the folder holds a run that was trained there, a weight does not fit into
            float16, or the answers differ by more than half precision explains.
        DataError: the test pairs cannot be used.
    """
    from ..held_out import num_pairs

    output = RunFolder(output_dir)
    if any(path.suffix != packed.SUFFIX for path in output.weight_files()):
        raise RunError(f'--output_dir: {output.path} holds the checkpoints of a training, expected another folder')
    pairs, whose = run.held_out_pairs(check_pairs)
    with tempfile.TemporaryDirectory() as temporary:
        made = RunFolder(pathlib.Path(temporary) / 'run')
        weights = _write(run.original, made)
        if licence:
            made.add_notes({LICENCE: licence})
        psnr = _checked_psnr(run, made, pairs)
        shutil.rmtree(output.checkpoint_dir, ignore_errors=True)
        for path in (output.notes_path, output.metrics_path):
            path.unlink(missing_ok=True)
        shutil.copytree(made.path, output.path, dirs_exist_ok=True)
    return Packed(output.path / weights.relative_to(made.path), psnr, num_pairs(pairs), whose)


def _write(reposer: Reposer, made: RunFolder) -> pathlib.Path:
    """All files of a packed run folder; where the weights are."""
    from posewarp_tf.runs import checkpoints

    run, config = reposer.run, reposer.config
    # Where data and weights lay on the machine that trained is nobody's business.
    config = config.replace(data_dir=_last_part(config.data.data_dir), vgg_weights=_last_part(config.loss.vgg_weights))
    made.save_config(config)
    made.save_person_frame(run.person_frame())
    if run.notes():
        made.add_notes(run.notes())
    weights = checkpoints.packed_path(made.stage_dir(reposer.stage), reposer.trained_steps)
    packed.write_packed(weights, reposer.model)
    if run.metrics_path.exists():
        metrics = json.loads(run.metrics_path.read_text(encoding='utf-8'))
        protocol = metrics['protocol']
        if protocol['weights']['step'] == reposer.trained_steps:
            protocol['data_dir'] = _last_part(protocol['data_dir'])
            protocol['weights']['file'] = os.path.relpath(weights.with_suffix(''), made.path)
            files.write_text(made.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return weights


def _checked_psnr(run: TrainedRun, made: RunFolder, pairs: dict) -> float | None:
    """The PSNR of the packed model's pictures against the run's own."""
    import numpy as np

    from ..tflite.report import MIN_PSNR, model_answers, psnr

    trained, ours = (model_answers(model, pairs) for model in (run.original, TrainedRun(made.path).original))
    found = psnr(np.stack([a['image'].astype(np.float64) - b['image'] for a, b in zip(ours, trained)]))
    if found is not None and not found >= MIN_PSNR['float16']:
        raise RunError(
            f'{run.path}: half precision changes the pictures: PSNR {found:.1f} dB, expected at least '
            f'{MIN_PSNR["float16"]:g}; nothing was written'
        )
    return found


def _last_part(path: str) -> str:
    return os.path.basename(path.rstrip('/'))
