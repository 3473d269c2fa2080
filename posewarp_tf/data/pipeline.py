"""From a data set's folder to batches: tf.data, in parallel, resumable at any step.

A batch is a dict (conventions.py has the units):
    source_image, target_image: float32 [B, H, W, 3] in [-1, 1];
    source_pose, target_pose: float32 [B, H, W, pose channels];
    source_keypoints, target_keypoints: float32 [B, 18, 2] in pixels of H x W, missing (-1, -1);
    source_name, target_name: string [B];
    of the class maps source_parts, target_parts, source_garment, target_garment uint8 [B, H, W]: in training batches
    those that the model or the objective needs, in test batches all that the folder has;
and, in test batches where the folder has them: flow float32 [B, H, W, 2] and visibility uint8 [B, H, W].
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from posewarp_tf.data import augmentation
from posewarp_tf.data.datasets import PairDataset, load_dataset
from posewarp_tf.data.picture_store import PictureStore, read_class_map, read_flow, read_picture
from posewarp_tf.data.truth import ClassMaps, find_flows, keys_to_train_on, maps_to_test_on, maps_to_train_on
from posewarp_tf.models.inputs import make_pose
from posewarp_tf.ops import to_float_image
from posewarp_tf.settings.config import Config

Batch = dict[str, tf.Tensor]

_PREFETCHED_BATCHES = 2


def make_training_dataset(config: Config, start_step: int = 0) -> tf.data.Dataset:
    """Endless batches of `config.training.batch_size` pairs.

    Batch n is a function of (config.training.seed, n) alone: every epoch visits all pairs in a new order,
    and a run resumed at `start_step` sees what the straight run would have seen, found without reading
    anything that came before. Batches have a static size, so that they can be split over replicas.

    Raises:
        DataError: from `load_dataset`; when the folder lacks maps that the model or the objective needs.
    """
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    examples = load_dataset(config.data, 'train', config.model.image_size)
    reader = _TrainingReader(config, examples)
    num_pairs = len(examples.pairs)

    def make_batch(step: tf.Tensor) -> Batch:
        counters = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        # tf.random.experimental.index_shuffle is this operation, but takes no batch of seeds.
        rows = tf.raw_ops.RandomIndexShuffle(
            index=counters % num_pairs,
            seed=tf.stack([tf.fill([batch_size], seed), counters // num_pairs, tf.zeros_like(counters)], axis=-1),
            max_index=tf.constant(num_pairs - 1, tf.int64),
        )
        return reader.read(tf.ensure_shape(rows, [batch_size]), step)

    return _finished(tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, **_parallel(config)))


def make_test_dataset(config: Config, batch_size: int, max_pairs: int | None = None) -> tf.data.Dataset:
    """The test pairs, or `max_pairs` spread evenly over them, once and in order; the last batch may be smaller.

    Raises:
        DataError: from `load_dataset`; when the folder lacks maps that the model needs, or a folder of maps or flows
            some that it should have.
    """
    examples = load_dataset(config.data, 'test', config.model.image_size).spread(max_pairs)
    reader = _TestReader(config, examples)
    rows = tf.data.Dataset.range(len(examples.pairs)).batch(batch_size)
    return _finished(rows.map(reader.read, **_parallel(config)))


def _parallel(config: Config) -> dict:
    return {'num_parallel_calls': config.data.num_workers or tf.data.AUTOTUNE, 'deterministic': True}


def _finished(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # Replicas split each batch, so all of them read the same ones.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(_PREFETCHED_BATCHES).with_options(options)


class _Reader:
    """What training and test batches have in common: a whole batch at a time, in graph."""

    def __init__(self, config: Config, examples: PairDataset):
        self.config = config
        self.size = config.model.image_size
        self.pairs = tf.constant(examples.pairs)
        self.names = tf.constant(examples.names)
        self.keypoints = tf.constant(examples.keypoints)
        self.pictures = self.store(examples.paths, lambda path: read_picture(path, self.size), (*self.size, 3))

    def store(self, paths: list[str], read: Callable[[tf.Tensor], tf.Tensor], shape: tuple[int, ...]) -> PictureStore:
        return PictureStore(paths, read, shape, self.config.data.num_workers, self.config.data.cache_images)

    def numbers(self, rows: tf.Tensor) -> tf.Tensor:
        """Numbers of the pictures of pairs [B]: the sources, then the targets, [2 B]."""
        pairs = tf.gather(self.pairs, rows)
        return tf.concat([pairs[:, 0], pairs[:, 1]], axis=0)

    def batch(self, numbers: tf.Tensor, images: tf.Tensor, keypoints: tf.Tensor, maps: Batch) -> Batch:
        """From pictures [2 B, H, W, 3] in [-1, 1], keypoints [2 B, 18, 2] and the class maps by their keys."""
        batch = {
            **maps,
            **_split('image', images),
            **_split('keypoints', keypoints),
            **_split('name', tf.gather(self.names, numbers)),
        }
        for side in ('source', 'target'):
            # Not one call and a split: heatmaps are by far the largest arrays here.
            batch[f'{side}_pose'] = make_pose(batch, side, self.config)
        return batch


class _TrainingReader(_Reader):
    def __init__(self, config: Config, examples: PairDataset):
        super().__init__(config, examples)
        maps = maps_to_train_on(config, examples)
        # By kind of map: the keys of a batch that hold such maps, and all maps.
        self.maps = {kind: (keys, self._map_store(maps[kind])) for kind, keys in keys_to_train_on(config).items()}

    def _map_store(self, maps: ClassMaps) -> PictureStore:
        return self.store(maps.paths, lambda path: read_class_map(path, self.size, maps.coding), self.size)

    def read(self, rows: tf.Tensor, step: tf.Tensor) -> Batch:
        """The pairs [B], changed at random as the config says."""
        numbers = self.numbers(rows)
        images = to_float_image(self.pictures.get(numbers))
        keypoints = tf.gather(self.keypoints, numbers)
        maps = {kind: store.get(numbers) for kind, (_, store) in self.maps.items()}
        if self.config.data.augmentation == 'affine':
            matrices = augmentation.random_affine(numbers.shape[0], self.size, self._seed(step, 0))
            images = augmentation.move_images(images, matrices)
            keypoints = augmentation.move_keypoints(keypoints, matrices, self.size)
            maps = {kind: augmentation.move_class_maps(both, matrices) for kind, both in maps.items()}
        if self.config.data.color_jitter:
            images = augmentation.jitter_colors(images, self._seed(step, 1))
        sides = {key: side for kind, both in maps.items() for key, side in _split(kind, both).items()}
        batch = self.batch(numbers, images, keypoints, sides)
        unwanted = sides.keys() - {key for keys, _ in self.maps.values() for key in keys}
        return {name: values for name, values in batch.items() if name not in unwanted}

    def _seed(self, step: tf.Tensor, stream: int) -> tf.Tensor:
        return tf.stack([tf.constant(self.config.training.seed, tf.int64), step * 2 + stream])


class _TestReader(_Reader):
    def __init__(self, config: Config, examples: PairDataset):
        super().__init__(config, examples)
        self.maps = maps_to_test_on(config, examples)
        flows = find_flows(config.data.data_dir, examples)
        self.flows = None if flows is None else tf.constant(flows)

    def read(self, rows: tf.Tensor) -> Batch:
        """The pairs [B], with whatever truth the folder holds about them."""
        numbers = self.numbers(rows)
        sides: Batch = {}
        for key, (_, paths, coding) in self.maps.items():
            maps = tf.map_fn(
                lambda path, coding=coding: read_class_map(path, self.size, coding),
                tf.gather(tf.constant(paths), numbers),
                fn_output_signature=tf.TensorSpec(self.size, tf.uint8),
            )
            sides.update(_split(key, maps))
        images, keypoints = to_float_image(self.pictures.get(numbers)), tf.gather(self.keypoints, numbers)
        batch = self.batch(numbers, images, keypoints, sides)
        if self.flows is not None:
            batch['flow'], batch['visibility'] = tf.map_fn(
                lambda path: read_flow(path, self.size),
                tf.gather(self.flows, rows),
                fn_output_signature=(tf.TensorSpec((*self.size, 2), tf.float32), tf.TensorSpec(self.size, tf.uint8)),
            )
        return batch


def _split(key: str, both: tf.Tensor) -> Batch:
    source, target = tf.split(both, 2)
    return {f'source_{key}': source, f'target_{key}': target}
