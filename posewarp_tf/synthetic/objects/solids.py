"""Boxes and cylinders, each a convex body that a ray of an orthographic camera enters and leaves once."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.objects.textures import Texture


@dataclasses.dataclass(frozen=True, eq=False)
class Solid:
    """The points p with normals . (axes (p - centre)) <= offsets and, if round, (x / a)^2 + (z / b)^2 <= 1.

    Attributes:
        centre: float64 [3].
        axes: the body's own axes, rows of a rotation [3, 3].
        normals, offsets: of its planes, outward, [P, 3] and [P], in its own coordinates.
        radii: (a, b) of a cylinder around its own y; None of a box.
        corners: [K, 3], a box around it, in the object's coordinates.
        texture: what is printed on it.
    """

    centre: np.ndarray
    axes: np.ndarray
    normals: np.ndarray
    offsets: np.ndarray
    radii: tuple[float, float] | None
    corners: np.ndarray
    texture: Texture

    def moved(self, way: np.ndarray, factor: float) -> Solid:
        """The same body at factor * (p + way)."""
        return dataclasses.replace(
            self,
            centre=factor * (self.centre + way),
            offsets=factor * self.offsets,
            radii=None if self.radii is None else (factor * self.radii[0], factor * self.radii[1]),
            corners=factor * (self.corners + way),
            texture=self.texture.scaled(factor),
        )

    def hit(self, places: np.ndarray, towards: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where rays meet it: depth [N] (-inf: nowhere), points and normals [N, 3] in its own coordinates.

        Args:
            places: [N, 3], the point of each ray whose depth is 0.
            towards: [3], unit; depth grows along it, and the largest is seen.
        """
        start, along = (places - self.centre) @ self.axes.T, self.axes @ towards
        near, far = np.full(len(start), np.inf), np.full(len(start), -np.inf)
        normal = np.zeros_like(start)
        for plane, offset in zip(self.normals, self.offsets):
            slope, room = float(plane @ along), offset - start @ plane
            if abs(slope) < 1e-12:
                far = np.where(room < 0, np.inf, far)
            elif slope > 0:
                normal[room / slope < near] = plane
                near = np.minimum(near, room / slope)
            else:
                far = np.maximum(far, room / slope)
        if self.radii is not None:
            near, far = self._meet_round(start, along, near, far, normal)
        depth = np.where(near > far, near, -np.inf)
        points = start + np.where(np.isfinite(depth), depth, 0.0)[:, np.newaxis] * along
        if self.radii is not None:
            is_round = np.isnan(normal[:, 0])
            scale = np.array([1 / self.radii[0] ** 2, 0.0, 1 / self.radii[1] ** 2])
            normal[is_round] = points[is_round] * scale
        length = np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        return depth, points, normal / length

    def _meet_round(
        self, start: np.ndarray, along: np.ndarray, near: np.ndarray, far: np.ndarray, normal: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """near and far after the round side, whose rays get a normal of nan, to be told from the point."""
        assert self.radii is not None
        scale = 1 / np.array(self.radii)
        flat, way = start[:, [0, 2]] * scale, along[[0, 2]] * scale
        a, b, c = way @ way, flat @ way, np.sum(flat**2, axis=1) - 1
        if a < 1e-12:
            return near, np.where(c > 0, np.inf, far)
        root = b**2 - a * c
        reached = np.sqrt(np.maximum(root, 0.0))
        leaving, entering = (-b + reached) / a, (-b - reached) / a
        normal[leaving < near] = np.nan
        return np.minimum(near, leaving), np.where(root < 0, np.inf, np.maximum(far, entering))


def box(
    centre: tuple[float, float, float],
    size: tuple[float, float, float],
    texture: Texture,
    axes: np.ndarray | None = None,
    taper: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Solid:
    """A box of a size (x, y, z).

    taper: how much nearer to the middle its top lies, as parts of half the size: at both sides x, in front, behind.
    """
    half = np.array(size) / 2
    lean = np.array([taper[0] * half[0], taper[0] * half[0], taper[1] * half[2], taper[2] * half[2]]) / size[1]
    normals = np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1], [0, 1, 0], [0, -1, 0]], np.float64)
    normals[:4, 1] = lean
    offsets = np.array([half[0], half[0], half[2], half[2], half[1], half[1]])
    offsets[:4] -= lean * half[1]
    return _solid(centre, half, normals, offsets, None, texture, axes)


def cylinder(
    centre: tuple[float, float, float],
    radii: tuple[float, float],
    length: float,
    texture: Texture,
    axes: np.ndarray | None = None,
) -> Solid:
    """A cylinder around its own y, of radii along its own x and z."""
    normals = np.array([[0, 1, 0], [0, -1, 0]], np.float64)
    half = np.array([radii[0], length / 2, radii[1]])
    return _solid(centre, half, normals, np.full(2, length / 2), radii, texture, axes)


def turned(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    """Own axes of a body turned by degrees around x, then y, then z."""
    matrix = np.eye(3)
    for axis, degrees in enumerate((x, y, z)):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3)
        turn[i, i], turn[i, j], turn[j, i], turn[j, j] = c, -s, s, c
        matrix = turn @ matrix
    return matrix.T


def _solid(
    centre: tuple[float, float, float],
    half: np.ndarray,
    normals: np.ndarray,
    offsets: np.ndarray,
    radii: tuple[float, float] | None,
    texture: Texture,
    axes: np.ndarray | None,
) -> Solid:
    axes = np.eye(3) if axes is None else axes
    signs = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T
    corners = np.array(centre) + (signs * half) @ axes
    return Solid(np.array(centre, np.float64), axes, normals, offsets, radii, corners, texture)
