"""What people sit on: boxes, stools, benches, chairs. They hide and shade as the person does, but are background."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf import conventions
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.rendered.mesh import Colors, Material, Mesh
from posewarp_tf.synthetic.rendered.scenery import noise

KINDS = ('box', 'stool', 'bench', 'chair')
_CELL = 0.06  # metres between the vertices of a face, which take its light
_SUNK = 0.012  # metres by which flesh gives way
_REAR, _FRONT = -0.17, 0.26  # metres from the hips


@dataclasses.dataclass(frozen=True)
class Seat:
    """kind: one of KINDS; width in metres; color: sRGB in 0..1; rough: strength of its grain, which runs along."""

    kind: str
    width: float
    color: tuple[float, float, float]
    rough: float
    seed: int


def sample_seat(rng: np.random.Generator) -> Seat:
    """Wood, paint or cloth."""
    kind = str(rng.choice(KINDS, p=[0.35, 0.25, 0.2, 0.2]))
    wood = np.array([0.55, 0.4, 0.26]) * rng.uniform(0.5, 1.4)
    paint = np.clip(rng.uniform(0.1, 0.9) + rng.normal(0, 0.12, 3), 0.04, 0.95)
    red, green, blue = (float(value) for value in np.clip(wood if rng.random() < 0.5 else paint, 0.04, 0.95))
    width = rng.uniform(1.1, 1.7) if kind == 'bench' else rng.uniform(0.4, 0.56)
    return Seat(kind, float(width), (red, green, blue), float(rng.uniform(0.02, 0.2)), int(rng.integers(2**31)))


def with_seat(
    mesh: Mesh, vertices: np.ndarray, part_weights: np.ndarray, places: np.ndarray, front: np.ndarray, seat: Seat
) -> tuple[Mesh, np.ndarray]:
    """The mesh of a person who sits, posed as `vertices` [N, 3], with the seat as its last triangles and vertices.

    part_weights [N, 11] of the person; places [18, 3] of the joints; front [3]: where the pelvis faces.
    """
    front = geometry.unit(front * np.array([1.0, 0.0, 1.0]))
    side = geometry.cross(geometry.UP, front)
    hips = [conventions.JOINT_NAMES.index(f'{name}_hip') for name in ('right', 'left')]
    middle = places[hips].mean(axis=0)
    parts = [conventions.PART_NAMES.index(name) for name in ('torso', 'left_upper_leg', 'right_upper_leg')]
    own = vertices[part_weights[:, parts].sum(axis=1) > 0.6]
    ahead = (own - middle) @ front
    bottom = own[(ahead > _REAR) & (ahead < _FRONT) & (own[:, 1] < middle[1]), 1]
    height = float(np.quantile(bottom, 0.02)) + _SUNK
    behind = float(ahead[own[:, 1] > middle[1]].min()) - 0.03
    local, triangles = _furniture(seat, max(height, 0.1), min(behind, _REAR))
    placed = np.stack([local[:, 0] * c + local[:, 2] * d for c, d in zip(side, front)], axis=1)
    placed += middle * np.array([1.0, 0.0, 1.0]) + local[:, 1:2] * geometry.UP
    material = Material('seat', 0, colors=_grain(seat), two_sided=False, gloss=0.02)
    count = len(mesh.vertices)
    return (
        dataclasses.replace(
            mesh,
            materials=(*mesh.materials, material),
            vertices=np.concatenate([mesh.vertices, local]).astype(np.float32),
            triangles=np.concatenate([mesh.triangles, triangles + count]).astype(np.int32),
            uv=np.concatenate([mesh.uv, np.zeros((len(triangles), 3, 2), np.float32)]),
            field=np.concatenate([mesh.field, np.ones(len(local), np.float32)]),
            piece=np.concatenate([mesh.piece, np.full(len(triangles), len(mesh.materials), np.int16)]),
        ),
        np.concatenate([vertices, placed]),
    )


def _furniture(seat: Seat, height: float, rear: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [N, 3] (left, up, front of the hips, in metres) and triangles; its top is at `height`."""
    half = seat.width / 2
    if seat.kind == 'box':
        blocks = [((-half, 0.0, rear), (half, height, _FRONT))]
    else:
        board = 0.05 if seat.kind == 'bench' else 0.035
        blocks = [((-half, height - board, rear), (half, height, _FRONT))]
        for x in (-half, half - 0.04):
            for z in (rear, _FRONT - 0.04):
                blocks.append(((x, 0.0, z), (x + 0.04, height - board, z + 0.04)))
        if seat.kind == 'chair':
            for x in (-half, half - 0.04):
                blocks.append(((x, height, rear), (x + 0.04, height + 0.42, rear + 0.03)))
            blocks.append(((-half + 0.04, height + 0.2, rear), (half - 0.04, height + 0.42, rear + 0.025)))
    vertices: list[np.ndarray] = []
    triangles: list[np.ndarray] = []
    for low, high in blocks:
        for points, corners in _faces(np.array(low), np.array(high)):
            triangles.append(corners + sum(len(before) for before in vertices))
            vertices.append(points)
    return np.concatenate(vertices), np.concatenate(triangles)


def _faces(low: np.ndarray, high: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The six faces of a block as grids of vertices, whose triangles go round to the left as seen from outside."""
    faces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        counts = np.maximum(((high - low) / _CELL).astype(int), 1) + 1
        across, along = (np.linspace(low[other], high[other], counts[other]) for other in (u, v))
        number = np.arange(len(across) * len(along)).reshape(len(across), len(along))
        a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
        corners = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
        for place, is_far in ((low[axis], False), (high[axis], True)):
            points = np.empty((number.size, 3))
            points[:, axis] = place
            points[:, u], points[:, v] = (grid.ravel() for grid in np.meshgrid(across, along, indexing='ij'))
            faces.append((points, corners if is_far else corners[:, ::-1]))
    return faces


def _grain(seat: Seat) -> Colors:
    def colors(rest: np.ndarray, uv: np.ndarray, plain: np.ndarray) -> np.ndarray:
        along = noise((rest[:, 0] + rest[:, 2]) * 4, rest[:, 1] * 70, seat.seed)
        return np.clip(np.array(seat.color) * (1 + seat.rough * along)[:, None], 0.0, 1.0)

    return colors
