"""Maps of classes from files: what their numbers mean is decided for all files of one kind together."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.inference.jobs import MAP_COLUMNS
from posewarp_tf.pictures.class_maps import (
    DENSEPOSE,
    LIP,
    Coding,
    garment_coding,
    load_class_map,
    load_numbers,
    part_coding,
)


def find_codings(class_maps: Iterable[Mapping[str, pathlib.Path]], garment_classes: str) -> dict[str, Coding]:
    """What the numbers in the maps mean, by their column or flag; decided for all maps of one together."""
    maps = list(class_maps)
    found = {}
    for name in MAP_COLUMNS:
        is_garment = name.endswith('garment')
        given = dict.fromkeys(some[name] for some in maps if name in some)
        paths = [str(path) for path in given if _is_readable(path, LIP if is_garment else DENSEPOSE)]
        if paths:
            place = f'--{name}'
            found[name] = garment_coding(paths, place, garment_classes) if is_garment else part_coding(paths, place)
    return found


def load_maps(paths: Mapping[str, pathlib.Path], codings: Mapping[str, Coding]) -> dict[str, np.ndarray]:
    """The maps uint8 [H, W] of our classes, by their names."""
    # Where no file of a kind can be read there is no coding, and any will lead to the error that says why.
    return {name: load_class_map(path, codings.get(name, LIP)) for name, path in paths.items()}


def _is_readable(path: pathlib.Path, coding: Coding) -> bool:
    """Whether a map is worth a look; who uses a bad file is told what is wrong with it."""
    try:
        load_numbers(path, coding)
    except DataError:
        return False
    return True
