"""What a person wears: tops and trousers of different suits, suits as they are, shoes; and loose clothes."""

from __future__ import annotations

import dataclasses
from typing import Optional

import numpy as np

from posewarp_tf.synthetic.drawn.textures import Cloth, sample_cloth
from posewarp_tf.synthetic.rendered import cloth
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.clearance import push_out
from posewarp_tf.synthetic.rendered.mesh import Layer, Material
from posewarp_tf.synthetic.rendered.phenotypes import Phenotype
from posewarp_tf.synthetic.rendered.pictures import load_texture
from posewarp_tf.synthetic.rendered.rig import GARMENT
from posewarp_tf.synthetic.rendered.wardrobe import Part, Wardrobe

_GARMENTS = {
    'upper': 'upper_clothes', 'jacket': 'coat', 'lower': 'pants', 'shorts': 'pants', 'skirt': 'skirt',
    'whole': 'jumpsuit', 'shoes': 'shoes', 'socks': 'socks',
}  # fmt: skip
_PATTERNS = ('plain', 'stripes_across', 'stripes_along', 'check', 'plaid', 'dots', 'flowers', 'blobs', 'motif')
_GAP = 0.004  # metres between layers


@dataclasses.dataclass(frozen=True, eq=False)
class Outfit:
    """Layers from the inside out; hidden: the body's vertices that they cover."""

    layers: list[Layer]
    hidden: np.ndarray


def sample_outfit(
    rng: np.random.Generator,
    body: Body,
    vertices: np.ndarray,
    heads: np.ndarray,
    wardrobe: Wardrobe,
    phenotype: Phenotype,
) -> Outfit:
    """Clothes that cover trunk and thighs."""
    tubes = tubes_of(body, heads)
    chosen: list[Part] = []
    whole = wardrobe.of_kind('whole')
    if whole and rng.random() < 0.1:
        one = whole[rng.integers(len(whole))]
        chosen += [part for part in wardrobe.parts if part.item is one.item and part.kind == 'upper'] + [one]
    else:
        lowers = [part for part in wardrobe.of_kind('lower', 'shorts', 'skirt') if _suits(part, phenotype)]
        uppers = [part for part in wardrobe.of_kind('upper', 'jacket') if _suits(part, phenotype)]
        chosen += [lowers[rng.integers(len(lowers))], uppers[rng.integers(len(uppers))]]
    shoes = wardrobe.of_kind('shoes')
    if shoes:
        one = shoes[rng.integers(len(shoes))]
        chosen = [part for part in wardrobe.parts if part.item is one.item] + chosen
    layers: list[Layer] = []
    for part in chosen:
        layer = part_layer(rng, part, vertices, tubes, heads[body.bone('spine02'), 1])
        layers.append(push_out(layer, layers, _GAP))
    hidden = [part.hidden for part in chosen]
    return Outfit(layers, np.concatenate(hidden) if hidden else np.zeros(0, np.int32))


def _suits(part: Part, phenotype: Phenotype) -> bool:
    tags = set(part.item.tags)
    other = 'male' if phenotype.is_female else 'female'
    return other not in tags or (phenotype.is_female and part.kind in ('lower', 'upper', 'jacket'))


def tubes_of(body: Body, heads: np.ndarray) -> cloth.Tubes:
    starts, ends = [], []
    for first, last in (
        ('spine05', 'neck01'), ('upperarm01.R', 'wrist.R'), ('upperarm01.L', 'wrist.L'),
        ('upperleg01.R', 'foot.R'), ('upperleg01.L', 'foot.L'),
    ):  # fmt: skip
        starts.append(heads[body.bone(first)])
        ends.append(heads[body.bone(last)])
    hip = heads[body.bone('upperleg01.L'), 1]
    return cloth.Tubes(np.array(starts), np.array(ends), float(hip - 0.06))


def part_layer(
    rng: np.random.Generator, part: Part, vertices: np.ndarray, tubes: cloth.Tubes, front_height: float
) -> Layer:
    """One part on a body, in its own colours, recoloured or printed."""
    material = Material(
        f'{part.kind} of {part.item.name}',
        GARMENT[_GARMENTS[part.kind]],
        _texture(part),
        load_texture(part.item.pictures['normal']) if 'normal' in part.item.pictures else None,
        sheen=0.35,
        gloss=0.1 if part.kind == 'shoes' else 0.012,
        sharpness=14.0,
    )
    layer = part.item.layer(vertices, material).only(part.triangles)
    has_colors = 'diffuse' in part.item.pictures
    choice = rng.random()
    if part.kind == 'shoes' and has_colors and choice < 0.5 or has_colors and choice < 0.22:
        return layer
    fabric = sample_fabric(rng, part.kind)
    colors = (
        cloth.recolored(layer, fabric.colors[0])
        if fabric.pattern == 'plain' or part.kind in ('shoes', 'socks')
        else cloth.printed(layer, fabric, tubes, front_height)
    )
    return dataclasses.replace(layer, material=dataclasses.replace(material, colors=colors))


def sample_fabric(rng: np.random.Generator, kind: str) -> Cloth:
    """Mostly plain and muted below, more often printed above."""
    printed = rng.random() < {'upper': 0.45, 'jacket': 0.12, 'dress': 0.6, 'skirt': 0.4, 'coat': 0.1}.get(kind, 0.12)
    patterns = _PATTERNS[1:] if printed else ('plain',)
    fabric = sample_cloth(rng, patterns, bright=0.55 if kind in ('upper', 'dress', 'skirt') else 0.25)
    muted = [np.array(color) * 0.82 + 0.18 * np.mean(color) for color in fabric.colors]
    colors = tuple(tuple(float(value) for value in color) for color in muted)
    return dataclasses.replace(fabric, colors=colors, period=fabric.period * float(rng.uniform(0.4, 1.2)))


def _texture(part: Part) -> Optional[np.ndarray]:
    pictures = part.item.pictures
    if 'diffuse' in pictures:
        return load_texture(pictures['diffuse'], pictures.get('occlusion'))
    return load_texture(pictures['occlusion']) if 'occlusion' in pictures else None
