"""Values that are known in places, continued smoothly to everywhere."""

from __future__ import annotations

import numpy as np

from posewarp_tf.pictures.floats import resize_float


def push_pull(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Float32 [h, w, C], smoothly continued to where `known` [h, w] is false: by means over ever larger squares.

    Gortler et al., "The Lumigraph" (1996), section 3.4.
    """
    weight = known.astype(np.float32)
    if weight.all() or min(weight.shape) < 2:
        mean = values[known].mean(axis=0) if known.any() else 0.0
        return np.where(known[..., np.newaxis], values, mean).astype(np.float32)
    half = (known.shape[0] + 1) // 2, (known.shape[1] + 1) // 2
    coarse_weight = resize_float(weight, half)
    coarse = resize_float(values * weight[..., np.newaxis], half) / np.maximum(coarse_weight, 1e-6)[..., np.newaxis]
    coarse = push_pull(coarse, coarse_weight > 1e-3)
    smooth = resize_float(coarse, (known.shape[0], known.shape[1]))
    return np.where(known[..., np.newaxis], values, smooth).astype(np.float32)
