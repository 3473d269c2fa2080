"""Pictures of a person with everything that is known about each pixel."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn import geometry, raster
from posewarp_tf.synthetic.drawn.backgrounds import Background
from posewarp_tf.synthetic.drawn.figure import Skeleton, pose_skeleton
from posewarp_tf.synthetic.drawn.keypoints import visible_keypoints
from posewarp_tf.synthetic.drawn.person import Person
from posewarp_tf.synthetic.drawn.pose import Pose
from posewarp_tf.synthetic.drawn.surface import SAMPLES, mean_of_samples, signed_areas, surface_flow


@dataclasses.dataclass(frozen=True, eq=False)
class Camera:
    """Orthographic: picture x = centre_x + scale * X, y = centre_y - scale * Y after turning by `turn`."""

    scale: float
    centre_x: float
    centre_y: float
    turn: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points [..., 3] to (x, y) in pixels and depth in metres (larger is nearer)."""
        x, y, z = np.moveaxis(points @ self.turn.T, -1, 0)
        return np.stack([self.centre_x + self.scale * x, self.centre_y - self.scale * y, z], axis=-1)


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """One person in one pose; H and W are the picture's own size.

    image uint8 [H, W, 3]; keypoints float32 [18, 2] (x, y), hidden ones -1; parts and garments uint8 [H, W].
    The rest describes pixel centres: `albedo` [H, W, 3] float32 is the colour before any shading, `piece`
    [H, W] the index into `person.pieces` (-1: background), `material` [H, W, 2] its (u, theta).
    """

    person: Person
    pose: Pose
    image: np.ndarray
    keypoints: np.ndarray
    parts: np.ndarray
    garments: np.ndarray
    albedo: np.ndarray
    piece: np.ndarray
    material: np.ndarray
    # What exact_flow needs: projected vertices [N, 3], and per pixel centre or per sample the hit.
    vertices: np.ndarray
    triangle: np.ndarray  # [H, W], -1: background
    weights: np.ndarray  # [H, W, 3]
    depth: np.ndarray  # [H * SAMPLES, W * SAMPLES], -inf: background

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]


def render(
    person: Person,
    pose: Pose,
    size: tuple[int, int],
    background: Background | None = None,
    camera: Camera | None = None,
) -> Picture:
    """Draws `person` in `pose` as a picture of `size` (height, width), by default from where the figure fills it."""
    height, width = size
    skeleton = pose_skeleton(person.body, pose)
    camera = camera or _camera(person, pose, skeleton, size)
    points, normals = person.vertices(skeleton)
    vertices = camera.project(points)
    normals = normals @ camera.turn.T
    found = _visible_fragments(person, vertices, normals, size)
    hit = raster.nearest(found, height * width * SAMPLES**2)
    covered = np.flatnonzero(hit >= 0)
    found = found.select(hit[covered])
    corner = person.mesh.triangles[found.triangle]
    coordinates = np.einsum('fk,fkc->fc', found.weights, person.mesh.coordinates[corner])
    piece = person.mesh.piece[found.triangle]
    albedo = np.zeros((len(piece), 3))
    parts, garments = np.zeros(len(piece), np.uint8), np.zeros(len(piece), np.uint8)
    for index in np.unique(piece):
        own = piece == index
        u, theta = coordinates[own].T
        albedo[own] = np.clip(person.pieces[index].colors(u, theta), 0.0, 1.0)
        parts[own] = person.pieces[index].part(u, theta)
        garments[own] = person.pieces[index].garment
    normal = np.einsum('fk,fkc->fc', found.weights, normals[corner])
    depth = _scatter(size, covered, found.depth, -np.inf)
    shade = _shading(person, normal, depth, covered, camera.scale)
    backdrop = _backdrop(background or person.background, skeleton, camera, size)
    parts_map = _centres(_scatter(size, covered, parts, 0))
    piece_map = _centres(_scatter(size, covered, piece, -1))
    return Picture(
        person=person,
        pose=pose,
        image=mean_of_samples(albedo * shade, covered, backdrop),
        keypoints=visible_keypoints(skeleton, camera.project, camera.turn, parts_map, camera.scale),
        parts=parts_map,
        garments=_centres(_scatter(size, covered, garments, 0)),
        albedo=_centres(_scatter(size, covered, albedo, 0.0)).astype(np.float32),
        piece=piece_map,
        material=_centres(_scatter(size, covered, coordinates, 0.0)).astype(np.float32),
        vertices=vertices,
        triangle=_centres(_scatter(size, covered, found.triangle, -1)),
        weights=_centres(_scatter(size, covered, found.weights, 0.0)),
        depth=depth,
    )


def exact_flow(source: Picture, target: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Where the surface point that each target pixel shows lies in the source.

    Returns flow float32 [H, W, 2], (dx, dy) in pixels, target -> source (0 in the background), also where the
    source does not show the point; and visibility uint8 [H, W] (`conventions.VISIBILITY_*`): visible means that the
    same side of the surface faces the source's camera, inside the picture, with nothing in front of it.
    """
    # Depths are in metres.
    return surface_flow(source, target, source.person.mesh.triangles, 0.003, 0.03)


def _camera(person: Person, pose: Pose, skeleton: Skeleton, size: tuple[int, int]) -> Camera:
    """Shows the whole figure at about the same scale; only far reaching arms make it smaller."""
    height, width = size
    turn = geometry.rotation(geometry.X_AXIS, person.camera_pitch)
    tips = np.stack([limb.joints[-1] for limb in (*skeleton.arms.values(), *skeleton.legs.values())])
    across, up, _ = (np.concatenate([tips, [[0.0, person.body.height, 0.0], [0.0, 0.0, 0.0]]]) @ turn.T).T
    scale = min(height / 2.02, width / 1.22, 0.93 * height / np.ptp(up), 0.95 * width / (np.ptp(across) + 0.1))
    scale *= pose.zoom
    # Arms that reach out on one side move the figure to the other.
    middle = np.clip((across.max() + across.min()) / 2, -0.12, 0.12)
    return Camera(
        scale,
        (width - 1) / 2 + pose.shift[0] * height - scale * middle,
        (height - 1) / 2 + pose.shift[1] * height + scale * (up.max() + up.min()) / 2,
        turn,
    )


def _visible_fragments(
    person: Person, vertices: np.ndarray, normals: np.ndarray, size: tuple[int, int]
) -> raster.Fragments:
    """Fragments of all faces that turn to the camera or have a lining, without what is cut out."""
    samples = vertices * np.array([SAMPLES, SAMPLES, 1.0])
    samples[:, :2] += (SAMPLES - 1) / 2
    mesh = person.mesh
    corners = samples[mesh.triangles]
    two_sided = np.array([piece.two_sided for piece in person.pieces])
    # Whether a positive area means a face seen from outside depends on the way round of a piece's grid.
    areas = signed_areas(corners)
    agreement = areas * normals[mesh.triangles[:, 0], 2]
    orientation = np.sign(np.bincount(mesh.piece, agreement, len(person.pieces)))
    shown = np.flatnonzero(two_sided[mesh.piece] | (areas * orientation[mesh.piece] > 0))
    found = raster.fragments(corners[shown], size[0] * SAMPLES, size[1] * SAMPLES)
    found.triangle = shown[found.triangle]
    keep = np.ones(len(found.triangle), bool)
    piece = mesh.piece[found.triangle]
    for index, garment in enumerate(person.pieces):
        if garment.keep is not None:
            first, last = np.searchsorted(piece, [index, index + 1])
            corner = mesh.triangles[found.triangle[first:last]]
            u, theta = np.einsum('fk,fkc->cf', found.weights[first:last], mesh.coordinates[corner])
            keep[first:last] = garment.keep(u, theta)
    return found.select(keep)


def _scatter(size: tuple[int, int], covered: np.ndarray, values: np.ndarray, empty: float) -> np.ndarray:
    """Values of covered samples as a map [H * SAMPLES, W * SAMPLES, ...], `empty` elsewhere."""
    samples = (size[0] * SAMPLES, size[1] * SAMPLES)
    out = np.full((samples[0] * samples[1], *values.shape[1:]), empty, values.dtype)
    out[covered] = values
    return out.reshape(*samples, *values.shape[1:])


def _centres(samples: np.ndarray) -> np.ndarray:
    middle = (SAMPLES - 1) // 2
    return np.ascontiguousarray(samples[middle::SAMPLES, middle::SAMPLES])


def _shading(person: Person, normal: np.ndarray, depth: np.ndarray, covered: np.ndarray, scale: float) -> np.ndarray:
    """Brightness factors [F, 1]: Lambert's law, darker linings and contact shadows."""
    length = np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
    lining = normal[:, 2] < 0
    normal = np.where(lining[:, None], -normal, normal) / length[:, None]
    lambert = np.clip(normal @ person.light, 0.0, 1.0)
    shade = (0.58 + 0.46 * lambert) * (0.88 + 0.12 * np.clip(normal[:, 2], 0, 1))
    # Where the surroundings are nearer to the camera, less light arrives. Only where there are any is looked.
    rows, columns = np.divmod(covered, depth.shape[1])
    top, left = (int(places.min(initial=depth.size)) for places in (rows, columns))
    depth = depth[top : rows.max(initial=0) + 1, left : columns.max(initial=0) + 1]
    near = np.where(np.isfinite(depth), depth, 0.0)
    known = np.isfinite(depth).astype(np.float64)
    radius = max(1, int(0.045 * scale * SAMPLES))
    blurred = _box_blur(near, radius) / np.maximum(_box_blur(known, radius), 1e-6)
    sunk = (blurred - near)[rows - top, columns - left] / 0.16
    return (shade * (1 - 0.38 * np.clip(sunk, 0.0, 1.0)) * np.where(lining, 0.6, 1.0))[:, None]


def _box_blur(values: np.ndarray, radius: int) -> np.ndarray:
    """Sums over windows of (2 * radius + 1) samples along both axes, zero beyond the border."""
    for _ in range(2):
        length = len(values)
        total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
        high = np.minimum(np.arange(length) + radius + 1, length)
        low = np.maximum(np.arange(length) - radius, 0)
        values = (total[high] - total[low]).T
    return values


def _backdrop(background: Background, skeleton: Skeleton, camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """The background with a soft shadow under each foot."""
    picture = background.draw(*size)
    y, x = np.mgrid[: size[0], : size[1]]
    light = np.ones(size)
    for side, foot in skeleton.feet.items():
        ankle = skeleton.legs[side].joints[2] + 0.06 * foot[:, 2]
        spot = camera.project(ankle * np.array([1.0, 0.0, 1.0]))
        distance = ((x - spot[0]) / (0.16 * camera.scale)) ** 2 + ((y - spot[1]) / (0.05 * camera.scale)) ** 2
        light *= 1 - 0.35 * np.exp(-distance)
    return picture * light[..., None]
