"""One drawn person before a camera that does not move: pictures, joints and exact flow of any frames."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from posewarp_tf.synthetic.drawn import geometry
from posewarp_tf.synthetic.drawn.backgrounds import Background
from posewarp_tf.synthetic.drawn.figure import Skeleton, pose_skeleton
from posewarp_tf.synthetic.drawn.person import Person
from posewarp_tf.synthetic.drawn.pose import Pose
from posewarp_tf.synthetic.drawn.render import Camera, Picture, render
from posewarp_tf.synthetic.movements import POINTS, skeleton_points
from posewarp_tf.synthetic.skeletons import disturbed

# The tallest and widest figure fills this part of the picture.
_FILLED = 0.93


@dataclasses.dataclass(frozen=True, eq=False)
class Film:
    """Poses one after the other of one person before one background; `size` is height and width.

    `render.exact_flow(film.picture(i), film.picture(j))` is the exact flow from frame j to frame i.
    """

    person: Person
    poses: list[Pose]
    background: Background
    size: tuple[int, int]

    def picture(self, frame: int) -> Picture:
        """Frame number `frame` with everything that is known about its pixels."""
        return render(self.person, self.poses[frame], self.size, self.background, self._camera(frame))

    def clean_joints(self) -> np.ndarray:
        """float64 [frames, 17, 2] (x, y) in pixels and Human3.6M's order, of the skeleton itself: hidden ones too."""
        return self.joints(HUMAN36M_17)

    def found_joints(self, rng: np.random.Generator, keypoints: np.ndarray) -> list[np.ndarray | None]:
        """For each frame what an estimator finds, float64 [18, 2] with missing (-1, -1), or None for nobody.

        It is the truth disturbed as in synthetic/skeletons.py. Joints that are hidden in `keypoints` [frames, 18, 2],
        those that the pictures show, are not found, nor what the noise takes out of the picture; the neck is halfway
        between the shoulders.
        """
        noisy, nobody = disturbed(rng, self.joints(COCO_17))
        found = np.full((len(noisy), len(JOINT_NAMES), 2), MISSING)
        found[:, [JOINT_NAMES.index(name) for name in COCO_17]] = noisy
        found[np.any((found <= 0) | (found > np.array(self.size[::-1]) - 1), axis=-1)] = MISSING
        found[np.all(keypoints == MISSING, axis=-1)] = MISSING
        shoulders = found[:, [JOINT_NAMES.index(f'{side}_shoulder') for side in ('left', 'right')]]
        both = np.all(shoulders != MISSING, axis=(1, 2))
        neck = np.where(both[:, np.newaxis], shoulders.mean(axis=1), MISSING)
        found[:, JOINT_NAMES.index('neck')] = neck
        return [None if empty else joints for joints, empty in zip(found, nobody)]

    def joints(self, names: tuple[str, ...]) -> np.ndarray:
        """float64 [frames, names, 2] (x, y) in pixels of these points of the skeleton, hidden or not."""
        chosen = [POINTS.index(name) for name in names]
        points = [skeleton_points(skeleton)[chosen] for skeleton in self._skeletons]
        return np.stack([self._camera(frame).project(some)[:, :2] for frame, some in enumerate(points)])

    def _camera(self, frame: int) -> Camera:
        """The one camera; a figure that goes aside is as one that stands before a camera which went the other way."""
        scale, x, y = self._view
        shift = self.poses[frame].shift
        height = self.size[0]
        return Camera(scale, x + shift[0] * height, y + shift[1] * height, self._turn)

    @functools.cached_property
    def _skeletons(self) -> list[Skeleton]:
        return [pose_skeleton(self.person.body, pose) for pose in self.poses]

    @functools.cached_property
    def _turn(self) -> np.ndarray:
        return geometry.rotation(geometry.X_AXIS, self.person.camera_pitch)

    @functools.cached_property
    def _view(self) -> tuple[float, float, float]:
        """Pixels per metre, and where the point on the floor below the hips is, so that every frame is inside."""
        height, width = self.size
        limbs = [limb for one in self._skeletons for limb in (*one.arms.values(), *one.legs.values())]
        points = [limb.joints[-1] for limb in limbs] + [np.array([0.0, self.person.body.height, 0.0]), np.zeros(3)]
        across, up, _ = (np.stack(points) @ self._turn.T).T
        aside = height * max(abs(pose.shift[0]) for pose in self.poses)
        scale = min(
            height / 2.02,
            _FILLED * height / np.ptp(up),
            (_FILLED * width / 2 - aside) / (np.abs(across).max() + 0.05),
        )
        return scale, (width - 1) / 2, (height - 1) / 2 + scale * (up.max() + up.min()) / 2
