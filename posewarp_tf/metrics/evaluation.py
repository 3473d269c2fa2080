"""Scores of a trained model over test pairs, beside those of two trivial answers: copy the source, zero flow."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import importlib.metadata
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.data.picture_store import reading
from posewarp_tf.data.pipeline import make_test_dataset
from posewarp_tf.errors import DataError
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.metrics.networks import NetworkMetrics
from posewarp_tf.metrics.released import answer_name
from posewarp_tf.metrics.scores import Scores
from posewarp_tf.models.outputs import Output
from posewarp_tf.models.panels import panels
from posewarp_tf.ops import to_uint8_image
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config

ROWS_PER_GRID = 6
MAX_GRIDS = 4


def evaluate(
    run_dir: str | os.PathLike,
    data_dir: str | None = None,
    checkpoint: str = 'best',
    max_pairs: int | None = None,
    batch_size: int = 8,
    networks: NetworkMetrics | None = None,
    output_dir: str | os.PathLike | None = None,
    images_dir: str | os.PathLike | None = None,
    precision: str = 'float32',
) -> dict[str, Any]:
    """Evaluates a run folder; writes its metrics.json and samples/evaluate-*.png and returns what metrics.json holds.

    Args:
        run_dir: a run folder; its config says everything else.
        data_dir: another folder of the same layout to take the test pairs from.
        checkpoint: 'best' or 'latest'.
        max_pairs: that many, spread evenly over the test pairs; None: all.
        batch_size: changes the speed and nothing else.
        networks: metrics that need a network with trained weights; None: without them.
        output_dir: another folder to write to.
        images_dir: a folder for every answer as PNG, called by its pair (released.py); None: they are not written.
        precision: what the networks compute in (models/precision.py).

    Returns:
        {'headline': {name: value of headline.HEADLINES},
         'image': {region: {metric: {'model': value, 'copy_source': value}}},
         'networks': {metric: {'model': ..., 'copy_source': ..., 'truth': ...}},
         'garment', 'parts', ...: {'mean_iou': {'model': ..., 'copy_source': ...}, 'pixel_accuracy': ...,
          'silhouette_iou': ..., 'iou': {class: ...}},
         'flow': {scale: {region: {'model': ..., 'zero_flow': ..., 'ratio': ...}}},
         'detail': {region: {'model': ..., 'source': ..., 'truth': ..., 'share_of_source': ...}},
         'protocol': what these numbers mean}
        'networks' is there if it was asked for, each map of classes if the model predicts it and the data has it,
        'flow' if the data has exact flows and the model has flows.

    Raises:
        RunError, DataError: the run folder or the data set cannot be used; or `images_dir` for a run without pictures.
    """
    reposer = Reposer(run_dir, checkpoint, needs_pictures=images_dir is not None, precision=precision)
    run, config, declared = reposer.run, reposer.config, reposer.config.model.outputs
    output = run if output_dir is None else RunFolder(output_dir)
    if data_dir is not None:
        config = config.replace(data_dir=data_dir)
    dataset = make_test_dataset(config, batch_size, max_pairs)
    scores = Scores(networks, declared)
    num_pairs = batch_size * int(dataset.cardinality())  # at least; the last batch may be smaller
    answers = None if images_dir is None else AnswerWriter(images_dir)
    grids = GridWriter(output, every=max(1, num_pairs // (MAX_GRIDS * ROWS_PER_GRID)), declared=declared)
    for batch, outputs in model_answers(reposer, dataset):
        scores.add(batch, outputs)
        grids.add(batch, outputs)
        if answers is not None:
            answers.add(batch, outputs)
    grids.finish()
    metrics = scores.result()
    weights = {
        'checkpoint': checkpoint,
        'stage': reposer.stage,
        'step': reposer.trained_steps,
        'file': os.path.relpath(reposer.checkpoint_path, run.path),
        'moving_average': bool(config.training.ema_decay),
    }
    metrics['protocol'] = {
        'weights': weights,
        'precision': reposer.precision,
        **_data_protocol(config),
        **scores.protocol(config.model.image_size),
        'notes': run.notes(),
        'versions': _versions(),
    }
    files.write_text(output.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return metrics


def model_answers(reposer: Reposer, dataset: tf.data.Dataset) -> Iterable[tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """(batch, outputs of the model) as NumPy arrays, with a progress bar.

    The next batch is computed while the caller scores one. Where only the flows are trained, there is no 'image' among
    the outputs.
    """
    names = [item.name for item in reposer.config.model.inputs]
    # One graph for every batch, the last and smaller one too.
    signature = [{name: dataset.element_spec[name] for name in names}]
    answer = tf.function(reposer.stage_outputs, input_signature=signature, autograph=False)

    def computed(batch: Mapping[str, tf.Tensor]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        outputs = answer({name: batch[name] for name in names})
        outputs = tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)
        return {name: tensor.numpy() for name, tensor in batch.items()}, outputs

    with reading(), concurrent.futures.ThreadPoolExecutor(1) as ahead:
        waiting: list[concurrent.futures.Future] = []
        for batch in tqdm(dataset, desc='evaluate', unit='batch'):
            waiting.append(ahead.submit(computed, batch))
            if len(waiting) > 1:
                yield waiting.pop(0).result()
        yield from (one.result() for one in waiting)


class AnswerWriter:
    """Writes each answer as it is scored, rounded to uint8, as a PNG called by its pair.

    Raises:
        DataError: two pairs would have the same file.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = folder
        self._written: dict[str, tuple[str, str]] = {}

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> None:
        pictures = to_uint8_image(outputs['image']).numpy()
        for source, target, picture in zip(batch['source_name'], batch['target_name'], pictures):
            pair = source.decode(), target.decode()
            name = answer_name(*pair)
            if self._written.setdefault(name, pair) != pair:
                pairs = ' and '.join(' -> '.join(names) for names in (self._written[name], pair))
                raise DataError(f'--save_images: the answers to {pairs} would both be {name}')
            save_image(os.path.join(self._folder, name), picture)


class GridWriter:
    """Writes every n-th pair as samples/evaluate-*.png: source, target pose, truth and what the model made."""

    def __init__(self, run: RunFolder, every: int = 1, declared: Sequence[Output] = ()):
        self._folder = run.sample_dir
        self._every = every
        self._declared = declared
        self._num_seen = 0
        self._rows: list[dict[str, np.ndarray]] = []
        self._num_written = 0
        # Pictures of an earlier evaluation would pass for ones of this.
        for path in self._folder.glob('evaluate-*.png'):
            path.unlink()

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> None:
        for index in range(len(batch['source_image'])):
            if self._num_seen % self._every == 0 and self._num_written < MAX_GRIDS:
                self._rows.append(panels(batch, outputs, index, self._declared))
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
        'spatial_transform': dataclasses.asdict(config.model).get('spatial_transform'),
        'dataset': config.data.dataset,
        'data_dir': config.data.data_dir,
        'split': 'test',
        'resolution': f'{height}x{width}',
        'resize': 'pictures squashed to the resolution by tf.image.resize, bilinear, antialias=True, rounded to uint8',
        'formats': 'true pictures decoded from the files of the data set; generated pictures rounded to uint8, '
        'not compressed',
    }


def _versions() -> dict[str, str]:
    packages = ('tensorflow', 'scikit-image', 'numpy', 'pillow')
    return {package: importlib.metadata.version(package) for package in packages}
