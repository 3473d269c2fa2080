"""Where light comes from, and how much of it arrives: many soft lights from all around and one key light.

Soft lights see the person as splats of a coarse grid, which makes ambient occlusion; the key light has a shadow map
of triangles.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.mesh import bounds

_NUM_SOFT = 24
_CELL = 0.022  # metres of a soft light's grid
_SHADOW_SIZE = 384
# Of the disc that makes penumbras: enough for one sample a pixel, and for one of several that look elsewhere in turn.
ALONE, TOGETHER = (16, 1), (8, 4)


@dataclasses.dataclass(frozen=True, eq=False)
class Lights:
    """Directions point to the light. soft [L, 3] with linear colours [L, 3]; key [3] with colour [3] and the radius of
    its penumbra in metres per metre of distance."""

    soft: np.ndarray
    soft_colors: np.ndarray
    key: np.ndarray
    key_color: np.ndarray
    softness: float


def sample_lights(rng: np.random.Generator, wall: np.ndarray, floor: np.ndarray) -> Lights:
    """Studio or daylight. wall and floor: linear colours [3] of what surrounds the person and throws light back."""
    number = np.arange(_NUM_SOFT)
    up = 1 - 2 * (number + 0.5) / _NUM_SOFT
    angle = number * np.pi * (3 - np.sqrt(5)) + rng.uniform(0, 2 * np.pi)
    flat = np.sqrt(1 - up**2)
    soft = np.stack([flat * np.cos(angle), up, flat * np.sin(angle)], axis=1)
    tint = np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.035) * np.array([1.0, 0.1, -1.0])
    azimuth = rng.uniform(-1.2, 1.2)
    height = rng.uniform(0.3, 1.1)
    key = np.array([np.cos(height) * np.sin(azimuth), np.sin(height), np.cos(height) * np.cos(azimuth)])
    above = np.clip(up, 0, 1)[:, None]
    around = (1 - np.abs(up))[:, None]
    below = np.clip(-up, 0, 1)[:, None]
    colors = 0.55 * above * (2 - tint) + around * (0.25 + 0.55 * wall) + 0.75 * below * floor
    # Something large and bright beside the camera, as windows and soft boxes are.
    colors = colors + 0.9 * np.clip(soft @ key, 0, 1)[:, None] ** 3
    strength = rng.uniform(0.3, 2.2)
    colors *= 1.0 / (colors * np.clip(soft @ np.array([0, 0.25, 0.97]), 0, 1)[:, None]).sum()
    # A surface towards the camera gets about as much from the soft lights as it gets from everything at strength 0.
    share = 1 / (1 + strength * max(key[2], 0.2))
    return Lights(soft, colors * share * 3.0, key, strength * share * tint, float(rng.uniform(0.02, 0.16)))


def ambient(lights: Lights, vertices: np.ndarray, normals: np.ndarray, blockers: np.ndarray) -> np.ndarray:
    """Soft light at some vertices, float64 [N, 6]: the colour that arrives, and the mean direction it comes from.

    blockers [C, 3]: points that lie densely on what throws shadows.
    """
    axes = _axes(lights.soft)
    middle = sum(bounds(blockers)) / 2
    out = _gather(blockers - middle, vertices - middle, normals, axes, lights.soft_colors, _CELL)
    out[:, 3:] /= np.maximum(np.linalg.norm(out[:, 3:], axis=1, keepdims=True), 1e-9)
    return out


def floor_shade(lights: Lights, blockers: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How much of the soft light arrives at points [P, 3] of the floor, 0..1."""
    above = lights.soft[:, 1] > 0.05
    axes = _axes(lights.soft[above])
    colors = lights.soft_colors[above]
    middle = sum(bounds(blockers)) / 2
    up = np.zeros((len(points), 3))
    up[:, 1] = 1.0
    shaded = _gather(blockers - middle, points - middle, up, axes, colors, 2 * _CELL)
    return shaded[:, 1] / max(float(lights.soft[above, 1] @ colors[:, 1]), 1e-9)


def _axes(directions: np.ndarray) -> np.ndarray:
    """Two directions across and the direction itself [L, 3, 3] for unit vectors [L, 3]."""
    helper = np.where(np.abs(directions[:, :1]) < 0.7, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    side = np.cross(helper, directions)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    return np.stack([side, np.cross(directions, side), directions], axis=1)


@compiled
def _gather(
    blockers: np.ndarray, points: np.ndarray, normals: np.ndarray, axes: np.ndarray, colors: np.ndarray, cell: float
) -> np.ndarray:
    """float64 [P, 6] of all lights, whose axes are [L, 3, 3].

    A point gets a light as far as the four cells around it hold nothing clearly nearer to the light.
    """
    size = int(2.6 / cell)
    out = np.zeros((len(points), 6))
    nearest = np.empty((size + 2, size + 2))
    for light in range(len(axes)):
        a, b, c = axes[light, 0], axes[light, 1], axes[light, 2]
        nearest[:] = -1e9
        for n in range(len(blockers)):
            p = blockers[n]
            x = int((p[0] * a[0] + p[1] * a[1] + p[2] * a[2]) / cell + size / 2)
            y = int((p[0] * b[0] + p[1] * b[1] + p[2] * b[2]) / cell + size / 2)
            z = p[0] * c[0] + p[1] * c[1] + p[2] * c[2]
            if 0 <= x < size and 0 <= y < size and z > nearest[y, x]:
                nearest[y, x] = z
        for n in range(len(points)):
            cosine = normals[n, 0] * c[0] + normals[n, 1] * c[1] + normals[n, 2] * c[2]
            if cosine <= 0:
                continue
            p = points[n]
            fx = (p[0] * a[0] + p[1] * a[1] + p[2] * a[2]) / cell + size / 2 - 0.5
            fy = (p[0] * b[0] + p[1] * b[1] + p[2] * b[2]) / cell + size / 2 - 0.5
            z = p[0] * c[0] + p[1] * c[1] + p[2] * c[2]
            x, y = int(np.floor(fx)), int(np.floor(fy))
            visible = 1.0
            if 0 <= x < size and 0 <= y < size:
                # The steeper the surface, the nearer to the light its own neighbours may be.
                slack = cell * (1.0 + 1.2 * min(np.sqrt(1 - min(cosine * cosine, 1.0)) / max(cosine, 0.15), 5.0))
                visible = 0.0
                for i in range(2):
                    for j in range(2):
                        share = (fx - x if j else 1 - fx + x) * (fy - y if i else 1 - fy + y)
                        over = (nearest[y + i, x + j] - z - slack) / cell
                        visible += share * (1 - min(max(over, 0.0), 1.0))
            strength = visible * cosine
            for k in range(3):
                out[n, k] += strength * colors[light, k]
                out[n, 3 + k] += strength * colors[light, 1] * c[k]
    return out


@dataclasses.dataclass(frozen=True, eq=False)
class ShadowMap:
    """axes [3, 3] and scale, shift: a world point's place in the map `depth` [S, S] (metres towards the light)."""

    axes: np.ndarray
    scale: float
    shift: np.ndarray
    depth: np.ndarray


def shadow_map(direction: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> ShadowMap:
    """What the light sees of the person."""
    axes = _axes(direction[None])[0]
    local = vertices @ axes.T
    low, high = bounds(local[:, :2])
    scale = (_SHADOW_SIZE - 4) / float((high - low).max())
    shift = 2 - low * scale
    local[:, :2] = local[:, :2] * scale + shift
    return ShadowMap(axes, scale, shift, _depth_map(local, triangles, _SHADOW_SIZE))


@compiled
def _depth_map(corners: np.ndarray, triangles: np.ndarray, size: int) -> np.ndarray:
    depth = np.full((size, size), -1e9, np.float32)
    for t in range(len(triangles)):
        a, b, c = corners[triangles[t, 0]], corners[triangles[t, 1]], corners[triangles[t, 2]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-9:
            continue
        for y in range(max(0, int(np.ceil(min(a[1], b[1], c[1])))), min(size - 1, int(max(a[1], b[1], c[1]))) + 1):
            for x in range(max(0, int(np.ceil(min(a[0], b[0], c[0])))), min(size - 1, int(max(a[0], b[0], c[0]))) + 1):
                v = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
                w = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
                if v >= 0 and w >= 0 and v + w <= 1:
                    z = (1 - v - w) * a[2] + v * b[2] + w * c[2]
                    if z > depth[y, x]:
                        depth[y, x] = z
    return depth


@compiled
def lit_share(local: np.ndarray, depth: np.ndarray, scale: float, softness: float, taps: tuple[int, int]) -> np.ndarray:
    """0..1 for points [P, 3] in the map's own coordinates: the mean over a disc whose size grows with the distance.

    taps: ALONE or TOGETHER.
    """
    out = np.empty(len(local), np.float32)
    for p in range(len(local)):
        turn = 1.3 * (p % taps[1])
        out[p] = _lit(local[p, 0], local[p, 1], local[p, 2], depth, scale, softness, taps[0], turn)
    return out


@compiled
def _lit(
    x: float, y: float, z: float, depth: np.ndarray, scale: float, softness: float, taps: int, turn: float
) -> float:
    size = len(depth)
    # Far from the map nothing is in the way.
    if x < -30 or y < -30 or x > size + 30 or y > size + 30:
        return 1.0
    # The mean distance of what is in the way tells the width of the penumbra.
    distance, found = 0.0, 0
    for i in range(-1, 2):
        for j in range(-1, 2):
            row, column = int(y + 5 * i), int(x + 5 * j)
            if 0 <= row < size and 0 <= column < size and depth[row, column] > z + 0.012:
                distance += depth[row, column] - z
                found += 1
    if found == 0:
        return 1.0
    radius = max(1.2, softness * scale * distance / found)
    blocked = 0.0
    for k in range(taps):
        reach = radius * np.sqrt((k + 0.5) / taps)
        angle = 2.39996 * k + turn
        row, column = int(y + reach * np.sin(angle) + 0.5), int(x + reach * np.cos(angle) + 0.5)
        if 0 <= row < size and 0 <= column < size and depth[row, column] > z + 0.012 + 0.5 * reach / scale:
            blocked += 1
    return 1 - blocked / taps
