"""The visible triangle of every sample: a z-buffer over perspective-correct barycentric coordinates."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.rendered.camera import Camera
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.mesh import Mesh

# Samples per pixel and axis; odd, so that the middle one lies on the pixel's centre.
SAMPLES = 3
# The coverage by strands that hits a sample of the 3 x 3; for the middle one, which makes the labels, a half.
_THRESHOLDS = np.array([[0.11, 0.72, 0.28], [0.83, 0.5, 0.06], [0.39, 0.17, 0.61]])


@dataclasses.dataclass(frozen=True, eq=False)
class Hits:
    """What samples [H * SAMPLES, W * SAMPLES] show: triangle int32 (-1: nothing), weights float32 [..., 3] of its
    corners in space, depth float32 in metres along the camera's axis (infinite: nothing)."""

    triangle: np.ndarray
    weights: np.ndarray
    depth: np.ndarray

    def of_triangles_before(self, count: int) -> Hits:
        """The same without what triangles from number `count` on show; their depth stays, for what they hide."""
        return dataclasses.replace(self, triangle=np.where(self.triangle < count, self.triangle, -1).astype(np.int32))

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """triangle [H, W] and weights [H, W, 3] of the pixels' centres."""
        middle = (SAMPLES - 1) // 2
        return self.triangle[middle::SAMPLES, middle::SAMPLES], self.weights[middle::SAMPLES, middle::SAMPLES]


def trace(mesh: Mesh, vertices: np.ndarray, camera: Camera, size: tuple[int, int]) -> Hits:
    """The nearest triangle of posed `vertices` [N, 3] in each sample of a picture of `size`."""
    seen = camera.project(vertices)
    samples = np.stack([seen[:, 0] * SAMPLES + 1, seen[:, 1] * SAMPLES + 1, 1 / seen[:, 2]], axis=1)
    triangle, weights, nearness = nearest(
        samples,
        mesh.triangles,
        mesh.piece,
        np.array([m.two_sided for m in mesh.materials]),
        mesh.field,
        mesh.uv,
        *mesh.alphas,
        _THRESHOLDS,
        size[0] * SAMPLES,
        size[1] * SAMPLES,
    )
    with np.errstate(divide='ignore'):
        return Hits(triangle, weights, np.where(nearness > 0, 1 / nearness, np.inf).astype(np.float32))


@compiled
def nearest(
    corners: np.ndarray,
    triangles: np.ndarray,
    piece: np.ndarray,
    two_sided: np.ndarray,
    field: np.ndarray,
    uv: np.ndarray,
    alpha: np.ndarray,
    alpha_at: np.ndarray,
    thresholds: np.ndarray,
    height: int,
    width: int,
) -> tuple:
    """triangle int32, weights float32 [..., 3] and 1 / depth float32 of `height` x `width` samples.

    corners [N, 3]: (x, y) in samples and 1 / depth. A triangle is left out where its `field` [N] is not positive, where
    the alpha of its piece's texture (alpha_at: start, height, width; 0 x 0: opaque) is below the sample's threshold,
    and seen from behind unless its piece is two-sided. Fronts go round to the left, as seen with y up.
    """
    owner = np.full((height, width), -1, np.int32)
    weights = np.zeros((height, width, 3), np.float32)
    best = np.zeros((height, width), np.float32)
    for t in range(len(triangles)):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        fa, fb, fc = field[i], field[j], field[k]
        if fa <= 0 and fb <= 0 and fc <= 0:
            continue
        ax, ay, a_near = corners[i, 0], corners[i, 1], corners[i, 2]
        bx, by, b_near = corners[j, 0], corners[j, 1], corners[j, 2]
        cx, cy, c_near = corners[k, 0], corners[k, 1], corners[k, 2]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9 or (area > 0 and not two_sided[piece[t]]):
            continue
        left, right = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx))))
        top, bottom = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy))))
        v_x, v_y, w_x, w_y = (cy - ay) / area, (cx - ax) / area, (by - ay) / area, (bx - ax) / area
        is_whole = fa > 0 and fb > 0 and fc > 0
        start, rows, columns = alpha_at[piece[t], 0], alpha_at[piece[t], 1], alpha_at[piece[t], 2]
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                v = (x - ax) * v_x - (y - ay) * v_y
                w = (y - ay) * w_y - (x - ax) * w_x
                u = 1.0 - v - w
                if u < 0 or v < 0 or w < 0:
                    continue
                near = u * a_near + v * b_near + w * c_near
                if near <= best[y, x]:
                    continue
                p, q, r = u * a_near / near, v * b_near / near, w * c_near / near
                if not is_whole and p * fa + q * fb + r * fc <= 0:
                    continue
                if rows > 0:
                    s = p * uv[t, 0, 0] + q * uv[t, 1, 0] + r * uv[t, 2, 0]
                    h = p * uv[t, 0, 1] + q * uv[t, 1, 1] + r * uv[t, 2, 1]
                    column = int((s - np.floor(s)) * columns) % columns
                    row = int((1 - h - np.floor(1 - h)) * rows) % rows
                    if alpha[start + row * columns + column] < 255 * thresholds[y % 3, x % 3]:
                        continue
                best[y, x] = near
                owner[y, x] = t
                weights[y, x, 0], weights[y, x, 1], weights[y, x, 2] = p, q, r
    return owner, weights, best
