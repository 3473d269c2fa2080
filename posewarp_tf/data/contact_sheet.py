"""Pictures of a data set with their skeletons and maps, on one sheet: what a glance shows, no count does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posewarp_tf.data.datasets import PairDataset
from posewarp_tf.data.truth import ClassMaps
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_colors import class_map_to_color, with_legends
from posewarp_tf.pictures.class_maps import load_class_map
from posewarp_tf.pictures.drawing import draw_skeleton, picture_grid
from posewarp_tf.pictures.picture_files import load_image, resize_image, resize_nearest

_ROWS, _COLUMNS = 4, 6


def contact_sheet(checked: Sequence[tuple[PairDataset, list[ClassMaps]]], size: tuple[int, int]) -> np.ndarray:
    """Pictures from all over the splits with their skeletons, each beside its maps of classes, uint8 [H, W, 3]."""
    cells: list[np.ndarray] = []
    kinds: set[tuple[str, ...]] = set()
    for dataset, found in checked:
        count = _ROWS * _COLUMNS // len(checked)
        for i in np.unique(np.linspace(0, len(dataset.paths) - 1, count).astype(int)):
            try:
                image = resize_image(load_image(dataset.paths[i]), size)
                drawn = [_drawn_map(maps, i, size) for maps in found]
            except DataError:
                # Reported among the unreadable pictures or maps already.
                continue
            cells.append(np.concatenate([draw_skeleton(image, dataset.keypoints[i]), *drawn], axis=1))
            kinds.update(tuple(maps.coding.names) for maps in found)
    if not cells:
        raise DataError('no picture could be decoded for the contact sheet')
    rows = [cells[i : i + _COLUMNS] for i in range(0, len(cells), _COLUMNS)]
    return with_legends(picture_grid(rows), sorted(kinds, key=len))


def _drawn_map(maps: ClassMaps, number: int, size: tuple[int, int]) -> np.ndarray:
    colors = class_map_to_color(load_class_map(maps.paths[number], maps.coding), maps.coding.names)
    return resize_nearest(colors, size)
