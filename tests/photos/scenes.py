"""A texture that is known at every point, and exact motions of it."""

import numpy as np

# Wave vectors in radians per pixel, and phases; many waves are too fine for a picture a quarter as large.
_RNG = np.random.default_rng(0)
_FREQUENCIES = _RNG.uniform(0.01, 0.3, 40) * 2 * np.pi
_DIRECTIONS, _PHASES = _RNG.uniform(0, 2 * np.pi, (2, 40))
_COLORS = _RNG.uniform(-1, 1, (40, 3))


def texture(x, y):
    """Colours uint8 [..., 3] of points of the plane."""
    values = np.full((*np.shape(x), 3), 127, np.float32)
    x, y = np.float32(x), np.float32(y)
    for frequency, direction, phase, color in zip(_FREQUENCIES, _DIRECTIONS, _PHASES, _COLORS):
        wave = np.sin(
            np.float32(frequency * np.cos(direction)) * x + np.float32(frequency * np.sin(direction)) * y + phase
        )
        values += np.float32(10 * color / frequency) * wave[..., np.newaxis]
    return np.rint(values).clip(0, 255).astype(np.uint8)


def grid(size):
    """x and y of pixel centres."""
    return np.meshgrid(np.arange(size[1], dtype=float), np.arange(size[0], dtype=float))


def flow_of(place, target_window, source_window, size):
    """The flow [h, w, 2], in pixels of a map, of a motion `place` of (x, y) from target to source in the photo."""
    columns, rows = grid(size)
    x = target_window.left + (columns + 0.5) * target_window.width / size[1] - 0.5
    y = target_window.top + (rows + 0.5) * target_window.height / size[0] - 0.5
    source_x, source_y = place(x, y)
    landed_x = (source_x + 0.5 - source_window.left) * size[1] / source_window.width - 0.5
    landed_y = (source_y + 0.5 - source_window.top) * size[0] / source_window.height - 0.5
    return np.stack([landed_x - columns, landed_y - rows], axis=-1).astype(np.float32)


def similarity(angle, scale, middle, shift=(0.0, 0.0)):
    """Turns by `angle` and stretches around a point."""
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)

    def place(x, y):
        x, y = x - middle[0], y - middle[1]
        return cosine * x - sine * y + middle[0] + shift[0], sine * x + cosine * y + middle[1] + shift[1]

    return place


def swirl(x, y):
    """A smooth motion that is no similarity."""
    return x + 6 * np.sin(y / 40) + 3, y + 5 * np.cos(x / 50) - 2
