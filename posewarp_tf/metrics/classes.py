"""How well maps of classes are predicted: intersection over union with the true map, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

CLASS_PROTOCOL = (
    'iou: intersection over union of the likeliest class with the true map, over the pixels of all pairs; mean_iou: '
    'mean over the classes that occur in the true maps, background included; pixel_accuracy: share of pixels with the '
    "right class; silhouette_iou: of everything that is not background; copy_source: the source's map as the answer"
)


class ClassScores:
    """Confusion of the classes `names` in several answers, batch by batch."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._confusion: dict[str, np.ndarray] = {}

    def add(self, answer: str, labels: np.ndarray, truth: np.ndarray) -> None:
        """Adds maps [B, H, W] of class numbers."""
        num_classes = len(self._names)
        pairs = truth.astype(np.int64).ravel() * num_classes + labels.astype(np.int64).ravel()
        counts = np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
        self._confusion[answer] = self._confusion.get(answer, 0) + counts

    def result(self) -> dict[str, Any]:
        """{'mean_iou': {answer: value}, 'pixel_accuracy': ..., 'silhouette_iou': ..., 'iou': {class: {answer: value}}}.

        The silhouette is everything but the first class, the background. Only classes that occur in the truth are
        there; without any maps the result is empty.
        """
        if not self._confusion:
            return {}
        ious = {answer: _intersection_over_union(counts) for answer, counts in self._confusion.items()}
        present = np.flatnonzero(next(iter(self._confusion.values())).sum(axis=1))
        return {
            'mean_iou': {answer: float(values[present].mean()) for answer, values in ious.items()},
            'pixel_accuracy': {
                answer: float(np.trace(counts) / counts.sum()) for answer, counts in self._confusion.items()
            },
            'silhouette_iou': {answer: _silhouette_iou(counts) for answer, counts in self._confusion.items()},
            'iou': {
                self._names[int(label)]: {answer: float(values[label]) for answer, values in ious.items()}
                for label in present
            },
        }


def _intersection_over_union(confusion: np.ndarray) -> np.ndarray:
    """From counts [true class, answered class]: [classes]."""
    both = np.diag(confusion)
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    return both / np.maximum(either, 1)


def _silhouette_iou(confusion: np.ndarray) -> float:
    """Of all classes but the first together."""
    return float(confusion[1:, 1:].sum() / max(confusion.sum() - confusion[0, 0], 1))
