"""Exact flow between two pictures of one person, and which pixels the source shows too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posewarp_tf import conventions
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.mesh import interpolate
from posewarp_tf.synthetic.rendered.raster import SAMPLES

if TYPE_CHECKING:
    from posewarp_tf.synthetic.rendered.render import Picture

# How far, in pixels of the source and of the target, the material that the source shows may lie from what is wanted.
_REACH = 1.3
_REACH_IN_TARGET = 1.8
# Pixels of the target between what two neighbouring samples of one surface in the source show there.
_SAME_SURFACE = 4.0


def exact_flow(source: Picture, target: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Where each target pixel's surface point lies in the source: flow float32 [H, W, 2], visibility uint8 [H, W].

    The point at a pixel's centre is a place in a triangle; that place is posed as in the source and projected. It is
    visible where the source's sample nearest to it shows the same layer at the same place, told by the distance on
    the undeformed surface. The background's flow is 0.
    """
    height, width = target.size
    flow = np.zeros((height, width, 2), np.float32)
    visibility = np.full((height, width), conventions.VISIBILITY_BACKGROUND, np.uint8)
    triangle, weights = target.hits.centres()
    rows, columns = np.nonzero(triangle >= 0)
    triangle, weights = triangle[rows, columns], weights[rows, columns]
    corners = target.person.mesh.triangles[triangle]
    points = interpolate(source.vertices, corners, weights)
    seen = source.camera.project(points)
    here = interpolate(target.vertices, corners, weights)
    flow[rows, columns] = seen[:, :2] - np.stack([columns, rows], axis=1)
    shown = shows(
        seen,
        interpolate(target.person.mesh.vertices, corners, weights),
        source.person.mesh.piece[triangle],
        source.hits.triangle,
        source.hits.weights,
        source.person.mesh.triangles,
        source.person.mesh.piece,
        source.person.mesh.vertices,
        np.minimum(
            _REACH * seen[:, 2] / source.camera.focal,
            _REACH_IN_TARGET * target.camera.project(here)[:, 2] / target.camera.focal,
        ),
    )
    visibility[rows, columns] = np.where(shown, conventions.VISIBILITY_VISIBLE, conventions.VISIBILITY_OCCLUDED)
    return flow, visibility


def round_trip(source: Picture, target: Picture) -> np.ndarray:
    """Errors in pixels [K] of the target's visible pixels: led to the source and back by what the source shows there.

    The way back is bilinear between the four samples of the source, a third of a pixel apart, around where the flow
    leads; where these do not show one and the same surface, it is that of the nearest one, whatever that shows.
    """
    ways, visibility = exact_flow(source, target)
    mesh = source.person.mesh
    rows, columns = np.nonzero(visibility == conventions.VISIBILITY_VISIBLE)
    landed = (np.stack([columns, rows], axis=1) + ways[rows, columns]) * SAMPLES + (SAMPLES - 1) / 2
    limit = np.array(source.hits.triangle.shape[::-1]) - 1

    def back(sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where samples (x, y) of the source are in the target, and the layers that they show."""
        x, y = np.clip(sample, 0, limit).T
        triangle, weights = source.hits.triangle[y, x], source.hits.weights[y, x]
        points = interpolate(target.vertices, mesh.triangles[triangle], weights)
        found = target.camera.project(points)[:, :2]
        return np.where(triangle[:, None] >= 0, found, np.inf), np.where(triangle >= 0, mesh.piece[triangle], -1)

    nearest, _ = back(np.rint(landed).astype(np.int64))
    first = np.floor(landed).astype(np.int64)
    share = landed - first
    between, is_one_surface = np.zeros_like(landed), np.ones(len(landed), bool)
    wanted = mesh.piece[target.hits.centres()[0][rows, columns]]
    for i in (0, 1):
        for j in (0, 1):
            place, layer = back(first + [j, i])
            # An arm before a trunk may be of the same layer, but comes from elsewhere.
            with np.errstate(invalid='ignore'):
                is_one_surface &= (layer == wanted) & (np.abs(place - nearest).max(axis=1) < _SAME_SURFACE)
            weight = (share[:, 0] if j else 1 - share[:, 0]) * (share[:, 1] if i else 1 - share[:, 1])
            between += weight[:, None] * np.where(np.isfinite(place), place, 0.0)
    found = np.where(is_one_surface[:, None], between, nearest)
    return np.hypot(found[:, 0] - columns, found[:, 1] - rows)


@compiled
def shows(
    seen: np.ndarray,
    material: np.ndarray,
    piece: np.ndarray,
    hit: np.ndarray,
    weights: np.ndarray,
    triangles: np.ndarray,
    pieces: np.ndarray,
    rest: np.ndarray,
    reach: np.ndarray,
) -> np.ndarray:
    """bool [F]: whether the sample nearest to `seen` [F, 3] shows the piece, and a place within `reach` [F] metres."""
    height, width = hit.shape
    out = np.zeros(len(seen), np.bool_)
    for f in range(len(seen)):
        x, y = int(np.rint(seen[f, 0] * SAMPLES + 1)), int(np.rint(seen[f, 1] * SAMPLES + 1))
        if x < 0 or y < 0 or x >= width or y >= height:
            continue
        t = hit[y, x]
        if t < 0 or pieces[t] != piece[f]:
            continue
        distance = 0.0
        for i in range(3):
            place = 0.0
            for k in range(3):
                place += weights[y, x, k] * rest[triangles[t, k], i]
            distance += (place - material[f, i]) ** 2
        out[f] = distance <= reach[f] ** 2
    return out
