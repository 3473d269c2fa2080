"""A person: one body with its skin, hair and clothes, to be drawn in any pose."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.synthetic.drawn.backgrounds import Background, sample_background
from posewarp_tf.synthetic.drawn.figure import SIDES, Body, Skeleton, sample_body
from posewarp_tf.synthetic.drawn.hair import sample_head
from posewarp_tf.synthetic.drawn.limbs import Foot, LimbTube, Thumb
from posewarp_tf.synthetic.drawn.outfits import Outfit, sample_outfit
from posewarp_tf.synthetic.drawn.pieces import GARMENT, PART, Piece, constant, limb_part, plain
from posewarp_tf.synthetic.drawn.textures import HAIR_COLORS, SKIN_TONES, Color, Sampler, as_color
from posewarp_tf.synthetic.drawn.trunk import Trunk


@dataclasses.dataclass(frozen=True)
class Mesh:
    """All pieces of a person as one triangle mesh; its topology never changes."""

    triangles: np.ndarray  # [T, 3] vertex indices
    piece: np.ndarray  # [T] index of the piece
    coordinates: np.ndarray  # [N, 2] u and theta


@dataclasses.dataclass(frozen=True, eq=False)
class Person:
    """A fixed appearance, the place it is photographed in, and where the light comes from."""

    body: Body
    pieces: tuple[Piece, ...]
    background: Background
    light: np.ndarray
    camera_pitch: float

    @functools.cached_property
    def mesh(self) -> Mesh:
        triangles, owners, coordinates, first = [], [], [], 0
        for index, piece in enumerate(self.pieces):
            rows, columns = len(piece.surface.u), len(piece.surface.theta)
            grid = np.arange(rows * columns).reshape(rows, columns) + first
            a, b, c, d = grid[:-1, :-1].ravel(), grid[1:, :-1].ravel(), grid[1:, 1:].ravel(), grid[:-1, 1:].ravel()
            triangles.append(np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]))
            owners.append(np.full(len(triangles[-1]), index, np.int16))
            u, theta = np.meshgrid(piece.surface.u, piece.surface.theta, indexing='ij')
            coordinates.append(np.stack([u.ravel(), theta.ravel()], 1))
            first += rows * columns
        return Mesh(np.concatenate(triangles), np.concatenate(owners), np.concatenate(coordinates))

    def vertices(self, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
        """Posed points and outward unit normals [N, 3] of the mesh."""
        points, normals = [], []
        for piece in self.pieces:
            grid = piece.surface.points(skeleton)
            points.append(grid.reshape(-1, 3))
            normals.append(_normals(grid).reshape(-1, 3))
        return np.concatenate(points), np.concatenate(normals)


def _normals(grid: np.ndarray) -> np.ndarray:
    """Unit normals of a tube [R, C, 3] whose first and last columns coincide, pointing out of it."""
    along = np.gradient(grid, axis=0)
    closed = np.concatenate([grid[:, -2:-1], grid, grid[:, 1:2]], axis=1)
    normals = np.cross(along, closed[:, 2:] - closed[:, :-2])
    lengths = np.linalg.norm(normals, axis=-1, keepdims=True)
    normals = normals / np.maximum(lengths, 1e-12)
    outward = np.sum(normals * (grid - grid[:, :-1].mean(axis=1, keepdims=True)))
    return normals if outward > 0 else -normals


def sample_person(rng: np.random.Generator) -> Person:
    """Anybody: body, skin, face, hair, outfit and setting, all drawn from `rng`."""
    body = sample_body(rng)
    tone = np.array(SKIN_TONES[rng.integers(len(SKIN_TONES))])
    skin = as_color(np.clip(tone + rng.normal(0, 0.015, 3), 0, 1))
    outfit = sample_outfit(rng, body)
    hair = HAIR_COLORS[rng.integers(len(HAIR_COLORS))]
    pieces = [*_skin(body, skin, outfit), *sample_head(rng, body, skin, hair), *outfit.pieces]
    light = np.array([rng.uniform(-0.7, 0.7), rng.uniform(0.3, 0.8), 1.0])
    return Person(
        body, tuple(pieces), sample_background(rng), light / np.linalg.norm(light), float(rng.uniform(0.0, 0.13))
    )


def _skin(body: Body, skin: Color, outfit: Outfit) -> list[Piece]:
    colors = plain(skin)
    pieces = [
        Piece(Trunk(body, 0.45 * body.torso, 1.16 * body.torso), GARMENT['face'], constant(PART['torso']), colors)
    ]
    for side in SIDES:
        arm = LimbTube(body, 'arm', side, 0.0)
        pieces.append(Piece(arm, GARMENT['arms'], limb_part(body, 'arm', side), _arm_colors(body, skin)))
        leg = LimbTube(body, 'leg', side, outfit.legs_from, body.thigh + body.shin + 0.01)
        pieces.append(Piece(leg, GARMENT['legs'], limb_part(body, 'leg', side), colors))
        if outfit.barefoot:
            pieces.append(Piece(Foot(body, side), GARMENT['legs'], constant(PART[f'{side}_lower_leg']), colors))
        pieces.append(Piece(Thumb(body, side), GARMENT['arms'], constant(PART[f'{side}_lower_arm']), colors))
    return pieces


def _arm_colors(body: Body, skin: Color) -> Sampler:
    """Skin with dark lines between the fingers."""
    knuckles = body.upper_arm + body.forearm + 0.5 * body.hand

    def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
        across = np.cos(theta) * 2.0
        gap = (u > knuckles) & (np.abs(across - np.rint(across)) < 0.11) & (np.abs(across) < 1.5)
        return np.array(skin) * np.where(gap, 0.72, 1.0)[:, None]

    return colors
