"""Scores of a trained model over test pairs, beside those of two trivial answers: copy the source, zero flow."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from posewarp_tf import files, ops
from posewarp_tf.config import Config
from posewarp_tf.data.images import save_image
from posewarp_tf.data.pictures import reading
from posewarp_tf.data.pipeline import make_test_dataset
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.metrics.flow import FLOW_PROTOCOL, FlowErrors
from posewarp_tf.metrics.foreground import foreground_mask, foreground_protocol
from posewarp_tf.metrics.image import IMAGE_METRICS, REGIONS, image_metrics, image_protocol
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.training.checkpoints import checkpoint_step
from posewarp_tf.training.run_folder import RunFolder
from posewarp_tf.visualize import panels, picture_grid

ROWS_PER_GRID = 6
MAX_GRIDS = 4

MODEL, COPY_SOURCE = 'model', 'copy_source'


def evaluate(
    run_dir: str | os.PathLike,
    data_dir: str | None = None,
    checkpoint: str = 'best',
    max_pairs: int | None = None,
    batch_size: int = 8,
) -> dict[str, Any]:
    """Evaluates a run folder; writes its metrics.json and samples/evaluate-*.png and returns what metrics.json holds.

    Args:
        run_dir: a run folder; its config says everything else.
        data_dir: another folder of the same layout to take the test pairs from.
        checkpoint: 'best' or 'latest'.
        max_pairs: that many, spread evenly over the test pairs; None: all.
        batch_size: changes the speed and nothing else.

    Returns:
        {'image': {region: {metric: {'model': value, 'copy_source': value}}},
         'flow': {scale: {region: {'model': ..., 'zero_flow': ..., 'ratio': ...}}},
         'protocol': what these numbers mean}
        'flow' is there if the data has exact flows and the model has flows.

    Raises:
        RunError, DataError: the run folder or the data set cannot be used.
    """
    run = RunFolder(run_dir)
    config = run.load_config()
    if data_dir is not None:
        config = config.replace(data_dir=data_dir)
    dataset = make_test_dataset(config, batch_size, max_pairs)
    model = run.load_model(which=checkpoint)
    path = run.checkpoint_path(model.stages, checkpoint)
    stage = run.stage_of(path)
    scores = Scores()
    num_pairs = batch_size * int(dataset.cardinality())  # at least; the last batch may be smaller
    grids = GridWriter(run, every=max(1, num_pairs // (MAX_GRIDS * ROWS_PER_GRID)))
    for batch, outputs in model_answers(model, stage, dataset):
        scores.add(batch, outputs)
        grids.add(batch, outputs)
    grids.finish()
    metrics = scores.result()
    weights = {
        'checkpoint': checkpoint,
        'stage': stage,
        'step': checkpoint_step(path),
        'file': os.path.relpath(path, run.path),
        'moving_average': bool(config.training.ema_decay),
    }
    metrics['protocol'] = {
        'weights': weights,
        **_data_protocol(config),
        **scores.protocol(config.model.image_size),
        'notes': run.notes(),
        'versions': _versions(),
    }
    files.write_text(run.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return metrics


def model_answers(
    model: ReposingModel, stage: str, dataset: tf.data.Dataset
) -> Iterable[tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """(batch, outputs of the model) as NumPy arrays, with a progress bar.

    Where only the flows are trained, there is no 'image' among the outputs.
    """
    names = ('source_image', 'source_pose', 'target_pose')
    # One graph for every batch, the last and smaller one too.
    signature = [{name: dataset.element_spec[name] for name in names}]
    answer = tf.function(lambda inputs: model.run_stage(inputs, stage), input_signature=signature)
    with reading():
        for batch in tqdm(dataset, desc='evaluate', unit='batch'):
            outputs = answer({name: batch[name] for name in names})
            outputs = tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)
            yield {name: tensor.numpy() for name, tensor in batch.items()}, outputs


class Scores:
    """Gathers the metrics of one pair after the other."""

    def __init__(self) -> None:
        self.num_pairs = 0
        self._values: dict[str, list] = {MODEL: [], COPY_SOURCE: []}
        self._flow_errors = FlowErrors()
        self._has_part_maps = False

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> None:
        """Adds a batch. Generated pictures are rounded to uint8 first, as they are written to disk."""
        self._has_part_maps = 'target_parts' in batch
        truths, sources = (ops.to_uint8_image(batch[name]).numpy() for name in ('target_image', 'source_image'))
        foregrounds = [foreground_mask(batch, index) for index in range(len(truths))]
        answers = {COPY_SOURCE: sources}
        if 'image' in outputs:
            _require_finite(outputs['image'], batch)
            answers[MODEL] = ops.to_uint8_image(outputs['image']).numpy()
        for answer, pictures in answers.items():
            self._values[answer] += map(image_metrics, pictures, truths, foregrounds)
        if 'flow' in batch and 'visibility' in batch:
            self._flow_errors.add(outputs['flows'], batch['flow'], batch['visibility'])
        self.num_pairs += len(truths)

    def result(self) -> dict[str, Any]:
        """The means over all pairs; a metric that no pair has is None."""
        if not self.num_pairs:
            raise DataError('no test pairs: got an empty list, expected at least one')
        answers = {answer: pairs for answer, pairs in self._values.items() if pairs}
        image = {
            region: {
                metric: {answer: _mean(pair[region][metric] for pair in pairs) for answer, pairs in answers.items()}
                for metric in IMAGE_METRICS
            }
            for region in REGIONS
        }
        flow = self._flow_errors.result()
        return {'image': image, 'flow': flow} if flow else {'image': image}

    def protocol(self, image_size: tuple[int, int]) -> dict[str, Any]:
        """How the numbers were computed."""
        with_foreground = sum(pair['foreground']['l1'] is not None for pair in self._values[COPY_SOURCE])
        found: dict[str, Any] = {
            'num_pairs': self.num_pairs,
            'num_pairs_with_foreground': with_foreground,
            'average': 'mean over pairs of the value of each pair',
            'foreground_mask': foreground_protocol(self._has_part_maps),
            'image': image_protocol(image_size),
            'copy_source': 'the source picture as the answer',
        }
        if self._flow_errors.result():
            found['flow'] = FLOW_PROTOCOL
        return found


class GridWriter:
    """Writes every n-th pair as samples/evaluate-*.png: source, target pose, truth and what the model made."""

    def __init__(self, run: RunFolder, every: int = 1):
        self._folder = run.sample_dir
        self._every = every
        self._num_seen = 0
        self._rows: list[dict[str, np.ndarray]] = []
        self._num_written = 0
        # Pictures of an earlier evaluation would pass for ones of this.
        for path in self._folder.glob('evaluate-*.png'):
            path.unlink()

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> None:
        for index in range(len(batch['source_image'])):
            if self._num_seen % self._every == 0 and self._num_written < MAX_GRIDS:
                self._rows.append(panels(batch, outputs, index))
            self._num_seen += 1
            if len(self._rows) == ROWS_PER_GRID:
                self.finish()

    def finish(self) -> None:
        """Writes the rows that are waiting."""
        if not self._rows:
            return
        titles = [name.replace('_', ' ') for name in self._rows[0]]
        grid = picture_grid([list(row.values()) for row in self._rows], titles)
        save_image(self._folder / f'evaluate-{self._num_written:02d}.png', grid)
        self._num_written += 1
        self._rows = []


def _data_protocol(config: Config) -> dict[str, Any]:
    height, width = config.model.image_size
    return {
        'model': config.model.model,
        'spatial_transform': config.model.spatial_transform,
        'dataset': config.data.dataset,
        'data_dir': config.data.data_dir,
        'split': 'test',
        'resolution': f'{height}x{width}',
        'resize': 'pictures squashed to the resolution by tf.image.resize, bilinear, antialias=True, rounded to uint8',
        'formats': 'true pictures decoded from the files of the data set; generated pictures rounded to uint8, '
        'not compressed',
    }


def _require_finite(images: np.ndarray, batch: Mapping[str, np.ndarray]) -> None:
    for index, image in enumerate(images):
        if not np.isfinite(image).all():
            names = [batch[name][index].decode() for name in ('source_name', 'target_name')]
            raise RunError(f'the model gives values that are not finite for {names[0]} -> {names[1]}')


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def _versions() -> dict[str, str]:
    packages = ('tensorflow', 'scikit-image', 'numpy', 'pillow')
    return {package: importlib.metadata.version(package) for package in packages}
