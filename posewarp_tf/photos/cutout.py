"""The person of a photo alone, by a mask that says how surely a pixel is the person's.

A model that sees somebody before plain white takes no grass for trousers; pixels that are moved from beside a person,
where a flow errs, should have the colours of the person, not those of what was behind.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from posewarp_tf.photos.plate import grid_size
from posewarp_tf.photos.push_pull import push_pull
from posewarp_tf.pictures.floats import resize_float
from posewarp_tf.poses.body import whole_body

# Of a mask: from where on a pixel counts as the person's, and up to where it has nothing of the person.
_PERSON, _NOBODY = 0.5, 0.1
# From where on it has nothing of what is behind: only such colours go on.
_CERTAIN = 0.9
# How wide the edge of a mask is, in parts of the square root of the person's area.
_EDGE = 0.025
# A mask that holds for less than this part of the body along the joints is of somebody else, or of nobody.
_LEAST, _BODY = 0.7, 0.02
_WHITE = np.full((1, 1, 3), 255, np.float32)
# Of a silhouette of the model: below this the colours of the person cannot be told from those before and behind.
_TELLING = 0.5
_STRIP = 256


def before_white(photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The person before white, uint8 [H, W, 3].

    Args:
        photo: uint8 [H, W, 3].
        mask: [H, W] in 0 to 1, the person's pixels.
    """
    return _over(photo, _opacity(mask), _WHITE)


def over_white(image: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """A picture uint8 [h, w, 3] laid with an opacity [h, w] over white."""
    return _over(image, opacity, _WHITE)


def shows_body(mask: np.ndarray, keypoints: np.ndarray) -> bool:
    """Whether a mask [H, W] is of the person with these joints [18, 2] in its pixels: most of their body is in it."""
    body = whole_body(keypoints, (mask.shape[0], mask.shape[1]), _BODY) > 0.5
    return bool(body.any() and np.mean(mask[body] >= _PERSON) >= _LEAST)


def continued(photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The photo, in which colours of the person go on where nobody is, uint8 [H, W, 3]; arguments as of `before_white`.

    Nothing changes if the mask shows nobody at all.
    """
    whole_size = mask.shape[0], mask.shape[1]
    size = grid_size(whole_size)
    small_mask = resize_float(np.asarray(mask, np.float32), size)
    person = small_mask >= _PERSON
    if not person.any():
        return photo.copy()
    # Only at its edges a mask that is not sure tells of mixed colours.
    within = ndimage.binary_erosion(person, iterations=max(1, round(_EDGE * person.sum() ** 0.5)))
    opacity = np.maximum(_opacity(mask, _PERSON, _CERTAIN), resize_float(within.astype(np.float32), whole_size))
    known = within | (small_mask >= _CERTAIN)
    if not known.any():
        known, opacity = person, _opacity(mask)
    small = np.asarray(Image.fromarray(photo).resize(size[::-1], Image.Resampling.BILINEAR), np.float32)
    return _over(photo, opacity, push_pull(small, known))


def without_white(image: np.ndarray, silhouette: np.ndarray) -> np.ndarray:
    """The person of a picture of a model that made silhouette * person + (1 - silhouette) * white, uint8 [h, w, 3].

    Where little or nothing of the person is seen its colours go on.

    Args:
        image: uint8 [h, w, 3].
        silhouette: float [h, w, 1] in 0 to 1.
    """
    share = np.asarray(silhouette, np.float32)
    known = share[..., 0] >= _TELLING
    person = 255 - (255 - image.astype(np.float32)) / np.maximum(share, _TELLING)
    return np.rint(push_pull(person, known)).clip(0, 255).astype(np.uint8) if known.any() else image


def _opacity(mask: np.ndarray, none: float = _NOBODY, all_from: float = _PERSON) -> np.ndarray:
    return ((np.asarray(mask, np.float32) - none) / (all_from - none)).clip(0, 1)


def _over(photo: np.ndarray, opacity: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The photo laid with an opacity [H, W] over another picture, float32 [h, w, 3], which is stretched to its size."""
    answer = np.empty_like(photo)
    size = photo.shape[0], photo.shape[1]
    for first in range(0, size[0], _STRIP):
        rows = first, min(first + _STRIP, size[0])
        weight = np.asarray(opacity[slice(*rows)], np.float32)[..., np.newaxis]
        stretched = below if below.shape[:2] == (1, 1) else resize_float(below, size, rows=rows)
        answer[slice(*rows)] = np.rint(weight * photo[slice(*rows)] + (1 - weight) * stretched).clip(0, 255)
    return answer
