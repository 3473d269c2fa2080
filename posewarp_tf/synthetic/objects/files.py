"""Self-made data of novel views, in the files of Multi-view to Novel view's ShapeNet.

data_<category>.hdf5          a group `<object>_<azimuth / 10>_<elevation>` for each of 54 views, with
                              `image` uint8 [size, size, 3], and `pose`, (azimuth / 10, elevation);
                              and, which the published have not, `depth` uint16 [size, size] (camera.py), of which
                              exact flows are made
id_<category>_train.txt       names of groups to begin from, one in a line
name_<category>_test.txt      names of objects, one in a line
"""

from __future__ import annotations

import os
import pathlib

import numpy as np
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.errors import ConfigError
from posewarp_tf.poses.views import AZIMUTHS, ELEVATIONS
from posewarp_tf.synthetic.objects.camera import View, encode_depth
from posewarp_tf.synthetic.objects.render import CATEGORIES, render, sample_object
from posewarp_tf.synthetic.processes import in_processes
from posewarp_tf.synthetic.unfinished import folder_appearing_whole, require_nothing_there

# One object in so many is for testing.
_TEST_EVERY = 10
MIN_OBJECTS = 2

Views = list[tuple[str, np.ndarray, tuple[int, int], np.ndarray]]


def data_file(category: str) -> str:
    return f'data_{category}.hdf5'


def list_file(category: str, split: str) -> str:
    """Names of groups for training, of objects for testing."""
    return f'id_{category}_train.txt' if split == 'train' else f'name_{category}_test.txt'


def group_name(name: str, azimuth: int, elevation: int) -> str:
    """That of an object from an azimuth and an elevation in degrees."""
    return f'{name}_{azimuth // 10}_{elevation}'


def write_views(
    output_dir: str | os.PathLike,
    category: str,
    num_objects: int,
    size: int,
    seed: int = 0,
    num_processes: int = 1,
    show_progress: bool = True,
) -> None:
    """Writes so many objects, each in 54 views, as a whole or not at all; the first of each ten are for testing.

    Args:
        category: one of render.CATEGORIES.
        size: height and width of the pictures.
        num_processes: that draw side by side; they change the speed alone.

    Raises:
        DataError: the folder holds something already.
        ConfigError: there is no such category, or there are fewer than two objects.
    """
    import h5py

    if category not in CATEGORIES:
        raise ConfigError(f'category: got {category!r}, expected one of {", ".join(CATEGORIES)}')
    if num_objects < MIN_OBJECTS:
        raise ConfigError(f'--views: got {num_objects}, expected at least {MIN_OBJECTS} objects')
    final = pathlib.Path(output_dir)
    require_nothing_there(final)
    tasks = [(category, seed, number, size) for number in range(num_objects)]
    train, test = [], []
    with folder_appearing_whole(final) as folder:
        with h5py.File(folder / data_file(category), 'w', libver='latest') as file:
            drawn = in_processes(_draw, tasks, num_processes)
            drawn = tqdm(drawn, desc='objects', total=num_objects, disable=None if show_progress else True)
            for number, views in enumerate(drawn):
                is_test = number % _TEST_EVERY == 0
                test += [_object_name(category, number)] if is_test else []
                train += [] if is_test else [name for name, *_ in views]
                for name, image, pose, depth in views:
                    group = file.create_group(name)
                    for key, array in (('image', image), ('depth', depth)):
                        group.create_dataset(key, data=array, chunks=array.shape, compression='gzip', shuffle=True)
                    group.create_dataset('pose', data=np.array(pose, np.int64))
        for split, names in (('train', train), ('test', test)):
            files.write_text(folder / list_file(category, split), '\n'.join(names) + '\n')


def _draw(task: tuple[str, int, int, int]) -> Views:
    """(group, picture, pose, depth) of all views of an object."""
    category, seed, number, size = task
    parts = sample_object(category, seed, number)
    views = []
    for elevation in ELEVATIONS:
        for azimuth in AZIMUTHS:
            image, depth = render(parts, View(azimuth, elevation), size)
            name = group_name(_object_name(category, number), azimuth, elevation)
            views.append((name, image, (azimuth // 10, elevation), encode_depth(depth)))
    return views


def _object_name(category: str, number: int) -> str:
    return f'{category}{number:05d}'
