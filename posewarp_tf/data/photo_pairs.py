"""Test pairs of a data set, as large as photos: what answers at a photo's resolution are measured on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.data.truth import required_maps
from posewarp_tf.errors import DataError
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.class_maps import load_class_map
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.settings.sections import DataConfig


class Photo(NamedTuple):
    """A picture uint8 [H, W, 3], its joints [18, 2] in pixels, missing (-1, -1), and its body parts [H, W]."""

    image: np.ndarray
    keypoints: np.ndarray
    parts: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.shape[0], self.image.shape[1]


class PhotoPairs:
    """Source and target of the test pairs of a folder, made as small as `size` (height, width); read as they come.

    Args:
        data_dir: pairs in DeepFashion's layout, with maps of body parts.
        max_pairs: only so many, spread evenly over all.

    Raises:
        DataError: the folder cannot be read, has no such maps, or (while reading) a picture is smaller than
            `size` or shows nobody.
    """

    def __init__(self, data_dir: str, size: tuple[int, int], max_pairs: int | None):
        data = DataConfig(data_dir=data_dir)
        self._size = size
        self._examples = load_dataset(data, 'test', size).spread(max_pairs)
        self._maps = required_maps(data, {'target_parts': 'what is measured of the person'}, self._examples)['parts']

    def __len__(self) -> int:
        return len(self._examples.rows)

    def __iter__(self) -> Iterator[tuple[Photo, Photo]]:
        for source, target in self._examples.rows:
            yield self._photo(source), self._photo(target)

    def _photo(self, number: int) -> Photo:
        path, size = self._examples.paths[number], self._size
        image = load_image(path)
        if image.shape[0] < size[0] or image.shape[1] < size[1]:
            raise DataError(
                f'{path}: got {image.shape[0]}x{image.shape[1]}, expected at least {size[0]}x{size[1]}: '
                'larger pictures, or a smaller --scale'
            )
        whole_parts = load_class_map(self._maps.paths[number], self._maps.coding)
        parts = Window.whole(whole_parts.shape).crop_classes(whole_parts, size)
        if not parts.any():
            raise DataError(f'{self._maps.paths[number]}: nobody is in this map of body parts, expected a person')
        return Photo(Window.whole(image.shape).crop(image, size), self._examples.keypoints[number], parts)
