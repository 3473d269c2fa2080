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
from posewarp_tf.data.clips import dance, face
from posewarp_tf.data.picture_store import reading
from posewarp_tf.inference.animating import Animator
from posewarp_tf.metrics.clip_scores import COPY_PREVIOUS, COPY_REFERENCE, MODEL, TRUTH, ClipScores
from posewarp_tf.metrics.evaluation import MAX_GRIDS
from posewarp_tf.metrics.face_landmarks import LANDMARKS_PROTOCOL, LandmarkErrors
from posewarp_tf.metrics.flow import FLOW_PROTOCOL
from posewarp_tf.metrics.image import image_protocol
from posewarp_tf.metrics.videos import VIDEO_PROTOCOL
from posewarp_tf.models.config import CLIP_MATERIALS
from posewarp_tf.ops import to_uint8_image
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.runs.run_folder import RunFolder

# Frames on a strip, spread evenly over the video.
_ON_STRIP = 6
# Words for what is shown of how steady videos are.
_STEADINESS = {'warping_error': 'warping error', 'temporal_difference': 'temporal difference'}


def evaluate_clips(
    run_dir: str | os.PathLike,
    data_dir: str | None = None,
    checkpoint: str = 'best',
    max_videos: int | None = None,
    batch_size: int = 1,
    num_frames: int = 30,
    output_dir: str | os.PathLike | None = None,
    landmarks: LandmarkErrors | None = None,
) -> dict[str, Any]:
    """Evaluates a run folder; writes its metrics.json and samples/evaluate-*.png and returns what metrics.json holds.

    Args:
        max_videos: that many, spread evenly over the test videos; None: all.
        batch_size: videos at once.
        num_frames: of each video from its beginning; videos of persons may be shorter, those of faces may not.
        landmarks: of faces, scores how far their landmarks are from the true ones.
        run_dir, data_dir, checkpoint, output_dir: as of `evaluation.evaluate`.

    Returns:
        {'image': {region: {metric: {'model': ..., 'copy_reference': ..., 'copy_previous': ...}}}, of the foreground
         only where the data has exact flows of all these frames,
         'video': {'temporal_difference': {...}, 'drift': {number of a frame: {'model', 'copy_reference'}} and, with
         exact flows, 'warping_error': {..., 'truth'}},
         'flow': as of `evaluate`, with exact flows; 'landmarks': the result of `landmarks`, if it is given;
         'protocol': what these numbers mean}

    Raises:
        RunError, DataError: the run folder or the data set cannot be used.
    """
    animator = Animator(run_dir, CLIP_MATERIALS, checkpoint)
    config = animator.config if data_dir is None else animator.config.replace(data_dir=data_dir)
    output = animator.run if output_dir is None else RunFolder(output_dir)
    make_test_clips = dance.make_test_clips if config.model.material == 'dance_clips' else face.make_test_clips
    dataset = make_test_clips(config, batch_size, max_videos, num_frames, with_truth=None)
    scores, strips = ClipScores(landmarks), _Strips(output)
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
        'true_frames': 'those that the poses are of; where a list takes the reference from another video, they '
        'may show another person than the generated ones',
        'image': image_protocol(animator.size),
        'foreground': 'pixels of the person or face in the true frame, where there are exact flows',
        COPY_REFERENCE: 'the reference as every frame',
        COPY_PREVIOUS: 'the true frame before, which a generator does not have; before the first the reference',
        'video': VIDEO_PROTOCOL,
        'flow': f'{FLOW_PROTOCOL}; flows to the frame before (before the first: to the reference), and to the '
        'reference: of faces in all frames, of persons in the first',
        **({'landmarks': LANDMARKS_PROTOCOL} if landmarks else {}),
        'notes': animator.run.notes(),
    }
    files.write_text(output.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return metrics


def format_steadiness(metrics: Mapping[str, Any]) -> str:
    """How steady videos are, and how they drift, as lines of text."""
    answers = (MODEL, COPY_REFERENCE, COPY_PREVIOUS, TRUTH)
    video = metrics['video']
    rows = {words: video[name] for name, words in _STEADINESS.items() if name in video}
    rows.update({f'L1 of frame {number}': values for number, values in video['drift'].items()})
    rows.update({f'landmarks: {part}': values for part, values in metrics.get('landmarks', {}).items()})
    width = max(map(len, rows)) + 2
    lines = [f'{"lower is better":<{width}}' + ''.join(f'{answer.replace("_", " "):>16}' for answer in answers)]
    for words, values in rows.items():
        numbers = [values.get(answer) for answer in answers]
        lines.append(f'{words:<{width}}' + ''.join(f'{"-":>16}' if one is None else f'{one:16.4f}' for one in numbers))
    return '\n'.join(lines)


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
