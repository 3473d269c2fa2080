"""Chairs of 4 to 16 boxes and cylinders, in random proportions."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.objects.solids import Solid, box, cylinder, turned
from posewarp_tf.synthetic.objects.textures import Texture, sample_color, sample_texture


def sample_chair(rng: np.random.Generator) -> list[Solid]:
    """The parts of a chair, its front to +z, standing on y = 0; one unit is about half a metre."""
    width, depth, height = rng.uniform(0.8, 1.15), rng.uniform(0.8, 1.05), rng.uniform(0.65, 0.95)
    thickness = rng.uniform(0.07, 0.2)
    frame = sample_texture(rng, sample_color(rng), ('plain', 'wood', 'stripes'))
    cushion = sample_texture(rng, sample_color(rng))
    seat = box((0, height - thickness / 2, 0), (width, thickness, depth), cushion)
    parts = [seat, *_back(rng, width, depth, height, frame, cushion)]
    legs = (_four_legs, _four_legs, _pedestal, _side_panels)[rng.integers(4)]
    parts += legs(rng, width, depth, height - thickness, frame)
    if rng.random() < 0.4:
        parts += _arms(rng, width, depth, height, frame)
    return parts


def _back(
    rng: np.random.Generator, width: float, depth: float, height: float, frame: Texture, cushion: Texture
) -> list[Solid]:
    """A panel, upright slats or cross bars, leaning back a little."""
    tall, thick, lean = rng.uniform(0.7, 1.25), rng.uniform(0.06, 0.14), rng.uniform(0.0, 14.0)
    axes = turned(x=-lean)
    # Its middle, for a foot at the rear edge of the seat.
    y, z = tall / 2 * np.cos(np.radians(lean)), tall / 2 * np.sin(np.radians(lean))
    foot = -depth / 2 + thick / 2

    def beam(x: float, up: float, size: tuple[float, float, float], texture: Texture) -> Solid:
        """A part of the back, `up` from its middle along it."""
        c, s = np.cos(np.radians(lean)), np.sin(np.radians(lean))
        return box((x, height + y + up * c, foot - z - up * s), size, texture, axes)

    style = rng.integers(3)
    if style == 0:
        narrower = rng.uniform(0.0, 0.3)
        return [box((0, height + y, foot - z), (width, tall, thick), cushion, axes, (narrower, 0.0, 0.0))]
    rail = rng.uniform(0.12, 0.3)
    top = beam(0, tall / 2 - rail / 2, (width, rail, thick), cushion)
    if style == 1:
        count = int(rng.integers(3, 6))
        places = np.linspace(-0.5, 0.5, count) * (width - 0.12)
        return [top, *(beam(x, -rail / 2, (0.1, tall - rail, 0.8 * thick), frame) for x in places)]
    posts = [beam(side * (width - 0.1) / 2, 0, (0.1, tall, thick), frame) for side in (-1, 1)]
    bars = [beam(0, up * tall, (width, 0.12, 0.7 * thick), frame) for up in (-0.2, 0.08)]
    return [top, *posts, *bars]


def _four_legs(rng: np.random.Generator, width: float, depth: float, height: float, texture: Texture) -> list[Solid]:
    """Round or square, upright or splayed."""
    thick, splay, is_round = rng.uniform(0.09, 0.16), rng.choice([0.0, rng.uniform(3, 9)]), rng.random() < 0.5
    legs = []
    for side in (-1, 1):
        for front in (-1, 1):
            axes = turned(x=-front * splay, z=side * splay)
            out = height / 2 * np.tan(np.radians(splay))
            x, z = side * ((width - thick) / 2 + out), front * ((depth - thick) / 2 + out)
            if is_round:
                legs.append(cylinder((x, height / 2, z), (thick / 2, thick / 2), height, texture, axes))
            else:
                legs.append(box((x, height / 2, z), (thick, height, thick), texture, axes))
    return legs


def _pedestal(rng: np.random.Generator, width: float, depth: float, height: float, texture: Texture) -> list[Solid]:
    """A column on a plate, or on feet."""
    radius, low = rng.uniform(0.06, 0.11), 0.09
    column = cylinder((0, height / 2, 0), (radius, radius), height, texture)
    if rng.random() < 0.5:
        plate = rng.uniform(0.32, 0.45)
        return [column, cylinder((0, low / 2, 0), (plate, plate), low, texture)]
    count, reach = int(rng.integers(4, 6)), rng.uniform(0.4, 0.5)
    feet = []
    for angle in np.arange(count) * 360 / count:
        axes, way = turned(y=angle), reach / 2
        x, z = way * np.sin(np.radians(angle)), way * np.cos(np.radians(angle))
        feet.append(box((x, low / 2, z), (0.1, low, reach), texture, axes))
    return [column, *feet]


def _side_panels(rng: np.random.Generator, width: float, depth: float, height: float, texture: Texture) -> list[Solid]:
    """Two boards and a bar between them."""
    thick = rng.uniform(0.07, 0.12)
    boards = [
        box((side * (width - thick) / 2, height / 2, 0), (thick, height, depth * 0.9), texture) for side in (-1, 1)
    ]
    return [*boards, box((0, height * 0.4, -depth * 0.2), (width, 0.12, 0.08), texture)]


def _arms(rng: np.random.Generator, width: float, depth: float, height: float, texture: Texture) -> list[Solid]:
    """Two rests on a post each."""
    high, thick = rng.uniform(0.3, 0.45), 0.1
    parts = []
    for side in (-1, 1):
        x = side * (width + thick) / 2
        parts.append(box((x, height + high, 0), (1.2 * thick, 0.08, depth * 0.9), texture))
        parts.append(box((x, height + high / 2 - 0.1, depth * 0.35), (thick, high + 0.2, thick), texture))
    return parts
