"""Frames of somebody who talks, with everything that is known about each pixel."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from posewarp_tf.synthetic.drawn import raster
from posewarp_tf.synthetic.drawn.backgrounds import Background
from posewarp_tf.synthetic.drawn.surface import SAMPLES, mean_of_samples, signed_areas, surface_flow
from posewarp_tf.synthetic.talking.expression import Expression
from posewarp_tf.synthetic.talking.person import Talker
from posewarp_tf.synthetic.talking.pieces import Piece

_ALL = slice(None)


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One frame of H x W.

    image uint8 [H, W, 3]; landmarks float32 [68, 2] (x, y), hidden ones too. vertices [N, 3]: x, y in pixels and depth
    (larger is nearer) of all vertices; triangle [H, W] (-1: background) and weights [H, W, 3] of pixel centres;
    depth [H * SAMPLES, W * SAMPLES], -inf in the background.
    """

    talker: Talker
    image: np.ndarray
    landmarks: np.ndarray
    vertices: np.ndarray
    triangle: np.ndarray
    weights: np.ndarray
    depth: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]


def render(talker: Talker, expression: Expression, size: tuple[int, int]) -> Frame:
    """Draws one frame; the camera is far away, so that nothing near it looks larger."""
    height, width = size
    points = talker.vertices(expression)
    scale = talker.size * height
    x = (width - 1) / 2 + talker.middle[0] * height + scale * points[:, 0]
    y = (height - 1) / 2 + talker.middle[1] * height - scale * points[:, 1]
    # Depths in pixels too.
    vertices = np.stack([x, y, scale * points[:, 2]], axis=1)
    corners = (vertices * SAMPLES + [(SAMPLES - 1) / 2, (SAMPLES - 1) / 2, 0.0])[talker.triangles]
    found = _visible_fragments(talker, corners, size)
    hit = raster.nearest(found, height * width * SAMPLES**2)
    covered = np.flatnonzero(hit >= 0)
    found = found.select(hit[covered])
    depth = np.full((height * SAMPLES, width * SAMPLES), -np.inf, np.float32)
    depth.ravel()[covered] = found.depth / SAMPLES
    around = _around(depth, scale).ravel()[covered]
    colors = _lit_colors(talker, points, found, depth.ravel()[covered], around, scale)
    image = mean_of_samples(colors, covered, _backdrop(talker.background, size))
    triangle, weights = np.full(depth.size, -1, np.int32), np.zeros((depth.size, 3))
    triangle[covered], weights[covered] = found.triangle, found.weights
    middle = (SAMPLES - 1) // 2
    at = np.arange(depth.size).reshape(depth.shape)[middle::SAMPLES, middle::SAMPLES]
    landmarks = talker.landmarks(vertices)[:, :2].astype(np.float32)
    return Frame(talker, image, landmarks, vertices, triangle[at], weights[at], depth)


def exact_flow(source: Frame, target: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Where the surface point that each target pixel shows lies in the source, a frame of the same person.

    Returns flow float32 [H, W, 2], (dx, dy) in pixels, target -> source (0 in the background, which stands still), and
    visibility uint8 [H, W] (`conventions.VISIBILITY_*`): visible means that the source shows the same side of the
    surface there, inside the picture, with nothing in front of it.
    """
    height, _ = source.size
    return surface_flow(source, target, target.talker.triangles, 0.002 * height, 0.02 * height)


def _visible_fragments(talker: Talker, corners: np.ndarray, size: tuple[int, int]) -> raster.Fragments:
    """Fragments of what faces the camera, without the holes that pictures have."""
    two_sided = np.repeat([p.two_sided for p in talker.pieces], [len(p.triangles) for p in talker.pieces])
    # The picture's y goes down: what turns to the left there faces the camera.
    shown = np.flatnonzero(two_sided | (signed_areas(corners) < 0))
    found = raster.fragments(corners[shown], size[0] * SAMPLES, size[1] * SAMPLES)
    found.triangle = shown[found.triangle].astype(np.int32)
    keep = np.ones(len(found.triangle), bool)
    for piece, own in _by_piece(talker, found):
        if piece.has_holes:
            keep[own] = _looked_up(piece, _interpolated(talker, found, talker.uv, own))[:, 3] > 0.5
    return found.select(keep)


def _by_piece(talker: Talker, found: raster.Fragments) -> Iterator[tuple[Piece, slice]]:
    """The fragments of each piece, where they lie in the order of triangles."""
    ends = np.cumsum([len(piece.triangles) for piece in talker.pieces])
    places = np.searchsorted(found.triangle, [0, *ends])
    for piece, first, last in zip(talker.pieces, places, places[1:]):
        yield piece, slice(first, last)


def _interpolated(talker: Talker, found: raster.Fragments, values: np.ndarray, own: slice = _ALL) -> np.ndarray:
    """What vertices have, `values` [N, C], at these fragments: float32 [F, C]."""
    corners = talker.triangles[found.triangle[own]]
    return np.einsum('fk,fkc->fc', found.weights[own].astype(np.float32), values.astype(np.float32)[corners])


def _looked_up(piece: Piece, uv: np.ndarray) -> np.ndarray:
    """What the piece's picture has at places [F, 2]: [F, 4]."""
    height, width = piece.picture.shape[:2]
    column, row = np.clip(np.rint(uv * np.array([width - 1, height - 1], np.float32)), 0, [width - 1, height - 1]).T
    return piece.picture[row.astype(np.int32), column.astype(np.int32)]


def _lit_colors(
    talker: Talker, points: np.ndarray, found: raster.Fragments, depth: np.ndarray, blurred: np.ndarray, scale: float
) -> np.ndarray:
    """Colours [F, 3] of fragments under the talker's light.

    depth [F] and what it is in the mean around, `blurred` [F], in pixels: where the surroundings are nearer to the
    camera, less light arrives.
    """
    values = _interpolated(talker, found, np.concatenate([_normals(points, talker.triangles), talker.uv], axis=1))
    normal = values[:, :3] / np.maximum(np.linalg.norm(values[:, :3], axis=1), 1e-9)[:, None]
    # A back that is seen is lit like a front.
    normal *= np.where(normal[:, 2:] < 0, np.float32(-1), np.float32(1))
    shade = 0.50 + 0.56 * np.clip((normal @ talker.light + 0.18) / 1.18, 0.0, 1.0)
    shade *= 1 - 0.62 * np.clip((blurred - depth) / (0.16 * scale), 0.0, 1.0)
    half = talker.light + [0.0, 0.0, 1.0]
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0.0, 1.0) ** 24 * (shade > 0.6)
    colors = np.empty((len(normal), 3))
    owner = talker.owners[found.triangle]
    for number, piece in enumerate(talker.pieces):
        own = np.flatnonzero(owner == number)
        colors[own] = _looked_up(piece, values[own, 3:])[:, :3] * shade[own, None]
        colors[own] += piece.gloss * shine[own, None]
    return colors


def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Of vertices [N, 3]: the sum of those of their triangles, by area."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    columns = [np.bincount(triangles.ravel(), np.repeat(faces[:, axis], 3), len(points)) for axis in range(3)]
    return np.stack(columns, axis=1)


def _around(depth: np.ndarray, scale: float) -> np.ndarray:
    """The mean depth around each sample, over what is not background."""
    known = np.isfinite(depth)
    size = max(3, int(0.09 * scale * SAMPLES))
    total = ndimage.uniform_filter(np.where(known, depth, 0.0), size)
    return total / np.maximum(ndimage.uniform_filter(known.astype(np.float32), size), 1e-3)


@functools.lru_cache(maxsize=2)
def _backdrop(background: Background, size: tuple[int, int]) -> np.ndarray:
    """The same in all frames of a video."""
    return background.draw(*size)
