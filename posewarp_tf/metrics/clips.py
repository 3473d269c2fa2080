"""Scores of animation over test videos, beside two answers without a network: the reference, and the true frame before.

Every video is generated from its beginning, each frame from the one that was generated before it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.conventions import VISIBILITY_BACKGROUND
from posewarp_tf.data.clips import dance, face
from posewarp_tf.data.clips.dance_files import find_videos
from posewarp_tf.data.clips.face_files import FLOW_FOLDERS
from posewarp_tf.data.picture_store import reading
from posewarp_tf.inference.animating import Animator
from posewarp_tf.metrics.evaluation import MAX_GRIDS
from posewarp_tf.metrics.flow import FLOW_PROTOCOL, FlowErrors
from posewarp_tf.metrics.image import IMAGE_METRICS, REGIONS, image_metrics, image_protocol
from posewarp_tf.metrics.videos import DRIFT_FRAMES, VIDEO_PROTOCOL, drift, temporal_differences, warping_errors
from posewarp_tf.ops import to_uint8_image
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.video_layout import FLOWS

MATERIALS = ('dance_clips', 'face_clips')
MODEL, COPY_REFERENCE, COPY_PREVIOUS, TRUTH = 'model', 'copy_reference', 'copy_previous', 'truth'

# Frames on a strip, spread evenly over the video.
_ON_STRIP = 6
_DRIFT_AT = (1, *DRIFT_FRAMES)
# Words for what is shown of how steady videos are.
_STEADINESS = {'warping_error': 'warping error', 'temporal_difference': 'temporal difference'}


def evaluate_clips(
    run_dir: str | os.PathLike,
    data_dir: str | None = None,
    checkpoint: str = 'best',
    max_videos: int | None = None,
    batch_size: int = 8,
    num_frames: int = 30,
    output_dir: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Evaluates a run folder; writes its metrics.json and samples/evaluate-*.png and returns what metrics.json holds.

    Args:
        max_videos: that many, spread evenly over the test videos; None: all.
        batch_size: videos at once.
        num_frames: of each video from its beginning; videos of persons may be shorter, those of faces may not.
        run_dir, data_dir, checkpoint, output_dir: as of `evaluation.evaluate`.

    Returns:
        {'image': {region: {metric: {'model': ..., 'copy_reference': ..., 'copy_previous': ...}}}, of the foreground
         only where the data has exact flows,
         'video': {'temporal_difference': {...}, 'drift': {number of a frame: {'model', 'copy_reference'}} and, with
         exact flows, 'warping_error': {..., 'truth'}},
         'flow': as of `evaluate`, with exact flows; 'protocol': what these numbers mean}

    Raises:
        RunError, DataError: the run folder or the data set cannot be used.
    """
    animator = Animator(run_dir, MATERIALS, checkpoint)
    config = animator.config if data_dir is None else animator.config.replace(data_dir=data_dir)
    output = animator.run if output_dir is None else RunFolder(output_dir)
    with_truth = _has_flows(config)
    make_test_clips = dance.make_test_clips if config.model.material == 'dance_clips' else face.make_test_clips
    dataset = make_test_clips(config, batch_size, max_videos, num_frames, with_truth)
    scores, strips = _Scores(), _Strips(output)
    with reading():
        for batch in tqdm(dataset, desc='evaluate', unit='batch'):
            frames = scores.add(animator, batch)
            strips.add(batch, frames)
    metrics = scores.result()
    height, width = animator.size
    metrics['protocol'] = {
        'weights': {
            'checkpoint': checkpoint,
            'step': animator.trained_steps,
            'file': os.path.relpath(animator.checkpoint_path, animator.run.path),
            'moving_average': bool(config.training.ema_decay),
        },
        'model': config.model.model,
        'data_dir': config.data.data_dir,
        'split': 'test',
        'resolution': f'{height}x{width}',
        'num_videos': scores.num_videos,
        'num_frames': scores.num_frames,
        'videos': f'the first {num_frames} frames of each, generated one after the other; each frame counts as much',
        'image': image_protocol(animator.size),
        'foreground': 'pixels of the person or face in the true frame, where there are exact flows',
        COPY_REFERENCE: 'the reference as every frame',
        COPY_PREVIOUS: 'the true frame before, which a generator does not have; before the first the reference',
        'video': VIDEO_PROTOCOL,
        'flow': f'{FLOW_PROTOCOL}; flows to the frame before (before the first: to the reference), and to the '
        'reference: of faces in all frames, of persons in the first',
        'notes': animator.run.notes(),
    }
    files.write_text(output.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return metrics


def format_steadiness(metrics: Mapping[str, Any]) -> str:
    """How steady videos are, and how they drift, as lines of text."""
    answers = (MODEL, COPY_REFERENCE, COPY_PREVIOUS, TRUTH)
    lines = [f'{"lower is better":<22}' + ''.join(f'{answer.replace("_", " "):>16}' for answer in answers)]
    video = metrics['video']
    rows = {words: video[name] for name, words in _STEADINESS.items() if name in video}
    rows.update({f'L1 of frame {number}': values for number, values in video['drift'].items()})
    for words, values in rows.items():
        numbers = [values.get(answer) for answer in answers]
        lines.append(f'{words:<22}' + ''.join(f'{"-":>16}' if one is None else f'{one:16.4f}' for one in numbers))
    return '\n'.join(lines)


class _Scores:
    """Scores of one batch of videos after the other."""

    def __init__(self) -> None:
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
        made = []
        for frame, outputs in enumerate(animator.outputs(reference, tf.unstack(batch['target_poses'], axis=1))):
            made.append(to_uint8_image(outputs['image']).numpy())
            self._add_flows(outputs['motions'], batch, frame)
        frames = np.stack(made, axis=1)
        truths, references = (to_uint8_image(batch[name]).numpy() for name in ('target_images', 'reference_image'))
        flows, visibility = (batch[name].numpy() if name in batch else None for name in _TRUTH_OF_PREVIOUS)
        for video, truth in enumerate(truths):
            copies = np.repeat(references[video][np.newaxis], len(truth) + 1, axis=0)
            answers = {
                MODEL: frames[video],
                COPY_REFERENCE: copies[1:],
                COPY_PREVIOUS: np.concatenate([copies[:1], truth[:-1]]),
            }
            self._add_video(answers, truth, None if visibility is None else (flows[video], visibility[video]))
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
        return {'image': image, 'video': video, **({'flow': flow} if flow else {})}

    def _add_video(
        self, answers: Mapping[str, np.ndarray], truth: np.ndarray, exact: tuple[np.ndarray, np.ndarray] | None
    ) -> None:
        self.num_videos += 1
        self.num_frames += len(truth)
        foreground = np.zeros(truth.shape[:3], bool) if exact is None else exact[1] != VISIBILITY_BACKGROUND
        for answer, frames in answers.items():
            self._images[answer] += map(image_metrics, frames, truth, foreground)
            self._differences[answer] += temporal_differences(frames, truth).tolist()
        for answer, drifts in self._drifts.items():
            drifts.append(drift(answers[answer], truth, _DRIFT_AT))
        if exact is not None:
            for answer, frames in {**answers, TRUTH: truth}.items():
                self._warping[answer] += warping_errors(frames, *exact).tolist()

    def _add_flows(self, motions: Mapping[str, Any], batch: Mapping[str, tf.Tensor], frame: int) -> None:
        exact = {'previous': _TRUTH_OF_PREVIOUS, 'reference': _TRUTH_OF_REFERENCE}
        if frame == 0 and _TRUTH_OF_REFERENCE[0] not in batch:
            exact['reference'] = _TRUTH_OF_PREVIOUS
        for family, names in exact.items():
            if names[0] in batch:
                flow, visibility = (batch[name][:, frame].numpy() for name in names)
                self._flow_errors.add([one.numpy() for one in motions[family].flows], flow, visibility, family)


# Exact flows and visibility in a batch, by what they lead to.
_TRUTH_OF_PREVIOUS = ('target_flows', 'target_visibility')
_TRUTH_OF_REFERENCE = ('reference_flows', 'reference_visibility')


class _Strips:
    """Writes some videos as samples/evaluate-*.png: the reference, and true and generated frames below each other."""

    def __init__(self, run: RunFolder) -> None:
        self._folder, self._num_written = run.sample_dir, 0
        # Pictures of an earlier evaluation would pass for ones of this.
        for path in self._folder.glob('evaluate-*.png'):
            path.unlink()

    def add(self, batch: Mapping[str, tf.Tensor], frames: np.ndarray) -> None:
        for video in range(min(len(frames), MAX_GRIDS - self._num_written)):
            reference, truth = (
                to_uint8_image(batch[name][video]).numpy() for name in ('reference_image', 'target_images')
            )
            shown = np.unique(np.linspace(0, len(truth) - 1, _ON_STRIP).round().astype(int))
            rows = [[reference, *truth[shown]], [np.full_like(reference, 255), *frames[video][shown]]]
            titles = ['reference', *(f'truth, generated {number + 1}' for number in shown)]
            save_image(self._folder / f'evaluate-{self._num_written:02d}.png', picture_grid(rows, titles))
            self._num_written += 1


def _has_flows(config: Config) -> bool:
    """Whether the test videos of a folder have exact flows."""
    if config.model.material == 'dance_clips':
        return os.path.isdir(os.path.join(find_videos(config.data, 'test')[0], FLOWS))
    folders = (name.format(split='test') for name in FLOW_FOLDERS.values())
    return all(os.path.isdir(os.path.join(config.data.data_dir, name)) for name in folders)


def _mean(values: list) -> float | None:
    """Of those that are numbers; None without any."""
    numbers = [value for value in values if value is not None and not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else None
