"""Wavefront OBJ files: vertices, texture coordinates, and faces by group as triangles."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.errors import DataError


@dataclasses.dataclass(frozen=True, eq=False)
class ObjMesh:
    """vertices float32 [N, 3]; uv float32 [M, 2], (0, 0) below left; triangles and their corners' uv int32 [T, 3];
    group int32 [T] into `groups`."""

    vertices: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    triangles_uv: np.ndarray
    group: np.ndarray
    groups: tuple[str, ...]

    def triangles_of(self, *prefixes: str) -> np.ndarray:
        """Numbers of the triangles whose group's name begins with one of `prefixes`."""
        wanted = [number for number, name in enumerate(self.groups) if name.startswith(prefixes)]
        return np.flatnonzero(np.isin(self.group, wanted))


def parse_obj(text: str, name: str) -> ObjMesh:
    """Reads the text of the file `name`; faces with more than three corners become fans.

    Raises:
        DataError: a line that is no OBJ, or a face with a vertex that does not exist.
    """
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    faces: list[tuple[int, list[int], list[int]]] = []
    groups: dict[str, int] = {}
    group = 0
    try:
        for line in text.splitlines():
            word, _, rest = line.partition(' ')
            if word == 'v':
                vertices.append([float(value) for value in rest.split()[:3]])
            elif word == 'vt':
                uv.append([float(value) for value in rest.split()[:2]])
            elif word == 'g':
                group = groups.setdefault(rest.strip(), len(groups))
            elif word == 'f':
                corners = [corner.split('/') for corner in rest.split()]
                places = [int(corner[0]) - 1 for corner in corners]
                maps = [int(corner[1]) - 1 if len(corner) > 1 and corner[1] else 0 for corner in corners]
                groups.setdefault('', 0) if not groups else None
                faces.append((group, places, maps))
    except ValueError as error:
        raise DataError(f'{name}: expected a Wavefront OBJ file, got the line {line!r} ({error})') from error
    triangles, triangles_uv, owners = [], [], []
    for owner, places, maps in faces:
        for k in range(1, len(places) - 1):
            triangles.append((places[0], places[k], places[k + 1]))
            triangles_uv.append((maps[0], maps[k], maps[k + 1]))
            owners.append(owner)
    mesh = ObjMesh(
        np.array(vertices, np.float32).reshape(-1, 3),
        np.array(uv or [[0.0, 0.0]], np.float32),
        np.array(triangles, np.int32).reshape(-1, 3),
        np.array(triangles_uv, np.int32).reshape(-1, 3),
        np.array(owners, np.int32),
        tuple(groups),
    )
    if len(mesh.triangles) == 0 or mesh.triangles.max() >= len(mesh.vertices) or mesh.triangles.min() < 0:
        raise DataError(f'{name}: expected faces between its {len(mesh.vertices)} vertices')
    return mesh
