"""The model that comes with this package, as it lies in posewarp_tf/starter: small, whole, and able to do its work."""

import json
import re

import numpy as np
import pytest
from scipy import ndimage

from posewarp_tf import demo
from posewarp_tf.inference.options import PhotoOptions
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.runs.starter import example_person, starter_folder


@pytest.fixture(scope='module')
def reposer():
    return PhotoReposer(Predictor())


@pytest.fixture(scope='module')
def person(reposer):
    photo, found = demo._example()
    return reposer.person(photo, found.keypoints, mask=found.mask)


def test_it_is_small():
    weights = sum(path.stat().st_size for path in RunFolder(starter_folder()).weight_files())
    example = sum(path.stat().st_size for path in example_person())
    assert weights <= 6e6 and example_person().picture.stat().st_size <= 60_000 and example <= 70_000


def test_it_takes_a_photo_and_joints_at_256x192_or_more(reposer):
    run = RunFolder(starter_folder())
    model = run.load_config().model
    assert not model.class_maps and min(np.subtract(model.image_size, (256, 192))) >= 0
    assert run.person_frame().num_pictures > 0


def test_its_terms_are_said_and_nothing_of_the_machine_that_trained_it():
    folder = starter_folder()
    assert 'Apache-2.0' in RunFolder(folder).notes()['licence']
    for path in folder.glob('*.json'):
        assert not re.search(r'"(/|~|[A-Z]:\\)', path.read_text(encoding='utf-8')), path


def test_its_card_tells_measured_figures_and_the_stage_that_ships():
    card = (starter_folder() / 'README.md').read_text(encoding='utf-8')
    for section in ('What it saw', 'Licence', 'Figures', 'Made by', 'Where it fails'):
        assert f'\n## {section}\n' in card
    figures = card.partition('\n## Figures\n')[2].partition('\n## ')[0]
    assert len(re.findall(r'^\|.*\d\.\d', figures, re.MULTILINE)) >= 5
    headline = json.loads((starter_folder() / 'metrics.json').read_text(encoding='utf-8'))['headline']
    assert headline['flow_of_zero_flow'] <= 0.3 and headline['silhouette_iou'] >= 0.85


def test_a_person_in_the_pose_that_they_have_stays_who_they_are(reposer, person):
    answer = reposer.repose(person, reposer.start(person), reposer.pose(person, person.keypoints))
    inside = person.silhouette > 0.9
    difference = np.abs(answer.image.astype(float) - person.photo)[inside].mean()
    swapped = np.abs(np.roll(person.photo, 40, axis=1).astype(float) - person.photo)[inside].mean()
    assert difference < 0.3 * swapped


def test_a_raised_arm_is_where_the_pose_has_it_and_not_where_it_was(reposer, person):
    photo, found = demo._example()
    waving = next(answer for answer in demo.reposed(starter_folder(), photo, found) if answer.title == 'Waving')
    wrist, before = waving.keypoints[7], found.keypoints[7]
    assert wrist[1] < 0.3 * photo.shape[0] < before[1]
    plate = person.plate.astype(float)

    def shows_somebody(at):
        x, y = np.rint(at).astype(int)
        part = np.s_[y - 8 : y + 9, x - 8 : x + 9]
        return np.abs(waving.image[part] - plate[part]).mean() > 15

    assert shows_somebody(wrist) and not shows_somebody(before)


def test_it_sees_a_person_whose_mask_is_known_before_white(reposer, person):
    assert person.before_white
    seen = person.inputs['source_image']
    assert seen[:8, :8].min() == 255 and seen[120, 96].max() < 200
    plain = PhotoReposer(reposer._predictor, PhotoOptions(background='model'))
    for other, mask in (
        (plain, person.mask),
        (reposer, 0 * person.mask),
        (reposer, 0.3 * person.mask),
        (reposer, None),
    ):
        one = other.person(person.photo, person.keypoints, mask=mask)
        assert not one.before_white and one.inputs['source_image'][:8, :8].max() < 255


def test_nothing_of_what_was_behind_comes_along(reposer, person):
    before_white = PhotoReposer(reposer._predictor, PhotoOptions(background='white'))
    nobody = person.silhouette[..., np.newaxis] <= 0.1
    answers = []
    for colour in ((255, 0, 255), (0, 90, 0)):
        photo = np.where(nobody, np.uint8(colour), person.photo)
        one = before_white.person(photo, person.keypoints, mask=person.mask)
        pose = before_white.pose(one, person.keypoints + np.float32([9, 0]))
        answers.append(before_white.repose(one, before_white.start(one), pose).image.astype(int))
    # Only resampling mixes a pixel or two at the edge.
    assert np.mean(np.abs(answers[0] - answers[1]).max(axis=-1) > 20) < 1e-3
    assert answers[0].min() < 60


@pytest.mark.parametrize('resolution', ['photo', 'model'])
def test_a_person_before_black_has_no_white_outline(reposer, person, resolution):
    own = PhotoReposer(reposer._predictor, PhotoOptions(resolution=resolution, retarget='none'))
    photo = np.where(person.silhouette[..., np.newaxis] <= 0.1, np.uint8(0), person.photo)
    one = own.person(photo, person.keypoints, mask=person.mask)
    answer = own.repose(one, own.start(one), own.pose(one, person.keypoints))
    light = np.mean(answer.image.min(axis=-1) > 225) - np.mean(photo.min(axis=-1) > 225)
    assert one.before_white and light < 1e-3
    # What the model made is shown as it made it, before white.
    assert answer.prediction.image[:8, :8].min() == 255


@pytest.mark.parametrize('head', ['photo', 'pose'])
def test_the_head_is_the_photos_own_in_another_pose(reposer, person, head):
    """Whoever's face the pose has; with 'pose' the model squeezes it."""
    own = PhotoReposer(reposer._predictor, PhotoOptions(retarget='place', head=head))
    target = person.keypoints.copy()
    target[:, 0] += 40
    target[[6, 7]] += [[60, -120], [80, -260]]
    face = [0, 14, 15, 16, 17]
    target[face, 0] = target[0, 0] + 0.5 * (target[face, 0] - target[0, 0])
    answer = own.repose(person, own.start(person), own.pose(person, target))
    shift = (answer.keypoints - person.keypoints)[face].mean(axis=0)
    x, y = person.keypoints[face].mean(axis=0)
    part = np.s_[int(y) - 16 : int(y) + 16, int(x) - 16 : int(x) + 16]
    before = ndimage.shift(answer.image.astype(float), (-shift[1], -shift[0], 0), order=1)[part]
    difference = np.abs(before - person.photo[part]).mean()
    assert (difference < 4.0) == (head == 'photo')
