"""Faces, hair and hats."""

from __future__ import annotations

import numpy as np

from posewarp_tf.synthetic.drawn.figure import Body
from posewarp_tf.synthetic.drawn.head import HairCap, HairTail, Head, HeadBall
from posewarp_tf.synthetic.drawn.pieces import GARMENT, PART, Piece, Rule, constant, plain
from posewarp_tf.synthetic.drawn.textures import Color, Face, as_color, cloth_colors, hair_colors, sample_cloth


def sample_head(rng: np.random.Generator, body: Body, skin: Color, hair: Color) -> list[Piece]:
    size = body.head_height
    brows = as_color(0.75 * np.array(hair))
    iris = ((0.20, 0.12, 0.07), (0.35, 0.22, 0.10), (0.25, 0.45, 0.62), (0.30, 0.45, 0.28))[rng.integers(4)]
    red = rng.uniform(0.0, 1.0) * body.shape
    lips = (0.80 * skin[0] + 0.08 * red, skin[1] * (0.62 - 0.25 * red), skin[2] * (0.66 - 0.2 * red))
    beard = float(rng.uniform(0.5, 1.0)) if body.shape < 0.45 and rng.random() < 0.4 else 0.0
    face = Face(skin, brows, iris, lips, beard)
    part = constant(PART['head'])
    pieces = [Piece(Head(body), GARMENT['face'], part, lambda u, theta: face.colors(u / size, theta))]
    for sign in (-1.0, 1.0):
        ear = HeadBall(body, (0.31 * sign, -0.04, -0.03), (0.035, 0.115, 0.07), num_rings=7)
        pieces.append(Piece(ear, GARMENT['face'], part, plain(as_color(0.94 * np.array(skin)))))
    hat = rng.random() < 0.12
    pieces += _hair(rng, body, hair, hat)
    if hat:
        pieces += _hat(rng, body)
    return pieces


def _hair(rng: np.random.Generator, body: Body, hair: Color, hat: bool) -> list[Piece]:
    size, seed = body.head_height, int(rng.integers(2**31))
    long_hair = rng.random() < 0.1 + 0.8 * body.shape
    styles = ['bob', 'long', 'ponytail', 'bun', 'curls'] if long_hair else ['short', 'crop', 'swept', 'bald']
    style = str(rng.choice(styles, p=[0.22, 0.36, 0.2, 0.12, 0.1] if long_hair else [0.4, 0.25, 0.27, 0.08]))
    part = constant(PART['head'])

    def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
        return hair_colors(hair, seed, u, theta)

    if style == 'bald':
        return []
    bottom = {'bob': -0.55, 'long': -rng.uniform(0.9, 1.7), 'curls': -0.6}.get(style, -0.36)
    volume = {'crop': 0.025, 'short': 0.05, 'swept': 0.075, 'curls': 0.16, 'bob': 0.07}.get(style, 0.06)
    curl = 0.04 if style == 'curls' else 0.0
    keep = _hairline(size, style, float(rng.uniform(0.10, 0.34)), float(rng.normal(0, 0.06)), hat)
    pieces = [Piece(HairCap(body, bottom, volume, curl), GARMENT['hair'], part, colors, keep, two_sided=True)]
    if style == 'ponytail':
        tail = HairTail(body, float(rng.uniform(0.2, 0.4)), float(rng.uniform(0.025, 0.04)))
        pieces.append(Piece(tail, GARMENT['hair'], part, colors))
    if style == 'bun' and not hat:
        bun = HeadBall(body, (0.0, 0.46, -0.28), (0.17, 0.16, 0.17))
        pieces.append(Piece(bun, GARMENT['hair'], part, colors))
    return pieces


def _hairline(size: float, style: str, fringe: float, lean: float, hat: bool) -> Rule:
    """Hair starts above the forehead, comes down before the ears and covers the back of the head."""
    falls = style in ('bob', 'long', 'curls')

    def keep(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
        y, away = u / size, np.abs(theta + lean)
        temple = {'crop': 0.05, 'short': 0.0}.get(style, -0.05)
        line = np.interp(away, (0.0, 0.45, 0.85, 1.12, 1.35), (fringe, fringe, fringe - 0.02, temple, -0.12))
        if falls:
            side = np.abs(theta) > 1.12 + 0.25 * np.clip((-0.4 - y) / 0.4, 0.0, 1.0)
            kept = (y > line) | side
        else:
            nape = np.interp(np.abs(theta), (1.35, 1.75, 2.2, np.pi), (-0.12, 0.06, -0.30, -0.34))
            kept = y > np.where(away < 1.35, line, nape)
        return kept & (y < 0.25) if hat else kept

    return keep


def _hat(rng: np.random.Generator, body: Body) -> list[Piece]:
    size = body.head_height
    cloth = sample_cloth(rng, ('plain', 'stripes_across', 'check', 'zigzag'), 0.6)
    kind = str(rng.choice(['beanie', 'cap', 'brim']))
    bottom, volume = (0.06, 0.085) if kind == 'beanie' else (0.16, 0.10)

    def colors(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
        out = cloth_colors(cloth, u, theta, 0.09, 9.0)
        band = u < (bottom + 0.10) * size
        return np.where(band[:, None], np.array(cloth.colors[1]), out)

    def keep(u: np.ndarray, theta: np.ndarray) -> np.ndarray:
        return u > (bottom - 0.06 * (1 - np.cos(theta)) / 2) * size

    part = constant(PART['head'])
    pieces = [Piece(HairCap(body, bottom - 0.3, volume), GARMENT['hat'], part, colors, keep, two_sided=True)]
    if kind == 'cap':
        brim = HeadBall(body, (0.0, 0.19, 0.42), (0.30, 0.025, 0.30), 0.15)
        pieces.append(Piece(brim, GARMENT['hat'], part, plain(cloth.colors[1])))
    if kind == 'brim':
        brim = HeadBall(body, (0.0, 0.16, -0.03), (0.68, 0.03, 0.72), 0.05)
        pieces.append(Piece(brim, GARMENT['hat'], part, plain(cloth.colors[0])))
    return pieces
