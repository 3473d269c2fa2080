"""Files of objects from all sides, as Multi-view to Novel view's ShapeNet; synthetic/objects/files.py has their layout.

Imports no TensorFlow. Pictures are read when they are asked for: the published files are larger than memories.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence

import h5py
import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.files import read_text
from posewarp_tf.pictures.picture_files import resize_image
from posewarp_tf.poses.views import AZIMUTHS, ELEVATIONS
from posewarp_tf.settings.sections import VIEW_CATEGORIES, DataConfig
from posewarp_tf.synthetic.objects.camera import View, decode_depth, exact_flow
from posewarp_tf.synthetic.objects.files import data_file, group_name, list_file

# Pictures that are kept in memory take no more than this, in bytes.
_MOST_KEPT = 2**31


@dataclasses.dataclass(frozen=True, eq=False)
class ViewExamples:
    """Views to begin from, and in testing those to make; places count azimuths and elevations in their tables.

    Attributes:
        path: of the HDF5 file.
        objects: names of the objects.
        sources: int64 [N, 3], object, azimuth, elevation.
        targets: likewise; None in training, where they are drawn.
    """

    path: str
    objects: list[str]
    sources: np.ndarray
    targets: np.ndarray | None = None

    def name(self, place: Sequence[int]) -> str:
        """The group of an object, azimuth and elevation."""
        return group_name(self.objects[place[0]], AZIMUTHS[place[1]], ELEVATIONS[place[2]])

    def every_place(self, any_elevation: bool) -> np.ndarray:
        """int64 [M, 3]: all that the examples can show, each once; in training all azimuths, of the listed elevations
        or of any."""
        if self.targets is not None:
            return np.unique(np.concatenate([self.sources, self.targets]), axis=0)
        rings = np.unique(self.sources[:, [0, 2]], axis=0)
        if any_elevation:
            objects = np.unique(rings[:, 0])
            rings = np.stack(np.meshgrid(objects, np.arange(len(ELEVATIONS)), indexing='ij'), axis=-1).reshape(-1, 2)
        azimuths = np.tile(np.arange(len(AZIMUTHS)), len(rings))
        rings = rings.repeat(len(AZIMUTHS), axis=0)
        return np.stack([rings[:, 0], azimuths, rings[:, 1]], axis=1)

    def spread(self, count: int | None) -> ViewExamples:
        """So many of the test pairs, spread evenly over them."""
        assert self.targets is not None
        if count is None or count >= len(self.sources):
            return self
        rows = np.linspace(0, len(self.sources) - 1, count).round().astype(int)
        return dataclasses.replace(self, sources=self.sources[rows], targets=self.targets[rows])


def load_views(data: DataConfig, split: str) -> ViewExamples:
    """The listed views of 'train', or the pairs of 'test': object i from azimuth 20 (i mod 18), level, to all azimuths.

    Raises:
        DataError: a file is missing, no HDF5, or a list holds what is no view.
    """
    category = find_category(data)
    path = os.path.join(data.data_dir, data_file(category))
    lines = _read_lines(os.path.join(data.data_dir, list_file(category, split)))
    if split == 'test':
        pairs = [(i, i % len(AZIMUTHS), 0, azimuth) for i in range(len(lines)) for azimuth in range(len(AZIMUTHS))]
        table = np.array(pairs, np.int64)
        return ViewExamples(path, lines, table[:, :3], table[:, [0, 3, 2]])
    numbers: dict[str, int] = {}
    places = []
    for number, line in enumerate(lines, start=1):
        match = re.fullmatch(r'(.+)_(\d+)_(\d+)', line)
        azimuth, elevation = (int(match[2]) * 10, int(match[3])) if match else (-1, -1)
        if match is None or azimuth not in AZIMUTHS or elevation not in ELEVATIONS:
            raise DataError(
                f'{os.path.join(data.data_dir, list_file(category, split))}: row {number}: got {line!r}, expected '
                '<object>_<azimuth / 10>_<elevation> of azimuths 20 degrees and elevations 10 degrees apart'
            )
        place = numbers.setdefault(match[1], len(numbers))
        places.append((place, AZIMUTHS.index(azimuth), ELEVATIONS.index(elevation)))
    return ViewExamples(path, list(numbers), np.array(places, np.int64))


def find_category(data: DataConfig) -> str:
    """What --view_category says, or the category whose file is there.

    Raises:
        DataError: there is none, or there are several.
    """
    known = [name for name in VIEW_CATEGORIES if name != 'auto']
    wanted = known if data.view_category == 'auto' else [data.view_category]
    found = [name for name in wanted if os.path.isfile(os.path.join(data.data_dir, data_file(name)))]
    if not found:
        expected = ' or '.join(map(data_file, wanted))
        raise DataError(f'{data.data_dir or "--data_dir"}: no {expected}: expected a folder of objects from all sides')
    if len(found) > 1:
        raise DataError(f'{data.data_dir}: holds {" and ".join(map(data_file, found))}: give --view_category')
    return found[0]


class ViewReader:
    """Pictures and depths of an HDF5 file by the names of groups.

    Args:
        path: of the file, which is opened when something is first read.
        size: height and width that pictures are squashed to.
        keep: whether pictures may be kept in memory.
    """

    def __init__(self, path: str, size: tuple[int, int], keep: bool = False) -> None:
        self.path = path
        self.size = size
        self._file: h5py.File | None = None
        self._kept: dict[str, np.ndarray] | None = {} if keep else None

    def picture(self, name: str) -> np.ndarray:
        """uint8 [*size, 3].

        Raises:
            DataError: the file cannot be read, or holds no such picture.
        """
        if self._kept is not None and name in self._kept:
            return self._kept[name]
        image = self._array(name, 'image')
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise DataError(f'{self.path}: {name}/image: got {image.dtype} {image.shape}, expected uint8 [h, w, 3]')
        if image.shape[:2] != self.size:
            image = resize_image(image, self.size)
        if self._kept is not None and (len(self._kept) + 1) * image.nbytes <= _MOST_KEPT:
            self._kept[name] = image
        return image

    def has_depth(self, name: str) -> bool:
        return 'depth' in self._group(name)

    def truth(self, source: str, target: str) -> tuple[np.ndarray, np.ndarray]:
        """Exact flow float32 [*size, 2] and visibility uint8 [*size] of a pair, from the depths of both.

        Raises:
            DataError: the file cannot be read, has no depths, or the size is no square.
        """
        if self.size[0] != self.size[1]:
            raise DataError(f'{self.path}: exact flows are of square pictures, got {self.size[0]}x{self.size[1]}')
        views = [self._view(name) for name in (source, target)]
        depths = [decode_depth(self._array(name, 'depth')) for name in (source, target)]
        return exact_flow(views[0], views[1], depths[0], depths[1], self.size[0])

    def pose(self, name: str) -> tuple[int, int]:
        """(azimuth / 10, elevation) as the file has them."""
        values = self._array(name, 'pose').ravel()
        if len(values) != 2:
            raise DataError(f'{self.path}: {name}/pose: got {values.tolist()}, expected azimuth / 10 and elevation')
        return int(values[0]), int(values[1])

    def __contains__(self, name: str) -> bool:
        return name in self.opened()

    def _view(self, name: str) -> View:
        azimuth, elevation = self.pose(name)
        return View(10.0 * azimuth, float(elevation))

    def _array(self, name: str, key: str) -> np.ndarray:
        group = self._group(name)
        if key not in group:
            raise DataError(f'{self.path}: {name}: no {key!r}, only {", ".join(sorted(group)) or "nothing"}')
        try:
            return group[key][()]
        except OSError as error:
            raise DataError(f'{self.path}: {name}/{key}: unreadable: {error}') from error

    def _group(self, name: str) -> h5py.Group:
        file = self.opened()
        if name not in file:
            raise DataError(f'{self.path}: no group {name!r}, which the lists beside it ask for')
        return file[name]

    def opened(self) -> h5py.File:
        """The file; DataError if it cannot be opened."""
        if self._file is None:
            try:
                self._file = h5py.File(self.path, 'r')
            except FileNotFoundError as error:
                raise DataError(f'{self.path}: no such file') from error
            except OSError as error:
                raise DataError(f'{self.path}: no HDF5 file, or a damaged one: {error}') from error
        return self._file


def _read_lines(path: str) -> list[str]:
    return [line.strip() for line in read_text(path, 'a list of names').splitlines() if line.strip()]
