"""A dressed person as one triangle mesh whose topology never changes, made of layers with one material each."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from posewarp_tf.synthetic.rendered.compiled import compiled

# (rest positions [S, 3], texture coordinates [S, 2], plain texture colours [S, 3]) -> colours [S, 3]; sRGB in 0..1.
Colors = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """How a layer looks and what it is called.

    Attributes:
        name: for messages and tests.
        garment: number into GARMENT_NAMES; a bare body takes the garment of its part instead ('face', 'arms', 'legs').
        texture: uint8 [h, w, 4], sRGB and alpha; None: white.
        normals: uint8 [h, w, 3], tangent space; None: smooth.
        colors: recolours the texture.
        cutout: whether alpha cuts holes.
        two_sided: whether its back is seen.
        gloss, sharpness: strength and exponent of highlights.
        wrap: how far light creeps around (skin); sheen: light at grazing angles (cloth).
        folds: strength of folds that no texture has.
    """

    name: str
    garment: int
    texture: np.ndarray | None = None
    normals: np.ndarray | None = None
    colors: Colors | None = None
    cutout: bool = False
    two_sided: bool = True
    gloss: float = 0.03
    sharpness: float = 12.0
    wrap: float = 0.0
    sheen: float = 0.0
    folds: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """One surface at rest.

    vertices float32 [N, 3]; triangles int32 [T, 3]; uv float32 [T, 3, 2]; bones int16 and weights float32 [N, 12];
    base int32 [N, 3] and base_weights float32 [N, 3]: the body's vertices that each follows when a face moves;
    field float32 [N]: shown where its interpolation is positive, None: everywhere.
    """

    material: Material
    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    base: np.ndarray
    base_weights: np.ndarray
    field: np.ndarray | None = None

    def only(self, kept: np.ndarray) -> Layer:
        """The same with the triangles `kept` (numbers or booleans) and their vertices."""
        triangles = self.triangles[kept]
        used, numbers = np.unique(triangles, return_inverse=True)
        return dataclasses.replace(
            self,
            vertices=self.vertices[used],
            triangles=numbers.reshape(-1, 3).astype(np.int32),
            uv=self.uv[kept],
            bones=self.bones[used],
            weights=self.weights[used],
            base=self.base[used],
            base_weights=self.base_weights[used],
            field=None if self.field is None else self.field[used],
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Mesh:
    """All layers. piece int16 [T]: the layer of a triangle; starts: the first vertex of each layer."""

    materials: tuple[Material, ...]
    vertices: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    base: np.ndarray
    base_weights: np.ndarray
    field: np.ndarray
    piece: np.ndarray
    starts: np.ndarray

    @functools.cached_property
    def alphas(self) -> tuple[np.ndarray, np.ndarray]:
        """The alphas uint8 of all textures that cut holes, one after the other, and where each material's begins, its
        height and its width, int64 [L, 3]; 0 x 0 for one that cuts none."""
        none = np.zeros((0, 0), np.uint8)
        alphas = [m.texture[..., 3] if m.cutout and m.texture is not None else none for m in self.materials]
        starts = np.cumsum([0] + [alpha.size for alpha in alphas])[:-1]
        places = [(start, *alpha.shape) for start, alpha in zip(starts, alphas)]
        return np.concatenate([alpha.ravel() for alpha in alphas]), np.array(places, np.int64)


def join(layers: list[Layer]) -> Mesh:
    """One mesh of all layers that have triangles, in their order."""
    layers = [layer for layer in layers if len(layer.triangles)]
    starts = np.cumsum([0] + [len(layer.vertices) for layer in layers])
    fields = [np.ones(len(layer.vertices), np.float32) if layer.field is None else layer.field for layer in layers]
    return Mesh(
        tuple(layer.material for layer in layers),
        np.concatenate([layer.vertices for layer in layers]).astype(np.float32),
        np.concatenate([layer.triangles + start for layer, start in zip(layers, starts)]).astype(np.int32),
        np.concatenate([layer.uv for layer in layers]).astype(np.float32),
        np.concatenate([layer.bones for layer in layers]),
        np.concatenate([layer.weights for layer in layers]),
        np.concatenate([layer.base for layer in layers]),
        np.concatenate([layer.base_weights for layer in layers]),
        np.concatenate(fields).astype(np.float32),
        np.concatenate([np.full(len(layer.triangles), k, np.int16) for k, layer in enumerate(layers)]),
        starts,
    )


@compiled
def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals [N, 3], the mean over the triangles around a vertex weighted by their area."""
    normals = np.zeros((len(vertices), 3))
    for t in range(len(triangles)):
        a, b, c = vertices[triangles[t, 0]], vertices[triangles[t, 1]], vertices[triangles[t, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in range(3):
            normal = normals[triangles[t, corner]]
            normal[0] += x
            normal[1] += y
            normal[2] += z
    for n in range(len(vertices)):
        length = np.sqrt(normals[n, 0] ** 2 + normals[n, 1] ** 2 + normals[n, 2] ** 2)
        for c in range(3):
            normals[n, c] /= max(length, 1e-12)
    return normals


@compiled
def interpolate(table: np.ndarray, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """float64 [S, C]: rows of a table [N, C] at three corners [S, 3] with weights [S, 3]."""
    out = np.zeros((len(corners), table.shape[1]))
    for s in range(len(corners)):
        for k in range(3):
            row = table[corners[s, k]]
            for c in range(table.shape[1]):
                out[s, c] += weights[s, k] * row[c]
    return out


@compiled
def bounds(points: np.ndarray) -> tuple:
    """The least and the largest [C] of the points [N, C] along each axis."""
    low, high = points[0].astype(np.float64), points[0].astype(np.float64)
    for n in range(1, len(points)):
        for c in range(points.shape[1]):
            low[c] = min(low[c], points[n, c])
            high[c] = max(high[c], points[n, c])
    return low, high
