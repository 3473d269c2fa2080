"""What a person wears: tops and trousers of different suits, suits as they are, shoes; and loose clothes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from posewarp_tf.synthetic.drawn.textures import Cloth
from posewarp_tf.synthetic.rendered import accessories, cloth, head, loose
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.clearance import covered, push_out, without_covered
from posewarp_tf.synthetic.rendered.fabrics import sample_fabric
from posewarp_tf.synthetic.rendered.mesh import Layer, Material
from posewarp_tf.synthetic.rendered.phenotypes import Phenotype
from posewarp_tf.synthetic.rendered.pictures import load_texture
from posewarp_tf.synthetic.rendered.rig import GARMENT
from posewarp_tf.synthetic.rendered.wardrobe import Part, Wardrobe

_GARMENTS = {
    'upper': 'upper_clothes', 'jacket': 'coat', 'lower': 'pants', 'shorts': 'pants', 'skirt': 'skirt',
    'whole': 'jumpsuit', 'shoes': 'shoes', 'socks': 'socks',
}  # fmt: skip
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
    """Clothes that cover trunk and thighs, and shoes where there are any.

    Some wear a suit as it is or a dress, others tops and trousers of different suits or loose ones; some a coat too.
    """
    tailor = Tailor(rng, body, vertices, heads, phenotype)
    tailor.add_shoes(wardrobe)
    whole = wardrobe.of_kind('whole')
    choice = rng.random()
    if whole and choice < 0.08:
        one = whole[rng.integers(len(whole))]
        for part in wardrobe.parts:
            if part.item is one.item and part.kind == 'upper':
                tailor.add_part(part)
        tailor.add_part(one)
    elif phenotype.is_female and choice < 0.3:
        tailor.add_dress()
    else:
        tailor.add_lower(wardrobe)
        tailor.add_upper(wardrobe)
        if rng.random() < 0.16:
            tailor.add_coat()
    if rng.random() < 0.06:
        tailor.add_gloves()
    if rng.random() < 0.07:
        tailor.add_scarf()
    return tailor.outfit()


class Tailor:
    """Dresses one body from the inside out: each layer keeps off those below, and hides what is well inside of it."""

    def __init__(
        self, rng: np.random.Generator, body: Body, vertices: np.ndarray, heads: np.ndarray, phenotype: Phenotype
    ) -> None:
        self.rng, self.body, self.vertices, self.heads, self.phenotype = rng, body, vertices, heads, phenotype
        self.tubes = tubes_of(body, heads)
        self.layers: list[Layer] = []
        self.hidden = np.zeros(len(vertices), bool)
        self.bare = head.body_layer(body, vertices, Material('bare', 0), 'body')

    def outfit(self) -> Outfit:
        return Outfit(self.layers, np.flatnonzero(self.hidden).astype(np.int32))

    def add_shoes(self, wardrobe: Wardrobe) -> None:
        shoes = wardrobe.of_kind('shoes')
        if shoes:
            one = shoes[self.rng.integers(len(shoes))]
            for part in wardrobe.parts:
                if part.item is one.item:
                    self.add_part(part)

    def add_lower(self, wardrobe: Wardrobe) -> None:
        parts = [part for part in wardrobe.of_kind('lower', 'shorts', 'skirt') if _suits(part, self.phenotype)]
        rng = self.rng
        choice = rng.random()
        if parts and choice < 0.6:
            self.add_part(parts[rng.integers(len(parts))])
        elif self.phenotype.is_female and choice < 0.78:
            cut = loose.Cut(
                length=float(rng.uniform(0.65, 1.75)), room=float(rng.uniform(0.004, 0.012)),
                flare=float(rng.uniform(0.0, 0.16)),
            )  # fmt: skip
            self.add_loose(loose.skirt, cut, 'skirt', 'skirt')
        else:
            short = rng.random() < 0.18
            cut = loose.Cut(
                length=float(rng.uniform(0.75, 1.05) if short else rng.uniform(1.85, 1.97)),
                room=float(rng.uniform(0.006, 0.014)), flare=float(rng.uniform(0.005, 0.035)),
            )  # fmt: skip
            self.add_loose(loose.trousers, cut, 'lower', 'pants')

    def add_upper(self, wardrobe: Wardrobe) -> None:
        parts = [part for part in wardrobe.of_kind('upper', 'jacket') if _suits(part, self.phenotype)]
        parts = [part for part in parts if not self._leaves_bare(part)]
        rng = self.rng
        if parts and rng.random() < 0.55:
            self.add_part(parts[rng.integers(len(parts))])
            return
        cut = loose.Cut(
            sleeve=float(rng.choice([rng.uniform(0.1, 0.3), rng.uniform(0.5, 0.9), rng.uniform(1.86, 1.97)])),
            hem=float(rng.uniform(-0.1, 0.35)), neck=float(rng.uniform(0.0, 0.07)), room=float(rng.uniform(0.01, 0.03)),
        )  # fmt: skip
        self.add_loose(loose.top, cut, 'upper', 'upper_clothes')

    def add_dress(self) -> None:
        rng = self.rng
        cut = loose.Cut(
            sleeve=float(rng.choice([rng.uniform(0.02, 0.2), rng.uniform(0.4, 0.9), rng.uniform(1.5, 1.95)])),
            hem=-0.2, neck=float(rng.uniform(0.01, 0.08)), room=float(rng.uniform(0.004, 0.014)),
            length=float(rng.uniform(0.7, 1.8)), flare=float(rng.uniform(0.01, 0.2)),
        )  # fmt: skip
        fabric = sample_fabric(rng, 'dress')
        self.add_loose(loose.skirt, cut, 'dress', 'dress', fabric)
        self.add_loose(loose.top, cut, 'dress', 'dress', fabric)

    def add_coat(self) -> None:
        rng = self.rng
        cut = loose.Cut(
            sleeve=float(rng.uniform(1.9, 1.99)), hem=-0.15, neck=0.03, room=float(rng.uniform(0.022, 0.035)),
            opening=float(rng.uniform(0.015, 0.07)), length=float(rng.uniform(0.5, 1.3)), flare=0.05,
        )  # fmt: skip
        fabric = sample_fabric(rng, 'coat')
        self.add_loose(loose.skirt, cut, 'coat', 'coat', fabric)
        self.add_loose(loose.top, cut, 'coat', 'coat', fabric)

    def add_gloves(self) -> None:
        layer = accessories.gloves(self.body, self.vertices)
        self.layers.append(_dyed(layer, sample_fabric(self.rng, 'shoes')))

    def add_scarf(self) -> None:
        layer = accessories.scarf(self.rng, self.body, self.vertices, self.heads, self.layers)
        self.layers.append(_dyed(layer, sample_fabric(self.rng, 'scarf')))

    def add_part(self, part: Part) -> None:
        layer = part_layer(self.rng, part, self.vertices, self.tubes, self.heads[self.body.bone('spine02'), 1])
        self.hidden[part.hidden] = True
        self._put_on(layer)

    def add_loose(
        self,
        make: Callable[..., Layer],
        cut: loose.Cut,
        kind: str,
        garment: str,
        fabric: Cloth | None = None,
    ) -> None:
        fabric = fabric or sample_fabric(self.rng, kind)
        material = Material(
            f'loose {kind}', GARMENT[garment], sheen=0.4, gloss=0.008, folds=float(self.rng.uniform(0.5, 1.0))
        )
        layer = make(self.body, self.vertices, self.heads, cut, material)
        front = self.heads[self.body.bone('spine02'), 1]
        colors = (
            cloth.woven(fabric.colors[0], fabric.seed)
            if fabric.pattern == 'plain'
            else cloth.printed(layer, fabric, self.tubes, front)
        )
        layer = dataclasses.replace(layer, material=dataclasses.replace(material, colors=colors))
        layer = push_out(layer, [self.bare], _GAP)
        reach = 0.2 if make is loose.skirt else 0.06
        margin = 0.1 if make is loose.skirt else 0.04
        under = covered(self.bare.vertices, layer, margin, reach)
        self.hidden[self.bare.base[under, 0]] = True
        self._put_on(layer)

    def _put_on(self, layer: Layer) -> None:
        layer = push_out(layer, self.layers, _GAP)
        self.layers = [without_covered(inner, layer) for inner in self.layers] + [layer]

    def _leaves_bare(self, part: Part) -> bool:
        """Whether a top ends above the waist."""
        low = part.item.fit(self.vertices)[np.unique(part.item.mesh.triangles[part.triangles]), 1].min()
        hip, waist = (self.heads[self.body.bone(name), 1] for name in ('upperleg01.L', 'spine04'))
        return bool(low > (hip + waist) / 2 + 0.03)


def _dyed(layer: Layer, fabric: Cloth) -> Layer:
    colors = cloth.woven(fabric.colors[0], fabric.seed)
    return dataclasses.replace(layer, material=dataclasses.replace(layer.material, colors=colors))


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


def _texture(part: Part) -> np.ndarray | None:
    pictures = part.item.pictures
    if 'diffuse' in pictures:
        return load_texture(pictures['diffuse'], pictures.get('occlusion'))
    return load_texture(pictures['occlusion']) if 'occlusion' in pictures else None
