"""Distances in pictures."""

from __future__ import annotations

import numpy as np


def segment_distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance of points (x, y) from the segment between two points (x, y), in the same unit."""
    direction = np.asarray(end, np.float64) - start
    along = (x - start[0]) * direction[0] + (y - start[1]) * direction[1]
    along = np.clip(along / max(float(direction @ direction), 1e-12), 0.0, 1.0)
    return np.hypot(x - start[0] - along * direction[0], y - start[1] - along * direction[1])
