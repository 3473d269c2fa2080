"""Scores of generated videos beside those of two copies: of the reference, and of the true frame before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import VISIBILITY_BACKGROUND
from posewarp_tf.inference.animating import Animator
from posewarp_tf.metrics.face_landmarks import LandmarkErrors
from posewarp_tf.metrics.flow import FlowErrors
from posewarp_tf.metrics.image import IMAGE_METRICS, REGIONS, image_metrics
from posewarp_tf.metrics.threads import in_threads
from posewarp_tf.metrics.videos import DRIFT_FRAMES, drift, temporal_differences, warping_errors
from posewarp_tf.ops import to_uint8_image

MODEL, COPY_REFERENCE, COPY_PREVIOUS, TRUTH = 'model', 'copy_reference', 'copy_previous', 'truth'
_DRIFT_AT = (1, *DRIFT_FRAMES)
# Exact flows and visibility in a batch, by what they lead to.
_TRUTH_OF_PREVIOUS = ('target_flows', 'target_visibility')
_TRUTH_OF_REFERENCE = ('reference_flows', 'reference_visibility')


class ClipScores:
    """Scores of one batch of videos after the other.

    landmarks: of faces, what their landmarks are scored by too.
    """

    def __init__(self, landmarks: LandmarkErrors | None = None) -> None:
        self._landmarks = landmarks
        self.num_videos = self.num_frames = 0
        answers = (MODEL, COPY_REFERENCE, COPY_PREVIOUS)
        self._images: dict[str, list] = {answer: [] for answer in answers}
        self._differences: dict[str, list] = {answer: [] for answer in answers}
        self._warping: dict[str, list] = {answer: [] for answer in (*answers, TRUTH)}
        self._drifts: dict[str, list[dict[int, float]]] = {MODEL: [], COPY_REFERENCE: []}
        self._flow_errors = FlowErrors()

    def add(self, animator: Animator, batch: Mapping[str, tf.Tensor]) -> np.ndarray:
        """Generates the frames of a batch, uint8 [B, n, H, W, 3], and scores them."""
        reference = {name: batch[name] for name in ('reference_image', 'reference_pose')}
        poses = (batch['target_poses'][:, frame] for frame in range(batch['target_poses'].shape[1]))
        made = []
        for frame, outputs in enumerate(animator.outputs(reference, poses)):
            made.append(to_uint8_image(outputs['image']).numpy())
            self._add_flows(outputs['motions'], batch, frame)
        frames = np.stack(made, axis=1)
        truths, references = (to_uint8_image(batch[name]).numpy() for name in ('target_images', 'reference_image'))
        exact = [batch[name].numpy() for name in _TRUTH_OF_PREVIOUS if name in batch]
        for video, truth in enumerate(truths):
            copies = np.repeat(references[video][np.newaxis], len(truth) + 1, axis=0)
            answers = {
                MODEL: frames[video],
                COPY_REFERENCE: copies[1:],
                COPY_PREVIOUS: np.concatenate([copies[:1], truth[:-1]]),
            }
            self._add_video(answers, truth, (exact[0][video], exact[1][video]) if exact else None)
        return frames

    def result(self) -> dict[str, Any]:
        """The means over all frames; a metric that none has is None."""
        video: dict[str, Any] = {
            'temporal_difference': {answer: _mean(values) for answer, values in self._differences.items()},
            'drift': {
                str(number): {
                    answer: _mean([values[number] for values in all_values if number in values])
                    for answer, all_values in self._drifts.items()
                }
                for number in _DRIFT_AT
                if any(number in values for values in self._drifts[MODEL])
            },
        }
        if self._warping[MODEL]:
            video['warping_error'] = {answer: _mean(values) for answer, values in self._warping.items()}
        image = {
            region: {
                metric: {
                    answer: _mean([one[region][metric] for one in all_frames])
                    for answer, all_frames in self._images.items()
                }
                for metric in IMAGE_METRICS
            }
            for region in REGIONS
        }
        flow = self._flow_errors.result()
        landmarks = self._landmarks.result() if self._landmarks else None
        more = {'flow': flow, 'landmarks': landmarks}
        return {'image': image, 'video': video, **{name: found for name, found in more.items() if found}}

    def _add_video(
        self, answers: Mapping[str, np.ndarray], truth: np.ndarray, exact: tuple[np.ndarray, np.ndarray] | None
    ) -> None:
        self.num_videos += 1
        self.num_frames += len(truth)
        foreground = np.zeros(truth.shape[:3], bool) if exact is None else exact[1] != VISIBILITY_BACKGROUND
        for answer, frames in answers.items():
            self._images[answer] += in_threads(image_metrics, frames, truth, foreground)
            self._differences[answer] += temporal_differences(frames, truth).tolist()
        for answer, drifts in self._drifts.items():
            drifts.append(drift(answers[answer], truth, _DRIFT_AT))
        if self._landmarks:
            self._landmarks.add({name: answers[name] for name in (MODEL, COPY_REFERENCE)}, truth)
        if exact is not None:
            for answer, frames in {**answers, TRUTH: truth}.items():
                self._warping[answer] += warping_errors(frames, *exact).tolist()

    def _add_flows(self, motions: Mapping[str, Any], batch: Mapping[str, tf.Tensor], frame: int) -> None:
        exact = {'previous': _TRUTH_OF_PREVIOUS, 'reference': _TRUTH_OF_REFERENCE}
        if frame == 0 and _TRUTH_OF_REFERENCE[0] not in batch:
            exact['reference'] = _TRUTH_OF_PREVIOUS
        for family, names in exact.items():
            if family in motions and names[0] in batch:
                flow, visibility = (batch[name][:, frame].numpy() for name in names)
                self._flow_errors.add([one.numpy() for one in motions[family].flows], flow, visibility, family)


def _mean(values: list) -> float | None:
    """Of those that are numbers; None without any."""
    numbers = [value for value in values if value is not None and not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else None
