"""Room between layers of clothes, so that nothing pokes through what is worn over it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial import cKDTree

from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.mesh import Layer, vertex_normals

_REACH = 0.06  # metres; what is farther away is another limb
_ROUNDS = 3


@compiled
def mean_of_neighbours(values: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """For each vertex the mean [N, C] of the others' values in its triangles; 0 for one without."""
    out = np.zeros(values.shape)
    count = np.zeros(len(values))
    for t in range(len(triangles)):
        for corner in range(3):
            own, one, other = triangles[t, corner], triangles[t, corner - 1], triangles[t, corner - 2]
            count[own] += 2
            for c in range(values.shape[1]):
                out[own, c] += values[one, c] + values[other, c]
    for n in range(len(values)):
        for c in range(values.shape[1]):
            out[n, c] /= max(count[n], 1.0)
    return out


def smoothed(vertices: np.ndarray, triangles: np.ndarray, rounds: int, share: float = 0.5) -> np.ndarray:
    """Vertices moved by `share` towards the mean of their neighbours, `rounds` times; rims stay where they are."""
    free = ~_on_rim(triangles, len(vertices))[:, None]
    out = vertices.astype(np.float64)
    for _ in range(rounds):
        out = out + share * free * (mean_of_neighbours(out, triangles) - out)
    return out


def _on_rim(triangles: np.ndarray, count: int) -> np.ndarray:
    """Whether a vertex has an edge with a single triangle."""
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    codes, number = np.unique(edges[:, 0].astype(np.int64) * count + edges[:, 1], return_counts=True)
    single = codes[number == 1]
    out = np.zeros(count, bool)
    out[single // count] = True
    out[single % count] = True
    return out


def push_out(outer: Layer, inner: list[Layer], gap: float) -> Layer:
    """`outer` moved so far outwards that its vertices keep `gap` metres from those of all `inner` layers, at rest.

    The distance is measured along the inner surface's normal at its nearest vertices; what lies between vertices that
    are moved goes with them, so that the cloth stays smooth.
    """
    inner = [layer for layer in inner if len(layer.vertices)]
    if not inner or not len(outer.vertices):
        return outer
    points = np.concatenate([layer.vertices for layer in inner]).astype(np.float64)
    normals = np.concatenate([vertex_normals(layer.vertices, layer.triangles) for layer in inner])
    tree = _tree(points)
    vertices = outer.vertices.astype(np.float64)
    for round_ in range(_ROUNDS):
        moves = _moves(vertices, points, normals, tree, gap)
        fixed = moves.any(axis=1, keepdims=True)
        if not fixed.any():
            break
        spread = moves
        # The last round moves nothing but what is still too near.
        for _ in range(4 if round_ < _ROUNDS - 1 else 0):
            spread = np.where(fixed, moves, mean_of_neighbours(spread, outer.triangles))
        vertices = vertices + spread
    return dataclasses.replace(outer, vertices=vertices.astype(np.float32))


def inside_by(outer: Layer) -> np.ndarray:
    """How far each vertex of a layer is from where the layer ends, in metres: its field, or the way to its rim."""
    if outer.field is not None:
        return outer.field
    rim = _on_rim(outer.triangles, len(outer.vertices))
    if not rim.any():
        return np.full(len(outer.vertices), 1.0, np.float32)
    return _tree(outer.vertices[rim]).query(outer.vertices)[0].astype(np.float32)


def covered(points: np.ndarray, outer: Layer, margin: float, reach: float = _REACH) -> np.ndarray:
    """Which points [P, 3] lie under a layer, at least `margin` metres from its end, and within `reach` of it."""
    distance, nearest = _tree(outer.vertices).query(points, distance_upper_bound=reach)
    found = np.isfinite(distance)
    out = np.zeros(len(points), bool)
    out[found] = (inside_by(outer) > margin)[nearest[found]]
    return out


def _tree(points: np.ndarray) -> cKDTree:
    """Quick to build; what is asked of it lies near its points."""
    return cKDTree(points, compact_nodes=False, balanced_tree=False)


def without_covered(inner: Layer, outer: Layer, margin: float = 0.05) -> Layer:
    """`inner` without the triangles that nobody can see under `outer`, which then cannot poke through either."""
    gone = covered(inner.vertices, outer, margin)
    return inner.only(~gone[inner.triangles].all(axis=1))


def depth_below(points: np.ndarray, layer: Layer) -> np.ndarray:
    """How far points [P, 3] lie above the layer along the normal of its nearest vertex; NaN where it is far away."""
    return heights_above(points, layer.vertices, vertex_normals(layer.vertices, layer.triangles), _REACH)


def heights_above(points: np.ndarray, vertices: np.ndarray, normals: np.ndarray, reach: float) -> np.ndarray:
    """How far points [P, 3] lie above the nearest vertex along its normal, in metres; NaN where none is in reach."""
    distance, nearest = _tree(vertices).query(points, distance_upper_bound=reach)
    found = np.isfinite(distance)
    against = nearest[found]
    out = np.full(len(points), np.nan)
    out[found] = np.sum((points[found] - vertices[against]) * normals[against], axis=1)
    return out


def _moves(vertices: np.ndarray, points: np.ndarray, normals: np.ndarray, tree: cKDTree, gap: float) -> np.ndarray:
    distance, nearest = tree.query(vertices, k=3, distance_upper_bound=_REACH)
    moves = np.zeros_like(vertices)
    for k in range(3):
        found = np.isfinite(distance[:, k])
        place, normal = points[nearest[found, k]], normals[nearest[found, k]]
        missing = gap - np.sum((vertices[found] - place) * normal, axis=1)
        missing = np.where(missing > 0, missing, 0.0)[:, None] * normal
        larger = np.linalg.norm(missing, axis=1) > np.linalg.norm(moves[found], axis=1)
        numbers = np.flatnonzero(found)[larger]
        moves[numbers] = missing[larger]
    return moves
