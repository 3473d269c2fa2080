"""What is behind a person: studios, textured walls and floors, and streets and rooms out of focus."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.synthetic.rendered.camera import Camera
from posewarp_tf.synthetic.rendered.compiled import compiled

KINDS = ('studio', 'wall', 'blurred')
_WALLS = ('plaster', 'brick', 'concrete', 'panels', 'tiles')
_FLOORS = ('planks', 'tiles', 'concrete', 'carpet', 'grass')


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """A floor at y = 0 and a wall behind the person; colours are linear [3]. photo: uint8 [h, w, 3] for the wall."""

    kind: str
    wall: np.ndarray
    floor: np.ndarray
    wall_pattern: str
    floor_pattern: str
    distance: float
    blur: float
    seed: int
    photo: np.ndarray | None = None

    def draw(self, camera: Camera, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Linear colours [H, W, 3] without shadows, and the places [H, W, 3] in the world that are seen."""
        # Only what is sharp needs more than one sample.
        samples = 2 if self.kind == 'wall' and self.blur < 0.7 else 1
        rays = camera.rays(size, samples)
        with np.errstate(divide='ignore', invalid='ignore'):
            to_floor = np.where(rays[..., 1] < -1e-6, -camera.position[1] / rays[..., 1], np.inf)
            to_wall = np.where(rays[..., 2] < -1e-6, -(self.distance + camera.position[2]) / rays[..., 2], 1e3)
        on_floor = to_floor < to_wall
        places = camera.position + rays * np.minimum(to_floor, to_wall)[..., None]
        colors = self._colors(places, on_floor, rays.shape[:2])
        if self.blur > 0:
            # What is farther away than the person is less sharp.
            soft = ndimage.gaussian_filter(colors, (*(samples * self.blur * size[0] / 256,) * 2, 0), mode='nearest')
            behind = np.clip((np.minimum(to_floor, to_wall) - camera.position[2] - 0.4) / 1.5, 0, 1)[..., None]
            colors = colors * (1 - behind) + soft * behind
        if samples == 1:
            return colors, places
        halves = (colors[::2, ::2] + colors[1::2, ::2] + colors[::2, 1::2] + colors[1::2, 1::2]) / 4
        return halves, places[::2, ::2]

    def _colors(self, places: np.ndarray, on_floor: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        x, y, z = np.moveaxis(places, -1, 0)
        if self.kind == 'studio':
            # Paper that hangs down and runs on over the floor, a little brighter where the lights point.
            glow = 1 - 0.05 * ((x / 2.5) ** 2 + ((np.where(on_floor, -z, y) - 1.0) / 2.5) ** 2)
            grain = 1 + 0.01 * noise(x * 3, y * 3 + z * 3, self.seed)
            return self.wall * (np.clip(glow, 0.75, 1.02) * grain)[..., None]
        colors = np.empty((*shape, 3))
        colors[on_floor] = pattern(self.floor_pattern, self.floor, x[on_floor], z[on_floor], self.seed + 7)
        if self.kind == 'wall':
            wall = ~on_floor
            colors[wall] = pattern(self.wall_pattern, self.wall, x[wall], y[wall], self.seed)
            if self.wall_pattern in ('plaster', 'panels'):
                colors[wall & (y < 0.09)] = 0.75
        else:
            colors[~on_floor] = self._far_away(shape)[~on_floor]
        near_corner = 1 - 0.35 * np.exp(-np.where(on_floor, z + self.distance, y) / 0.25)
        return colors * near_corner[..., None]

    def _far_away(self, shape: tuple[int, ...]) -> np.ndarray:
        """The photo, or houses, trees and lights, all over the picture."""
        height, width = shape
        if self.photo is not None:
            stretched = np.asarray(Image.fromarray(self.photo).resize((width, height)))
            return (stretched / 255.0) ** 2.2
        rng = np.random.default_rng(self.seed)
        # Every second pixel is enough of what gets blurred.
        y, x = np.mgrid[:height:2, :width:2] / height
        sky = self.wall * 1.3 + np.array([0.05, 0.1, 0.2]) * (0.6 - y)[..., None]
        picture = np.clip(sky, 0, 1.2)
        for _ in range(rng.integers(6, 14)):
            left, wide, top = rng.uniform(-0.2, 1.0), rng.uniform(0.08, 0.4), rng.uniform(0.0, 0.5)
            color = np.clip(self.wall * rng.uniform(0.15, 0.9) + rng.normal(0, 0.05, 3), 0.01, 1)
            inside = (x > left) & (x < left + wide) & (y > top)
            windows = (np.sin((x - left) * rng.uniform(60, 160)) > 0.2) & (np.sin(y * rng.uniform(50, 120)) > 0.1)
            lit = np.where(windows, rng.uniform(0.3, 1.8), 1.0)[..., None]
            picture = np.where(inside[..., None], color * lit, picture)
        leaves = noise(x * 9, y * 9, self.seed + 3) + 0.5 * noise(x * 23, y * 23, self.seed + 4)
        green = np.array([0.07, 0.14, 0.04]) * (1 + 0.8 * leaves[..., None])
        trees = (leaves + 1.5 * (y - rng.uniform(0.3, 0.9)) > 0.4) & (rng.random() < 0.6)
        picture = np.where(trees[..., None], np.clip(green, 0, 1), picture)
        for _ in range(rng.integers(0, 14)):
            spot = np.hypot(x - rng.uniform(0, width / height), y - rng.uniform(0, 0.7)) < rng.uniform(0.008, 0.03)
            picture = np.where(spot[..., None], rng.uniform(0.8, 2.5) * np.array([1.0, 0.85, 0.6]), picture)
        return picture.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def sample_scene(rng: np.random.Generator, white: bool = False, photos: list[pathlib.Path] | None = None) -> Scene:
    """Half of them studios; with `photos`, most of the blurred ones are taken from them."""
    seed = int(rng.integers(2**31))
    if white:
        tone = np.full(3, 0.92)
        return Scene('studio', tone, tone, 'plaster', 'concrete', 2.5, 0.0, seed)
    kind = str(rng.choice(KINDS, p=[0.4, 0.32, 0.28]))
    light = rng.uniform(0.55, 0.9) if kind == 'studio' and rng.random() < 0.75 else rng.uniform(0.12, 0.75)
    tint = rng.normal(0, 0.025 if kind == 'studio' else 0.07, 3)
    wall = np.clip(light * (1 + tint), 0.03, 0.95)
    floor = np.clip(rng.uniform(0.1, 0.5) * (1 + rng.normal(0, 0.1, 3)), 0.03, 0.9)
    photo = None
    if kind == 'blurred' and photos and rng.random() < 0.7:
        with Image.open(photos[rng.integers(len(photos))]) as opened:
            photo = np.asarray(opened.convert('RGB').resize((320, 320)))
        wall = (photo.reshape(-1, 3).mean(axis=0) / 255) ** 2.2
    return Scene(
        kind,
        wall,
        wall * 0.97 if kind == 'studio' else floor,
        str(rng.choice(_WALLS)),
        str(rng.choice(_FLOORS)),
        float(rng.uniform(0.7, 3.5)) if kind != 'blurred' else float(rng.uniform(4.0, 9.0)),
        {'studio': 0.0, 'wall': float(rng.uniform(0.0, 1.2)), 'blurred': float(rng.uniform(2.5, 6.0))}[kind],
        seed,
        photo,
    )


def pattern(kind: str, color: np.ndarray, x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Linear colours [..., 3] of a surface at (x, y) in metres."""
    rough = noise(x * 2, y * 2, seed) + 0.5 * noise(x * 9, y * 9, seed + 1) + 0.3 * noise(x * 37, y * 37, seed + 2)
    shade = 1 + {'plaster': 0.04, 'concrete': 0.12, 'carpet': 0.16, 'grass': 0.5}.get(kind, 0.05) * rough
    if kind == 'grass':
        blades = noise(x * 60, y * 25, seed + 5)
        return np.array([0.10, 0.19, 0.04]) * np.clip(shade + 0.5 * blades, 0.1, 3)[..., None]
    if kind == 'carpet':
        shade = shade + 0.12 * noise(x * 120, y * 120, seed + 6)
    if kind in ('brick', 'tiles', 'planks', 'panels'):
        tall, wide = {'brick': (0.075, 0.24), 'tiles': (0.3, 0.3), 'planks': (0.14, 1.6), 'panels': (9.0, 0.6)}[kind]
        row = np.floor(y / tall)
        column = np.floor(x / wide + (0.5 * row if kind == 'brick' else 0.37 * row if kind == 'planks' else 0))
        across = x / wide + (0.5 * row if kind == 'brick' else 0.37 * row if kind == 'planks' else 0) - column
        joint = np.minimum(np.minimum(across, 1 - across) * wide, np.minimum(y / tall - row, 1 - y / tall + row) * tall)
        own = hash_of(column.astype(np.int64), row.astype(np.int64), seed)
        shade = shade * (1 + {'brick': 0.35, 'tiles': 0.08, 'planks': 0.3, 'panels': 0.05}[kind] * own)
        if kind == 'planks':
            color = 0.5 * color + np.array([0.16, 0.09, 0.045])
            shade = shade + 0.1 * noise(x * 3, y * 90, seed + 8)
        gap = np.clip(joint / (0.008 if kind == 'brick' else 0.004), 0, 1)
        mortar = 1.2 if kind == 'brick' else 0.5
        shade = shade * gap + mortar * (1 - gap)
    return np.clip(color * np.clip(shade, 0.05, 3)[..., None], 0, 1)


@compiled
def hash_of(i, j, seed):
    """-1..1 for whole numbers, or for arrays of them."""
    mixed = (i * 374761393 + j * 668265263 + seed * 1274126177) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1103515245) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 16)) & 0xFFFF) / 32767.5 - 1.0


@compiled
def noise_at(x: float, y: float, seed: int) -> float:
    """`noise` at one place, for compiled loops."""
    left, low = np.floor(x), np.floor(y)
    fx, fy = x - left, y - low
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    i, j = int(left), int(low)
    lower = hash_of(i, j, seed) * (1 - fx) + hash_of(i + 1, j, seed) * fx
    upper = hash_of(i, j + 1, seed) * (1 - fx) + hash_of(i + 1, j + 1, seed) * fx
    return lower * (1 - fy) + upper * fy


def noise(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Smooth values in -1..1 that change over about one unit."""
    x, y = np.broadcast_arrays(x, y)
    return _noise(np.ascontiguousarray(x).ravel(), np.ascontiguousarray(y).ravel(), seed).reshape(x.shape)


@compiled
def _noise(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    out = np.empty(len(x))
    for n in range(len(x)):
        out[n] = noise_at(x[n], y[n], seed)
    return out
