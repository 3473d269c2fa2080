"""Colours of the samples that a camera sees: textures, normal maps, skin, cloth and hair under the lights."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.rendered.camera import Camera
from posewarp_tf.synthetic.rendered.compiled import compiled
from posewarp_tf.synthetic.rendered.lights import TOGETHER, Lights, ShadowMap, ambient, lit_share, shadow_map
from posewarp_tf.synthetic.rendered.mesh import Mesh, interpolate, vertex_normals
from posewarp_tf.synthetic.rendered.raster import Hits
from posewarp_tf.synthetic.rendered.scenery import noise


def shade(
    mesh: Mesh, vertices: np.ndarray, hits: Hits, share: np.ndarray, camera: Camera, lights: Lights
) -> tuple[np.ndarray, ShadowMap]:
    """Linear colours float32 [S, 3] of the samples whose `share` of a pixel is not zero, in their order.

    Also the key light's shadows, which fall on the scene too.
    """
    found = np.flatnonzero(share.ravel() > 0)
    triangle = hits.triangle.ravel()[found]
    weights = hits.weights.reshape(-1, 3)[found]
    normals = vertex_normals(vertices, mesh.triangles)
    shadows = shadow_map(lights.key, vertices, mesh.triangles)
    corners = mesh.triangles[triangle]
    # Light that nobody sees is not asked for.
    seen = np.zeros(len(vertices), np.bool_)
    seen[corners.ravel()] = True
    light = np.zeros((len(vertices), 6))
    light[seen] = ambient(lights, vertices[seen], normals[seen], _centres(vertices, mesh.triangles[::2]))
    table = np.concatenate([vertices, normals, mesh.vertices, light], axis=1)
    values = interpolate(table, corners, weights)
    uv = _at_corners(mesh.uv, triangle, weights)
    pieces = mesh.piece[triangle]
    order = np.argsort(pieces, kind='stable')
    ends = np.searchsorted(pieces[order], np.arange(len(mesh.materials) + 1))
    albedo = np.empty((len(found), 3))
    bumps = np.zeros((len(found), 3))
    for piece, material in enumerate(mesh.materials):
        own = order[ends[piece] : ends[piece + 1]]
        if len(own) == 0:
            continue
        plain = np.ones((len(own), 3))
        if material.texture is not None:
            plain = _fetch(material.texture, uv[own])
        if material.colors is not None:
            plain = material.colors(values[own, 6:9], uv[own], plain)
        albedo[own] = _to_linear(plain)
        if material.normals is not None:
            bumps[own] = _tangent_bumps(
                _fetch(material.normals, uv[own]), mesh.uv, triangle[own], corners[own], vertices
            )
        if material.folds:
            slopes, deep = _folds(values[own, 6:9])
            bumps[own] += material.folds * slopes
            albedo[own] *= (1 - 0.35 * material.folds * deep)[:, None]
    local = values[:, :3] @ shadows.axes.T
    local[:, :2] = local[:, :2] * shadows.scale + shadows.shift
    look = np.array([(m.gloss, m.sharpness, m.wrap, m.sheen) for m in mesh.materials])
    return (
        _light(
            values,
            bumps,
            albedo,
            look[pieces],
            lit_share(local, shadows.depth, shadows.scale, lights.softness, TOGETHER),
            camera.position,
            lights.key,
            lights.key_color,
        ),
        shadows,
    )


@compiled
def _centres(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    out = np.empty((len(triangles), 3))
    for t in range(len(triangles)):
        for c in range(3):
            out[t, c] = (vertices[triangles[t, 0], c] + vertices[triangles[t, 1], c] + vertices[triangles[t, 2], c]) / 3
    return out


@compiled
def _at_corners(table: np.ndarray, triangle: np.ndarray, weights: np.ndarray) -> np.ndarray:
    out = np.empty((len(triangle), 2))
    for s in range(len(triangle)):
        own = table[triangle[s]]
        for c in range(2):
            out[s, c] = weights[s, 0] * own[0, c] + weights[s, 1] * own[1, c] + weights[s, 2] * own[2, c]
    return out


@compiled
def _fetch(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear colours float64 [S, 3] in 0..1; textures repeat, v goes up."""
    rows, columns = texture.shape[0], texture.shape[1]
    out = np.empty((len(uv), 3))
    for s in range(len(uv)):
        x = (uv[s, 0] - np.floor(uv[s, 0])) * columns - 0.5
        y = (1 - uv[s, 1] - np.floor(1 - uv[s, 1])) * rows - 0.5
        left, top = int(np.floor(x)), int(np.floor(y))
        fx, fy = x - left, y - top
        i, j = top % rows, left % columns
        i1, j1 = (top + 1) % rows, (left + 1) % columns
        for c in range(3):
            upper = texture[i, j, c] * (1 - fx) + texture[i, j1, c] * fx
            lower = texture[i1, j, c] * (1 - fx) + texture[i1, j1, c] * fx
            out[s, c] = (upper * (1 - fy) + lower * fy) / 255.0
    return out


def _to_linear(color: np.ndarray) -> np.ndarray:
    """About color ** 2.2, for 0..1."""
    color = np.clip(color, 0.0, 1.0)
    return color * color * (0.77 + 0.23 * color)


@compiled
def _tangent_bumps(
    normal: np.ndarray, uv: np.ndarray, triangle: np.ndarray, corners: np.ndarray, vertices: np.ndarray
) -> np.ndarray:
    """What a normal map [S, 3] adds to the unit normal in the world, at samples of these triangles."""
    out = np.empty((len(normal), 3))
    for s in range(len(normal)):
        t = triangle[s]
        ax, ay = uv[t, 1, 0] - uv[t, 0, 0], uv[t, 1, 1] - uv[t, 0, 1]
        bx, by = uv[t, 2, 0] - uv[t, 0, 0], uv[t, 2, 1] - uv[t, 0, 1]
        turned = 1.0 if ax * by - ay * bx >= 0 else -1.0
        right, up = np.empty(3), np.empty(3)
        for c in range(3):
            first = vertices[corners[s, 1], c] - vertices[corners[s, 0], c]
            second = vertices[corners[s, 2], c] - vertices[corners[s, 0], c]
            right[c] = turned * (first * by - second * ay)
            up[c] = turned * (second * ax - first * bx)
        across = (2 * normal[s, 0] - 1) / (np.sqrt(right[0] ** 2 + right[1] ** 2 + right[2] ** 2) + 1e-12)
        along = (2 * normal[s, 1] - 1) / (np.sqrt(up[0] ** 2 + up[1] ** 2 + up[2] ** 2) + 1e-12)
        for c in range(3):
            out[s, c] = across * right[c] + along * up[c]
    return out


def _folds(rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Creases of hanging cloth that belong to the material: slopes [S, 3], and how deep a place lies [S], 0..1."""
    around = 0.16 * np.arctan2(rest[:, 0], rest[:, 2] + 0.02)
    step = 0.004
    here = _creases(around, rest[:, 1])
    sideways = (_creases(around + step, rest[:, 1]) - here) / step
    upwards = (_creases(around, rest[:, 1] + step) - here) / step
    radius = np.maximum(np.hypot(rest[:, 0], rest[:, 2]), 1e-6)
    slopes = np.stack([-sideways * rest[:, 2] / radius, -upwards, sideways * rest[:, 0] / radius], axis=1)
    return 0.012 * slopes, np.clip(-here, 0.0, 1.0)


def _creases(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Heights -1..1: ridges that run down and a little across, in some places more than in others."""
    bent = x + 0.03 * noise(x * 9, y * 5, 11)
    long = 1 - 2 * np.abs(noise(bent * 22 + 2.5 * y, y * 3.5, 12))
    short = 1 - 2 * np.abs(noise(bent * 14 - 7 * y, y * 13, 13))
    where = np.clip(0.5 + 0.8 * noise(x * 7, y * 6, 14), 0.0, 1.0)
    return 0.5 * long + 0.5 * where * short


@compiled
def _light(
    values: np.ndarray,
    bumps: np.ndarray,
    albedo: np.ndarray,
    look: np.ndarray,
    lit: np.ndarray,
    eye: np.ndarray,
    key: np.ndarray,
    key_color: np.ndarray,
) -> np.ndarray:
    """values [S, 15]: place, normal, rest place, soft light and where it comes from."""
    out = np.empty((len(values), 3), np.float32)
    for s in range(len(values)):
        view = eye - values[s, :3]
        view /= np.sqrt(view[0] ** 2 + view[1] ** 2 + view[2] ** 2)
        smooth = values[s, 3:6].copy()
        smooth /= np.sqrt(smooth[0] ** 2 + smooth[1] ** 2 + smooth[2] ** 2) + 1e-12
        facing = smooth[0] * view[0] + smooth[1] * view[1] + smooth[2] * view[2]
        inside = 1.0
        if facing < 0:
            smooth = -smooth
            inside = 0.45 if look[s, 2] == 0 else 1.0
        normal = smooth + bumps[s]
        normal /= np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2) + 1e-12
        source = values[s, 12:15]
        before = smooth[0] * source[0] + smooth[1] * source[1] + smooth[2] * source[2]
        after = normal[0] * source[0] + normal[1] * source[1] + normal[2] * source[2]
        bump = min(max((after + 0.6) / max(before + 0.6, 0.2), 0.25), 1.8)
        cosine = normal[0] * key[0] + normal[1] * key[1] + normal[2] * key[2]
        gloss, sharpness, wrap, sheen = look[s]
        half = view + key
        half /= np.sqrt(half[0] ** 2 + half[1] ** 2 + half[2] ** 2) + 1e-12
        mirror = max(normal[0] * half[0] + normal[1] * half[1] + normal[2] * half[2], 0.0)
        grazing = 1 - max(normal[0] * view[0] + normal[1] * view[1] + normal[2] * view[2], 0.0)
        shine = 0.0
        if mirror > 0.4:
            shine = gloss * (mirror**sharpness) * (sharpness + 2) / 8 * lit[s] * max(cosine, 0.0)
            shine *= 1 + 4 * grazing**5
        rim = sheen * grazing**3
        for c in range(3):
            # Light that wanders through skin comes out red.
            own = wrap * (1.0 if c == 0 else 0.35)
            direct = max((cosine + own) / (1 + own), 0.0)
            arriving = inside * values[s, 9 + c] * bump + key_color[c] * direct * (lit[s] + own * 0.15 * (1 - lit[s]))
            glow = values[s, 9 + c] + key_color[c] * lit[s]
            out[s, c] = albedo[s, c] * arriving * (1 + rim) + shine * key_color[c] + 0.5 * rim * 0.04 * glow
            out[s, c] += gloss * 0.25 * values[s, 9 + c] * (0.3 + grazing**4)
    return out
