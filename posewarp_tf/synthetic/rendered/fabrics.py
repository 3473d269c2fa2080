"""What clothes are made of: plain cloth in colours that are worn, and prints on it."""

from __future__ import annotations

import dataclasses

import numpy as np

from posewarp_tf.synthetic.drawn.textures import Cloth, Color, as_color, sample_cloth

_PATTERNS = ('plain', 'stripes_across', 'stripes_along', 'check', 'plaid', 'dots', 'flowers', 'blobs', 'motif')
# Grounds that clothes are dyed in.
_DARK: tuple[Color, ...] = (
    (0.07, 0.07, 0.08), (0.12, 0.14, 0.20), (0.20, 0.21, 0.23), (0.17, 0.13, 0.11), (0.13, 0.19, 0.30),
    (0.24, 0.22, 0.16), (0.33, 0.33, 0.34),
)  # fmt: skip
_COLORS: tuple[Color, ...] = _DARK[:3] + (
    (0.90, 0.89, 0.86), (0.95, 0.95, 0.95), (0.62, 0.62, 0.63), (0.76, 0.69, 0.58), (0.55, 0.43, 0.31),
    (0.48, 0.12, 0.14), (0.70, 0.16, 0.15), (0.84, 0.55, 0.54), (0.87, 0.76, 0.75), (0.22, 0.34, 0.53),
    (0.52, 0.65, 0.79), (0.15, 0.33, 0.26), (0.40, 0.45, 0.29), (0.65, 0.72, 0.58), (0.85, 0.67, 0.24),
    (0.76, 0.42, 0.18), (0.42, 0.27, 0.46), (0.20, 0.46, 0.50),
)  # fmt: skip


def sample_fabric(rng: np.random.Generator, kind: str) -> Cloth:
    """Plain cloth in colours that clothes have, more often printed above than below."""
    printed = rng.random() < {'upper': 0.42, 'jacket': 0.12, 'dress': 0.55, 'skirt': 0.35, 'coat': 0.1}.get(kind, 0.1)
    fabric = sample_cloth(rng, _PATTERNS[1:] if printed else ('plain',), bright=0.5)
    grounds = _DARK if kind in ('lower', 'shorts', 'jacket', 'coat', 'shoes') and rng.random() < 0.6 else _COLORS
    ground = np.clip(
        np.array(grounds[rng.integers(len(grounds))]) * rng.uniform(0.85, 1.15) + rng.normal(0, 0.02, 3), 0, 1
    )
    # The other colours keep their distance in brightness.
    second, third = (np.array(_COLORS[rng.integers(len(_COLORS))]) for _ in range(2))
    if abs(ground.mean() - second.mean()) < 0.2:
        second = second * 0.3 if ground.mean() > 0.45 else 0.75 + 0.25 * second
    colors = as_color(ground), as_color(np.clip(second, 0, 1)), as_color(third)
    return dataclasses.replace(fabric, colors=colors, period=fabric.period * float(rng.uniform(0.35, 1.1)))
