"""Photos: the person in a window, the answer at the photo's resolution, before the photo's own background."""

import numpy as np
import pytest

from posewarp_tf.detection.estimator import PoseEstimator
from posewarp_tf.detection.people import Person
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference.options import PLAIN, PhotoOptions
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.pictures.picture_files import load_image, save_image
from tests.run_folders import class_map, jobs_of, person, picture, run_jobs

PERSON = (240, 180)
PHOTO = (400, 500)


def photo_with_person(left, top, seed=1):
    """A person of 240x180 pixels at a place of a photo of one colour, and the joints."""
    photo = np.full((*PHOTO, 3), 90, np.uint8)
    photo[top : top + PERSON[0], left : left + PERSON[1]] = picture(PERSON, seed)
    return photo, person(PERSON) + np.float32([left, top])


def reposed(predictor, left, top, **options):
    photo, joints = photo_with_person(left, top)
    pose = person(PERSON, lean=12) + np.float32([left, top])
    reposer = PhotoReposer(predictor, PhotoOptions(**{'retarget': 'none', **options}))
    one = reposer.person(photo, joints)
    return reposer.repose_all([(one, reposer.pose(one, pose))], 1)[0]


def test_plain_options_give_what_the_predictor_gives(tiny_predictor):
    photo, joints = photo_with_person(60, 30)
    pose = joints + np.float32([5, 3])
    reposer = PhotoReposer(tiny_predictor, PLAIN)
    one = reposer.person(photo, joints)
    answer = reposer.repose_all([(one, reposer.pose(one, pose))], 1)[0]
    expected = tiny_predictor.predict(photo, joints, pose)
    assert np.abs(answer.image.astype(int) - expected.image).max() <= 1
    np.testing.assert_allclose(answer.keypoints, expected.target_keypoints, atol=1e-3)
    assert answer.trust is None


@pytest.mark.parametrize('background', ['white', 'model'])
def test_a_person_elsewhere_in_the_photo_is_reposed_the_same(tiny_predictor, background):
    """Fails if the window, the joints or the paste mix up x and y, or left and top."""
    here, there = (reposed(tiny_predictor, *place, background=background).image for place in ((110, 60), (170, 92)))
    shifted = there[32:, 60:]
    difference = np.abs(here[: PHOTO[0] - 32, : PHOTO[1] - 60].astype(int) - shifted)
    # Bodies are drawn on a coarser grid, so that edges of a matte are not the same everywhere.
    assert difference[40:300, 60:330].mean() <= (0.01 if background == 'model' else 0.5)
    assert np.std(here[100:260, 130:250]) > 5


def test_what_the_person_never_touches_is_the_photo(tiny_predictor):
    photo, _ = photo_with_person(30, 100)
    answer = reposed(tiny_predictor, 30, 100).image
    assert answer.shape == photo.shape
    np.testing.assert_array_equal(answer[:, 400:], photo[:, 400:])
    assert np.any(answer[:, :300] != photo[:, :300])


def test_background_white_is_white_around_the_person(tiny_predictor):
    answer = reposed(tiny_predictor, 110, 60, background='white').image
    assert answer[:20].min() == 255
    assert answer[60:300, 110:290].min() < 200


def test_a_model_that_does_not_say_where_the_person_is_sees_the_photo_as_it_is(tiny_predictor):
    """White that it makes could not be told from the person."""
    photo, joints = photo_with_person(110, 60)
    mask = np.zeros(PHOTO, np.float32)
    mask[60:300, 110:290] = 1
    reposer = PhotoReposer(tiny_predictor, PhotoOptions(framing='whole'))
    one, plain = reposer.person(photo, joints, mask=mask), reposer.person(photo, joints)
    assert not one.before_white and one.pixels is photo
    np.testing.assert_array_equal(one.inputs['source_image'], plain.inputs['source_image'])


def test_several_at_once_are_as_one_by_one(tiny_predictor):
    reposer = PhotoReposer(tiny_predictor, PhotoOptions())
    pairs = []
    for left, seed in ((40, 1), (100, 2), (160, 3)):
        photo, joints = photo_with_person(left, 60, seed)
        one = reposer.person(photo, joints)
        pairs.append((one, reposer.pose(one, person(PERSON, lean=9), PERSON)))
    together = [answer.image for answer in reposer.repose_all(pairs, 4)]
    for (one, pose), answer in zip(pairs, together):
        alone = reposer.repose(one, reposer.start(one), pose).image
        assert np.abs(alone.astype(int) - answer).max() <= 1
    assert len(together) == 3


def test_a_target_of_another_place_and_size_comes_to_stand_on_the_source(tiny_predictor):
    photo, joints = photo_with_person(110, 60)
    far = person((120, 90)) + np.float32([500, 10])
    reposer = PhotoReposer(tiny_predictor, PhotoOptions())
    pose = reposer.pose(reposer.person(photo, joints), far, (200, 700))
    np.testing.assert_allclose(pose.keypoints, joints, atol=0.05)


def test_maps_of_classes_are_cut_as_the_photo_is(tiny_pfl_predictor):
    inputs = []
    for left, top in ((110, 60), (170, 92)):
        photo, joints = photo_with_person(left, top)
        maps = {}
        for name, count in (('source_parts', 11), ('source_garment', 16), ('target_parts', 11)):
            maps[name] = np.zeros(PHOTO, np.uint8)
            maps[name][top : top + PERSON[0], left : left + PERSON[1]] = class_map(PERSON, count)
        reposer = PhotoReposer(tiny_pfl_predictor, PhotoOptions())
        sources = {name: classes for name, classes in maps.items() if name.startswith('source')}
        one = reposer.person(photo, joints, sources)
        pose = reposer.pose(one, joints, PHOTO, {'target_parts': maps['target_parts']})
        inputs.append({**one.inputs, **pose.inputs})
    for name in ('source_parts', 'source_garment', 'target_parts'):
        np.testing.assert_array_equal(inputs[0][name], inputs[1][name])
    np.testing.assert_array_equal(inputs[0]['source_parts'], inputs[0]['target_parts'])


def test_maps_of_the_target_do_not_fit_limbs_that_were_changed(tiny_pfl_predictor):
    photo, joints = photo_with_person(110, 60)
    maps = {'source_parts': class_map(PHOTO, 11), 'source_garment': class_map(PHOTO, 16)}
    reposer = PhotoReposer(tiny_pfl_predictor, PhotoOptions(retarget='limbs'))
    one = reposer.person(photo, joints, maps)
    with pytest.raises(DataError, match='--retarget=limbs: the maps of the target are of the target'):
        reposer.pose(one, joints, PHOTO, {'target_parts': class_map(PHOTO, 11)})


def test_an_unknown_option_names_its_flag():
    with pytest.raises(ConfigError, match="--background: got 'beach', expected one of photo, white, model"):
        PhotoOptions(background='beach')


class Known(PoseEstimator):
    """Finds the people that it is told of, by the size of the picture."""

    def __init__(self, **people):
        self._people = people

    def find(self, image):
        found = self._people.get(f'of_{image.shape[0]}', [])
        return [Person(joints, np.ones(18, np.float32), (0, 0, 1, 1), None) for joints in found]


@pytest.fixture
def photos(tmp_path):
    """me.png and dancer.png of different sizes, and what finds their joints."""
    photo, joints = photo_with_person(110, 60)
    save_image(tmp_path / 'me.png', photo)
    save_image(tmp_path / 'dancer.png', picture((300, 200), 4))
    save_image(tmp_path / 'landscape.png', picture((50, 90), 5))
    return tmp_path, Known(of_400=[joints], of_300=[person((300, 200), lean=10)])


def test_joints_of_two_photos_are_found(photos, tiny_predictor, capsys):
    folder, estimator = photos
    jobs = jobs_of(str(folder / 'me.png'), None, None, str(folder / 'out.png'), target_image=str(folder / 'dancer.png'))
    assert run_jobs(tiny_predictor, jobs, PhotoOptions(), estimator, save_intermediates=True) == 0
    answer = tiny_predictor.transfer(str(folder / 'me.png'), load_image(folder / 'dancer.png'), estimator=estimator)
    np.testing.assert_array_equal(load_image(folder / 'out.png'), answer.image)
    assert load_image(folder / 'out-trust.png').shape[2] == 3
    assert 'dancer.png: 18 of 18 joints' in capsys.readouterr().out


def test_a_photo_may_stand_where_a_pose_file_may(photos, tiny_predictor):
    folder, estimator = photos
    paths = [str(folder / name) for name in ('me.png', 'me.png', 'dancer.png', 'out.png')]
    assert run_jobs(tiny_predictor, jobs_of(*paths), PhotoOptions(), estimator) == 0
    answer = tiny_predictor.transfer(str(folder / 'me.png'), str(folder / 'dancer.png'), estimator=estimator)
    np.testing.assert_array_equal(load_image(folder / 'out.png'), answer.image)


def test_a_photo_of_nobody_is_named_and_the_others_are_done(photos, tiny_predictor, capsys):
    folder, estimator = photos
    (folder / 'people').mkdir()
    for name in ('me', 'landscape'):
        (folder / f'{name}.png').rename(folder / 'people' / f'{name}.png')
    jobs = jobs_of(str(folder / 'people'), None, None, str(folder / 'out'), target_image=str(folder / 'dancer.png'))
    assert run_jobs(tiny_predictor, jobs, PhotoOptions(), estimator) == 1
    assert [path.name for path in (folder / 'out').iterdir()] == ['me.png']
    assert 'landscape.png: nobody was found' in capsys.readouterr().err


def test_joints_found_in_a_smaller_copy_are_those_of_the_photo(photos, tiny_predictor):
    folder, _ = photos
    save_image(folder / 'copy.png', picture((200, 250), 6))
    joints = photo_with_person(110, 60)[1]
    estimator = Known(of_400=[joints], of_200=[joints / 2], of_300=[person((300, 200), lean=10)])
    for name, keypoints in (('whole', None), ('copied', str(folder / 'copy.png'))):
        paths = [str(folder / 'me.png'), keypoints, str(folder / 'dancer.png'), str(folder / f'{name}.png')]
        assert run_jobs(tiny_predictor, jobs_of(*paths), PhotoOptions(), estimator) == 0
    np.testing.assert_array_equal(load_image(folder / 'whole.png'), load_image(folder / 'copied.png'))


def test_one_person_in_several_poses_is_prepared_once(photos, tiny_predictor, monkeypatch):
    folder, estimator = photos
    (folder / 'poses').mkdir()
    for name in ('one', 'two'):
        save_image(folder / 'poses' / f'{name}.png', picture((300, 200), 4))
    prepared, prepare = [], PhotoReposer.person
    monkeypatch.setattr(PhotoReposer, 'person', lambda *given: prepared.append(1) or prepare(*given))
    jobs = jobs_of(str(folder / 'me.png'), None, str(folder / 'poses'), str(folder / 'out'))
    assert run_jobs(tiny_predictor, jobs, PhotoOptions(), estimator) == 0
    assert len(prepared) == 1 and len(list((folder / 'out').iterdir())) == 2
