"""Scores of novel views over the test pairs, beside two answers without a network: the source, and another object.

The other object is the training object that looks most like the source, seen from the target's view.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf import files, ops
from posewarp_tf.conventions import VISIBILITY_BACKGROUND
from posewarp_tf.data.view_files import ViewExamples, ViewReader, load_views
from posewarp_tf.data.views import make_test_views
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.metrics.evaluation import MAX_GRIDS, ROWS_PER_GRID, GridWriter, model_answers
from posewarp_tf.metrics.flow import FLOW_PROTOCOL, FlowErrors
from posewarp_tf.metrics.image import IMAGE_METRICS, REGIONS, image_metrics, image_protocol
from posewarp_tf.metrics.threads import in_threads
from posewarp_tf.models.outputs import titled
from posewarp_tf.pictures.picture_files import resize_image
from posewarp_tf.poses.views import AZIMUTHS
from posewarp_tf.runs.run_folder import RunFolder

MODEL, COPY_SOURCE, NEAREST_OBJECT = 'model', 'copy_source', 'nearest_object'

# Objects are compared at this size, and so many at most, spread evenly over those of the training.
_COMPARED_SIZE = (32, 32)
_MOST_OBJECTS = 1000
_TURN_METRICS = ('l1', 'ssim_gaussian')


def evaluate_views(
    run_dir: str | os.PathLike,
    data_dir: str | None = None,
    checkpoint: str = 'best',
    max_pairs: int | None = None,
    batch_size: int = 8,
    output_dir: str | os.PathLike | None = None,
    precision: str = 'float32',
) -> dict[str, Any]:
    """Evaluates a run folder; writes its metrics.json and samples/evaluate-*.png and returns what metrics.json holds.

    Arguments are those of `evaluation.evaluate`.

    Returns:
        {'image': {region: {metric: {'model': ..., 'nearest_object': ..., 'copy_source': ...}}}, of the foreground only
         where the data has exact flows, 'turns': {degrees between the azimuths: {metric: {...}}},
         'flow': as of `evaluate`, where the data has exact flows, 'protocol': what these numbers mean}

    Raises:
        RunError, DataError: the run folder or the data set cannot be used.
    """
    reposer = Reposer(run_dir, checkpoint, needs_pictures=False, precision=precision)
    run, config = reposer.run, reposer.config
    if data_dir is not None:
        config = config.replace(data_dir=data_dir)
    output = run if output_dir is None else RunFolder(output_dir)
    dataset = make_test_views(config, batch_size, max_pairs)
    nearest = NearestObject(load_views(config.data, 'train'), config.model.image_size)
    scores = _Scores()
    num_pairs = batch_size * int(dataset.cardinality())
    grids = GridWriter(output, every=max(1, num_pairs // (MAX_GRIDS * ROWS_PER_GRID)))
    for batch, outputs in model_answers(reposer, dataset):
        scores.add(batch, outputs, nearest)
        grids.add(batch, outputs)
    grids.finish()
    metrics = scores.result()
    height, width = config.model.image_size
    metrics['protocol'] = {
        'weights': {
            'checkpoint': checkpoint,
            'stage': reposer.stage,
            'step': reposer.trained_steps,
            'file': os.path.relpath(reposer.checkpoint_path, run.path),
            'moving_average': bool(config.training.ema_decay),
        },
        'precision': reposer.precision,
        'model': config.model.model,
        'data_dir': config.data.data_dir,
        'split': 'test',
        'resolution': f'{height}x{width}',
        'num_pairs': scores.num_pairs,
        'pairs': 'object i from azimuth 20 (i mod 18), elevation 0, to all 18 azimuths; each pair counts as much',
        'image': image_protocol(config.model.image_size),
        'foreground': 'pixels of the object in the true picture, by its depth',
        COPY_SOURCE: 'the source picture as the answer',
        NEAREST_OBJECT: f'of {len(nearest.objects)} training objects the one whose picture from the view of the source '
        f'is nearest to it (L1 at {_COMPARED_SIZE[0]}x{_COMPARED_SIZE[1]}), from the view of the target',
        'flow': FLOW_PROTOCOL,
        'notes': run.notes(),
    }
    files.write_text(output.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return metrics


class NearestObject:
    """Answers with another object: the one of the training that looks most like the source.

    Attributes:
        objects: the names of those that are looked at.
    """

    def __init__(self, examples: ViewExamples, size: tuple[int, int]) -> None:
        chosen = np.linspace(0, len(examples.objects) - 1, min(len(examples.objects), _MOST_OBJECTS)).round()
        self.objects = [examples.objects[int(number)] for number in chosen]
        self._reader = ViewReader(examples.path, size)
        self._small: dict[str, np.ndarray] = {}

    def answer(self, source: np.ndarray, source_name: str, target_name: str) -> np.ndarray:
        """uint8 [H, W, 3] for a source picture and the names of both groups."""
        source_view, target_view = (name.rsplit('_', 2)[1:] for name in (source_name, target_name))
        known = self._pictures('_'.join(source_view))
        distance = np.abs(known - _shrunk(source)).mean(axis=(1, 2, 3))
        return self._reader.picture('_'.join([self.objects[int(distance.argmin())], *target_view]))

    def _pictures(self, view: str) -> np.ndarray:
        """All objects from one view, small, float32 [N, h, w, 3]."""
        if view not in self._small:
            names = [f'{name}_{view}' for name in self.objects]
            self._small[view] = np.stack([_shrunk(self._reader.picture(name)) for name in names])
        return self._small[view]


class _Scores:
    """Metrics of one pair after the other."""

    def __init__(self) -> None:
        self.num_pairs = 0
        self._values: dict[str, list] = {MODEL: [], NEAREST_OBJECT: [], COPY_SOURCE: []}
        self._turns: list[int] = []
        self._flow_errors = FlowErrors()

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any], nearest: NearestObject) -> None:
        truths, sources = (ops.to_uint8_image(batch[name]).numpy() for name in ('target_image', 'source_image'))
        names = list(zip(*([name.decode() for name in batch[f'{role}_name']] for role in ('source', 'target'))))
        answers = {
            COPY_SOURCE: sources,
            NEAREST_OBJECT: [nearest.answer(source, *pair) for source, pair in zip(sources, names)],
        }
        if 'image' in outputs:
            answers[MODEL] = ops.to_uint8_image(outputs['image']).numpy()
        nothing = np.zeros(truths.shape[:3], np.uint8)
        foregrounds = batch.get('visibility', nothing) != VISIBILITY_BACKGROUND
        for answer, pictures in answers.items():
            self._values[answer] += in_threads(image_metrics, pictures, truths, foregrounds)
        self._turns += _turns(batch)
        for family, motion in outputs.get('motions', {}).items():
            if titled(family, 'flow') in batch:
                self._flow_errors.add(motion.flows, batch['flow'], batch['visibility'], family)
        self.num_pairs += len(truths)

    def result(self) -> dict[str, Any]:
        """The means over all pairs; a metric that no pair has is None."""
        everything = range(self.num_pairs)
        turns = sorted(set(self._turns))
        rows = {turn: [row for row in everything if self._turns[row] == turn] for turn in turns}
        found = {
            'image': {
                region: {metric: self._means(region, metric, everything) for metric in IMAGE_METRICS}
                for region in REGIONS
            },
            'turns': {
                str(turn): {metric: self._means('whole', metric, rows[turn]) for metric in _TURN_METRICS}
                for turn in turns
            },
        }
        flow = self._flow_errors.result()
        return {**found, 'flow': flow} if flow else found

    def _means(self, region: str, metric: str, rows: Sequence[int]) -> dict[str, float | None]:
        means = {}
        for answer, pairs in self._values.items():
            values = [pairs[row][region][metric] for row in rows] if pairs else []
            defined = [value for value in values if value is not None]
            means[answer] = float(np.mean(defined)) if defined else None
        return means


def format_turns(metrics: Mapping[str, Any]) -> str:
    """L1 and SSIM by how far the object is turned, as lines of text."""
    answers = (MODEL, NEAREST_OBJECT, COPY_SOURCE)
    columns = [f'{title} {answer}' for title in ('L1', 'SSIM') for answer in answers]
    lines = ['turned by  ' + '  '.join(f'{column.replace("_", " "):>19}' for column in columns)]
    for turn, values in metrics['turns'].items():
        numbers = [values[metric][answer] for metric in _TURN_METRICS for answer in answers]
        cells = ('-' if number is None else f'{number:.4f}' for number in numbers)
        lines.append(f'{turn:>9}  ' + '  '.join(f'{cell:>19}' for cell in cells))
    return '\n'.join(lines)


def _turns(batch: Mapping[str, np.ndarray]) -> list[int]:
    """Degrees between the azimuths of each pair, 0 to 180."""
    places = [np.argmax(batch[f'{role}_view'][:, : len(AZIMUTHS)], axis=1) for role in ('source', 'target')]
    apart = np.abs(places[0] - places[1])
    return [int(steps) * 360 // len(AZIMUTHS) for steps in np.minimum(apart, len(AZIMUTHS) - apart)]


def _shrunk(picture: np.ndarray) -> np.ndarray:
    return resize_image(picture, _COMPARED_SIZE).astype(np.float32)
