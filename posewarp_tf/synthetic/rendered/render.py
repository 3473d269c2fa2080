"""Pictures of a rendered person with everything that is known about each pixel."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.synthetic.rendered import joints, lights, raster, shading, skinning
from posewarp_tf.synthetic.rendered.camera import Camera, View, frame
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.mesh import interpolate
from posewarp_tf.synthetic.rendered.person import Person
from posewarp_tf.synthetic.rendered.photograph import Film, develop
from posewarp_tf.synthetic.rendered.raster import SAMPLES
from posewarp_tf.synthetic.rendered.rig import SKIN_OF_PART
from posewarp_tf.synthetic.rendered.scenery import Scene
from posewarp_tf.synthetic.rendered.seats import with_seat
from posewarp_tf.synthetic.rendered.stance import Stance

_FLOOR_REACH = 1.6  # metres of shadow around the feet
_FLOOR_CELLS = 33  # along each side of it


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """One person in one pose; H and W are the picture's own size.

    image uint8 [H, W, 3]; keypoints float32 [18, 2] (x, y), hidden ones -1; parts and garments uint8 [H, W].
    """

    person: Person
    image: np.ndarray
    keypoints: np.ndarray
    parts: np.ndarray
    garments: np.ndarray
    # What exact_flow needs: posed vertices [N, 3] in metres, the camera, and what its samples hit.
    vertices: np.ndarray
    camera: Camera
    hits: raster.Hits
    jpeg_quality: int

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]


def render(
    person: Person,
    stance: Stance,
    view: View,
    size: tuple[int, int],
    scene: Scene | None = None,
    film: Film | None = None,
    still: Camera | None = None,
) -> Picture:
    """Takes a picture of `size` (height, width) of `person`, by default in the person's own scene.

    still: the camera, instead of one that follows the person as `view` says.
    """
    scene = scene or person.scene
    vertices, places = pose(person, stance)
    camera = still or frame(view, vertices, size)
    mesh, solid = person.mesh, vertices
    if stance.seat is not None:
        mesh, solid = with_seat(mesh, vertices, person.part_weights, places, stance.rotations[0][:, 2], stance.seat)
    everything = raster.trace(mesh, solid, camera, size)
    hits = everything.of_triangles_before(len(person.mesh.triangles))
    parts, garments = label(person, hits)
    share = shares_of_samples(everything.triangle, everything.depth, mesh.piece)
    colors, shadows = shading.shade(mesh, solid, everything, share, camera, person.lights)
    backdrop = _backdrop(scene, camera, size, person.lights, shadows, solid)
    picture, covered = _mean_of_samples(share, colors, *size)
    picture = picture + (1 - covered)[..., None] * backdrop
    keypoints = joints.visible_joints(camera.project(places), camera.focal, parts, hits.depth)
    return Picture(
        person,
        develop(picture, film or person.film),
        keypoints,
        parts,
        garments,
        vertices,
        camera,
        hits,
        (film or person.film).jpeg_quality,
    )


def pose(person: Person, stance: Stance) -> tuple[np.ndarray, np.ndarray]:
    """Posed vertices [N, 3] of the mesh, its lowest point at y = 0, and the places [18, 3] of the joints."""
    mesh, body = person.mesh, person.body
    rest = mesh.vertices + _expression(person, stance)
    motions = skinning.bone_motions(body.parents, person.heads, stance.rotations, np.zeros(3))
    duals = skinning.dual_quaternions(motions)
    vertices = skinning.skin(rest, mesh.bones, mesh.weights, duals)
    numbers = np.array(list(person.face.values()))
    face = skinning.skin(person.vertices[numbers], body.bones[numbers], body.weights[numbers], duals)
    places = joints.joint_places(body, motions, person.heads, dict(zip(person.face, face)))
    shift = np.array([0.0, -vertices[:, 1].min(), 0.0])
    return vertices + shift, places + shift


def _expression(person: Person, stance: Stance) -> np.ndarray:
    """Offsets float32 [N, 3] of all vertices that follow the face's play."""
    offsets = np.zeros((len(person.body.vertices), 3), np.float32)
    for action, strength in stance.expression.items():
        numbers, moves = person.body.expressions[action]
        offsets[numbers] += strength * moves
    return np.einsum('nk,nkc->nc', person.mesh.base_weights, offsets[person.mesh.base])


def label(person: Person, hits: raster.Hits) -> tuple[np.ndarray, np.ndarray]:
    """Parts and garments uint8 [H, W] at the pixels' centres."""
    triangle, weights = hits.centres()
    parts, garments = np.zeros(triangle.shape, np.uint8), np.zeros(triangle.shape, np.uint8)
    seen = triangle >= 0
    corners = person.mesh.triangles[triangle[seen]]
    shares = interpolate(person.part_weights, corners, weights[seen])
    parts[seen] = np.argmax(shares[:, 1:], axis=1) + 1
    worn = np.array([material.garment for material in person.mesh.materials], np.uint8)[
        person.mesh.piece[triangle[seen]]
    ]
    garments[seen] = np.where(worn > 0, worn, SKIN_OF_PART[parts[seen]])
    return parts, garments


@compiled
def shares_of_samples(triangle: np.ndarray, depth: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """What each sample counts in its pixel, float32 [H * SAMPLES, W * SAMPLES]; 0 where nothing is hit.

    A pixel that shows one smooth piece is coloured from three of its samples, one in each row and column.
    """
    share = np.zeros(triangle.shape, np.float32)
    for row in range(0, triangle.shape[0], SAMPLES):
        for column in range(0, triangle.shape[1], SAMPLES):
            middle = triangle[row + SAMPLES // 2, column + SAMPLES // 2]
            near, far, is_smooth = np.inf, 0.0, middle >= 0
            for y in range(row, row + SAMPLES):
                for x in range(column, column + SAMPLES):
                    t = triangle[y, x]
                    if t < 0 or middle < 0 or piece[t] != piece[middle]:
                        is_smooth = False
                    else:
                        near, far = min(near, depth[y, x]), max(far, depth[y, x])
            is_smooth = is_smooth and far - near < 0.02
            for y in range(SAMPLES):
                for x in range(SAMPLES):
                    if is_smooth:
                        share[row + y, column + x] = 1 / SAMPLES if (x + 2 * y) % SAMPLES == 0 else 0.0
                    elif triangle[row + y, column + x] >= 0:
                        share[row + y, column + x] = 1 / SAMPLES**2
    return share


@compiled
def _mean_of_samples(share: np.ndarray, colors: np.ndarray, height: int, width: int) -> tuple:
    """The sum [H, W, 3] of the colours [S, 3] of samples with a share, times it; and the sum of shares [H, W]."""
    picture, total = np.zeros((height, width, 3)), np.zeros((height, width))
    number = 0
    for y in range(height * SAMPLES):
        for x in range(width * SAMPLES):
            if share[y, x] == 0:
                continue
            row, column = y // SAMPLES, x // SAMPLES
            total[row, column] += share[y, x]
            for c in range(3):
                # A single glittering sample must not outshine its pixel.
                picture[row, column, c] += share[y, x] * min(colors[number, c], 1.6)
            number += 1
    return picture, total


def _backdrop(
    scene: Scene,
    camera: Camera,
    size: tuple[int, int],
    light: lights.Lights,
    shadows: lights.ShadowMap,
    vertices: np.ndarray,
) -> np.ndarray:
    """The scene with the person's shadows, linear [H, W, 3]."""
    picture, places = _empty_place(scene, camera, size)
    axis = np.linspace(-_FLOOR_REACH, _FLOOR_REACH, _FLOOR_CELLS)
    grid = np.stack(np.meshgrid(axis, [0.0], axis, indexing='ij'), axis=-1).reshape(-1, 3)
    table = lights.floor_shade(light, vertices, grid).reshape(_FLOOR_CELLS, _FLOOR_CELLS)
    local = places.reshape(-1, 3) @ shadows.axes.T
    local[:, :2] = local[:, :2] * shadows.scale + shadows.shift
    lit = lights.lit_share(local, shadows.depth, shadows.scale, max(light.softness, 0.05), lights.ALONE).reshape(size)
    ground = float(light.soft_colors[:, 1] @ np.clip(light.soft[:, 1], 0, 1))
    keys = light.key[1] * light.key_color[1], max(light.key[2], 0.0) * light.key_color[1]
    return _darkened(picture, places, table, lit, ground, *keys, scene.kind == 'blurred')


@compiled
def _darkened(
    picture: np.ndarray,
    places: np.ndarray,
    table: np.ndarray,
    lit: np.ndarray,
    ground: float,
    key_on_floor: float,
    key_on_wall: float,
    is_far: bool,
) -> np.ndarray:
    """The picture [H, W, 3] under the soft shade of the floor (bilinear in `table`) and the share `lit` of the key."""
    out = np.empty_like(picture)
    last = len(table) - 1
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            place = places[y, x]
            on_floor = place[1] < 1e-6
            soft, around, key, seen = 1.0, 1.0, key_on_wall, lit[y, x]
            if on_floor:
                around, key = ground, key_on_floor
                if abs(place[0]) < _FLOOR_REACH and abs(place[2]) < _FLOOR_REACH:
                    row = (place[0] + _FLOOR_REACH) / (2 * _FLOOR_REACH) * last
                    column = (place[2] + _FLOOR_REACH) / (2 * _FLOOR_REACH) * last
                    i, j = min(int(row), last - 1), min(int(column), last - 1)
                    v, u = row - i, column - j
                    soft = (1 - v) * ((1 - u) * table[i, j] + u * table[i, j + 1])
                    soft += v * ((1 - u) * table[i + 1, j] + u * table[i + 1, j + 1])
            elif is_far:
                seen = 1.0
            share = (around * soft + key * seen) / (around + key)
            for c in range(3):
                out[y, x, c] = picture[y, x, c] * share
    return out


@functools.lru_cache(maxsize=1)
def _empty_place(scene: Scene, camera: Camera, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What `Scene.draw` gives: drawn once for a camera that does not move."""
    return scene.draw(camera, size)
