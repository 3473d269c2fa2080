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
from posewarp_tf.photos.moving import PhotoMotion, SourcePositions

# How far beyond its edge a layer is moved, in pixels of the map.
_BEYOND = 3
# Places go on by the mean slope of such a neighbourhood: its standard deviation, in pixels of the map.
_BLUR = 1.5
_STRIP = 256


def layer_positions(positions: SourcePositions, layers: np.ndarray) -> dict[int, SourcePositions]:
    """By its number, the places of each layer that is seen, which go on where it is not.

    Args:
        positions: [h, w, 2].
        layers: int [h, w], the number of the layer that is seen, 0 where nobody is.
    """
    found = {}
    y, x = np.indices(layers.shape)
    for number in np.unique(layers[layers > 0]):
        inside = layers == number
        rows, columns = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
        own = positions.places[rows, columns]
        own = own + _slopes(positions.places, inside, 0)[rows, columns] * (y - rows)[..., np.newaxis]
        own = own + _slopes(positions.places, inside, 1)[rows, columns] * (x - columns)[..., np.newaxis]
        found[int(number)] = dataclasses.replace(positions, places=own)
    return found


def _slopes(places: np.ndarray, inside: np.ndarray, axis: int) -> np.ndarray:
    """[h, w, 2] along an axis, per pixel: the mean of a neighbourhood, of differences that do not leave the layer."""
    both = np.diff(inside.astype(int), axis=axis) == 0
    both &= inside.take(range(1, inside.shape[axis]), axis=axis)
    known = np.insert(both, 0, False, axis=axis).astype(float)[..., np.newaxis]
    differences = np.insert(np.diff(places, axis=axis), 0, 0.0, axis=axis)
    blur = (_BLUR, _BLUR, 0)
    return ndimage.gaussian_filter(differences * known, blur) / np.maximum(ndimage.gaussian_filter(known, blur), 1e-6)


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
        _lay_over(answer, done, motion, photo, is_seen)
    return answer, done


def _lay_over(
    answer: np.ndarray, done: np.ndarray, motion: PhotoMotion, photo: np.ndarray, is_seen: np.ndarray
) -> None:
    """Lays what is moved of a layer over what is done, if there is something below; is_seen [h, w]."""
    rows, columns = motion.part
    size = done.shape[0], done.shape[1]
    layer = motion.move_part(photo)
    for first in range(rows.start, rows.stop, _STRIP):
        strip = slice(first, min(first + _STRIP, rows.stop)), columns
        edge = sharp_outline(is_seen, size, (strip[0].start, strip[0].stop))[:, columns]
        edge = np.where(done[strip], edge, np.float32(1)) * motion.moved[strip]
        above = layer[strip[0].start - rows.start : strip[0].stop - rows.start].astype(np.float32)
        answer[strip] = np.rint(answer[strip] + edge[..., np.newaxis] * (above - answer[strip]))
        done[strip] |= motion.moved[strip]
