"""All metrics of a model over test pairs, gathered batch by batch."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from posewarp_tf import ops
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.metrics import detail
from posewarp_tf.metrics.classes import CLASS_PROTOCOL, ClassScores
from posewarp_tf.metrics.detail import DETAIL_PROTOCOL, DetailScores
from posewarp_tf.metrics.flow import FLOW_PROTOCOL, FlowErrors
from posewarp_tf.metrics.foreground import foreground_mask, foreground_protocol
from posewarp_tf.metrics.headline import headline
from posewarp_tf.metrics.image import IMAGE_METRICS, REGIONS, image_metrics, image_protocol
from posewarp_tf.metrics.networks import NetworkMetrics
from posewarp_tf.metrics.threads import in_threads
from posewarp_tf.models.outputs import ClassLogits, Output, titled

MODEL, COPY_SOURCE = 'model', 'copy_source'


class Scores:
    """Gathers the metrics of one pair after the other.

    Args:
        networks: metrics that need a network with trained weights; None: without them.
        declared: the outputs beside image and motions that the model declares.
    """

    def __init__(self, networks: NetworkMetrics | None = None, declared: Sequence[Output] = ()) -> None:
        self.num_pairs = 0
        self._values: dict[str, list] = {MODEL: [], COPY_SOURCE: []}
        self._flow_errors = FlowErrors()
        self._detail = DetailScores()
        self._classes = {
            output.name: ClassScores(output.kind.names) for output in declared if isinstance(output.kind, ClassLogits)
        }
        self._networks = networks
        self._has_part_maps = False

    def add(self, batch: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> None:
        """Adds a batch. Generated pictures are rounded to uint8 first, as they are written to disk."""
        self._has_part_maps = 'target_parts' in batch
        truths, sources = (ops.to_uint8_image(batch[name]).numpy() for name in ('target_image', 'source_image'))
        foregrounds = in_threads(functools.partial(foreground_mask, batch), range(len(truths)))
        answers = {COPY_SOURCE: sources}
        if 'image' in outputs:
            _require_finite(outputs['image'], batch)
            answers[MODEL] = ops.to_uint8_image(outputs['image']).numpy()
        for answer, pictures in answers.items():
            self._values[answer] += in_threads(image_metrics, pictures, truths, foregrounds)
        if MODEL in answers:
            self._add_detail(batch, sources, truths, answers[MODEL], foregrounds)
        if self._networks is not None:
            self._networks.add(answers, truths)
        for family, motion in outputs.get('motions', {}).items():
            flow, visibility = titled(family, 'flow'), titled(family, 'visibility')
            if flow in batch and visibility in batch:
                self._flow_errors.add(motion.flows, batch[flow], batch[visibility], family)
        for name, scores in self._classes.items():
            if name in outputs and f'target_{name}' in batch:
                scores.add(MODEL, np.argmax(outputs[name], axis=-1), batch[f'target_{name}'])
                scores.add(COPY_SOURCE, batch[f'source_{name}'], batch[f'target_{name}'])
        self.num_pairs += len(truths)

    def _add_detail(
        self, batch: Mapping[str, np.ndarray], sources: Any, truths: Any, made: Any, foregrounds: Any
    ) -> None:
        people = in_threads(lambda index: foreground_mask(batch, index, 'source'), range(len(sources)))
        for answer, pictures, inside in (
            (detail.SOURCE, sources, people),
            (detail.TRUTH, truths, foregrounds),
            (detail.MODEL, made, foregrounds),
        ):
            self._detail.add(answer, pictures, inside)

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
            **{name: scores.result() for name, scores in self._classes.items()},
            'flow': self._flow_errors.result(),
            'detail': self._detail.result(),
        }
        metrics = {'image': image, **{name: found for name, found in others.items() if found}}
        return {'headline': headline(metrics), **metrics}

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
        found.update({name: CLASS_PROTOCOL for name, scores in self._classes.items() if scores.result()})
        if self._flow_errors.result():
            found['flow'] = FLOW_PROTOCOL
        if self._detail.result():
            found['detail'] = DETAIL_PROTOCOL
        return found


def _require_finite(images: np.ndarray, batch: Mapping[str, np.ndarray]) -> None:
    for index, image in enumerate(images):
        if not np.isfinite(image).all():
            names = [batch[name][index].decode() for name in ('source_name', 'target_name')]
            raise RunError(f'the model gives values that are not finite for {names[0]} -> {names[1]}')


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
