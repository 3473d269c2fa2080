"""Glasses and sunglasses, which stay where the head is."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.joints import face_vertices
from posewarp_tf.synthetic.rendered.mesh import Layer, Material
from posewarp_tf.synthetic.rendered.rig import GARMENT

_AROUND = 20  # vertices of a rim, on either side of its wire
_BEFORE = 0.013  # metres from the eyes to the glass


def glasses(rng: np.random.Generator, body: Body, vertices: np.ndarray) -> list[Layer]:
    """The wire around both eyes and to the ears, and dark glass for some; vertices [M, 3] are the body's at rest."""
    face = {name: vertices[number].astype(np.float64) for name, number in face_vertices(body).items()}
    apart = abs(float(face['left_eye'][0] - face['right_eye'][0]))
    wide, tall = apart * rng.uniform(0.33, 0.42), apart * rng.uniform(0.26, 0.38)
    thick, square = rng.uniform(0.0012, 0.0035), rng.uniform(0.5, 1.0)
    angles = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    # A power below 1 makes an ellipse boxier.
    outline = np.stack([np.sign(f(angles)) * np.abs(f(angles)) ** square for f in (np.cos, np.sin)], axis=1)
    wire: list[tuple[np.ndarray, np.ndarray]] = []
    glass: list[tuple[np.ndarray, np.ndarray]] = []
    ring = np.arange(_AROUND)
    after = np.roll(ring, -1)
    for side, sign in (('right', -1.0), ('left', 1.0)):
        centre = face[f'{side}_eye'] * [1, 1, 0] + [0, -0.002, face[f'{side}_eye'][2] + _BEFORE]
        inner, outer = (np.pad(outline * [wide + more, tall + more], ((0, 0), (0, 1))) for more in (-thick, thick))
        band = [[ring, after, after + _AROUND], [ring, after + _AROUND, ring + _AROUND]]
        wire.append((centre + np.concatenate([outer, inner]), np.concatenate([np.stack(one, 1) for one in band])))
        fan = np.stack([ring, after, np.full(_AROUND, _AROUND)], axis=1)
        glass.append((centre + np.concatenate([inner, np.zeros((1, 3))]), fan))
        hinge = centre + [sign * wide, 0.3 * tall, 0.0]
        wire.append(_strip(hinge, face[f'{side}_ear'] + [sign * 0.003, 0.012, 0.0], thick))
    bridge = [(face[f'{side}_eye'] + [-sign * wide, 0, _BEFORE]) for side, sign in (('right', -1.0), ('left', 1.0))]
    wire.append(_strip(bridge[0], bridge[1], thick))
    dark = rng.uniform(0.03, 0.3) * (1 + rng.uniform(-0.3, 0.3, 3))
    layers = [_layer(body, wire, dark, gloss=0.08)]
    if rng.random() < 0.3:
        layers.append(_layer(body, glass, 0.25 * dark, gloss=0.15))
    return layers


def _strip(start: np.ndarray, end: np.ndarray, thick: float) -> tuple[np.ndarray, np.ndarray]:
    up = np.array([0.0, thick, 0.0])
    return np.stack([start - up, start + up, end + up, end - up]), np.array([[0, 1, 2], [0, 2, 3]])


def _layer(body: Body, pieces: list[tuple[np.ndarray, np.ndarray]], color: np.ndarray, gloss: float) -> Layer:
    """A layer of one plain colour that follows the head and no expression."""
    starts = np.cumsum([0] + [len(points) for points, _ in pieces])
    points = np.concatenate([points for points, _ in pieces])
    triangles = np.concatenate([corners + start for (_, corners), start in zip(pieces, starts)])
    bones, weights = (np.zeros((len(points), body.bones.shape[1]), kind) for kind in (np.int16, np.float32))
    bones[:, 0], weights[:, 0] = body.bone('head'), 1.0
    return Layer(
        Material('glasses', GARMENT['face'], colors=lambda rest, uv, plain: plain * color, gloss=gloss, sharpness=40.0),
        points.astype(np.float32),
        triangles.astype(np.int32),
        np.zeros((len(triangles), 3, 2), np.float32),
        bones,
        weights,
        np.zeros((len(points), 3), np.int32),
        np.zeros((len(points), 3), np.float32),
    )
