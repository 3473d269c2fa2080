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
        a, b, c = corners[triangles[t, 0]], corners[triangles[t, 1]], corners[triangles[t, 2]]
        fa, fb, fc = field[triangles[t, 0]], field[triangles[t, 1]], field[triangles[t, 2]]
        if fa <= 0 and fb <= 0 and fc <= 0:
            continue
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-9 or (area > 0 and not two_sided[piece[t]]):
            continue
        left = max(0, int(np.ceil(min(a[0], b[0], c[0]))))
        right = min(width - 1, int(np.floor(max(a[0], b[0], c[0]))))
        top = max(0, int(np.ceil(min(a[1], b[1], c[1]))))
        bottom = min(height - 1, int(np.floor(max(a[1], b[1], c[1]))))
        start, rows, columns = alpha_at[piece[t]]
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                v = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
                w = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
                u = 1.0 - v - w
                if u < 0 or v < 0 or w < 0:
                    continue
                near = u * a[2] + v * b[2] + w * c[2]
                if near <= best[y, x]:
                    continue
                p, q, r = u * a[2] / near, v * b[2] / near, w * c[2] / near
                if p * fa + q * fb + r * fc <= 0:
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
