"""Joints over time as a person moves them: slips are taken out, short gaps filled, trembling smoothed away."""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING

# At 25 frames per second, a fifth of a second: an estimator's slip; a joint is hidden for longer.
MAX_GAP = 5

# A smoothed joint follows the frames within so many seconds before and after: at 25 frames per second three of each.
_REACH = 0.12
# A parabola keeps the height of a movement that turns within the window, where a mean would flatten it.
_DEGREE = 2
# A joint farther from the middle of its neighbours in time than this part of the body's diagonal was found elsewhere.
_SLIP = 0.25


def smoothed(keypoints: np.ndarray, fps: float) -> tuple[np.ndarray, list[str]]:
    """Without slips (`without_slips`), with short gaps filled (`fill_gaps`) and each joint's path smoothed (`smooth`).

    Args:
        keypoints: float32 [frames, 18, 2], missing (-1, -1).
        fps: frames per second.

    Returns:
        The same smoothed, and words on each joint that was filled.
    """
    filled, lines = fill_gaps(without_slips(keypoints))
    return smooth(filled, fps), lines


def smooth(keypoints: np.ndarray, fps: float) -> np.ndarray:
    """Each coordinate at each time from a parabola, fitted by least squares to the frames 0.12 s before and after.

    This is the filter of Savitzky and Golay (1964): it has no lag, and movements at constant speed or acceleration pass
    unchanged. Of 2 m + 1 frames in the window, trembling that is independent in each frame has its deviation multiplied
    by sqrt(3 (3 m^2 + 3 m - 1) / ((4 m^2 - 1) (2 m + 3))), 0.58 at 25 frames per second, m = 3. At the ends and
    beside gaps the nearest window's parabola serves. Pieces of fewer than 5 frames stay as they are.

    Args:
        keypoints: float32 [frames, 18, 2], missing (-1, -1); missing joints stay missing.
        fps: frames per second.
    """
    result = keypoints.copy()
    window = 2 * max(round(_REACH * fps), 2) + 1
    for joint in range(keypoints.shape[1]):
        for first, last in runs(np.any(keypoints[:, joint] != MISSING, axis=-1)):
            path = keypoints[first : last + 1, joint].astype(np.float64)
            width = min(window, len(path) - 1 + len(path) % 2)
            if width >= 5:
                result[first : last + 1, joint] = _fitted(path, width)
    return result


def without_slips(keypoints: np.ndarray) -> np.ndarray:
    """Joints that were found elsewhere for a frame or two are missing there.

    Elsewhere is farther from the median of five frames than a quarter of the body's diagonal (its median over time).
    """
    result = keypoints.copy()
    limit = _SLIP * float(np.median([diagonal(pose) for pose in keypoints])) if len(keypoints) else 0.0
    present = np.any(keypoints != MISSING, axis=-1)
    for frame in range(len(keypoints)):
        around = slice(max(frame - 2, 0), frame + 3)
        for joint in np.flatnonzero(present[frame] & (np.sum(present[around], axis=0) >= 3)):
            middle = np.median(keypoints[around, joint][present[around, joint]], axis=0)
            if np.linalg.norm(keypoints[frame, joint] - middle) > limit > 0:
                result[frame, joint] = MISSING
    return result


def fill_gaps(keypoints: np.ndarray, max_gap: int = MAX_GAP) -> tuple[np.ndarray, list[str]]:
    """Joints that are missing in at most `max_gap` frames in a row, taken from the frames around them.

    Between two frames that have the joint it moves in a straight line at constant speed; at the beginning and the
    end of the sequence it stays where it is next seen.

    Args:
        keypoints: float32 [frames, 18, 2], missing (-1, -1).

    Returns:
        The filled keypoints, and for each joint that was filled a line with the frames, counted from 0.
    """
    filled = keypoints.copy()
    lines = []
    frames = np.arange(len(keypoints))
    for joint, name in enumerate(JOINT_NAMES):
        present = np.any(keypoints[:, joint] != MISSING, axis=-1)
        if not present.any():
            continue
        gaps = [(first, last) for first, last in runs(~present) if last - first < max_gap]
        for first, last in gaps:
            for axis in range(2):
                filled[first : last + 1, joint, axis] = np.interp(
                    frames[first : last + 1], frames[present], keypoints[present, joint, axis]
                )
        if gaps:
            shown = ', '.join(str(first) if first == last else f'{first}-{last}' for first, last in gaps)
            lines.append(f'{name} in frame {shown}' if gaps == [(gaps[0][0],) * 2] else f'{name} in frames {shown}')
    return filled, lines


def hold(keypoints: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Frames without any joint take the pose of the last frame that has one, at the beginning of the next such frame.

    Args:
        keypoints: float32 [frames, 18, 2], missing (-1, -1), with a joint in some frame.

    Returns:
        The keypoints, and (first, last) of each run of frames that was filled.
    """
    empty = is_empty(keypoints)
    frames = np.arange(len(keypoints))
    last_seen = np.maximum.accumulate(np.where(empty, -1, frames))
    return keypoints[np.where(last_seen < 0, np.argmin(empty), last_seen)], runs(empty)


def is_empty(keypoints: np.ndarray) -> np.ndarray:
    """bool [frames], whether a frame of [frames, 18, 2] has no joint."""
    return np.all(keypoints == MISSING, axis=(1, 2))


def diagonal(pose: np.ndarray) -> float:
    """Of the box around the joints [18, 2] that are there; 0 if there are none."""
    present = pose[np.any(pose != MISSING, axis=-1)]
    return float(np.linalg.norm(np.ptp(present, axis=0))) if len(present) else 0.0


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """(first, last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2])]


def _fitted(path: np.ndarray, width: int) -> np.ndarray:
    """A path [n, 2] through a window of an odd `width` <= n."""
    reach = width // 2
    powers = np.vander(np.linspace(-1, 1, width), _DEGREE + 1)
    # Row i: what the values in the window give at its i-th place.
    weights = powers @ np.linalg.pinv(powers)
    inner = np.lib.stride_tricks.sliding_window_view(path, width, axis=0) @ weights[reach]
    return np.concatenate([weights[:reach] @ path[:width], inner, weights[reach + 1 :] @ path[-width:]])
