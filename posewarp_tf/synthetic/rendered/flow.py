"""Exact flow between two pictures of one person, and which pixels the source shows too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posewarp_tf import conventions
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.raster import SAMPLES

if TYPE_CHECKING:
    from posewarp_tf.synthetic.rendered.render import Picture

# How far, in pixels of the source, the material that the source shows may lie from what the target shows.
_REACH = 1.3


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
    points = np.einsum('fk,fkc->fc', weights, source.vertices[corners])
    seen = source.camera.project(points)
    flow[rows, columns] = seen[:, :2] - np.stack([columns, rows], axis=1)
    shown = shows(
        seen,
        np.einsum('fk,fkc->fc', weights, target.person.mesh.vertices[corners]),
        source.person.mesh.piece[triangle],
        source.hits.triangle,
        source.hits.weights,
        source.person.mesh.triangles,
        source.person.mesh.piece,
        source.person.mesh.vertices,
        _REACH / source.camera.focal,
    )
    visibility[rows, columns] = np.where(shown, conventions.VISIBILITY_VISIBLE, conventions.VISIBILITY_OCCLUDED)
    return flow, visibility


def round_trip(source: Picture, target: Picture) -> np.ndarray:
    """Errors in pixels [K] of the target's visible pixels: led to the source and back by what the source shows there.

    The way back starts from the sample nearest to where the flow leads, a third of a pixel wide, so that the errors of
    a perfect flow are not zero; where that sample shows another surface, they are large.
    """
    ways, visibility = exact_flow(source, target)
    rows, columns = np.nonzero(visibility == conventions.VISIBILITY_VISIBLE)
    landed = np.stack([columns, rows], axis=1) + ways[rows, columns]
    sample = np.rint(landed * SAMPLES + (SAMPLES - 1) / 2).astype(np.int64)
    limit = np.array(source.hits.triangle.shape[::-1]) - 1
    sample = np.clip(sample, 0, limit)
    triangle = source.hits.triangle[sample[:, 1], sample[:, 0]]
    weights = source.hits.weights[sample[:, 1], sample[:, 0]]
    back = np.einsum('fk,fkc->fc', weights, target.vertices[source.person.mesh.triangles[triangle]])
    found = target.camera.project(back)[:, :2]
    error = np.hypot(found[:, 0] - columns, found[:, 1] - rows)
    return np.where(triangle >= 0, error, np.inf)


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
    reach: float,
) -> np.ndarray:
    """bool [F]: whether the sample nearest to `seen` [F, 3] (pixels, metres) shows the piece and rest place wanted."""
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
        out[f] = distance <= (reach * seen[f, 2]) ** 2
    return out
