"""Gloves and scarfs, made of the body that wears them."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial import cKDTree

from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.head import body_layer
from posewarp_tf.synthetic.rendered.mesh import Layer, Material, vertex_normals
from posewarp_tf.synthetic.rendered.rig import GARMENT

_THICKNESS = 0.0018  # metres of a glove
_AROUND, _ACROSS = 40, 14  # vertices of a scarf


def gloves(body: Body, vertices: np.ndarray) -> Layer:
    """The skin of both hands, a little larger."""
    layer = body_layer(body, vertices, Material('gloves', GARMENT['glove'], gloss=0.04, sheen=0.2), 'body')
    hands = [
        number for number, name in enumerate(body.bone_names) if name.startswith(('wrist', 'finger', 'metacarpal'))
    ]
    share = np.where(np.isin(layer.bones, hands), layer.weights, 0.0).sum(axis=1)
    moved = layer.vertices + _THICKNESS * vertex_normals(layer.vertices, layer.triangles)
    layer = dataclasses.replace(layer, vertices=moved.astype(np.float32), field=(share - 0.5).astype(np.float32))
    return layer.only((share[layer.triangles] > 0.5).any(axis=1))


def scarf(rng: np.random.Generator, body: Body, vertices: np.ndarray, heads: np.ndarray, inner: list[Layer]) -> Layer:
    """A loop around the neck, outside of everything that is worn there."""
    bare = body_layer(body, vertices, Material('bare', 0), 'body')
    centre = heads[body.bone('neck01')] + np.array([0.0, 0.005, 0.0])
    angles = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    # It lies deeper in front.
    middle = centre[1] - 0.02 * np.cos(angles)
    radius = np.full(_AROUND, 0.05)
    for points in (bare.vertices, *(layer.vertices for layer in inner)):
        away = points - centre
        angle = np.arctan2(away[:, 0], away[:, 2])
        near = (np.abs(away[:, 1]) < 0.035) & (np.hypot(away[:, 0], away[:, 2]) < 0.085)
        for number, wanted in enumerate(angles):
            beside = near & (np.cos(angle - wanted) > 0.97)
            if beside.any():
                radius[number] = max(radius[number], float(np.hypot(away[beside, 0], away[beside, 2]).max()))
    radius = (np.roll(radius, 1) + 2 * radius + np.roll(radius, -1)) / 4 + 0.004
    thick, tall = rng.uniform(0.012, 0.02), rng.uniform(0.028, 0.042)
    turn = np.linspace(0, 2 * np.pi, _ACROSS, endpoint=False)[None, :]
    # Folds run around it and sink and rise.
    bulge = 1 + 0.22 * np.cos(3 * turn + 2 * np.sin(2 * angles[:, None] + rng.uniform(0, 6)))
    outwards = radius[:, None] + thick * (1 + np.cos(turn) * bulge)
    upwards = middle[:, None] + tall * np.sin(turn) * bulge
    places = np.stack(
        [
            centre[0] + outwards * np.sin(angles)[:, None],
            upwards,
            centre[2] + outwards * np.cos(angles)[:, None],
        ],
        axis=-1,
    ).reshape(-1, 3)
    grid = np.arange(_AROUND * _ACROSS).reshape(_AROUND, _ACROSS)
    beside, above = np.roll(grid, -1, axis=0), np.roll(grid, -1, axis=1)
    across = np.roll(beside, -1, axis=1)
    triangles = np.concatenate(
        [np.stack([grid, beside, across], -1).reshape(-1, 3), np.stack([grid, across, above], -1).reshape(-1, 3)]
    )
    nearest = cKDTree(bare.vertices).query(places)[1]
    return Layer(
        Material('scarf', GARMENT['scarf'], sheen=0.5, gloss=0.005),
        places.astype(np.float32),
        triangles.astype(np.int32),
        np.zeros((len(triangles), 3, 2), np.float32),
        bare.bones[nearest],
        bare.weights[nearest],
        bare.base[nearest],
        bare.base_weights[nearest] * 0,
    )
