"""Maps of floats: changes of size, with the border's values beyond the border, and smooth steps."""

from __future__ import annotations

import numpy as np
from PIL import Image


def resize_float(
    values: np.ndarray,
    size: tuple[int, int],
    method: Image.Resampling = Image.Resampling.BILINEAR,
    rows: tuple[int, int] | None = None,
) -> np.ndarray:
    """Float32 [h, w] or [h, w, C] at `size` (height, width), anti-aliased where it gets smaller.

    Args:
        rows: only these rows (first, behind the last) of the answer, the same as if all were made.
    """
    if values.ndim == 3:
        planes = [resize_float(values[..., channel], size, method, rows) for channel in range(values.shape[2])]
        return np.stack(planes, axis=-1)
    first, behind = rows or (0, size[0])
    ratio = values.shape[0] / size[0]
    box = (0.0, first * ratio, float(values.shape[1]), min(behind * ratio, float(values.shape[0])))
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(image.resize((size[1], behind - first), method, box=box))


def smooth_step(values: np.ndarray, none: float, all_from: float) -> np.ndarray:
    """0 up to the first number, 1 from the second on (downwards, if that is the smaller one), smooth between."""
    t = np.clip((values - none) / (all_from - none), 0.0, 1.0)
    return t * t * (3 - 2 * t)
