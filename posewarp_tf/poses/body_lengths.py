"""How long the limbs of a person are, estimated from joints in a picture, where limbs may point at the camera.

A picture shows a limb at most as long as it is, so that the longer one of a left and a right limb is nearer to the
truth, and of a sequence the longest views of each. What is hidden in every view follows from the proportions of people.
All lengths are in pixels of the picture that the joints are in, NaN where nothing shows them.
"""

from __future__ import annotations

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING, NUM_JOINTS

NOSE, NECK = JOINT_NAMES.index('nose'), JOINT_NAMES.index('neck')
FACE = tuple(JOINT_NAMES.index(name) for name in ('right_eye', 'left_eye', 'right_ear', 'left_ear'))
ANKLES = tuple(JOINT_NAMES.index(name) for name in ('right_ankle', 'left_ankle'))
KNEES = tuple(JOINT_NAMES.index(name) for name in ('right_knee', 'left_knee'))
# Points beside the joints: halfway between the hips; the nose or, where it is missing, the middle of eyes and ears.
HIPS, HEAD = NUM_JOINTS, NUM_JOINTS + 1


def _sides(first: str, second: str) -> tuple[tuple[int, int], ...]:
    """The ends of a limb on the right and on the left; a centre is one point for both."""
    centres = {'neck': NECK, 'hips': HIPS}
    right, left = (
        tuple(centres[name] if name in centres else JOINT_NAMES.index(f'{side}_{name}') for name in (first, second))
        for side in ('right', 'left')
    )
    return (right[0], right[1]), (left[0], left[1])


# Each limb: its two ends on either side, and its length as a share of a person's height. Trunk, arms and legs are
# Drillis' and Contini's segments (1966); widths are between the centres of joints, and the neck ends at the nose: ours.
LIMBS: dict[str, tuple[tuple[tuple[int, int], ...], float]] = {
    'torso': (((HIPS, NECK),), 0.288),
    'upper arm': (_sides('shoulder', 'elbow'), 0.186),
    'lower arm': (_sides('elbow', 'wrist'), 0.146),
    'upper leg': (_sides('hip', 'knee'), 0.245),
    'lower leg': (_sides('knee', 'ankle'), 0.246),
    'half of the shoulders': (_sides('neck', 'shoulder'), 0.11),
    'half of the hips': (_sides('hips', 'hip'), 0.055),
    'neck': (((NECK, NOSE),), 0.1),
}
# The limbs that tell a person's size: those after them get short when the body turns or the head bows.
NUM_LONG = 5
# Beside the limbs the head, by the distance of its ears: the last of all lengths.
_EARS_SHARE = 0.088
PROPORTIONS = np.array([*(share for _, share in LIMBS.values()), _EARS_SHARE])

# A limb that looks shorter than this share of what its owner's other limbs let expect points at the camera.
_LEAST_SHARE = 0.85
# Of the ratios of a person's limbs to the proportions: views only shorten, so that the larger ones are truer.
_SIZE_QUANTILE = 0.75
# Of a sequence: not the maximum, which is an estimator's slip.
_FRAMES_QUANTILE = 0.9

# Distances in a head, in units of that between the ears; the short ones tell less.
_LONG_PAIRS = {
    ('right_ear', 'left_ear'): 1.0,
    ('nose', 'right_ear'): 0.85,
    ('nose', 'left_ear'): 0.85,
    ('right_eye', 'right_ear'): 0.63,
    ('left_eye', 'left_ear'): 0.63,
}
_SHORT_PAIRS = {('right_eye', 'left_eye'): 0.42, ('nose', 'right_eye'): 0.32, ('nose', 'left_eye'): 0.32}


def with_centres(keypoints: np.ndarray) -> np.ndarray:
    """Joints [..., 18, 2], missing (-1, -1), and the points `HIPS` and `HEAD` as float64 [..., 20, 2], missing NaN.

    A neck that is missing is halfway between the shoulders.
    """
    keypoints = np.asarray(keypoints, np.float64)
    seen = np.any(keypoints != MISSING, axis=-1, keepdims=True)
    joints = np.where(seen, keypoints, np.nan)
    shoulders, hips = (
        joints[..., [JOINT_NAMES.index(f'{side}_{name}') for side in ('right', 'left')], :].mean(axis=-2)
        for name in ('shoulder', 'hip')
    )
    joints[..., NECK, :] = np.where(np.isnan(joints[..., NECK, :]), shoulders, joints[..., NECK, :])
    face = joints[..., FACE, :]
    num_seen = np.sum(~np.isnan(face), axis=-2)
    middle = np.where(num_seen > 0, np.nansum(face, axis=-2) / np.maximum(num_seen, 1), np.nan)
    head = np.where(np.isnan(joints[..., NOSE, :]), middle, joints[..., NOSE, :])
    return np.concatenate([joints, hips[..., np.newaxis, :], head[..., np.newaxis, :]], axis=-2)


def seen_lengths(points: np.ndarray) -> np.ndarray:
    """Of points [..., 20, 2] the lengths [..., 9] that the picture shows: of limbs, the longer one of left and right.

    The last one is of the head: the distance of its ears, or what it would be by the distances of other joints of the
    face. Each is divided by the one in a head seen from where it is longest, and the largest hardly changes when the
    head turns.
    """
    sides = [[_distance(points, pair) for pair in pairs] for pairs, _ in LIMBS.values()]
    near, far = (
        np.fmax.reduce([_distance(points, _indices(pair)) / share for pair, share in pairs.items()])
        for pairs in (_SHORT_PAIRS, _LONG_PAIRS)
    )
    head = np.where(np.isnan(far), near, far)
    return np.stack([*(np.fmax.reduce(lengths) for lengths in sides), head], axis=-1)


def relative_sizes(lengths: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """How large the person of each row [frames, 9] is beside `reference` [9]: the median over what both show."""
    with np.errstate(divide='ignore', invalid='ignore'):
        ratios = lengths / reference
    ratios[~(np.isfinite(ratios) & (ratios > 0))] = np.nan
    return np.array([np.median(row[~np.isnan(row)]) if np.any(~np.isnan(row)) else np.nan for row in ratios])


def longest_views(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Of values [frames, n] one per column, [n]: the 90th percentile of those that show it, divided by `sizes`."""
    columns = (column[~np.isnan(column)] for column in (values / sizes[:, np.newaxis]).T)
    return np.array([np.quantile(column, _FRAMES_QUANTILE) if len(column) else np.nan for column in columns])


def full_lengths(lengths: np.ndarray) -> np.ndarray:
    """Estimated lengths [9], none NaN, from seen ones, of which at least one is more than 0.

    A limb that is seen keeps its length, but has at least 85% of what the proportions let expect beside the person's
    longer limbs; one that is not seen has its share of what the others let expect in the median.
    """
    heights = lengths / PROPORTIONS
    known = heights[heights > 0]
    least = _LEAST_SHARE * np.quantile(known, _SIZE_QUANTILE) * PROPORTIONS
    return np.where(np.isnan(lengths), np.median(known) * PROPORTIONS, np.fmax(lengths, least))


def _indices(names: tuple[str, str]) -> tuple[int, int]:
    return JOINT_NAMES.index(names[0]), JOINT_NAMES.index(names[1])


def _distance(points: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    return np.linalg.norm(points[..., pair[1], :] - points[..., pair[0], :], axis=-1)


def standing_ankle(points: np.ndarray) -> float:
    """How far down the lowest ankle of [20, 2] is; nan if none is seen, or the one that is not may well be lower."""
    ankles, knees = points[ANKLES, 1], points[KNEES, 1]
    hidden = np.isnan(ankles)
    if not hidden.any() or hidden.all():
        return float(ankles.max())
    # Of somebody who stands on both feet an ankle is a whole lower leg below the knee of the other side.
    lower_leg = np.linalg.norm(points[ANKLES, :] - points[KNEES, :], axis=-1)[~hidden][0]
    is_raised = ankles[~hidden][0] < knees[hidden][0] + 0.5 * np.nan_to_num(lower_leg)
    return np.nan if is_raised else float(ankles[~hidden][0])
