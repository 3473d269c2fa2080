"""What pictures of drawn surfaces share: samples of a pixel, and where a surface point of one lies in another."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from posewarp_tf import conventions

# Samples per pixel and axis; odd, so that the middle one lies on the pixel's centre.
SAMPLES = 3


class Surface(Protocol):
    """A surface in a picture of H x W, as `surface_flow` needs it.

    vertices [N, 3]: x, y in pixels and depth (larger is nearer). triangle [H, W] (-1: background) and weights
    [H, W, 3] of its corners at pixel centres. depth [H * SAMPLES, W * SAMPLES], -inf in the background.
    """

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def vertices(self) -> np.ndarray: ...
    @property
    def triangle(self) -> np.ndarray: ...
    @property
    def weights(self) -> np.ndarray: ...
    @property
    def depth(self) -> np.ndarray: ...


def surface_flow(
    source: Surface, target: Surface, triangles: np.ndarray, tolerance: float, most_slack: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where the surface point that each target pixel shows lies in the source, a picture of the same triangles.

    Args:
        triangles: int [T, 3], numbers of vertices.
        tolerance: a point so much behind the nearest surface, in the unit of depths, still counts as seen.
        most_slack: what the slope of a surface may add to that.

    Returns:
        flow float32 [H, W, 2], (dx, dy) in pixels, target -> source (0 in the background), also where the source does
        not show the point; and visibility uint8 [H, W] (`conventions.VISIBILITY_*`): visible means that the same side
        of the surface faces the source's camera, inside the picture, with nothing in front of it.
    """
    height, width = target.size
    rows, columns = np.nonzero(target.triangle >= 0)
    corner = triangles[target.triangle[rows, columns]]
    landed = np.einsum('fk,fkc->fc', target.weights[rows, columns], source.vertices[corner])
    flow = np.zeros((height, width, 2), np.float32)
    flow[rows, columns] = landed[:, :2] - np.stack([columns, rows], axis=1)
    visibility = np.full((height, width), conventions.VISIBILITY_BACKGROUND, np.uint8)
    same_side = signed_areas(source.vertices[corner]) * signed_areas(target.vertices[corner]) > 0
    seen = same_side & _unhidden(source, landed, source.vertices[corner], tolerance, most_slack)
    visibility[rows, columns] = np.where(seen, conventions.VISIBILITY_VISIBLE, conventions.VISIBILITY_OCCLUDED)
    return flow, visibility


def signed_areas(corners: np.ndarray) -> np.ndarray:
    """Twice the areas of triangles [F, 3, 2 or 3] in the picture; their signs tell which side is seen."""
    edge_a, edge_b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return edge_a[:, 0] * edge_b[:, 1] - edge_a[:, 1] * edge_b[:, 0]


def mean_of_samples(colors: np.ndarray, covered: np.ndarray, backdrop: np.ndarray) -> np.ndarray:
    """The mean of each pixel's samples over the backdrop [H, W, 3], as uint8: `colors` [F, 3] of samples `covered`."""
    height, width = backdrop.shape[:2]
    row, column = np.divmod(covered, width * SAMPLES)
    pixel = (row // SAMPLES) * width + column // SAMPLES
    count = height * width
    share = np.bincount(pixel, minlength=count) / SAMPLES**2
    figure = np.stack([np.bincount(pixel, channel, count) for channel in colors.T], axis=1) / SAMPLES**2
    picture = figure + (1 - share[:, None]) * backdrop.reshape(-1, 3)
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8).reshape(height, width, 3)


def _unhidden(
    source: Surface, landed: np.ndarray, corners: np.ndarray, tolerance: float, most_slack: float
) -> np.ndarray:
    """Whether points (x, y, depth) [F, 3] lie inside the picture and on its nearest surface."""
    height, width = source.size
    inside = (np.abs(landed[:, 0] - (width - 1) / 2) <= width / 2) & (
        np.abs(landed[:, 1] - (height - 1) / 2) <= height / 2
    )
    middle = (SAMPLES - 1) / 2
    column = np.clip(np.rint(landed[:, 0] * SAMPLES + middle), 0, width * SAMPLES - 1).astype(np.int64)
    row = np.clip(np.rint(landed[:, 1] * SAMPLES + middle), 0, height * SAMPLES - 1).astype(np.int64)
    # The nearest sample is up to half a sample away: as much depth as the slope makes of that is allowed.
    edge_a, edge_b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = signed_areas(corners)
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    slope_x = (edge_a[:, 2] * edge_b[:, 1] - edge_b[:, 2] * edge_a[:, 1]) / area
    slope_y = (edge_b[:, 2] * edge_a[:, 0] - edge_a[:, 2] * edge_b[:, 0]) / area
    slack = np.minimum((np.abs(slope_x) + np.abs(slope_y)) * 0.5 / SAMPLES, most_slack)
    return inside & (landed[:, 2] >= source.depth[row, column] - tolerance - slack)
