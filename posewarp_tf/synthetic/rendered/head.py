"""Skin, eyes, brows, lashes and hair."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.synthetic.drawn.textures import HAIR_COLORS, SKIN_TONES, Color, as_color
from posewarp_tf.synthetic.rendered import cloth
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.makehuman import Item
from posewarp_tf.synthetic.rendered.mesh import Layer, Material
from posewarp_tf.synthetic.rendered.phenotypes import ANCESTRIES, Phenotype
from posewarp_tf.synthetic.rendered.pictures import load_texture
from posewarp_tf.synthetic.rendered.rig import GARMENT
from posewarp_tf.synthetic.rendered.wardrobe import Skin, Wardrobe

_IRISES: tuple[Color, ...] = ((0.20, 0.11, 0.06), (0.30, 0.18, 0.08), (0.28, 0.38, 0.45), (0.30, 0.36, 0.22))
# Which of SKIN_TONES an ancestry has, from the lightest on.
_TONES = {'african': (4, 7), 'asian': (1, 4), 'caucasian': (0, 4)}


def sample_tone(rng: np.random.Generator, phenotype: Phenotype) -> Color:
    """A colour of skin that goes with the ancestry."""
    low, high = _TONES[ANCESTRIES[int(np.argmax(phenotype.ancestry))]]
    place = rng.uniform(low, high - 1)
    below, above = np.array(SKIN_TONES[int(place)]), np.array(SKIN_TONES[min(int(place) + 1, len(SKIN_TONES) - 1)])
    between = below + (place % 1) * (above - below)
    return as_color(np.clip(0.93 * between + rng.normal(0, 0.012, 3), 0.05, 0.95))


def body_layer(body: Body, vertices: np.ndarray, material: Material, *groups: str) -> Layer:
    """The triangles of some groups of the body's own mesh."""
    numbers, triangles, uv, base_weights = _group(body, groups)
    base = np.stack([numbers] * 3, axis=1)
    return Layer(
        material, vertices[numbers], triangles, uv, body.bones[numbers], body.weights[numbers], base, base_weights
    )


@functools.lru_cache(maxsize=16)
def _group(body: Body, groups: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The body's vertices in some groups, and what of a layer is the same for everybody."""
    chosen = body.triangles_in(*groups)
    numbers, corners = np.unique(body.triangles[chosen], return_inverse=True)
    base_weights = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (len(numbers), 1))
    uv = body.uv[body.triangles_uv[chosen]]
    return numbers.astype(np.int32), corners.reshape(-1, 3).astype(np.int32), uv, base_weights


def skin_layer(
    rng: np.random.Generator,
    body: Body,
    vertices: np.ndarray,
    wardrobe: Wardrobe,
    phenotype: Phenotype,
    tone: Color,
    hidden: np.ndarray,
) -> Layer:
    """The bare body without the triangles all of whose corners are `hidden` by clothes."""
    picture = _choose_skin(rng, wardrobe, phenotype, tone)
    material = Material(
        'skin', 0, None if picture is None else load_texture(picture.picture),
        two_sided=False, gloss=0.045, sharpness=9.0, wrap=0.28,
    )  # fmt: skip
    layer = body_layer(body, vertices, material, 'body')
    colors = cloth.tinted(layer, tone, 0.85) if picture is not None else cloth.tinted(layer, tone)
    gone = np.zeros(len(vertices), bool)
    gone[hidden] = True
    kept = ~gone[layer.base[:, 0]][layer.triangles].all(axis=1)
    return _with(layer.only(kept), colors)


def _choose_skin(rng: np.random.Generator, wardrobe: Wardrobe, phenotype: Phenotype, tone: Color) -> Skin | None:
    age = 'old' if phenotype.age > 0.9 else 'middleage' if phenotype.age > 0.75 else 'young'
    dark = float(np.mean(tone)) < 0.45

    def fit(skin: Skin) -> tuple[bool, bool, bool]:
        return skin.is_female == phenotype.is_female, skin.is_dark == dark, skin.age == age

    if not wardrobe.skins:
        return None
    best = max(fit(skin) for skin in wardrobe.skins)
    fitting = [
        skin for skin in wardrobe.skins if fit(skin)[:2] == best[:2] and (fit(skin) == best or rng.random() < 0.3)
    ]
    return fitting[rng.integers(len(fitting))]


def head_layers(
    rng: np.random.Generator,
    body: Body,
    vertices: np.ndarray,
    wardrobe: Wardrobe,
    phenotype: Phenotype,
    tone: Color,
) -> list[Layer]:
    """Eyes, brows, lashes, and hair or a hat over short hair."""
    eyes = body_layer(
        body, vertices, Material('eyes', GARMENT['face'], gloss=0.08, sharpness=60.0), 'helper-l-eye', 'helper-r-eye'
    )
    layers = [_with(eyes, _eye_colors(rng, eyes, tone))]
    dark = float(np.mean(tone)) < 0.55 or int(np.argmax(phenotype.ancestry)) == ANCESTRIES.index('asian')
    hair = np.array(HAIR_COLORS[rng.integers(3 if dark else 7)])
    grey = np.clip((phenotype.age - 0.82) * 6 + rng.normal(0, 0.25), 0, 1) if phenotype.age > 0.8 else 0.0
    hair = hair * (1 - grey) + np.array([0.62, 0.61, 0.6]) * grey
    for items, name in ((wardrobe.brows, 'brows'), (wardrobe.lashes, 'lashes')):
        if items:
            item = items[rng.integers(len(items))]
            strands = _strands(item, vertices, name, GARMENT['face'])
            layers.append(_with(strands, cloth.recolored(strands, as_color(0.75 * hair), 0.6)))
    cuts = [item for item in wardrobe.hair if not {'male', 'female'} & set(item.tags) or _suits(item, phenotype)]
    with_hat = bool(wardrobe.hats) and rng.random() < 0.06
    if with_hat:
        cuts = [item for item in cuts if 'short' in item.name] or cuts
    if cuts and rng.random() < (0.98 if phenotype.is_female else 0.94):
        strands = _strands(cuts[rng.integers(len(cuts))], vertices, 'hair', GARMENT['hair'])
        layers.append(_with(strands, cloth.recolored(strands, as_color(hair), 0.65)))
    if with_hat:
        hat = wardrobe.hats[rng.integers(len(wardrobe.hats))]
        color = as_color(rng.choice([[0.12, 0.11, 0.1], [0.35, 0.25, 0.17], [0.5, 0.48, 0.45]]))
        layer = hat.layer(vertices, Material('hat', GARMENT['hat'], sheen=0.4))
        layers.append(_with(layer, cloth.woven(color, 1)))
    return layers


def _suits(item: Item, phenotype: Phenotype) -> bool:
    return ('female' if phenotype.is_female else 'male') in item.tags


def _strands(item: Item, vertices: np.ndarray, name: str, garment: int) -> Layer:
    texture = load_texture(item.pictures['diffuse']) if 'diffuse' in item.pictures else None
    return item.layer(vertices, Material(name, garment, texture, cutout=True, gloss=0.03, sharpness=14.0, wrap=0.2))


def _eye_colors(rng: np.random.Generator, eyes: Layer, tone: Color):
    right = eyes.vertices[:, 0] < 0
    centres = np.stack([eyes.vertices[right].mean(axis=0), eyes.vertices[~right].mean(axis=0)])
    radius = float(np.ptp(eyes.vertices[right, 1])) / 2
    iris = _IRISES[rng.integers(1 if float(np.mean(tone)) < 0.5 else len(_IRISES))]
    return cloth.eye_colors(centres, radius, iris)


def _with(layer: Layer, colors) -> Layer:
    return dataclasses.replace(layer, material=dataclasses.replace(layer.material, colors=colors))
