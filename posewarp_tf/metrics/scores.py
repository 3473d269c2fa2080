"""All metrics of a model over test pairs, gathered batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from posewarp_tf import ops
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.metrics.flow import FLOW_PROTOCOL, FlowErrors
from posewarp_tf.metrics.foreground import foreground_mask, foreground_protocol
from posewarp_tf.metrics.garment import GARMENT_PROTOCOL, GarmentScores
from posewarp_tf.metrics.image import IMAGE_METRICS, REGIONS, image_metrics, image_protocol
from posewarp_tf.metrics.networks import NetworkMetrics

MODEL, COPY_SOURCE = 'model', 'copy_source'


class Scores:
    """Gathers the metrics of one pair after the other.

    Args:
        networks: metrics that need a network with trained weights; None: without them.
    """

    def __init__(self, networks: NetworkMetrics | None = None) -> None:
        self.num_pairs = 0
        self._values: dict[str, list] = {MODEL: [], COPY_SOURCE: []}
        self._flow_errors = FlowErrors()
        self._garments = GarmentScores()
        self._networks = networks
        self._has_part_maps = False

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> None:
        """Adds a batch. Generated pictures are rounded to uint8 first, as they are written to disk."""
        self._has_part_maps = 'target_parts' in batch
        truths, sources = (ops.to_uint8_image(batch[name]).numpy() for name in ('target_image', 'source_image'))
        foregrounds = [foreground_mask(batch, index) for index in range(len(truths))]
        answers = {COPY_SOURCE: sources}
        if 'image' in outputs:
            _require_finite(outputs['image'], batch)
            answers[MODEL] = ops.to_uint8_image(outputs['image']).numpy()
        for answer, pictures in answers.items():
            self._values[answer] += map(image_metrics, pictures, truths, foregrounds)
        if self._networks is not None:
            self._networks.add(answers, truths)
        if 'flow' in batch and 'visibility' in batch:
            self._flow_errors.add(outputs.get('flows', []), batch['flow'], batch['visibility'])
        if 'garment' in outputs and 'target_garment' in batch:
            self._garments.add(MODEL, np.argmax(outputs['garment'], axis=-1), batch['target_garment'])
            self._garments.add(COPY_SOURCE, batch['source_garment'], batch['target_garment'])
        self.num_pairs += len(truths)

    def result(self) -> dict[str, Any]:
        """The means over all pairs; a metric that no pair has is None."""
        if not self.num_pairs:
            raise DataError('no test pairs: got an empty list, expected at least one')
        answers = {answer: pairs for answer, pairs in self._values.items() if pairs}
        image = {
            region: {
                metric: {answer: _mean(pair[region][metric] for pair in pairs) for answer, pairs in answers.items()}
                for metric in IMAGE_METRICS
            }
            for region in REGIONS
        }
        others = {
            'networks': self._networks.result() if self._networks is not None else {},
            'garment': self._garments.result(),
            'flow': self._flow_errors.result(),
        }
        return {'image': image, **{name: found for name, found in others.items() if found}}

    def protocol(self, image_size: tuple[int, int]) -> dict[str, Any]:
        """How the numbers were computed."""
        with_foreground = sum(pair['foreground']['l1'] is not None for pair in self._values[COPY_SOURCE])
        found: dict[str, Any] = {
            'num_pairs': self.num_pairs,
            'num_pairs_with_foreground': with_foreground,
            'average': 'mean over pairs of the value of each pair',
            'foreground_mask': foreground_protocol(self._has_part_maps),
            'image': image_protocol(image_size),
            'copy_source': 'the source picture as the answer',
        }
        if self._networks is not None:
            found['networks'] = self._networks.protocol(self.num_pairs)
        if self._garments.result():
            found['garment'] = GARMENT_PROTOCOL
        if self._flow_errors.result():
            found['flow'] = FLOW_PROTOCOL
        return found


def _require_finite(images: np.ndarray, batch: Mapping[str, np.ndarray]) -> None:
    for index, image in enumerate(images):
        if not np.isfinite(image).all():
            names = [batch[name][index].decode() for name in ('source_name', 'target_name')]
            raise RunError(f'the model gives values that are not finite for {names[0]} -> {names[1]}')


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
