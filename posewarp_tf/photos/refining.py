"""A flow at the edges of people, where its coarse map has pixels of two sides and nothing between them is right.

Between two pixels of the map that lie on the same side, places are interpolated. Where neighbours disagree, each pixel
of the model's picture takes the place that the flow of one of the nine nearest pixels of the map leads it to: the one
whose colours in the photo are nearest to those of the model's picture.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from posewarp_tf.photos.moving import SourcePositions, slopes, to_cells, to_photo

# Neighbours disagree when one leads further away from the interpolated place than this, in pixels of the model.
_DISAGREEMENT = 1.0
# Colours are compared over this neighbourhood (pixels), and another place has to be better by this much (0 to 255).
_BLUR = 0.7
_PREFERENCE = 3.0


def refine(positions: SourcePositions, answer: np.ndarray, source: np.ndarray) -> SourcePositions:
    """The places of a map of the size of the model's picture.

    Args:
        positions: of the flow.
        answer: uint8 [h, w, 3], the model's picture of the target window.
        source: uint8 [h, w, 3], the source window of the photo as the model saw it.
    """
    size = answer.shape[0], answer.shape[1]
    window = positions.source_window
    best = to_cells(positions.at_pixels(size).astype(np.float64), window, size)
    places = best.copy()
    cost = color_cost(places, source, answer) - _PREFERENCE**2
    for candidate in _candidates(to_cells(positions.places, window, size), size):
        far = np.hypot(*np.moveaxis(candidate - places, -1, 0)) > _DISAGREEMENT
        if far.any():
            own_cost = color_cost(candidate, source, answer)
            better = far & (own_cost < cost)
            best[better], cost[better] = candidate[better], own_cost[better]
    return SourcePositions(to_photo(best, window, size), window, positions.target_window)


def color_cost(cells: np.ndarray, source: np.ndarray, answer: np.ndarray, blur: float = _BLUR) -> np.ndarray:
    """[h, w]: mean squared difference of the channels of the source at `cells` and the answer, in a neighbourhood."""
    at = [cells[..., 1], cells[..., 0]]
    squares = np.zeros(answer.shape[:2], np.float32)
    for channel in range(3):
        moved = ndimage.map_coordinates(source[..., channel].astype(np.float32), at, order=1, mode='nearest')
        squares += (moved - answer[..., channel]) ** 2 / 3
    return ndimage.gaussian_filter(squares, blur)


def _candidates(places: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
    """Where the pixels of a map of `size` would lie if one of their nine neighbours in a map of places moved them."""
    height, width = places.shape[:2]
    y, x = ((np.arange(n) + 0.5) * own / n - 0.5 for n, own in zip(size, (height, width)))
    slope_y, slope_x = slopes(places, 0), slopes(places, 1)
    found = []
    for down in (-1, 0, 1):
        rows = (np.rint(y).astype(int) + down).clip(0, height - 1)
        for right in (-1, 0, 1):
            columns = (np.rint(x).astype(int) + right).clip(0, width - 1)
            at = np.ix_(rows, columns)
            offset_y, offset_x = (y - rows)[:, np.newaxis, np.newaxis], (x - columns)[np.newaxis, :, np.newaxis]
            found.append(places[at] + slope_y[at] * offset_y + slope_x[at] * offset_x)
    return found
