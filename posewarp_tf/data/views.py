"""Pairs of views of one object, from ShapeNet's files or self-made ones (view_files.py).

A batch: `source_image`, `target_image` float32 [B, H, W, 3] in [-1, 1]; `source_view`, `target_view` float32 [B, 21]
(poses/views.py); `source_name`, `target_name` string [B]; where depths are there, in training if they are asked for,
the exact truth `flow` float32 [B, H, W, 2] and `visibility` uint8 [B, H, W].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.data.pipeline import finished, parallel, shuffled_rows
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.data.view_files import ViewExamples, ViewReader, load_views
from posewarp_tf.errors import DataError
from posewarp_tf.ops import to_float_image
from posewarp_tf.poses.views import AZIMUTHS, ELEVATIONS
from posewarp_tf.settings.config import Config


def make_training_views(
    config: Config, needed: Mapping[str, str], start_step: int, examples: ViewExamples, shard: Shard = WHOLE
) -> tf.data.Dataset:
    """Endless batches, or a shard's part of each; batch n is a function of (config.training.seed, n) alone.

    Every epoch visits all listed views in a new order; the target is the same object from a random azimuth, the
    source's among them, and from the same elevation, or any as --view_elevations says.

    Raises:
        DataError: truth is needed, as `needed` says by what, and the file holds no depths.
    """
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    truth = [key for key in TRUTH_KEYS if key in needed]
    reader = _Reader(config, examples, bool(truth))
    if truth and not reader.has_depth:
        reasons = '; '.join(f'{key} by {needed[key]}' for key in truth)
        raise DataError(f'{examples.path}: no depths, of which exact flows are made, which are needed: {reasons}')
    sources = tf.constant(examples.sources)

    def make_batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
        places = tf.gather(sources, shuffled_rows(shard.counters(step, batch_size), len(examples.sources), seed))
        draws = tf.random.stateless_uniform([2, batch_size], tf.stack([seed, step]), alg='philox')
        draws = shard.of(draws, axis=1)
        azimuths = _among(draws[0], len(AZIMUTHS))
        elevations = _among(draws[1], len(ELEVATIONS)) if config.data.view_elevations == 'any' else places[:, 2]
        return reader.read(places, tf.stack([places[:, 0], azimuths, elevations], axis=1))

    return finished(tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, **parallel(config)))


def make_test_views(config: Config, batch_size: int, max_pairs: int | None = None) -> tf.data.Dataset:
    """The test pairs, or `max_pairs` spread evenly over them, once and in order; the last batch may be smaller.

    Raises:
        DataError: from `load_views`.
    """
    examples = load_views(config.data, 'test').spread(max_pairs)
    reader = _Reader(config, examples, True)
    assert examples.targets is not None
    pairs = tf.data.Dataset.from_tensor_slices((examples.sources, examples.targets)).batch(batch_size)
    return finished(pairs.map(reader.read, **parallel(config)))


def _among(draws: tf.Tensor, count: int) -> tf.Tensor:
    """Whole numbers below `count`, int64, from draws in [0, 1)."""
    return tf.minimum(tf.cast(draws * count, tf.int64), count - 1)


class _Reader:
    """Batches from places of sources and targets, int64 [B, 3] each."""

    def __init__(self, config: Config, examples: ViewExamples, wants_truth: bool) -> None:
        self._examples = examples
        self._size = config.model.image_size
        self._files = ViewReader(examples.path, self._size, config.data.cache_images)
        is_square = self._size[0] == self._size[1]
        self.has_depth = is_square and self._files.has_depth(examples.name(examples.sources[0]))
        self._reads_truth = wants_truth and self.has_depth

    def read(self, sources: tf.Tensor, targets: tf.Tensor) -> dict[str, tf.Tensor]:
        batch_shape = sources.shape[:1]
        images = tf.numpy_function(self._images, [sources, targets], [tf.uint8] * 2 + [tf.string] * 2)
        batch: dict[str, tf.Tensor] = {}
        for role, image, name, places in zip(('source', 'target'), images[:2], images[2:], (sources, targets)):
            batch[f'{role}_image'] = to_float_image(tf.ensure_shape(image, [*batch_shape, *self._size, 3]))
            view = [tf.one_hot(places[:, 1], len(AZIMUTHS)), tf.one_hot(places[:, 2], len(ELEVATIONS))]
            batch[f'{role}_view'] = tf.concat(view, axis=1)
            batch[f'{role}_name'] = tf.ensure_shape(name, batch_shape)
        if self._reads_truth:
            flow, visibility = tf.numpy_function(self._truth, [sources, targets], [tf.float32, tf.uint8])
            batch['flow'] = tf.ensure_shape(flow, [*batch_shape, *self._size, 2])
            batch['visibility'] = tf.ensure_shape(visibility, [*batch_shape, *self._size])
        return batch

    def _images(self, sources: np.ndarray, targets: np.ndarray) -> tuple[Any, ...]:
        names = [[self._examples.name(place) for place in places] for places in (sources, targets)]
        pictures = [np.stack([self._files.picture(name) for name in side]) for side in names]
        return (*pictures, *(np.array([name.encode() for name in side]) for side in names))

    def _truth(self, sources: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pairs = [(self._examples.name(one), self._examples.name(other)) for one, other in zip(sources, targets)]
        flows, visibilities = zip(*(self._files.truth(*pair) for pair in pairs))
        return np.stack(flows), np.stack(visibilities)
