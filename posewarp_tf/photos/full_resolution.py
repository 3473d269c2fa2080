"""The model's answer at the photo's own resolution, with the photo's own pixels where the flow can be trusted.

With U the stretching of a picture of the model's size to the photo's, D the shrinking by which the model's pictures are
made, W the photo moved by the flow at its own resolution, M the model's picture and T the trust (trust.py):

    answer = U(L) + U(T) (W - U(D(W)))

W - U(D(W)) is the detail that a picture of the model's size cannot hold. L is the model's picture M, whose coarsest
contents stay and whose finer ones are blended with D(W) by T in a Laplacian pyramid. Where T is 0 the answer is U(M).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.errors import DataError
from posewarp_tf.photos.head import HeadMotion
from posewarp_tf.photos.layer_edges import layer_positions, move_by_layers
from posewarp_tf.photos.moving import SourcePositions
from posewarp_tf.photos.refining import refine
from posewarp_tf.photos.trust import trust_map
from posewarp_tf.photos.windows import Window
from posewarp_tf.pictures.floats import resize_float

# Octaves below the model's finest detail in which the moved photo replaces the model's picture where it is trusted.
OCTAVES = 5
_STRIP = 256


class FullResolution(NamedTuple):
    """image: uint8 [H, W, 3] of the target window. trust: float32 [h, w] of the model's size, in 0 to 1. positions: of
    the flow, as it was used, without the head: by them other pictures of the photo, such as the person's mask, are
    moved in the same way.
    """

    image: np.ndarray
    trust: np.ndarray
    positions: SourcePositions


def full_resolution(
    photo: np.ndarray,
    source_window: Window,
    target_window: Window,
    flow: np.ndarray,
    mask: np.ndarray,
    answer: np.ndarray,
    size: tuple[int, int] | None = None,
    octaves: int = OCTAVES,
    source: np.ndarray | None = None,
    person: np.ndarray | None = None,
    layers: np.ndarray | None = None,
    head: HeadMotion | None = None,
) -> FullResolution:
    """The answer for the target window at the photo's resolution.

    Args:
        photo: uint8 [H, W, 3], whose pixels are moved.
        source_window: what the model saw of the photo.
        target_window: where in the photo the answer goes.
        flow: float32 [h', w', 2], the finest flow, backward, in pixels of its own map.
        mask: float32 [h', w', 1], the finest mask; 1 = warped source.
        answer: uint8 [h, w, 3], the model's picture of the target window.
        size: (height, width) of the picture to make; None: the target window's pixels.
        octaves: in how many octaves below the model's finest detail the moved photo is preferred where it is trusted.
        source: uint8 [h, w, 3], the source window as the model saw it, by which trust is found; None: that of `photo`.
        person: uint8 [h, w, 3], what the answer shows where pixels cannot be trusted, if that is not `answer`.
        layers: int [h, w], which layer of the person is seen where, 0 for nobody; None: there is but one.
        head: moved whole, and nothing of it is the answer's.

    Raises:
        DataError: arrays of other shapes or types, or a flow that is not finite.
    """
    for name, image in (('photo', photo), ('answer', answer)):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise DataError(f'{name}: got {image.dtype} {list(image.shape)}, expected uint8 [H, W, 3]')
    size = size or target_window.size
    model_size = answer.shape[0], answer.shape[1]
    source = source_window.crop(photo, model_size) if source is None else source
    positions = refine(SourcePositions.of_flow(flow, source_window, target_window), answer, source)
    trust = trust_map(positions, mask, answer, source, photo.shape)
    layers = np.ones(model_size, np.uint8) if layers is None else layers
    by_layer = layer_positions(positions, layers)
    whole = np.zeros_like(trust)
    if head is not None:
        by_layer = {number: head.moved(places)[0] for number, places in by_layer.items()}
        whole = head.moved(positions)[1]
        trust = np.maximum(trust, whole)
    answer = answer if person is None else person
    stretched = np.asarray(Image.fromarray(answer).resize(size[::-1], Image.Resampling.BICUBIC))
    if not trust.any():
        return FullResolution(stretched, trust, positions)
    moved, is_moved = move_by_layers(photo, by_layer, layers, size, needed=trust)
    moved[~is_moved] = stretched[~is_moved]
    small = np.asarray(Image.fromarray(moved).resize(model_size[::-1], Image.Resampling.BILINEAR), np.float32)
    low = blend_octaves(answer.astype(np.float32), small, trust, octaves)
    # A head keeps its coarse contents too.
    low += whole[..., np.newaxis] * (small - low)
    for first in range(0, size[0], _STRIP):
        rows = first, min(first + _STRIP, size[0])
        weight = resize_float(trust, size, rows=rows)[..., np.newaxis]
        up = resize_float(low, size, Image.Resampling.BICUBIC, rows)
        detail = moved[slice(*rows)] - resize_float(small, size, Image.Resampling.BICUBIC, rows)
        stretched_rows = up + weight * detail
        moved[slice(*rows)] = np.rint(stretched_rows).clip(0, 255)
    return FullResolution(moved, trust, positions)


def blend_octaves(base: np.ndarray, other: np.ndarray, weight: np.ndarray, octaves: int) -> np.ndarray:
    """`base` [h, w, 3], whose finest `octaves` are blended with those of `other` by `weight` [h, w] in 0 to 1.

    A Laplacian pyramid of Gaussians: each coarser octave is blended over a distance twice as long, so that no seam is
    seen. With 0 octaves the answer is `base`.
    """
    difference = other - base
    answer = base
    weight = weight[..., np.newaxis]
    for octave in range(octaves):
        sigma = 2.0**octave
        coarser = ndimage.gaussian_filter(difference, (sigma, sigma, 0), mode='nearest')
        answer = answer + weight * (difference - coarser)
        difference = coarser
        weight = ndimage.gaussian_filter(weight, (sigma, sigma, 0), mode='nearest')
    return answer
