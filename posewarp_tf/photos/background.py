"""What is around a re-posed person: the photo, white, or what the model made there."""

from __future__ import annotations

import numpy as np

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.photos.windows import Window

BACKGROUNDS = ('photo', 'white', 'model')

# Over this part of the window's shorter side its border fades into the photo.
_FEATHER = 0.06
_STRIP = 256


def compose(
    photo: np.ndarray,
    window_answer: np.ndarray,
    matte: np.ndarray | None,
    target_window: Window,
    plate: np.ndarray | None = None,
    background: str = 'photo',
) -> np.ndarray:
    """A picture of the photo's size that shows the answer in its window, uint8 [H, W, 3].

    'photo': matte * answer + (1 - matte) * plate: the re-posed person before the photo without the person.
    'white': the same before white.
    'model': the answer as a whole, which fades into the photo over the window's border; where that lies on the photo's
        own border, or beyond, nothing fades.

    Args:
        photo: uint8 [H, W, 3].
        window_answer: uint8 [h, w, 3], one pixel for each pixel of the target window.
        matte: float32 [h, w] in 0 to 1, where the re-posed person is; 'model' needs none.
        target_window: with edges between pixels; it may reach beyond the photo.
        plate: uint8 [H, W, 3], the photo without the person; only 'photo' needs it.
        background: one of `BACKGROUNDS`.

    Raises:
        ConfigError: an unknown background, or what it needs is not there.
        DataError: an answer or matte of another size than the window's.
    """
    if background not in BACKGROUNDS:
        raise ConfigError(f'--background: got {background!r}, expected one of {", ".join(BACKGROUNDS)}')
    if (background != 'model' and matte is None) or (background == 'photo' and plate is None):
        raise ConfigError(f'--background={background}: needs a matte of the person' + ' and a plate' * (plate is None))
    for name, values in (('answer', window_answer), ('matte', matte)):
        if values is not None and values.shape[:2] != target_window.size:
            raise DataError(f"{name}: got {list(values.shape)}, expected the window's {list(target_window.size)}")
    size = photo.shape[0], photo.shape[1]
    left, top = round(target_window.left), round(target_window.top)
    if background == 'white':
        canvas = np.full_like(photo, 255)
    else:
        canvas = (plate if background == 'photo' and plate is not None else photo).copy()
    weight = _fade(target_window, size)
    if background != 'model' and matte is not None:
        weight *= matte
    inside_x = slice(max(left, 0), min(left + target_window.size[1], size[1]))
    for first in range(max(top, 0), min(top + target_window.size[0], size[0]), _STRIP):
        inside_y = slice(first, min(first + _STRIP, top + target_window.size[0], size[0]))
        own = slice(inside_y.start - top, inside_y.stop - top), slice(inside_x.start - left, inside_x.stop - left)
        opacity = weight[own][..., np.newaxis]
        below = canvas[inside_y, inside_x]
        canvas[inside_y, inside_x] = np.rint(window_answer[own] * opacity + below * (1 - opacity)).clip(0, 255)
    return canvas


def _fade(window: Window, size: tuple[int, int]) -> np.ndarray:
    """float32 [h, w]: from 0 at the window's border to 1 inside, but 1 up to borders that the photo has there too."""
    height, width = window.size
    distance = _FEATHER * min(height, width)
    sides = []
    for first, length, limit in ((round(window.top), height, size[0]), (round(window.left), width, size[1])):
        place = np.arange(length) + 0.5
        before = place if first > 0 else np.full(length, distance)
        behind = length - place if first + length < limit else np.full(length, distance)
        t = np.clip(np.minimum(before, behind) / max(distance, 1e-6), 0.0, 1.0)
        sides.append((t * t * (3 - 2 * t)).astype(np.float32))
    return sides[0][:, np.newaxis] * sides[1]
