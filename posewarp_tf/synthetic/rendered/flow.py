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
_REACH = 1.0


def exact_flow(source: Picture, target: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Where each target pixel's surface point lies in the source: flow float32 [H, W, 2], visibility uint8 [H, W].

    The point at a pixel's centre is a place in a triangle; that place is posed as in the source and projected. It is
    visible where one of the source's samples around there shows the same layer at the same place, told by their
    distance on the undeformed surface. The background's flow is 0.
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
    inside = (np.abs(seen[:, 0] - (source.size[1] - 1) / 2) <= source.size[1] / 2) & (
        np.abs(seen[:, 1] - (source.size[0] - 1) / 2) <= source.size[0] / 2
    )
    visibility[rows, columns] = np.where(
        shown & inside, conventions.VISIBILITY_VISIBLE, conventions.VISIBILITY_OCCLUDED
    )
    return flow, visibility


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
    """bool [F]: whether a sample of 3 x 3 around `seen` [F, 3] (pixels, metres) has the piece and rest place wanted."""
    height, width = hit.shape
    out = np.zeros(len(seen), np.bool_)
    for f in range(len(seen)):
        middle_x, middle_y = int(np.rint(seen[f, 0] * SAMPLES + 1)), int(np.rint(seen[f, 1] * SAMPLES + 1))
        limit = (reach * seen[f, 2]) ** 2
        for y in range(max(middle_y - 1, 0), min(middle_y + 2, height)):
            for x in range(max(middle_x - 1, 0), min(middle_x + 2, width)):
                t = hit[y, x]
                if t < 0 or pieces[t] != piece[f]:
                    continue
                distance = 0.0
                for i in range(3):
                    place = 0.0
                    for k in range(3):
                        place += weights[y, x, k] * rest[triangles[t, k], i]
                    distance += (place - material[f, i]) ** 2
                if distance <= limit:
                    out[f] = True
    return out
