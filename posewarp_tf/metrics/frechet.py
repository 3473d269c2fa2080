"""Frechet distance of vectors, which are taken as normally distributed (Heusel et al., NIPS 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Moments:
    """Mean and covariance of vectors, batch by batch."""

    def __init__(self) -> None:
        self._count = 0
        self._sum: np.ndarray = np.zeros(())
        self._products: np.ndarray = np.zeros(())

    def add(self, vectors: np.ndarray) -> None:
        """Adds vectors [B, n], float64."""
        self._count += len(vectors)
        self._sum = self._sum + vectors.sum(axis=0)
        self._products = self._products + vectors.T @ vectors

    def arrays(self) -> dict[str, Any]:
        """Everything that they are, for a file."""
        return {'count': np.asarray(self._count), 'sum': self._sum, 'products': self._products}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Moments:
        """Those that gave these `arrays`."""
        moments = cls()
        moments._count, moments._sum, moments._products = int(arrays['count']), arrays['sum'], arrays['products']
        return moments

    def distance(self, other: Moments) -> float | None:
        """Frechet distance to other vectors (Heusel et al., NIPS 2017); None for fewer than two of one kind."""
        if min(self._count, other._count) < 2:
            return None
        return frechet_distance(*self._normal(), *other._normal())

    def _normal(self) -> tuple[np.ndarray, np.ndarray]:
        mean = self._sum / self._count
        return mean, (self._products - self._count * np.outer(mean, mean)) / (self._count - 1)


def frechet_distance(
    mean_1: np.ndarray, covariance_1: np.ndarray, mean_2: np.ndarray, covariance_2: np.ndarray
) -> float:
    """|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)): between two normal distributions of n dimensions."""
    values, vectors = np.linalg.eigh(covariance_1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    # C1 C2 has the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric.
    product = np.maximum(np.linalg.eigvalsh(root @ covariance_2 @ root), 0)
    traces = np.trace(covariance_1) + np.trace(covariance_2) - 2 * np.sum(np.sqrt(product))
    return float(np.sum((mean_1 - mean_2) ** 2) + traces)
