"""A filled hole without seams: brightness and colour go on across its border and between the pieces that fill it.

What is kept of the pieces are differences between neighbouring pixels. With f the picture, known outside of the hole,
and g(p, q) the difference of two neighbours p, q in the pieces that they are copied from, the mean of both pieces',

    minimize over the hole    sum (f(q) - f(p) - g(p, q))^2 + k sum (f(p) - copy(p))^2

over all pairs of neighbours with a pixel in the hole: Perez et al., "Poisson image editing" (2003), and a weak pull
towards the copied colours, which a hole at the photo's border has need of. A slope that is copied again and again would
add up: nowhere do colours change by more than they do for the border's sake.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

# How strong the pull is: it wins from about 1 / sqrt(k) = 100 pixels from the border on.
_PULL = 1e-4
# Of the changes that the border asks for, the least and the largest that count, in percent.
_RANGE = (2.0, 98.0)


def without_seams(
    picture: np.ndarray, copied: np.ndarray, places: np.ndarray, hole: np.ndarray, avoided: np.ndarray
) -> np.ndarray:
    """The picture with its hole filled, float32 [h, w, 3].

    Args:
        picture: float32 [h, w, 3], known outside of the hole.
        copied: float32 [h, w, 3], the colours that the hole is filled with.
        places: int [h, w, 2], (row, column) of the pixel outside of the hole that each pixel of it is copied from.
        hole, avoided: bool [h, w]; from what is avoided nothing goes on into the hole.
    """
    pixels, colours = np.argwhere(hole), copied[hole].astype(np.float64)
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(len(pixels))
    matrix = _PULL * sparse.identity(len(pixels), format='csr')
    wanted = _PULL * colours
    changes = [np.zeros((1, 3))]  # Where no border is known.
    for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        beside = pixels + step
        inside = np.all((beside >= 0) & (beside < hole.shape), axis=-1)
        own, beside = np.flatnonzero(inside), beside[inside]
        difference, known = _differences(picture, places, hole, pixels[own], step)
        neighbour = number[beside[:, 0], beside[:, 1]]
        is_hole = neighbour >= 0
        known &= is_hole | ~avoided[beside[:, 0], beside[:, 1]]
        own, beside, neighbour, is_hole = (values[known] for values in (own, beside, neighbour, is_hole))
        difference = difference[known]
        wanted -= _sums(own, difference, len(pixels))
        around = picture[beside[~is_hole, 0], beside[~is_hole, 1]]
        wanted += _sums(own[~is_hole], around, len(pixels))
        changes.append(around - difference[~is_hole] - colours[own[~is_hole]])
        matrix += sparse.diags(np.bincount(own, minlength=len(pixels)).astype(np.float64))
        ones = np.ones(int(is_hole.sum()))
        matrix -= sparse.csr_matrix((ones, (own[is_hole], neighbour[is_hole])), matrix.shape)
    filled = picture.astype(np.float32)
    least, largest = np.percentile(np.concatenate(changes), _RANGE, axis=0)
    change = splu(matrix.tocsc()).solve(wanted) - colours
    filled[hole] = colours + change.clip(np.minimum(least, 0), np.maximum(largest, 0))
    return filled


def _differences(
    picture: np.ndarray, places: np.ndarray, hole: np.ndarray, pixels: np.ndarray, step: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """[n, 3]: of pixels [n, 2] and their neighbours, what is copied from beside their places minus what is at them,
    and bool [n]: whether one is known. Of a neighbour in the hole the mean of both pieces' counts."""
    beside = pixels + step
    both = []
    for first, sign in ((pixels, 1), (beside, -1)):
        place = places[first[:, 0], first[:, 1]]
        other = place + np.multiply(sign, step)
        good = np.all((other >= 0) & (other < hole.shape), axis=-1) & hole[first[:, 0], first[:, 1]]
        other = other.clip(0, np.array(hole.shape) - 1)
        good &= ~hole[other[:, 0], other[:, 1]] & ~hole[place[:, 0], place[:, 1]]
        change = sign * (picture[other[:, 0], other[:, 1]] - picture[place[:, 0], place[:, 1]])
        both.append((change, good))
    (first, first_good), (second, second_good) = both
    weights = np.stack([first_good, second_good]).astype(np.float64)[..., np.newaxis]
    total = weights.sum(axis=0)
    mean = (weights[0] * first + weights[1] * second) / np.maximum(total, 1.0)
    return mean, total[:, 0] > 0


def _sums(rows: np.ndarray, values: np.ndarray, length: int) -> np.ndarray:
    """[length, 3]: the sums of values [n, 3] by their rows."""
    return np.stack([np.bincount(rows, values[:, channel], length) for channel in range(3)], axis=-1)
