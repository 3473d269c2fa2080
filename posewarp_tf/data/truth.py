"""What a data set knows beyond pictures and joints: maps of classes and, of drawn people, exact flows.

<data_dir>/parts/<picture>.png        body parts, conventions.PART_NAMES; or
<data_dir>/densepose/<picture>.png    DensePose's 0 to 24 (class_maps.py)
<data_dir>/parsing/<picture>.png      garments, in one of the codings of class_codings.py
<data_dir>/flows/<source>__<target>.npz   `flow` float [h, w, 2] and `visibility` [h, w], as in conventions.py
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import TRUTH_KEYS
from posewarp_tf.data.datasets import PairDataset, shorten
from posewarp_tf.data.prepared import Prepared, find_prepared
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.models.config import ModelConfig
from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.pictures.class_codings import GARMENT_CODINGS
from posewarp_tf.pictures.class_maps import DENSEPOSE, PARTS, Coding, garment_coding
from posewarp_tf.pictures.contents import readable
from posewarp_tf.pictures.names import NameIndex, picture_stem
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import DataConfig

# By the part of a batch's key after `source_` or `target_`: folders of such maps; the first that exists is taken.
CLASS_MAP_FOLDERS = {'parts': ('parts', 'densepose'), 'garment': ('parsing',)}


# By the part of such a key and the name of a coding, the coding.
CODINGS: Mapping[str, Mapping[str, Coding]] = {
    'parts': {'parts': PARTS, 'densepose': DENSEPOSE},
    'garment': GARMENT_CODINGS,
}


class ClassMaps(NamedTuple):
    """The path of each picture's map, and what its numbers mean."""

    folder: str
    paths: list[str]
    coding: Coding


def find_class_maps(data: DataConfig, key: str, examples: PairDataset) -> ClassMaps | None:
    """The maps of one kind (`CLASS_MAP_FOLDERS`) of all pictures; None if there is no such folder.

    A map may be called after any of its picture's names (names.py). Prints what the maps are taken for.

    Raises:
        DataError: some pictures have no map, or it cannot be told what the numbers mean.
    """
    prepared = find_prepared(data.data_dir)
    if prepared is not None:
        return _prepared_maps(prepared, data, key, examples)
    folders = [os.path.join(data.data_dir, name) for name in CLASS_MAP_FOLDERS[key]]
    folders = [folder for folder in folders if os.path.isdir(folder)]
    if not folders:
        return None
    folder = folders[0]
    if folders[1:]:
        print(f'{data.data_dir}: using {os.path.basename(folder)}/, not {os.path.basename(folders[1])}/')
    files = sorted(
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith('.png')
    )
    index = NameIndex(files)
    found = {name: index.find(os.path.splitext(name)[0] + '.png') for name in examples.names}
    missing = [f'{picture_stem(name)}.png' for name in examples.names if found[name] is None]
    if missing:
        raise DataError(f'{folder}: missing {shorten(missing)}')
    everything = [os.path.join(folder, name) for name in files]
    if key == 'garment':
        coding = garment_coding(everything, folder, data.garment_classes)
    else:
        coding = DENSEPOSE if os.path.basename(folder) == 'densepose' else PARTS
        print(f'{folder}: {coding.title}')
    return ClassMaps(folder, [os.path.join(folder, found[name] or '') for name in examples.names], coding)


def _prepared_maps(prepared: Prepared, data: DataConfig, key: str, examples: PairDataset) -> ClassMaps | None:
    found = prepared.split(examples.split)
    if key not in found.places:
        return None
    is_said = key == 'garment' and data.garment_classes != 'auto'
    made = prepared.index['codings'][key]
    if is_said and data.garment_classes != made:
        raise ConfigError(
            f'--garment_classes: got {data.garment_classes}, but {prepared.data_dir} was prepared with {made}'
        )
    coding = CODINGS[key][made]
    place = f'{prepared.data_dir}: {key}'
    print(f'{place}: {coding.title}' + (' (given by --garment_classes)' if is_said else ''))
    numbers = [found.numbers[name] for name in examples.names]
    names = [f'{picture_stem(name)}.png' for name in examples.names]
    return ClassMaps(place, prepared.paths(examples.split, key, numbers, names), coding)


def maps_of_model(model: ModelConfig) -> dict[str, str]:
    """The class maps that a model takes, and the setting that asks for each."""
    return {raw.name: raw.asked_by for raw in raw_inputs(model.inputs) if raw.name in model.class_maps}


def keys_by_kind(keys: Iterable[str]) -> dict[str, list[str]]:
    """By kind of map, the keys of a batch that hold such maps."""
    by_kind = {kind: [key for key in sorted(keys) if key.endswith(f'_{kind}')] for kind in CLASS_MAP_FOLDERS}
    return {kind: names for kind, names in by_kind.items() if names}


def required_maps(data: DataConfig, needed: Mapping[str, str], examples: PairDataset) -> dict[str, ClassMaps]:
    """The maps, by kind, that hold the keys of `needed`: {key of a batch: in words, what asks for it}.

    Raises:
        DataError: the folder lacks them.
    """
    found = {}
    for kind, keys in keys_by_kind(needed).items():
        maps = find_class_maps(data, kind, examples)
        if maps is None:
            folders = ' or '.join(f'{folder}/' for folder in CLASS_MAP_FOLDERS[kind])
            raise DataError(
                f'{data.data_dir}: no folder {folders} of class maps, which are needed: '
                + '; '.join(f'{key} by {needed[key]}' for key in keys)
            )
        found[kind] = maps
    return found


def maps_to_test_on(config: Config, examples: PairDataset) -> dict[str, ClassMaps]:
    """All maps that the folder has, by kind; DataError where it lacks those that the model needs."""
    required = required_maps(config.data, maps_of_model(config.model), examples)
    others = [kind for kind in CLASS_MAP_FOLDERS if kind not in required]
    return {**required, **find_maps(config.data, others, examples)}


def find_maps(data: DataConfig, kinds: Iterable[str], examples: PairDataset) -> dict[str, ClassMaps]:
    """Those of `kinds` of maps that the folder has."""
    found = {kind: find_class_maps(data, kind, examples) for kind in kinds}
    return {kind: maps for kind, maps in found.items() if maps is not None}


def required_flows(data: DataConfig, needed: Mapping[str, str], examples: PairDataset) -> list[str] | None:
    """The path of each pair's flow where `needed`, as of `required_maps`, has keys that it holds; None where not.

    Raises:
        DataError: the folder lacks them.
    """
    keys = [key for key in TRUTH_KEYS if key in needed]
    found = find_flows(data.data_dir, examples) if keys else None
    if keys and found is None:
        reasons = '; '.join(f'{key} by {needed[key]}' for key in keys)
        raise DataError(f'{data.data_dir}: no folder flows/ of exact flows, which are needed: {reasons}')
    return found


def find_flows(data_dir: str, examples: PairDataset) -> list[str] | None:
    """The path of each pair's flow; None if there is no such folder; DataError if some are missing."""
    prepared = find_prepared(data_dir)
    if prepared is not None:
        return _prepared_flows(prepared, examples)
    folder = os.path.join(data_dir, 'flows')
    if not os.path.isdir(folder):
        return None
    names = _flow_names(examples)
    missing = sorted(set(names) - set(os.listdir(folder)))
    if missing:
        raise DataError(f'{folder}: missing {shorten(missing)}')
    return [os.path.join(folder, name) for name in names]


def _prepared_flows(prepared: Prepared, examples: PairDataset) -> list[str] | None:
    found = prepared.split(examples.split)
    if 'flow' not in found.places:
        return None
    # Of pairs as single numbers, which of all pairs those of the examples are.
    numbers = np.array([found.numbers[name] for name in examples.names], np.int64)
    every, wanted = (
        rows[:, 0].astype(np.int64) * len(found.names) + rows[:, 1] for rows in (found.rows, numbers[examples.rows])
    )
    order = np.argsort(every)
    return prepared.paths(
        examples.split, 'flow', order[np.searchsorted(every, wanted, sorter=order)], _flow_names(examples)
    )


def _flow_names(examples: PairDataset) -> list[str]:
    stems = [picture_stem(path) for path in examples.paths]
    return [f'{stems[source]}__{stems[target]}.npz' for source, target in examples.rows]


def load_flow(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Flow float32 [h, w, 2] and visibility uint8 [h, w] of a file, in its own size.

    Raises:
        DataError: naming the file, if it is not such an .npz.
    """
    try:
        with np.load(readable(path)) as file:
            flow, visibility = file['flow'].astype(np.float32), file['visibility'].astype(np.uint8)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f'{path}: expected an .npz with `flow` and `visibility`: {error}') from error
    if flow.ndim != 3 or flow.shape[2] != 2 or visibility.shape != flow.shape[:2]:
        raise DataError(f'{path}: got flow {flow.shape}, visibility {visibility.shape}, expected [h, w, 2] and [h, w]')
    return flow, visibility
