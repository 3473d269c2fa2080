"""Pairs to compare an export with its model on: held-out ones where the data is at hand, drawn ones where not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from posewarp_tf import ops
from posewarp_tf.data.materials import material_of
from posewarp_tf.data.picture_store import reading
from posewarp_tf.errors import DataError
from posewarp_tf.models.inputs import raw_input_specs
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.objects.files import MIN_OBJECTS, write_views
from posewarp_tf.synthetic.settings import Settings

_POSES = 2


def held_out_pairs(config: Config, num_pairs: int, data_dir: str | None = None) -> tuple[dict[str, np.ndarray], str]:
    """Raw inputs, as in `raw_input_specs`, of `num_pairs` test pairs (or all, if fewer), and whose they are, in words.

    Args:
        config: of the model; its data section says where the test pairs are.
        num_pairs: spread evenly over them.
        data_dir: another folder of the same layout.

    If neither the config's folder nor another one is there, people (or objects) are drawn instead.

    Raises:
        DataError: a folder that is there, or is given, cannot be used.
    """
    folder = data_dir or config.data.data_dir
    if data_dir is not None or os.path.isdir(folder):
        return _read(
            config.replace(data_dir=folder), num_pairs
        ), f'test pairs of {os.path.basename(folder.rstrip("/"))}'
    with tempfile.TemporaryDirectory() as drawn:
        if config.model.material == 'views':
            folder = os.path.join(drawn, 'objects')
            write_views(folder, 'chair', MIN_OBJECTS, max(config.model.image_size), show_progress=False)
            config = config.replace(data_dir=folder, view_category='auto')
            return _read(config, num_pairs), 'pairs of self-made objects'
        folder = os.path.join(drawn, 'people')
        # The readers want a training part too.
        people = Settings(1, num_pairs, _POSES, 1, config.model.image_size)
        write_dataset(folder, people, num_processes=1, show_progress=False)
        config = config.replace(data_dir=folder, dataset='deepfashion', keypoint_size=())
        return _read(config, num_pairs), 'pairs of synthetic people'


def _read(config: Config, num_pairs: int) -> dict[str, np.ndarray]:
    with reading():
        batch = next(iter(material_of(config).test(config, num_pairs, num_pairs)))
    missing = [name for name in raw_input_specs(config.model) if name not in batch]
    if missing:
        raise DataError(f'{config.data.data_dir}: the model also needs {", ".join(missing)}, which this folder has not')
    raw = {}
    for name, spec in raw_input_specs(config.model).items():
        tensor = batch[name]
        raw[name] = (ops.to_uint8_image(tensor) if spec.dtype == tf.uint8 != tensor.dtype else tensor).numpy()
    return raw


def each_pair(pairs: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """The pairs one by one, each with a batch of one."""
    return [{name: array[i : i + 1] for name, array in pairs.items()} for i in range(num_pairs(pairs))]


def num_pairs(pairs: Mapping[str, np.ndarray]) -> int:
    return len(next(iter(pairs.values())))
