"""A photo moved layer by layer, so that an arm before the trunk has as smooth an edge as the photo has pixels.

A map of places has one place for each of its pixels, and where an arm ends they jump: drawn as they are, the edge is a
staircase of the map's pixels. Here the places of each layer go on beyond its edge, by straight lines from the nearest
pixel that is of the layer; each layer is moved whole, and laid over those before it with an edge that is smoothed as a
silhouette is (matte.py).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import ndimage

from posewarp_tf.photos.matte import sharp_outline
from posewarp_tf.photos.moving import PhotoMotion, SourcePositions, slopes

# How far beyond its edge a layer is moved, in pixels of the map.
_BEYOND = 3
_STRIP = 256


def layer_positions(positions: SourcePositions, layers: np.ndarray) -> dict[int, SourcePositions]:
    """By its number, the places of each layer that is seen, which go on where it is not.

    Args:
        positions: [h, w, 2].
        layers: int [h, w], the number of the layer that is seen, 0 where nobody is.
    """
    slope_y, slope_x = slopes(positions.places, 0), slopes(positions.places, 1)
    found = {}
    for number in np.unique(layers[layers > 0]):
        rows, columns = ndimage.distance_transform_edt(layers != number, return_distances=False, return_indices=True)
        y, x = np.indices(layers.shape)
        own = positions.places[rows, columns]
        own = own + slope_y[rows, columns] * (y - rows)[..., np.newaxis]
        own = own + slope_x[rows, columns] * (x - columns)[..., np.newaxis]
        found[int(number)] = dataclasses.replace(positions, places=own)
    return found


def move_by_layers(
    photo: np.ndarray,
    positions: dict[int, SourcePositions],
    layers: np.ndarray,
    size: tuple[int, int],
    needed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The moved photo, uint8 [H, W, 3], and where it was moved, bool [H, W].

    Args:
        photo: uint8 [h', w', 3].
        positions: of each layer.
        layers: int [h, w], 0 where nobody is: there the layers next to it go on.
        size: (height, width) of the answer.
        needed: [h, w], above 0 where the answer is needed.
    """
    nearest = layers[tuple(ndimage.distance_transform_edt(layers == 0, return_distances=False, return_indices=True))]
    answer, done = np.zeros((*size, 3), np.uint8), np.zeros(size, bool)
    for number, places in positions.items():
        is_seen = nearest == number
        near = ndimage.binary_dilation(is_seen, iterations=_BEYOND) & (needed > 0)
        if not near.any():
            continue
        motion = PhotoMotion(places, size, needed=near)
        _lay_over(answer, motion.move(photo), motion.moved, done, is_seen)
        done |= motion.moved
    return answer, done


def _lay_over(answer: np.ndarray, layer: np.ndarray, moved: np.ndarray, below: np.ndarray, is_seen: np.ndarray) -> None:
    """Lays a layer, where it was moved, over what is below, if there is something; [H, W], and is_seen [h, w]."""
    size = moved.shape[0], moved.shape[1]
    for first in range(0, size[0], _STRIP):
        rows = first, min(first + _STRIP, size[0])
        strip = slice(*rows)
        edge = sharp_outline(is_seen, size, rows)
        edge = np.where(below[strip], edge, 1.0)
        edge = (edge * moved[strip])[..., np.newaxis]
        answer[strip] = np.rint(answer[strip] * (1 - edge) + layer[strip] * edge)
