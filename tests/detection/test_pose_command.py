"""`posewarp pose` with the real networks, on drawn people, whose joints are known."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.detection.blazepose import windows
from posewarp_tf.detection.estimator import load_estimator
from posewarp_tf.detection.runtime import Network
from posewarp_tf.errors import ConfigError
from posewarp_tf.poses.annotations import read_annotations
from posewarp_tf.poses.readers import read_keypoints
from posewarp_tf.poses.writers import write_annotations
from posewarp_tf.synthetic.dataset import draw_person
from posewarp_tf.synthetic.settings import Settings
from tests.processes import run_module

SIZE = (384, 288)


@pytest.fixture(scope='module')
def drawn():
    """Two pictures of two people, found once."""
    settings = Settings(0, 4, 2, 1, image_size=SIZE, seed=5)
    return [draw_person(settings, 'test', index)[0] for index in (2, 3)]


@pytest.fixture(scope='module')
def estimator():
    return load_estimator()


@pytest.fixture(scope='module')
def photos(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp('photos')
    for name, picture in zip(('a', 'b'), drawn):
        Image.fromarray(picture.image).save(folder / f'{name}.png')
    Image.new('RGB', (200, 200), 'gray').save(folder / 'wall.png')
    (folder / 'broken.jpg').write_bytes(b'\xff\xd8\xff\xe0 no more')
    write_annotations(folder / 'truth.csv', {f'{n}.png': (p.keypoints, SIZE) for n, p in zip('ab', drawn)})
    return folder


@pytest.fixture(scope='module')
def finished(photos, tmp_path_factory):
    """(folder, exit code, what was printed) of the command on these pictures."""
    folder = tmp_path_factory.mktemp('poses') / 'found'
    arguments = [f'--images={photos}', f'--output={folder}', f'--truth={photos / "truth.csv"}']
    return (folder, *run_module('posewarp_tf.pose', arguments, folder.parent))


def test_joints_of_a_drawn_person_are_found_where_they_were_drawn(drawn, estimator):
    for picture in drawn:
        (person,) = estimator.find(picture.image)
        known = picture.keypoints[:, 0] >= 0
        assert np.mean((person.keypoints[:, 0] >= 0)[known]) > 0.9
        errors = np.linalg.norm(person.keypoints - picture.keypoints, axis=-1)[known & (person.keypoints[:, 0] >= 0)]
        # A person is about 330 pixels tall.
        assert np.median(errors) < 10
        assert person.keypoints.dtype == person.confidence.dtype == person.mask.dtype == np.float32
        np.testing.assert_array_equal(person.confidence > 0, person.keypoints[:, 0] >= 0)


def test_mask_and_box_are_those_of_the_drawn_person(drawn, estimator):
    for picture in drawn:
        (person,) = estimator.find(picture.image)
        here, drawn_mask = person.mask >= 0.5, picture.parts > 0
        assert np.sum(here & drawn_mask) / np.sum(here | drawn_mask) > 0.8
        rows, columns = np.nonzero(drawn_mask)
        np.testing.assert_allclose(person.box, [columns.min(), rows.min(), columns.max(), rows.max()], atol=12)


def test_person_is_followed_from_frame_to_frame_by_one_look(drawn, estimator, monkeypatch):
    image = drawn[0].image
    (before,) = estimator.find(image)
    monkeypatch.setattr(estimator, 'detect', lambda *_: pytest.fail('searched the whole picture'))
    shifted = np.roll(image, (4, 6), axis=(0, 1))
    after = estimator.track(shifted, before)
    both = (before.keypoints[:, 0] >= 0) & (after.keypoints[:, 0] >= 0)
    np.testing.assert_allclose(np.median((after.keypoints - before.keypoints)[both], axis=0), [6, 4], atol=2)


def test_two_people_beside_each_other_are_two_the_larger_first(drawn, estimator):
    small = np.asarray(Image.fromarray(drawn[1].image).resize((216, 288)))
    scene = np.full([384, 288 + 216, 3], 200, np.uint8)
    scene[:, 216:], scene[96:, :216] = drawn[0].image, small
    people = estimator.find(scene)
    assert [person.box[0] > 216 for person in people] == [True, False]
    assert people[0].area > people[1].area


def test_parts_of_large_pictures_are_searched_and_cover_them():
    assert len(list(windows((300, 440)))) == 1
    whole, *parts = windows((600, 900))
    assert whole.side == 900 and {part.side for part in parts} == {450.0}
    corners = np.array([part.to_picture([[0, 0], [1, 1]]) for part in parts])
    assert corners.min(axis=(0, 1)).tolist() == [-0.5, -0.5] and corners.max(axis=(0, 1)).tolist() == [899.5, 599.5]


def test_command_writes_what_it_finds_and_names_what_it_does_not(finished):
    folder, code, output = finished
    assert code == 1
    assert {path.name for path in folder.iterdir()} == {
        'a_keypoints.json', 'b_keypoints.json', 'annotations.csv', 'contact_sheet.jpg', 'accuracy.json',
    }  # fmt: skip
    assert 'poses of 2 of 4 pictures' in output
    assert 'wall.png: nobody was found' in output and 'broken.jpg' in output.partition('without a pose')[2]
    assert Image.open(folder / 'contact_sheet.jpg').size[1] >= 320


def test_files_are_read_back_to_the_same_joints(finished, drawn, estimator):
    folder = finished[0]
    assert list(read_annotations(folder / 'annotations.csv').keypoints) == ['a.png', 'b.png']
    for name, picture in zip('ab', drawn):
        (person,) = estimator.find(picture.image)
        found, _ = read_keypoints(folder / f'{name}_keypoints.json', SIZE)
        np.testing.assert_allclose(found, person.keypoints, atol=0.0051)
        row, _ = read_keypoints(folder / 'annotations.csv', SIZE, f'{name}.png')
        np.testing.assert_allclose(row, person.keypoints, atol=0.01)


def test_accuracy_is_measured_against_known_joints(finished):
    content = json.loads((finished[0] / 'accuracy.json').read_text())
    assert (content['pictures'], content['without_pose']) == (2, 0)
    group, known, found, pck, error, _ = content['rows'][-1]
    assert group == 'all' and 30 <= known <= 36 and found > 0.9 and pck > 0.9 and 0 < error < 0.15
    assert 'PCK@0.2' in finished[2]


def test_command_keeps_what_is_there_and_searches_the_rest(photos, tmp_path, drawn):
    (tmp_path / 'photos').mkdir()
    for name in 'ab':
        (tmp_path / 'photos' / f'{name}.png').write_bytes((photos / f'{name}.png').read_bytes())
    # Made by hand, with everybody one pixel to the right: it is to stay.
    kept = {'people': [{'pose_keypoints_2d': np.column_stack([drawn[0].keypoints + 1, np.ones(18)]).ravel().tolist()}]}
    (tmp_path / 'poses').mkdir()
    (tmp_path / 'poses' / 'a_keypoints.json').write_text(json.dumps(kept))
    code, output = run_module('posewarp_tf.pose', ['--images=photos', '--output=poses', '--all_people'], tmp_path)
    assert code == 0, output
    assert json.loads((tmp_path / 'poses' / 'a_keypoints.json').read_text()) == kept
    assert 'b.png: ' in output and 'a.png: ' not in output
    assert list(read_annotations(tmp_path / 'poses' / 'annotations.csv').keypoints) == ['a.png', 'b.png']


def test_mistakes_are_told_before_anything_is_loaded(tmp_path, photos):
    for arguments, message in (
        ([f'--images={tmp_path}', '--output=x'], 'no pictures in this folder'),
        ([f'--images={photos}', f'--output={photos / "a.png"}'], '--output: '),
    ):
        code, output = run_module('posewarp_tf.pose', arguments, tmp_path)
        assert code == 1 and message in output and 'Traceback' not in output
    assert not (tmp_path / 'x').exists()


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ai_edge_litert.interpreter', None)
    with pytest.raises(ConfigError, match=r"pip install 'posewarp_tf\[pose\]'"):
        Network(b'', 'detector', 224, ())


def test_networks_of_another_shape_are_refused(estimator):
    contents = estimator._detector._contents
    with pytest.raises(
        ConfigError, match=r'mine.tflite: another network .* \[1, 224, 224, 3\] -> \[2254, 12\], \[2254, 1\]'
    ):
        Network(contents, 'mine.tflite', 256, ((195,), (1,)))
    with pytest.raises(ConfigError, match='mine.tflite: not a TFLite model'):
        Network(b'nothing of the kind', 'mine.tflite', 256, ())
