"""How people stand in a training's pictures, and windows in which they stand so."""

import dataclasses

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.photos.person_frame import PersonFrame, default_person_frame, framing, measure_person_frame
from posewarp_tf.photos.windows import Window
from tests.run_folders import person

SIZE = (128, 64)


def people(count=40):
    """Standing people of slightly different heights and places, [count, 18, 2] in pixels of pictures of SIZE."""
    rng = np.random.default_rng(0)
    sizes = rng.uniform(0.85, 1.0, count)
    return np.stack([person(SIZE) * part + [32 * (1 - part), 64 * (1 - part)] for part in sizes]).astype(np.float32)


def test_margins_are_measured_in_parts_of_the_joints_height():
    keypoints = np.full((3, 18, 2), -1, np.float32)
    # In the middle of a picture of 200 x 100: the box is 80 high and 20 wide, 30 from the left, 40 from above.
    keypoints[:, 0], keypoints[:, 10], keypoints[:, 4] = (30, 40), (50, 120), (40, 60)
    frame = measure_person_frame(keypoints, (200, 100), aspect=4.0)
    # The pictures were half as wide as the model's: 100 pixels of width are worth 50 pixels of height.
    assert frame.margins.left == pytest.approx(15 / 80)
    assert frame.margins.right == pytest.approx(25 / 80)
    assert frame.margins.top == pytest.approx(40 / 80)
    assert frame.margins.bottom == pytest.approx(80 / 80)
    assert frame.height == pytest.approx(0.4)
    assert frame.num_pictures == 3


def test_pictures_without_a_pose_are_not_measured():
    keypoints = people(4)
    keypoints[0] = -1
    keypoints[1, 1:] = -1
    assert measure_person_frame(keypoints, SIZE, 2.0).num_pictures == 2
    assert measure_person_frame(keypoints[:2], SIZE, 2.0) is None


def test_a_person_in_a_large_photo_stands_in_the_window_as_in_the_training():
    frame = measure_person_frame(people(), SIZE, 2.0)
    joints = person((300, 150)) + np.float32([400, 200])
    window = framing((700, 1000), joints, frame)
    assert window.height / window.width == pytest.approx(2.0, rel=0.01)
    seen = window.to_window(joints, SIZE)
    trained = np.median(people(), axis=0)
    np.testing.assert_allclose(seen, trained, atol=2.0)


def test_windows_may_reach_beyond_the_photo_and_have_whole_edges():
    frame = default_person_frame(SIZE)
    window = framing((500, 900), person((500, 200)), frame)
    assert window.top < 0
    assert window.top + window.height > 500
    assert all(value == round(value) for value in dataclasses.astuple(window))


def test_a_photo_like_those_of_the_training_is_taken_whole():
    frame = measure_person_frame(people(), SIZE, 2.0)
    photo = (1000, 505)
    joints = np.median(people(), axis=0) * np.float32([505 / 64, 1000 / 128])
    assert framing(photo, joints, frame) == Window.whole(photo)
    assert framing((1000, 700), joints, frame) != Window.whole((1000, 700))
    assert framing(photo, joints * 0.5, frame) != Window.whole(photo)


def test_the_mask_of_a_person_is_inside():
    frame = default_person_frame(SIZE)
    joints = person((300, 150)) + np.float32([400, 200])
    mask = np.zeros((700, 1000), np.float32)
    mask[100:550, 300:640] = 1
    window = framing((700, 1000), joints, frame, mask)
    assert window.left <= 300
    assert window.top <= 100
    assert window.left + window.width >= 640
    assert window.top + window.height >= 550


def test_somebody_lying_is_inside_too():
    lying = person((300, 150))[:, ::-1] + np.float32([400, 200])
    window = framing((700, 1000), lying, default_person_frame(SIZE))
    assert (window.to_window(lying, SIZE) >= 0).all()


def test_it_is_read_as_it_was_written(tmp_path):
    frame = measure_person_frame(people(), SIZE, 2.0)
    path = tmp_path / 'frame.json'
    path.write_text(frame.to_json())
    assert PersonFrame.load(path) == frame
    path.write_text('{"aspect": 2}')
    with pytest.raises(DataError, match='frame.json'):
        PersonFrame.load(path)
