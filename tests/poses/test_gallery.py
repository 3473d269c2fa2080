import json

import numpy as np
import pytest

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.poses import gallery
from tests.run_folders import person
from tests.source_code import read


def test_poses_are_those_of_the_page_for_phones():
    assert json.loads(read('posewarp_tf/poses/gallery.json')) == json.loads(read('exports/mobile/page/poses.json'))


def test_poses_stand_in_their_picture_upright():
    for title, pose in gallery.gallery_poses().items():
        seen = pose[np.any(pose != MISSING, axis=-1)]
        height, width = gallery.GALLERY_SIZE
        assert len(seen) >= 16 and np.all(seen >= 0) and np.all(seen < [width, height]), title
        nose, right_ankle = (pose[JOINT_NAMES.index(name)] for name in ('nose', 'right_ankle'))
        assert nose[1] < 0.4 * height < 0.8 * height < right_ankle[1], title


def test_a_pose_is_at_no_distance_from_itself_wherever_and_however_large_it_stands():
    pose = person((200, 100))
    assert gallery.pose_distance(pose, 3 * pose + 40) == pytest.approx(0, abs=1e-5)


def test_distance_is_the_mean_displacement_in_parts_of_the_height():
    pose = person((200, 100))
    height, moved = np.ptp(pose[:, 1]), pose.copy()
    # The forearm, 30 pixels long in this picture, turns over the elbow: only the wrist moves, by twice its length.
    elbow, wrist = (JOINT_NAMES.index(name) for name in ('right_elbow', 'right_wrist'))
    moved[wrist] = 2 * pose[elbow] - pose[wrist]
    forearm = np.linalg.norm(pose[wrist] - pose[elbow])
    assert gallery.pose_distance(pose, moved) == pytest.approx(2 * forearm / height / 18, rel=1e-3)


def test_names_of_distances_grow_with_them():
    names = [gallery.distance_name(value) for value in (0, gallery.NEAR, gallery.NEAR + 1e-6, gallery.MIDDLE, 0.3)]
    assert names == ['near', 'near', 'middle', 'middle', 'far']


def test_raised_arms_are_farther_from_standing_than_a_hand_on_the_hip():
    poses = gallery.gallery_poses()
    distances = [
        gallery.pose_distance(poses['Standing'], poses[title]) for title in ('Hand on hip', 'Waving', 'Arms up')
    ]
    assert distances == sorted(distances)
    assert [gallery.distance_name(distance) for distance in distances] == ['near', 'near', 'far']
