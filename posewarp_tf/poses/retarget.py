"""Whose body? A target pose is another person's: moved, or rebuilt, so that the person of the photo strikes it.

    none     the target's joints as they are
    place    the whole target, scaled to the size of the source person and shifted to where that person is:
             s (x - a) + b, a and b the centres of the hips of target and source
    limbs    the source's limbs in the target's directions, from the hips outwards:
             child = parent + (source's full length / target's full length) * (target's child - target's parent)

A limb that the target shows short, because it points at the camera, is short in the answer in the same proportion; how
long limbs are is estimated in body_lengths.py. The head is one piece, as large as the source's; it turns as the
target's, or stays as it is in the photo (own_face.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import MISSING, NUM_JOINTS
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.poses.body_lengths import (
    ANKLES,
    FACE,
    HEAD,
    HIPS,
    LIMBS,
    NECK,
    NOSE,
    NUM_LONG,
    full_lengths,
    longest_views,
    relative_sizes,
    seen_lengths,
    standing_ankle,
    with_centres,
)
from posewarp_tf.poses.joints import check_joints
from posewarp_tf.poses.own_face import JOINTS_OF_FACE, with_own_face

RETARGET_MODES = ('none', 'place', 'limbs')

# A frame that shows so many of the long limbs of the source, and the hips, is enough to know size and place from.
_ENOUGH_LIMBS = 3
# Where two people are laid upon each other.
_CENTRES = {'the hips': (HIPS,), 'the neck': (NECK,), 'the joints that both have': tuple(range(NUM_JOINTS))}
# From the trunk outwards: the limbs' names, the neck last.
_OUTWARDS = (*list(LIMBS)[NUM_LONG:], *list(LIMBS)[1:NUM_LONG])


class _Step(NamedTuple):
    """The point before another one, and the row in LIMBS of what connects them."""

    parent: int
    limb: int


def _steps(root: int, other: int) -> dict[int, _Step]:
    """By the point that each leads to, from the root of the trunk outwards."""
    names = list(LIMBS)
    steps = {other: _Step(root, 0)}
    for name in _OUTWARDS:
        steps |= {HEAD if name == 'neck' else end: _Step(start, names.index(name)) for start, end in LIMBS[name][0]}
    return steps


_FROM_HIPS, _FROM_NECK = _steps(HIPS, NECK), _steps(NECK, HIPS)


def retarget(source_keypoints: np.ndarray, target_keypoints: np.ndarray, mode: str) -> np.ndarray:
    """The target pose for the source person, float32 [18, 2]; of one pose what `Retargeter` is of many."""
    return Retargeter(source_keypoints, target_keypoints, mode)(target_keypoints)


class Retargeter:
    """Target poses for one source person; size and place are found once, so that motion through space is kept.

    Joints are float32 [18, 2], (x, y), missing (-1, -1). Source and target may be in pixels of different pictures of
    any size: the answer is in pixels of the source's ('none': of the target's). A joint is missing in the answer where
    it is missing in the target, and only there, but for the face of a head that stays as in the photo (own_face.py).
    One that leaves the picture keeps its numbers, which may be negative or beyond its size.

    'place': the scale is the median, over the limbs that both show, of the ratios of their lengths. Hips' centres
    agree; where one of the two lacks hips, the necks; else the means of the joints that both have.
    'limbs': directions are the target's, lengths the source's, of which those that the photo does not show follow from
    people's proportions. What hangs on a joint that is missing is built from the nearest joint before it. If source
    and frame of reference show the foot that stands, it is as high in that frame as in the source, and in others as
    much higher as 'place' puts it: feet stay on the ground of the photo.

    words: on what the answer rests, for the user.
    """

    def __init__(
        self, source_keypoints: np.ndarray, target_keypoints: np.ndarray, mode: str, head: str = 'pose'
    ) -> None:
        """Finds size, place and lengths.

        Args:
            source_keypoints: [18, 2] of the person of the photo.
            target_keypoints: [18, 2], or [frames, 18, 2] of a sequence. Size and place are taken from its first
                frame with hips and three long limbs, or else from the frame that shows most; limbs' full lengths of
                the target from the longest views of all frames (90th percentile, apart from the size of the person).
            mode: one of `RETARGET_MODES`.
            head: one of own_face.HEADS; 'photo': the source's head, which looks where it looks in the photo.

        Raises:
            ConfigError: another mode.
            DataError: source or target shows no limb, or they have no joint in common.
        """
        if mode not in RETARGET_MODES:
            raise ConfigError(f'--retarget: got {mode!r}, expected one of {", ".join(RETARGET_MODES)}')
        self._mode, self._head = mode, head
        self.words = "the target's joints as they are"
        if mode == 'none':
            return
        self._source = source = with_centres(check_joints(source_keypoints, 'the source person'))
        targets = with_centres(target_keypoints).reshape(-1, HEAD + 1, 2)
        ours, theirs = seen_lengths(source), seen_lengths(targets)
        frame = _reference(source, targets, ours > 0, theirs > 0)
        sizes = relative_sizes(theirs, theirs[frame])
        self._source_lengths, self._target_lengths = full_lengths(ours), full_lengths(longest_views(theirs, sizes))
        both = _that_tell_size((ours > 0) & (theirs[frame] > 0))
        ratios = self._source_lengths / self._target_lengths
        self._scale, self._head_ratio = float(np.median(ratios[both])), float(ratios[-1])
        self._centre, self._from, self._to = _centres(targets[frame], source)
        placed = self._placed(targets[frame])
        self._source_stands, self._rise = _rise_to_ground(source, placed)
        # What 'limbs' adds to 'place' in the frame of reference: for frames without ankles, without hips.
        self._drop, self._differences = 0.0, np.zeros_like(source)
        built = self._built(targets[frame])
        self._drop = self._ground_drop(built, placed)
        self._differences = np.nan_to_num(built - placed)
        self.words = f'the target at {self._scale:.2f} of its size, placed by {self._centre}'
        self.words += f' as in frame {frame}' if len(targets) > 1 else ''
        if mode == 'limbs':
            unseen = [name for name, length in zip(LIMBS, ours) if not length > 0]
            self.words += ", with the source's limbs"
            self.words += f' (by proportions, not seen in the source: {", ".join(unseen)})' if unseen else ''

    @property
    def scale(self) -> float:
        """What sizes of the target's picture are multiplied by, not of 'none'."""
        return self._scale

    @property
    def shift(self) -> np.ndarray:
        """[2], what is then added: `x * scale + shift` is where 'place' puts a pixel x of the target's picture."""
        return self._to - self._scale * self._from

    def __call__(self, target_keypoints: np.ndarray) -> np.ndarray:
        """One target pose [18, 2] for the source person, float32 [18, 2]."""
        keypoints = np.asarray(target_keypoints, np.float32)
        if self._mode == 'none':
            return keypoints.copy()
        points = with_centres(keypoints)
        moved = placed = self._placed(points)
        if self._mode == 'limbs':
            moved = self._built(points)
            moved[:, 1] += self._ground_drop(moved, placed)
        missing = np.all(keypoints == MISSING, axis=-1, keepdims=True)
        if self._head == 'photo':
            moved = with_own_face(moved, self._source, self._source_lengths[-1])
            missing[JOINTS_OF_FACE] = np.isnan(moved[JOINTS_OF_FACE, :1])
        return np.where(missing, MISSING, moved[:NUM_JOINTS]).astype(np.float32)

    def _placed(self, points: np.ndarray) -> np.ndarray:
        return (points - self._from) * self._scale + self._to

    def _built(self, points: np.ndarray) -> np.ndarray:
        """Points [20, 2] from the trunk outwards; a part that hangs on nothing is where 'place' puts it."""
        placed, built = self._placed(points), np.full_like(points, np.nan)
        root = NECK if self._centre == 'the neck' or np.isnan(points[HIPS, 0]) else HIPS
        steps = _FROM_NECK if root == NECK else _FROM_HIPS
        for child in (root, *steps):
            limbs, parent = [], child
            while parent in steps and np.isnan(built[parent, 0]):
                limbs.append(steps[parent].limb)
                parent = steps[parent].parent
            if np.isnan(built[parent, 0]):
                built[child] = placed[child] + self._differences[child]
            else:
                ratio = self._source_lengths[limbs].sum() / self._target_lengths[limbs].sum()
                built[child] = built[parent] + ratio * (points[child] - points[parent])
        for joint in (NOSE, *FACE):
            built[joint] = built[HEAD] + self._head_ratio * (points[joint] - points[HEAD])
        return built

    def _ground_drop(self, built: np.ndarray, placed: np.ndarray) -> float:
        """How far the body is moved down for its lowest ankle to stand on the ground of the photo."""
        seen = ~np.isnan(built[ANKLES, 1])
        if not self._source_stands or not seen.any():
            return self._drop
        return float(placed[ANKLES, 1][seen].max() + self._rise - built[ANKLES, 1][seen].max())


def _rise_to_ground(source: np.ndarray, placed: np.ndarray) -> tuple[bool, float]:
    """Whether the source [20, 2] shows an ankle; how much lower its foot on the ground is than a placed target's."""
    rise = standing_ankle(source) - standing_ankle(placed)
    return not np.isnan(source[ANKLES, 1]).all(), 0.0 if np.isnan(rise) else rise


def _reference(source: np.ndarray, targets: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> int:
    """The frame that tells size and place; `ours` [9] and `theirs` [frames, 9] say which lengths are seen."""
    for who, seen in (('source person', ours), ('target pose', theirs)):
        if not seen.any():
            raise DataError(
                f'--retarget: the {who} shows no limb, expected two joints that follow each other, as shoulder and '
                'elbow: take another picture, or --retarget=none'
            )
    common = ours & theirs
    has_hips = ~np.isnan(source[HIPS, 0] + targets[:, HIPS, 0])
    enough = has_hips & (common[:, :NUM_LONG].sum(axis=-1) >= _ENOUGH_LIMBS)
    if enough.any():
        return int(np.argmax(enough))
    return int(np.argmax(100 * common.sum(axis=-1) + theirs.sum(axis=-1)))


def _that_tell_size(common: np.ndarray) -> np.ndarray:
    """Of the lengths [9] that both show those of long limbs, or else all of them; without any, all there are."""
    is_long = np.arange(len(common)) < NUM_LONG
    for limbs in (common & is_long, common):
        if limbs.any():
            return limbs
    return np.ones_like(common)


def _centres(target: np.ndarray, source: np.ndarray) -> tuple[str, np.ndarray, np.ndarray]:
    """What target and source [20, 2] are laid upon each other by, in words, and where it is in each."""
    for words, joints in _CENTRES.items():
        both = [joint for joint in joints if not np.isnan(target[joint] + source[joint]).any()]
        if both:
            return words, target[both].mean(axis=0), source[both].mean(axis=0)
    raise DataError(
        '--retarget: source person and target pose have no joint in common, expected hips, neck or any other: take '
        'another pose, or --retarget=none'
    )
