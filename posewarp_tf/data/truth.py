"""What a data set knows beyond pictures and joints: maps of classes and, of drawn people, exact flows.

<data_dir>/parts/<picture>.png        body parts, conventions.PART_NAMES
<data_dir>/parsing/<picture>.png      garments, conventions.GARMENT_NAMES
<data_dir>/flows/<source>__<target>.npz   `flow` float [h, w, 2] and `visibility` [h, w], as in conventions.py
"""

from __future__ import annotations

import os
import zipfile
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.data.datasets import PairDataset, shorten
from posewarp_tf.data.names import picture_stem
from posewarp_tf.errors import DataError


class ClassMap(NamedTuple):
    """`key` is the part of the batch's key after `source_` or `target_`."""

    key: str
    num_classes: int


# By folder.
CLASS_MAPS = {'parts': ClassMap('parts', len(PART_NAMES)), 'parsing': ClassMap('garment', len(GARMENT_NAMES))}


def find_class_maps(data_dir: str, kind: str, examples: PairDataset) -> list[str] | None:
    """The path of each picture's map; None if there is no such folder; DataError if some are missing."""
    stems = [picture_stem(path) for path in examples.paths]
    return _find(os.path.join(data_dir, kind), [f'{stem}.png' for stem in stems])


def find_flows(data_dir: str, examples: PairDataset) -> list[str] | None:
    """The path of each pair's flow; None if there is no such folder; DataError if some are missing."""
    stems = [picture_stem(path) for path in examples.paths]
    return _find(os.path.join(data_dir, 'flows'), [f'{stems[s]}__{stems[t]}.npz' for s, t in examples.pairs])


def load_flow(path: str, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Flow float32 [height, width, 2] and visibility uint8 [height, width], resized to `size`.

    Both take the value of the nearest pixel, since neither can be averaged over the edge of a person; the
    flow's values are rescaled to pixels of `size`.

    Raises:
        DataError: naming the file, if it is not such an .npz.
    """
    try:
        with np.load(path) as file:
            flow, visibility = file['flow'].astype(np.float32), file['visibility'].astype(np.uint8)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f'{path}: expected an .npz with `flow` and `visibility`: {error}') from error
    if flow.ndim != 3 or flow.shape[2] != 2 or visibility.shape != flow.shape[:2]:
        raise DataError(f'{path}: got flow {flow.shape}, visibility {visibility.shape}, expected [h, w, 2] and [h, w]')
    (height, width), (old_height, old_width) = size, visibility.shape
    rows = ((np.arange(height) + 0.5) * old_height / height).astype(int)[:, np.newaxis]
    columns = ((np.arange(width) + 0.5) * old_width / width).astype(int)
    scale = np.array([width / old_width, height / old_height], np.float32)
    return flow[rows, columns] * scale, visibility[rows, columns]


def _find(folder: str, names: list[str]) -> list[str] | None:
    if not os.path.isdir(folder):
        return None
    existing = set(os.listdir(folder))
    missing = sorted(set(names) - existing)
    if missing:
        raise DataError(f'{folder}: missing {shorten(missing)}')
    return [os.path.join(folder, name) for name in names]
