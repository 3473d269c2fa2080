"""From a data set's folder to batches: tf.data, in parallel, resumable at any step.

A batch is a dict with an entry for each role of the model's pictures, such as source and target (conventions.py has
the units):
    <role>_image: float32 [B, H, W, 3] in [-1, 1];
    <role>_pose: float32 [B, H, W, pose channels], of models that see poses;
    <role>_keypoints: float32 [B, 18, 2] in pixels of H x W, missing (-1, -1);
    <role>_name: string [B];
    of the class maps <role>_parts and <role>_garment uint8 [B, H, W]: in training batches those that are asked for, in
    test batches all that the folder has;
    likewise of the exact truth flow float32 [B, H, W, 2] and visibility uint8 [B, H, W].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.data import augmentation
from posewarp_tf.data.datasets import PairDataset, load_dataset
from posewarp_tf.data.pair_augmentation import augment_as
from posewarp_tf.data.photo_augmentation import augment_photos
from posewarp_tf.data.picture_store import PictureStore, read_class_map, read_flow, read_picture
from posewarp_tf.data.shard import WHOLE, Shard
from posewarp_tf.data.truth import (
    ClassMaps,
    find_flows,
    keys_by_kind,
    maps_to_test_on,
    required_flows,
    required_maps,
)
from posewarp_tf.ops import to_float_image
from posewarp_tf.settings.config import Config

Batch = dict[str, tf.Tensor]

_PREFETCHED_BATCHES = 2


def make_training_dataset(
    config: Config,
    needed_maps: Mapping[str, str],
    start_step: int = 0,
    examples: PairDataset | None = None,
    shard: Shard = WHOLE,
) -> tf.data.Dataset:
    """Endless batches of `config.training.batch_size` pairs, or the part of them that is a shard.

    Batch n is a function of (config.training.seed, n) alone: every epoch visits all pairs in a new order,
    and a run resumed at `start_step` sees what the straight run would have seen, found without reading
    anything that came before. Batches have a static size, so that they can be split over replicas.

    Args:
        needed_maps: the class maps and truth that batches hold, by their keys, and in words what asks for each.
        examples: the training pairs, if they are read already.
        shard: which part of each batch.

    Raises:
        DataError: from `load_dataset`; when the folder lacks maps or flows that are needed.
    """
    batch_size, seed = config.training.batch_size, tf.constant(config.training.seed, tf.int64)
    if examples is None:
        examples = load_dataset(config.data, 'train', config.model.image_size)
    reader = _TrainingReader(config, examples, needed_maps, shard)
    num_examples = len(examples.rows)

    def make_batch(step: tf.Tensor) -> Batch:
        return reader.read(shuffled_rows(shard.counters(step, batch_size), num_examples, seed), step)

    return finished(tf.data.Dataset.range(start_step, tf.int64.max).map(make_batch, **parallel(config)))


def make_test_dataset(config: Config, batch_size: int, max_pairs: int | None = None) -> tf.data.Dataset:
    """The test pairs, or `max_pairs` spread evenly over them, once and in order; the last batch may be smaller.

    Raises:
        DataError: from `load_dataset`; when the folder lacks maps that the model needs, or a folder of maps or flows
            some that it should have.
    """
    examples = load_dataset(config.data, 'test', config.model.image_size).spread(max_pairs)
    reader = _TestReader(config, examples)
    rows = tf.data.Dataset.range(len(examples.rows)).batch(batch_size)
    return finished(rows.map(reader.read, **parallel(config)))


def shuffled_rows(counters: tf.Tensor, num_examples: int, seed: tf.Tensor) -> tf.Tensor:
    """Which examples the `counters` int64 [B] of a training stand for: every epoch all of them, in a new order."""
    # tf.random.experimental.index_shuffle is this operation, but takes no batch of seeds.
    rows = tf.raw_ops.RandomIndexShuffle(
        index=counters % num_examples,
        seed=tf.stack([tf.fill(counters.shape, seed), counters // num_examples, tf.zeros_like(counters)], axis=-1),
        max_index=tf.constant(num_examples - 1, tf.int64),
    )
    return tf.ensure_shape(rows, counters.shape)


def parallel(config: Config) -> dict:
    """How batches are made: side by side, in order."""
    return {'num_parallel_calls': config.data.num_workers or tf.data.AUTOTUNE, 'deterministic': True}


def finished(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Read ahead; what a strategy makes of it is its part of each batch (training/distribution.py)."""
    options = tf.data.Options()
    # Otherwise workers would be given different files, or different batches, and parts of those.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(_PREFETCHED_BATCHES).with_options(options)


class _Reader:
    """What training and test batches have in common: a whole batch at a time, in graph."""

    def __init__(self, config: Config, examples: PairDataset):
        self.config = config
        self.size = config.model.image_size
        self.rows = tf.constant(examples.rows)
        self.roles = config.model.roles
        self.names = tf.constant(examples.names)
        self.keypoints = tf.constant(examples.keypoints)
        self.pictures = self.store(examples.paths, lambda path: read_picture(path, self.size), (*self.size, 3))

    def store(self, paths: list[str], read: Callable[[tf.Tensor], tf.Tensor], shape: tuple[int, ...]) -> PictureStore:
        return PictureStore(paths, read, shape, self.config.data.num_workers, self.config.data.cache_images)

    def numbers(self, rows: tf.Tensor) -> tf.Tensor:
        """Numbers of the pictures of examples [B]: those of the first role, then those of the next, [K B]."""
        return tf.reshape(tf.transpose(tf.gather(self.rows, rows)), [-1])

    def batch(self, numbers: tf.Tensor, images: tf.Tensor, keypoints: tf.Tensor, maps: Batch) -> Batch:
        """From pictures [K B, H, W, 3] in [-1, 1], keypoints [K B, 18, 2] and the class maps by their keys."""
        return {
            **maps,
            **self.split('image', images),
            **self.split('keypoints', keypoints),
            **self.split('name', tf.gather(self.names, numbers)),
        }

    def with_poses(self, batch: Batch) -> Batch:
        """The batch and the poses that the model sees."""
        form = self.config.model.pose_form
        if form is None:
            return batch
        # Not one call and a split: heatmaps are by far the largest arrays here.
        return {**batch, **{f'{role}_pose': form.make(batch, role, self.size) for role in self.roles}}

    def read_flows(self, paths: tf.Tensor) -> Batch:
        """`TRUTH_KEYS`, of the files [B]."""
        found = tf.map_fn(
            lambda path: read_flow(path, self.size),
            paths,
            fn_output_signature=(tf.TensorSpec((*self.size, 2), tf.float32), tf.TensorSpec(self.size, tf.uint8)),
        )
        return dict(zip(TRUTH_KEYS, found))

    def split(self, key: str, stacked: tf.Tensor) -> Batch:
        """`<role>_<key>` of what holds all roles, [K B, ...]."""
        parts = tf.split(stacked, len(self.roles))
        return {f'{role}_{key}': part for role, part in zip(self.roles, parts)}


class _TrainingReader(_Reader):
    def __init__(self, config: Config, examples: PairDataset, needed_maps: Mapping[str, str], shard: Shard):
        super().__init__(config, examples)
        self.shard = shard
        maps = required_maps(config.data, needed_maps, examples)
        # By kind of map: the keys of a batch that hold such maps, and all maps.
        self.maps = {kind: (keys, self._map_store(maps[kind])) for kind, keys in keys_by_kind(needed_maps).items()}
        flows = required_flows(config.data, needed_maps, examples)
        self.flows = None if flows is None else tf.constant(flows)
        self.wanted = set(needed_maps)

    def _map_store(self, maps: ClassMaps) -> PictureStore:
        return self.store(maps.paths, lambda path: read_class_map(path, self.size, maps.coding), self.size)

    def read(self, rows: tf.Tensor, step: tf.Tensor) -> Batch:
        """The pairs [B], changed at random as the config says."""
        numbers = self.numbers(rows)
        images = to_float_image(self.pictures.get(numbers))
        keypoints = tf.gather(self.keypoints, numbers)
        maps = {kind: store.get(numbers) for kind, (_, store) in self.maps.items()}
        if self.config.data.augmentation == 'affine':
            seed, count = self._seed(step, 0), numbers.shape[0]
            matrices = augmentation.random_affine(count, self.size, seed, self.shard, len(self.roles))
            images = augmentation.move_images(images, matrices)
            keypoints = augmentation.move_keypoints(keypoints, matrices, self.size)
            maps = {kind: augmentation.move_class_maps(both, matrices) for kind, both in maps.items()}
        if self.config.data.color_jitter:
            images = augmentation.jitter_colors(images, self._seed(step, 1), self.shard)
        sides = {key: side for kind, both in maps.items() for key, side in self.split(kind, both).items()}
        batch = self.batch(numbers, images, keypoints, sides)
        if self.flows is not None:
            batch.update(self.read_flows(tf.gather(self.flows, rows)))
        batch = augment_as(self.config.data.pair_augmentation, batch, self._seed(step, 0), self.shard)
        if self.config.data.photo_augmentation:
            # Last, since moving a picture would smooth its noise.
            images = tf.concat([batch[f'{role}_image'] for role in self.roles], axis=0)
            changed = augment_photos(images, len(self.roles), self._seed(step, 1), self.shard)
            batch.update(self.split('image', changed))
        unwanted = {*sides, *TRUTH_KEYS} - self.wanted
        return {name: values for name, values in self.with_poses(batch).items() if name not in unwanted}

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
            sides.update(self.split(key, maps))
        images, keypoints = to_float_image(self.pictures.get(numbers)), tf.gather(self.keypoints, numbers)
        batch = self.with_poses(self.batch(numbers, images, keypoints, sides))
        return batch if self.flows is None else {**batch, **self.read_flows(tf.gather(self.flows, rows))}
