"""Loose clothes made of the body's helper meshes: tops, wide trousers, skirts, dresses and coats with clean hems."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.clearance import smoothed
from posewarp_tf.synthetic.rendered.head import body_layer
from posewarp_tf.synthetic.rendered.mesh import Layer, Material, vertex_normals
from posewarp_tf.synthetic.rendered.rig import PART, part_weights

_FAR = 0.3  # metres; the value of a field where nothing ends


@dataclasses.dataclass(frozen=True)
class Cut:
    """How a garment is cut; lengths in parts of the limb that it covers.

    sleeve: 0 ends at the shoulder, 1 at the elbow, 2 at the wrist; hem: of a top, in parts of the thigh below the hip;
    neck: metres below the pit of the neck in front; room: metres between cloth and body; opening: half the width in
    metres of an open front, negative: closed; length: of a skirt or trousers, 0 hip, 1 knee, 2 ankle; flare: how far a
    skirt stands out at the ankle, in metres.
    """

    sleeve: float = 0.5
    hem: float = 0.15
    neck: float = 0.02
    room: float = 0.015
    opening: float = -1.0
    length: float = 1.0
    flare: float = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class _Frame:
    """Heights and joints of a body at rest that hems are measured by."""

    neck: np.ndarray
    waist: float
    hip: float
    knee: float
    ankle: float
    arms: dict[str, np.ndarray]  # shoulder, elbow, wrist [3, 3]


def _measure(body: Body, heads: np.ndarray) -> _Frame:
    def at(name: str) -> np.ndarray:
        return heads[body.bone(name)]

    return _Frame(
        at('neck01'),
        float(at('spine04')[1]),
        float(at('upperleg01.L')[1]),
        float(at('lowerleg01.L')[1]),
        float(at('foot.L')[1]),
        {
            side: np.stack([at(f'{name}.{side[0].upper()}') for name in ('upperarm01', 'lowerarm01', 'wrist')])
            for side in ('left', 'right')
        },
    )


def top(body: Body, vertices: np.ndarray, heads: np.ndarray, cut: Cut, material: Material) -> Layer:
    """A top with sleeves: what of the tights lies above its hem, blown up, smoothed and cut."""
    layer = body_layer(body, vertices, material, 'helper-tights')
    frame = _measure(body, heads)
    y = layer.vertices[:, 1]
    hem = frame.hip - cut.hem * (frame.hip - frame.knee)
    fields = [y - hem, _sleeves(body, layer, frame, cut.sleeve), _neckline(layer, frame, cut.neck)]
    if cut.opening > 0:
        fields.append(_front(layer, cut.opening))
    layer = _near_field(dataclasses.replace(layer, field=np.min(fields, axis=0).astype(np.float32)))
    # Cloth hangs from the shoulders: there it lies on, further down it stands off.
    drop = np.clip((frame.neck[1] - layer.vertices[:, 1]) / (frame.neck[1] - frame.waist), 0.25, 1.0)
    return _blown_up(layer, cut.room * drop, rounds=14)


def trousers(body: Body, vertices: np.ndarray, heads: np.ndarray, cut: Cut, material: Material) -> Layer:
    """Wide trousers: the legs of the tights, wider towards the floor."""
    layer = body_layer(body, vertices, material, 'helper-tights')
    frame = _measure(body, heads)
    y = layer.vertices[:, 1]
    field = np.minimum(y - _height(frame, cut.length), frame.waist - 0.01 - y)
    layer = _near_field(dataclasses.replace(layer, field=field.astype(np.float32)))
    down = np.clip((frame.hip - layer.vertices[:, 1]) / (frame.hip - frame.ankle), 0.0, 1.0)
    return _blown_up(layer, cut.room + cut.flare * down, rounds=8)


def skirt(body: Body, vertices: np.ndarray, heads: np.ndarray, cut: Cut, material: Material) -> Layer:
    """A skirt from the waist on, or the lower part of a dress or coat."""
    layer = body_layer(body, vertices, material, 'helper-skirt')
    frame = _measure(body, heads)
    y = layer.vertices[:, 1]
    field = y - _height(frame, cut.length)
    if cut.opening > 0:
        field = np.minimum(field, _front(layer, cut.opening))
    down = np.clip((frame.waist - y) / (frame.waist - frame.ankle), 0.0, 1.0)
    middle = np.array([0.0, 0.0, float(layer.vertices[:, 2].mean())])
    outward = (layer.vertices - middle) * np.array([1.0, 0.0, 1.0])
    angle = np.arctan2(outward[:, 0], outward[:, 2])
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    # Cloth that is wider than its waist falls in waves.
    waves = 0.22 * cut.flare * np.cos(9 * angle + 0.8 * np.sin(2 * angle))
    moved = layer.vertices + outward * (cut.room + down * (cut.flare + waves))[:, None]
    layer = dataclasses.replace(layer, vertices=moved.astype(np.float32), field=field.astype(np.float32))
    return _near_field(layer)


def _height(frame: _Frame, length: float) -> float:
    return float(np.interp(length, [0.0, 1.0, 2.0], [frame.hip, frame.knee, frame.ankle]))


def _sleeves(body: Body, layer: Layer, frame: _Frame, sleeve: float) -> np.ndarray:
    """Positive above the sleeves' ends."""
    shares = part_weights(body, layer.bones, layer.weights)
    field = np.full(len(layer.vertices), _FAR)
    for side, arm in frame.arms.items():
        own = shares[:, PART[f'{side}_upper_arm']] + shares[:, PART[f'{side}_lower_arm']] > 0.45
        way = np.zeros(len(layer.vertices))
        ends = [0.0]
        for first, last in zip(arm[:-1], arm[1:]):
            length = float(np.linalg.norm(last - first))
            way += np.clip((layer.vertices - first) @ (last - first) / length, 0.0 if ends[-1] else -0.1, length)
            ends.append(ends[-1] + length)
        end = float(np.interp(sleeve, [0.0, 1.0, 2.0], ends))
        field = np.where(own, np.minimum(field, end - way), field)
    return field


def _neckline(layer: Layer, frame: _Frame, depth: float) -> np.ndarray:
    """Positive outside of the opening around the neck, which is deeper in front."""
    away = layer.vertices - frame.neck
    front = np.clip(away[:, 2] / 0.08, 0.0, 1.0)
    opening = np.hypot(away[:, 0] / 0.085, (away[:, 1] + depth * front - 0.03) / 0.06)
    # What lies above the opening is the tights' own collar.
    return np.minimum((opening - 1) * 0.06, 0.02 - away[:, 1])


def _front(layer: Layer, opening: float) -> np.ndarray:
    """Positive beside an opening down the front."""
    ahead = layer.vertices[:, 2] > np.median(layer.vertices[:, 2])
    return np.where(ahead, np.abs(layer.vertices[:, 0]) - opening, _FAR)


def _near_field(layer: Layer) -> Layer:
    """Without the triangles that are cut away wholly."""
    assert layer.field is not None
    return layer.only((layer.field[layer.triangles] > 0).any(axis=1))


def _blown_up(layer: Layer, room: np.ndarray, rounds: int) -> Layer:
    """Moved outwards by room [N], without the body's hollows."""
    normals = vertex_normals(layer.vertices, layer.triangles)
    moved = layer.vertices + normals * room[:, None]
    hollow = smoothed(moved, layer.triangles, rounds)
    # Smoothing shrinks: nothing may go further in than it was.
    inwards = np.minimum(np.sum((hollow - moved) * normals, axis=1), 0.0)
    return dataclasses.replace(layer, vertices=(hollow - normals * inwards[:, None]).astype(np.float32))
