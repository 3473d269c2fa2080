"""The first thing that somebody sees: a person in several poses."""

from PIL import Image

from posewarp_tf import demo
from posewarp_tf.poses.gallery import distance_name, pose_distance
from tests.processes import run_module


def test_person_who_ships_is_shown_whole_and_masked():
    photo, found = demo._example()
    assert found.size == photo.shape[:2] == (768, 576)
    seen = found.keypoints[found.keypoints[:, 0] >= 0]
    assert len(seen) >= 16
    rows, columns = (seen[:, ::-1] * [found.mask.shape[0] / 768, found.mask.shape[1] / 576]).astype(int).T
    assert found.mask[rows, columns].mean() > 0.9 and 0.1 < found.mask.mean() < 0.3


def test_poses_go_from_near_to_far_and_answers_are_as_large_as_the_photo(tiny_run):
    photo, found = demo._example()
    answers = demo.reposed(tiny_run.path, photo, found)
    assert sorted(answer.title for answer in answers) == sorted(demo.POSES)
    distances = [pose_distance(found.keypoints, answer.keypoints) for answer in answers]
    assert distances == sorted(distances)
    assert {distance_name(distance) for distance in distances} == {'near', 'middle', 'far'}
    assert all(answer.image.shape == photo.shape for answer in answers)


def test_command_writes_one_picture_and_says_how_long_it_took(tiny_run, tmp_path):
    code, printed = run_module('posewarp_tf.demo', [f'--run_dir={tiny_run.path}', '--output=new/poses.png'], tmp_path)
    assert code == 0, printed
    assert 'Arms up: far' in printed and 'written: new/poses.png: 6 poses of a picture of 768x576 in ' in printed
    width, height = Image.open(tmp_path / 'new/poses.png').size
    assert width > 7 * 300 and height > 2 * 400


def test_name_that_is_no_picture_is_refused_at_once(tmp_path):
    code, printed = run_module('posewarp_tf.demo', ['--run_dir=absent', '--output=poses.mp4'], tmp_path)
    assert code == 1 and "error: --output: got 'poses.mp4', expected a name that ends in" in printed
