"""Room between layers of clothes, so that nothing pokes through what is worn over it."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from posewarp_tf.synthetic.rendered.mesh import Layer, vertex_normals

_REACH = 0.06  # metres; what is farther away is another limb
_ROUNDS = 3


def neighbours(triangles: np.ndarray, count: int) -> sparse.csr_matrix:
    """Rows of means over the vertices that share an edge, [count, count]."""
    first = triangles[:, [0, 1, 2, 1, 2, 0]].ravel()
    second = triangles[:, [1, 2, 0, 0, 1, 2]].ravel()
    links = sparse.csr_matrix((np.ones(len(first), np.float32), (first, second)), shape=(count, count))
    links.data[:] = 1.0
    degree = np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1.0)
    return sparse.diags(1.0 / degree) @ links


def smoothed(vertices: np.ndarray, triangles: np.ndarray, rounds: int, share: float = 0.5) -> np.ndarray:
    """Vertices moved by `share` towards the mean of their neighbours, `rounds` times; rims stay where they are."""
    mean = neighbours(triangles, len(vertices))
    free = ~_on_rim(triangles, len(vertices))[:, None]
    out = vertices.astype(np.float64)
    for _ in range(rounds):
        out = out + share * free * (mean @ out - out)
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

    The distance is measured along the inner surface's normal at its nearest vertex; how far a vertex moves is at least
    what its neighbours move on average, so that the cloth stays smooth.
    """
    inner = [layer for layer in inner if len(layer.vertices)]
    if not inner or not len(outer.vertices):
        return outer
    points = np.concatenate([layer.vertices for layer in inner]).astype(np.float64)
    normals = np.concatenate([vertex_normals(layer.vertices, layer.triangles) for layer in inner])
    tree = cKDTree(points)
    mean = neighbours(outer.triangles, len(outer.vertices))
    vertices = outer.vertices.astype(np.float64)
    for _ in range(_ROUNDS):
        moves = _moves(vertices, points, normals, tree, gap)
        if not moves.any():
            break
        spread = moves
        for _ in range(3):
            spread = np.maximum(np.linalg.norm(moves, axis=1), 0)[:, None] * _unit(moves) + (
                (np.linalg.norm(moves, axis=1) == 0)[:, None] * (mean @ spread)
            )
        vertices = vertices + spread
    return dataclasses.replace(outer, vertices=vertices.astype(np.float32))


def depth_below(points: np.ndarray, layer: Layer) -> np.ndarray:
    """How far points [P, 3] lie above the layer along the normal of its nearest vertex; NaN where it is far away."""
    normals = vertex_normals(layer.vertices, layer.triangles)
    distance, nearest = cKDTree(layer.vertices).query(points)
    height = np.sum((points - layer.vertices[nearest]) * normals[nearest], axis=1)
    return np.where(distance < _REACH, height, np.nan)


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


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
