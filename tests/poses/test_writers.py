"""Files of poses: what is written is read back as it was."""

import json

import numpy as np

from posewarp_tf.poses.annotations import read_annotations
from posewarp_tf.poses.readers import read_keypoints
from posewarp_tf.poses.writers import write_annotations, write_openpose


def pose(seed, size):
    rng = np.random.default_rng(seed)
    keypoints = (rng.uniform(0.05, 0.95, [18, 2]) * size[::-1]).astype(np.float32)
    keypoints[[4, 16]] = -1
    return keypoints


def test_openpose_json_is_read_back_to_a_hundredth_of_a_pixel(tmp_path):
    keypoints = pose(0, (400, 300))
    write_openpose(tmp_path / 'me_keypoints.json', [(keypoints, np.linspace(0.2, 0.99, 18))])
    found, words = read_keypoints(tmp_path / 'me_keypoints.json', (400, 300))
    np.testing.assert_allclose(found, keypoints, atol=0.0051)
    assert '16 of 18 joints' in words


def test_openpose_json_has_flat_triples_and_zeros_for_missing_joints(tmp_path):
    keypoints, confidence = pose(1, (400, 300)), np.linspace(0, 0.99, 18)
    write_openpose(tmp_path / 'us.json', [(keypoints, confidence), (pose(2, (400, 300)), None)])
    people = json.loads((tmp_path / 'us.json').read_text())['people']
    first, second = (np.reshape(one['pose_keypoints_2d'], [18, 3]) for one in people)
    assert first[4].tolist() == first[16].tolist() == [0, 0, 0]
    np.testing.assert_allclose(first[5], [*keypoints[5], confidence[5]], atol=0.0051)
    # A joint that is there is never read as a missing one.
    assert first[0, 2] == 0.0001 and set(second[:, 2]) == {0.0, 1.0}


def test_annotations_of_pictures_of_any_size_are_read_back(tmp_path):
    poses = {'a.jpg': (pose(3, (512, 352)), (512, 352)), 'b.jpg': (pose(4, (480, 640)), (480, 640))}
    path = tmp_path / 'annotations.csv'
    write_annotations(path, poses)
    assert list(read_annotations(path).keypoints) == ['a.jpg', 'b.jpg']
    for name, (keypoints, size) in poses.items():
        np.testing.assert_allclose(read_keypoints(path, size, name)[0], keypoints, atol=0.01)
