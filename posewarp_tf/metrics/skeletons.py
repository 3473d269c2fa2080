"""Scores of motion extraction on the test sequences, beside what smoothing in time alone makes of them."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.data.skeleton_files import load_skeletons
from posewarp_tf.inference.cleaning import SkeletonCleaner
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, LIMBS, fill_skeletons, found_joints, from_skeletons
from posewarp_tf.runs.run_folder import RunFolder

# Frames that a moving average is over; the best on the test sequences themselves is taken.
WINDOWS = (1, 3, 5, 7, 9, 13, 17, 25)
# Parts of a person's height.
_NOISY = 0.1


def evaluate_skeletons(
    run_dir: str | os.PathLike,
    data_dir: str | None = None,
    checkpoint: str = 'best',
    max_sequences: int | None = None,
    output_dir: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Evaluates a run folder of motion extraction; writes its metrics.json and returns what that holds.

    Errors are mean distances of the twelve joints of arms and legs, which noisy and clean skeletons share, in pixels of
    the model's size; jitter is the mean length of the second difference in time, per frame^2.

    'where_noisy' are joints that were not found, or found a tenth of the person's height away. 'moving_average' fills
    gaps in straight lines first; 'average_as_found' averages what the estimator wrote.

    Returns:
        {'joints': {'error', 'error_where_found', 'error_where_noisy', 'jitter':
                    {'model', 'moving_average', 'average_as_found', 'noisy', 'truth' (of jitter)}},
         'protocol': what these numbers mean}

    Raises:
        RunError, DataError: the run folder or the data cannot be used.
    """
    cleaner = SkeletonCleaner(run_dir, checkpoint)
    config = cleaner.config
    size = config.model.image_size
    sequences = load_skeletons(data_dir or config.data.data_dir, 'test')
    kept: list[dict[str, np.ndarray]] = []
    averages: dict[int, list[np.ndarray]] = {window: [] for window in WINDOWS}
    plain: dict[int, list[np.ndarray]] = {window: [] for window in WINDOWS}
    places = list(zip(sequences.starts, sequences.lengths))
    if max_sequences is not None and max_sequences < len(places):
        places = [places[i] for i in np.linspace(0, len(places) - 1, max_sequences).round().astype(int)]
    for start, length in tqdm(places, desc='evaluate', unit='sequence'):
        noisy = sequences.noisy[start : start + length]
        joints = {
            'truth': _limbs(sequences.truth[start : start + length], HUMAN36M_17, size),
            'noisy': _limbs(noisy, COCO_17, size),
            'model': _limbs(cleaner.clean(noisy), HUMAN36M_17, size),
        }
        found = _found(noisy)
        height = np.median(np.ptp(joints['truth'][..., 1], axis=1))
        far = np.linalg.norm(joints['noisy'] - joints['truth'], axis=-1) > _NOISY * height
        kept.append({**joints, 'all': np.ones_like(found), 'found': found, 'off': far | ~found})
        filled = _limbs(fill_skeletons(noisy), COCO_17, size)
        for window in WINDOWS:
            averages[window].append(moving_average(filled, window))
            plain[window].append(moving_average(joints['noisy'], window))
    best, best_plain = (_best_window(paths, kept) for paths in (averages, plain))
    answers = {name: [one[name] for one in kept] for name in ('model', 'noisy')}
    answers.update(moving_average=averages[best], average_as_found=plain[best_plain])
    scores = {
        score: {name: _mean_error(paths, kept, where) for name, paths in answers.items()}
        for score, where in (('error', 'all'), ('error_where_found', 'found'), ('error_where_noisy', 'off'))
    }
    scores['jitter'] = {
        name: _mean_jitter(paths) for name, paths in {**answers, 'truth': [one['truth'] for one in kept]}.items()
    }
    run = cleaner.run
    metrics = {
        'joints': scores,
        'protocol': {
            'weights': {'checkpoint': checkpoint, 'file': os.path.relpath(cleaner.checkpoint_path, run.path)},
            'data_dir': data_dir or config.data.data_dir,
            'num_sequences': len(kept),
            'num_frames': int(sum(length for _, length in places)),
            'joints': list(LIMBS),
            'moving_average': f'{best} frames, the best of {", ".join(map(str, WINDOWS))}; as found {best_plain}',
            'share_noisy': float(np.mean(np.concatenate([one['off'].ravel() for one in kept]))),
            'unit': f'pixels of {size[0]}x{size[1]}',
            'notes': run.notes(),
        },
    }
    output = run if output_dir is None else RunFolder(output_dir)
    files.write_text(output.metrics_path, json.dumps(metrics, indent=2, allow_nan=False) + '\n')
    return metrics


def format_skeleton_table(metrics: dict[str, Any]) -> str:
    """The scores as lines of text."""
    columns = ('model', 'moving_average', 'average_as_found', 'noisy', 'truth')
    lines = [f'{"":<20}' + ''.join(f'{name.replace("_", " "):>18}' for name in columns)]
    for score, values in metrics['joints'].items():
        cells = (f'{values[name]:18.3f}' if name in values else f'{"":>18}' for name in columns)
        lines.append(f'{score.replace("_", " "):<20}' + ''.join(cells))
    for score in ('error', 'error_where_noisy'):
        values = metrics['joints'][score]
        share = values['model'] / max(values['moving_average'], 1e-9)
        lines.append(f'{score.replace("_", " ")} of the model / of the moving average: {share:.1%}')
    return '\n'.join(lines)


def moving_average(paths: np.ndarray, window: int) -> np.ndarray:
    """Paths [frames, joints, 2], each frame the mean of the `window` (odd) around it; fewer at the ends."""
    frames, reach = np.arange(len(paths)), window // 2
    sums = np.concatenate([np.zeros_like(paths[:1], np.float64), np.cumsum(paths, axis=0, dtype=np.float64)])
    first, end = np.maximum(frames - reach, 0), np.minimum(frames + reach + 1, len(paths))
    return (sums[end] - sums[first]) / (end - first)[:, np.newaxis, np.newaxis]


def _found(noisy: np.ndarray) -> np.ndarray:
    """bool [frames, limbs]."""
    return found_joints(noisy)[:, [COCO_17.index(name) for name in LIMBS]]


def _limbs(skeletons: np.ndarray, order: tuple[str, ...], size: tuple[int, int]) -> np.ndarray:
    return from_skeletons(skeletons, size)[:, [order.index(name) for name in LIMBS]]


def _mean_error(paths: list[np.ndarray], kept: list[dict[str, np.ndarray]], where: str) -> float:
    errors = [np.linalg.norm(path - one['truth'], axis=-1) for path, one in zip(paths, kept)]
    chosen = np.concatenate([error[one[where]] for error, one in zip(errors, kept)])
    # Clean input has no noisy joints, whose mean would be no number.
    return float(np.mean(chosen)) if len(chosen) else 0.0


def _best_window(paths: dict[int, list[np.ndarray]], kept: list[dict[str, np.ndarray]]) -> int:
    errors = {window: _mean_error(paths[window], kept, 'all') for window in WINDOWS}
    return min(errors, key=lambda window: errors[window])


def _mean_jitter(paths: list[np.ndarray]) -> float:
    seconds = [np.linalg.norm(np.diff(path, n=2, axis=0), axis=-1).ravel() for path in paths]
    return float(np.mean(np.concatenate(seconds)))
