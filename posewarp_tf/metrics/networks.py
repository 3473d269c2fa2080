"""Metrics that need a network with trained weights: Inception score, Frechet distance, LPIPS. All are opt-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf.metrics.inception import InceptionScores, inception_protocol, open_inception
from posewarp_tf.metrics.lpips import Lpips

_TRUTH = 'truth'


class NetworkMetrics:
    """Gathers them batch by batch.

    Args:
        inception_weights: 'imagenet', 'random' or a path (inception.py); None: no Inception.
        inception_splits: parts of the pictures that the Inception score is computed of.
        lpips_weights: paths of LPIPS' weights (lpips.py); None: no LPIPS.
        lpips_version: '0.1' or '0.0'.

    Raises:
        RunError: weights that cannot be had.
    """

    def __init__(
        self,
        inception_weights: str | None = None,
        inception_splits: int = 10,
        lpips_weights: Sequence[str] | None = None,
        lpips_version: str = '0.1',
    ) -> None:
        self._inception_weights = inception_weights
        self._inception_splits = inception_splits
        self._inception = None
        if inception_weights is not None:
            self._inception = InceptionScores(open_inception(inception_weights), _TRUTH, inception_splits)
        self._lpips = None if lpips_weights is None else Lpips(lpips_weights, lpips_version)
        self._distances: dict[str, list[np.ndarray]] = {}

    def add(self, answers: Mapping[str, np.ndarray], truths: np.ndarray) -> None:
        """Adds a batch of uint8 pictures [B, H, W, 3]: those of every answer, and the true ones."""
        if self._inception is not None:
            for name, pictures in {**answers, _TRUTH: truths}.items():
                self._inception.add(name, pictures)
        if self._lpips is not None:
            for name, pictures in answers.items():
                self._distances.setdefault(name, []).append(self._lpips(pictures, truths))

    def result(self) -> dict[str, dict[str, float | None]]:
        """{metric: {answer: value}}, with 'truth' as another answer where a metric looks at single pictures."""
        found: dict[str, dict[str, float | None]] = {}
        if self._lpips is not None:
            found['lpips'] = {name: float(np.mean(np.concatenate(values))) for name, values in self._distances.items()}
        if self._inception is not None:
            found.update(self._inception.result())
        return found

    def protocol(self, num_pictures: int) -> dict[str, Any]:
        """What the numbers mean."""
        found: dict[str, Any] = {}
        if self._lpips is not None:
            found['lpips'] = self._lpips.protocol
        if self._inception_weights is not None:
            found['inception'] = inception_protocol(self._inception_weights, self._inception_splits, num_pictures)
        return found
