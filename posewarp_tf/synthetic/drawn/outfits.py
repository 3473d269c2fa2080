"""The outfits that people wear."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn.figure import Body
from posewarp_tf.synthetic.drawn.pieces import GARMENT, Piece
from posewarp_tf.synthetic.drawn.textures import sample_cloth
from posewarp_tf.synthetic.drawn.wardrobe import Tailor


@dataclasses.dataclass(frozen=True)
class Outfit:
    """Pieces, and what they leave bare: the legs from `legs_from` metres below the hips on, perhaps the feet."""

    pieces: list[Piece]
    legs_from: float
    barefoot: bool


def sample_outfit(rng: np.random.Generator, body: Body) -> Outfit:
    """Dress, jumpsuit, or a top with trousers, shorts or a skirt; sometimes a coat, socks, a scarf."""
    tailor = Tailor(body, rng)
    leg = body.thigh + body.shin
    feminine = rng.random() < 0.15 + 0.7 * body.shape
    kinds = ['trousers', 'shorts', 'skirt', 'dress', 'jumpsuit']
    kind = str(rng.choice(kinds, p=[0.36, 0.12, 0.2, 0.26, 0.06] if feminine else [0.74, 0.23, 0.0, 0.0, 0.03]))
    pieces: list[Piece] = []
    legs_from = 0.0
    quiet = ('plain', 'plain', 'plain', 'stripes_along', 'plaid', 'check', 'dots', 'flowers')
    if kind == 'dress':
        pieces += tailor.dress(sample_cloth(rng), float(rng.choice([0.25, 0.4, 0.6, 0.78], p=[0.3, 0.35, 0.2, 0.15])))
    elif kind == 'jumpsuit':
        cloth, length = sample_cloth(rng), float(rng.choice([0.35, 0.93]))
        pieces += tailor.top(cloth, 0.0, GARMENT['jumpsuit']) + tailor.trousers(cloth, length, GARMENT['jumpsuit'])
        legs_from = length * leg - 0.05
    else:
        if kind == 'skirt':
            length = float(rng.choice([0.22, 0.36, 0.55, 0.75], p=[0.3, 0.35, 0.2, 0.15]))
            pieces += tailor.skirt(sample_cloth(rng), length)
        else:
            length = float(rng.choice([0.95, 0.85])) if kind == 'trousers' else rng.uniform(0.2, 0.5)
            pieces += tailor.trousers(sample_cloth(rng, quiet, 0.5), length)
            legs_from = length * leg - 0.05
        tucked = kind == 'skirt' or rng.random() < 0.3
        pieces += tailor.top(
            sample_cloth(rng),
            -0.30 * body.torso if tucked else rng.uniform(0.0, 0.10),
            layer=0.004 if tucked else 0.010,
        )
    if rng.random() < (0.2 if kind in ('dress', 'jumpsuit') else 0.3):
        pieces += tailor.coat(sample_cloth(rng, ('plain', 'plain', 'plaid', 'check', 'stripes_along'), 0.5))
        if rng.random() < 0.15:
            pieces += tailor.gloves(sample_cloth(rng, ('plain',), 0.5).colors[0])
    if rng.random() < 0.07:
        pieces += tailor.scarf(sample_cloth(rng))
    barefoot = rng.random() < 0.05
    if not barefoot:
        boots = float(rng.choice([0.0, 0.12, 0.3], p=[0.75, 0.15, 0.1])) if kind != 'trousers' else 0.0
        color = sample_cloth(rng, ('plain',), 0.4).colors
        pieces += tailor.shoes(color[0], color[1], boots)
        if kind != 'trousers' and not boots and rng.random() < 0.4:
            socks = sample_cloth(rng, ('plain', 'stripes_across'), 0.5)
            pieces += tailor.socks(dataclasses.replace(socks, period=0.05), float(rng.choice([0.12, 0.25, 0.36])))
    return Outfit(pieces, legs_from, barefoot)
