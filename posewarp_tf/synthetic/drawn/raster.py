"""Which point of which triangle each sample of a picture shows: a z-buffer in plain NumPy."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass
class Fragments:
    """Samples covered by triangles: triangle, sample (flat), barycentric weights and depth, all [F]."""

    triangle: np.ndarray
    sample: np.ndarray
    weights: np.ndarray  # [F, 3] float32
    depth: np.ndarray

    def select(self, keep: np.ndarray) -> Fragments:
        return Fragments(self.triangle[keep], self.sample[keep], self.weights[keep], self.depth[keep])


def fragments(corners: np.ndarray, height: int, width: int) -> Fragments:
    """All fragments of triangles whose corners [T, 3, 3] are (x, y, depth) in samples; centres are whole numbers."""
    low = np.maximum(np.ceil(corners[:, :, :2].min(axis=1)), 0).astype(np.int64)
    high = np.floor(corners[:, :, :2].max(axis=1)).astype(np.int64)
    high = np.minimum(high, np.array([width - 1, height - 1]))
    span = np.maximum(high - low + 1, 0)
    counts = span[:, 0] * span[:, 1]
    edge_a, edge_b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = edge_a[:, 0] * edge_b[:, 1] - edge_a[:, 1] * edge_b[:, 0]
    counts[np.abs(area) < 1e-9] = 0
    triangle = np.repeat(np.arange(len(corners), dtype=np.int32), counts)
    local = np.arange(len(triangle), dtype=np.int32) - np.repeat(np.cumsum(counts) - counts, counts).astype(np.int32)
    columns = span[:, 0].astype(np.int32)[triangle]
    row = local // np.maximum(columns, 1)
    x = low[:, 0].astype(np.int32)[triangle] + (local - row * columns)
    y = low[:, 1].astype(np.int32)[triangle] + row
    inverse = 1.0 / np.where(counts > 0, area, 1.0)
    # Weights of corners 1 and 2 are linear in the offset from corner 0.
    b_x, b_y = edge_b[:, 1] * inverse, -edge_b[:, 0] * inverse
    c_x, c_y = -edge_a[:, 1] * inverse, edge_a[:, 0] * inverse
    b_0 = -(b_x * corners[:, 0, 0] + b_y * corners[:, 0, 1])
    c_0 = -(c_x * corners[:, 0, 0] + c_y * corners[:, 0, 1])
    second = b_x[triangle] * x + b_y[triangle] * y + b_0[triangle]
    third = c_x[triangle] * x + c_y[triangle] * y + c_0[triangle]
    first = 1.0 - second - third
    inside = np.flatnonzero((first >= -1e-7) & (second >= -1e-7) & (third >= -1e-7))
    triangle, second, third = triangle[inside], second[inside], third[inside]
    depth = corners[:, 0, 2][triangle] + second * edge_a[:, 2][triangle] + third * edge_b[:, 2][triangle]
    weights = np.stack([first[inside], second, third], axis=1)
    return Fragments(triangle, y[inside] * width + x[inside], weights, depth)


def nearest(found: Fragments, num_samples: int) -> np.ndarray:
    """Index of the fragment with the largest depth value per sample [num_samples], -1 where there is none."""
    if not len(found.depth):
        return np.full(num_samples, -1, np.int64)
    low = found.depth.min()
    scale = 2.0**30 / max(float(found.depth.max() - low), 1e-9)
    order = ((found.depth - low) * scale).astype(np.int64) << 32
    order |= np.arange(len(order), dtype=np.int64)
    best = np.full(num_samples, -1, np.int64)
    np.maximum.at(best, found.sample, order)
    return np.where(best >= 0, best & 0xFFFFFFFF, -1)
