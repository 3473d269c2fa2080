"""Pictures of a rendered person with everything that is known about each pixel."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from scipy import ndimage

from posewarp_tf.synthetic.rendered import joints, lights, raster, shading, skinning
from posewarp_tf.synthetic.rendered.camera import Camera, View, frame
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.mesh import interpolate
from posewarp_tf.synthetic.rendered.person import Person
from posewarp_tf.synthetic.rendered.photograph import Film, develop
from posewarp_tf.synthetic.rendered.raster import SAMPLES
from posewarp_tf.synthetic.rendered.rig import SKIN_OF_PART
from posewarp_tf.synthetic.rendered.scenery import Scene
from posewarp_tf.synthetic.rendered.stance import Stance

_FLOOR_CELLS = 33  # of the shadow around the feet, along each side of 3.2 metres


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
    hits = raster.trace(person.mesh, vertices, camera, size)
    parts, garments = label(person, hits)
    share = shares_of_samples(hits.triangle, hits.depth, person.mesh.piece)
    colors, shadows = shading.shade(person.mesh, vertices, hits, share, camera, person.lights)
    backdrop = _backdrop(scene, camera, size, person.lights, shadows, vertices)
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
    on_floor = places[..., 1] < 1e-6
    near = on_floor & (np.abs(places[..., 0]) < 1.6) & (np.abs(places[..., 2]) < 1.6)
    soft = np.ones(size)
    axis = np.linspace(-1.6, 1.6, _FLOOR_CELLS)
    grid = np.stack(np.meshgrid(axis, [0.0], axis, indexing='ij'), axis=-1).reshape(-1, 3)
    table = lights.floor_shade(light, vertices, grid).reshape(_FLOOR_CELLS, _FLOOR_CELLS)
    scaled = (places[near][:, [0, 2]].T + 1.6) / 3.2 * (_FLOOR_CELLS - 1)
    soft[near] = ndimage.map_coordinates(table, scaled, order=1, mode='nearest')
    local = places.reshape(-1, 3) @ shadows.axes.T
    local[:, :2] = local[:, :2] * shadows.scale + shadows.shift
    lit = lights.lit_share(local, shadows.depth, shadows.scale, max(light.softness, 0.05)).reshape(size)
    facing = np.where(on_floor, light.key[1], max(light.key[2], 0.0))
    ground = np.where(on_floor, light.soft_colors[:, 1] @ np.clip(light.soft[:, 1], 0, 1), 1.0)
    key = facing * light.key_color[1]
    if scene.kind == 'blurred':
        lit = np.where(on_floor, lit, 1.0)
    return picture * ((ground * soft + key * lit) / (ground + key))[..., None]


@functools.lru_cache(maxsize=1)
def _empty_place(scene: Scene, camera: Camera, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What `Scene.draw` gives: drawn once for a camera that does not move."""
    return scene.draw(camera, size)
