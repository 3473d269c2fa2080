"""What models are trained on, by the `material` that their configs declare: where examples and batches come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from posewarp_tf.data.clips import dance, face
from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.data.pipeline import make_test_dataset, make_training_dataset
from posewarp_tf.data.shard import Shard
from posewarp_tf.data.skeleton_files import load_skeletons
from posewarp_tf.data.skeletons import make_test_skeletons, make_training_skeletons
from posewarp_tf.data.view_files import load_views
from posewarp_tf.data.views import make_test_views, make_training_views
from posewarp_tf.settings.config import Config


class Material(NamedTuple):
    """The examples and batches of one kind of model.

    Attributes:
        examples: config -> the training examples.
        training: config, needed maps, first step, examples, shard -> endless batches, or the shard's part of each.
        test: config, batch size, number of examples -> the test examples, or so many spread evenly over them.
    """

    examples: Callable[[Config], Any]
    training: Callable[[Config, Mapping[str, str], int, Any, Shard], tf.data.Dataset]
    test: Callable[[Config, int, int | None], tf.data.Dataset]


_MATERIALS = {
    'pictures': Material(
        lambda config: load_dataset(config.data, 'train', config.model.image_size),
        make_training_dataset,
        make_test_dataset,
    ),
    'skeletons': Material(
        lambda config: load_skeletons(config.data.data_dir, 'train', config.model.fills_skeletons),
        lambda config, maps, step, examples, shard: make_training_skeletons(config, step, examples, shard),
        make_test_skeletons,
    ),
    'views': Material(lambda config: load_views(config.data, 'train'), make_training_views, make_test_views),
    'dance_clips': Material(
        lambda config: dance.load_clips(config.data, 'train'),
        lambda config, maps, step, examples, shard: dance.make_training_clips(config, step, examples, maps, shard),
        dance.make_test_clips,
    ),
    'face_clips': Material(
        lambda config: face.load_face_videos(config.data.data_dir, 'train'),
        lambda config, maps, step, examples, shard: face.make_training_clips(config, step, examples, maps, shard),
        face.make_test_clips,
    ),
}


def material_of(config: Config) -> Material:
    """That of the model of `config`."""
    return _MATERIALS[config.model.material]
