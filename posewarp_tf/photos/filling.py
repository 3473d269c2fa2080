"""Fills a hole in a small picture with pieces of the rest of it, from coarse to fine.

Every pixel of the hole has a place elsewhere whose neighbourhood looks like its own; the places are found by the search
of PatchMatch (Barnes et al., 2009: neighbours' places, then random ones), the pixels are means of the neighbourhoods
that cover them (Wexler et al., "Space-time completion of video", 2007). Ours: a place much higher or lower in the
picture costs more, since grounds, walls and skies of photos go on sideways.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from posewarp_tf.photos.push_pull import push_pull
from posewarp_tf.photos.seams import without_seams
from posewarp_tf.pictures.floats import resize_float

# Neighbourhoods are squares of 2 * 3 + 1 pixels.
_RADIUS = 3
# The coarsest grid: the hole's middle is so near to its border, or a side is this short.
_THIN, _SMALLEST = 3.0, 16
# Rounds of search on the coarsest grid, the next, and all finer ones.
_ROUNDS = (8, 6, 4)
# What moving by the picture's whole height costs, in squared colours (0 to 255).
_UPWARD_COST = 20000.0
# How fast pixels far from the hole's border lose their say, per pixel.
_CONFIDENCE = 1.3


def fill(picture: np.ndarray, hole: np.ndarray, avoided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The filled picture, and from where each of its pixels is.

    Args:
        picture: float32 [h, w, 3] in 0 to 255.
        hole: bool [h, w].
        avoided: bool [h, w], what must not be copied, such as other people.

    Returns:
        float32 [h, w, 3], the picture itself outside of the hole; and int [h, w, 2], (row, column) of the place that a
        pixel of the hole is copied from, of a pixel outside its own.
    """
    random = np.random.default_rng(0)
    levels = [(picture.astype(np.float32), hole, avoided)]
    while ndimage.distance_transform_edt(levels[-1][1]).max() > _THIN and min(levels[-1][1].shape) >= 2 * _SMALLEST:
        levels.append(_halved(*levels[-1]))
    search: _Search | None = None
    for number, (coarse, coarse_hole, coarse_avoided) in enumerate(levels[::-1]):
        search = _Search(coarse, coarse_hole, coarse_avoided, random, search)
        for _ in range(_ROUNDS[min(number, len(_ROUNDS) - 1)]):
            search.round()
    assert search is not None
    places = search.places()
    return without_seams(picture, search.picture, places, hole, avoided), places


class _Search:
    """The hole of one grid: for each of its pixels the best place so far, starting from the coarser grid's."""

    def __init__(
        self,
        picture: np.ndarray,
        hole: np.ndarray,
        avoided: np.ndarray,
        random: np.random.Generator,
        coarser: _Search | None,
    ):
        self._random = random
        self._size = np.array(hole.shape)
        known = ~(hole | avoided)
        whole = ndimage.minimum_filter(known, size=2 * _RADIUS + 1)
        # Neighbourhoods without a part of the hole; where the hole leaves none, single known pixels.
        self._allowed = whole if whole.any() else (known if known.any() else ~hole)
        self._pixels = np.argwhere(hole)
        self._number = np.full(hole.shape, -1)
        self._number[hole] = np.arange(len(self._pixels))
        self._confidence = _CONFIDENCE ** -ndimage.distance_transform_edt(hole)[hole]
        choices = np.argwhere(self._allowed)
        self._place = choices[random.integers(0, len(choices), len(self._pixels))]
        if coarser is None:
            self.picture = push_pull(picture, ~hole)
            return
        half = (self._pixels // 2).clip(0, coarser._size - 1)
        place = 2 * coarser.places()[half[:, 0], half[:, 1]] + self._pixels % 2
        good = self._is_allowed(place)
        self._place = np.where(good[:, np.newaxis], place, self._place)
        self.picture = picture.copy()
        self.picture[hole] = picture[self._place[:, 0], self._place[:, 1]]

    def places(self) -> np.ndarray:
        """int [h, w, 2]: (row, column) that each pixel is from."""
        places = np.indices(tuple(self._size)).transpose(1, 2, 0)
        places[self._pixels[:, 0], self._pixels[:, 1]] = self._place
        return places

    def round(self) -> None:
        """Better places, then new pixels from them."""
        self._wanted = self._patches(self._pixels)
        self._cost = self._costs(np.arange(len(self._pixels)), self._place)
        for step in (1, 3, 8):
            for direction in ((0, step), (0, -step), (step, 0), (-step, 0)):
                beside = (self._pixels + direction).clip(0, self._size - 1)
                neighbour = self._number[beside[:, 0], beside[:, 1]]
                self._try(np.where((neighbour >= 0)[:, np.newaxis], self._place[neighbour] - direction, -1))
        reach = int(self._size.max())
        while reach >= 1:
            self._try(self._place + self._random.integers(-reach, reach + 1, self._place.shape))
            reach //= 2
        self._vote()

    def _try(self, places: np.ndarray) -> None:
        chosen = np.flatnonzero(self._is_allowed(places))
        costs = self._costs(chosen, places[chosen])
        better = costs < self._cost[chosen]
        chosen = chosen[better]
        self._place[chosen], self._cost[chosen] = places[chosen], costs[better]

    def _costs(self, numbers: np.ndarray, places: np.ndarray) -> np.ndarray:
        upward = (places[:, 0] - self._pixels[numbers, 0]) / self._size[0]
        squares = (self._wanted[numbers] - self._patches(places)) ** 2
        return squares.mean(axis=(1, 2)) + _UPWARD_COST * upward**2

    def _is_allowed(self, places: np.ndarray) -> np.ndarray:
        inside = np.all((places >= 0) & (places < self._size), axis=-1)
        rows, columns = places.clip(0, self._size - 1).T
        return inside & self._allowed[rows, columns]

    def _patches(self, centres: np.ndarray) -> np.ndarray:
        """[n, pixels of a neighbourhood, 3]."""
        rows, columns = (centres[:, np.newaxis] + _OFFSETS).clip(0, self._size - 1).transpose(2, 0, 1)
        return self.picture[rows, columns]

    def _vote(self) -> None:
        total, weights = np.zeros_like(self.picture), np.zeros((*self._size, 1), np.float32)
        weight = (self._confidence / (self._cost + 20)).astype(np.float32)[:, np.newaxis]
        for offset in _OFFSETS:
            rows, columns = (self._pixels + offset).T
            inside = (rows >= 0) & (columns >= 0) & (rows < self._size[0]) & (columns < self._size[1])
            place = (self._place + offset).clip(0, self._size - 1)[inside]
            # With one offset no two pixels of the hole speak about the same pixel.
            total[rows[inside], columns[inside]] += weight[inside] * self.picture[place[:, 0], place[:, 1]]
            weights[rows[inside], columns[inside]] += weight[inside]
        rows, columns = self._pixels.T
        self.picture[rows, columns] = total[rows, columns] / weights[rows, columns]


_OFFSETS = np.argwhere(np.ones((2 * _RADIUS + 1, 2 * _RADIUS + 1))) - _RADIUS


def _halved(picture: np.ndarray, hole: np.ndarray, avoided: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At half the size; a pixel belongs to the hole where any part of it did."""
    size = hole.shape[0] // 2, hole.shape[1] // 2
    known = resize_float((~hole).astype(np.float32), size)
    colors = resize_float(picture * ~hole[..., np.newaxis], size) / np.maximum(known, 1e-3)[..., np.newaxis]
    return colors, known < 0.999, resize_float(avoided.astype(np.float32), size) > 0.01
