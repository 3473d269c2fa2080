"""The coding of garment maps is found out from drawn people written in each of them, or asked for; never mistaken."""

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_codings import GARMENT_CODINGS
from posewarp_tf.pictures.class_maps import garment_coding, load_class_map
from posewarp_tf.pictures.garment_detection import detect_garments, facts_of
from tests.pictures.drawn_codings import draw_people, renamed, rewritten

each_coding = pytest.mark.parametrize('name', GARMENT_CODINGS)

# By the part of a picture, rows of the person that it shows.
VIEWS = {'whole': (0.0, 1.0), 'down to the hips': (0.0, 0.5), 'from the shoulders down': (0.16, 1.0)}


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    return draw_people(tmp_path_factory.mktemp('people') / 'drawn', 12, seed=3)


def cut(person, view):
    """Maps of one person without the rows above and below a view."""
    rows = np.flatnonzero(person[0].any(axis=1))
    first, last = (rows[0] + int(part * (rows[-1] - rows[0] + 1)) for part in VIEWS[view])
    return [classes[first:last] for classes in person]


def detected(maps):
    return detect_garments([facts_of(classes) for classes in maps], 'parsing/')


@each_coding
@pytest.mark.parametrize('view', VIEWS)
def test_drawn_people_in_a_coding_are_read_as_what_they_wear(people, name, view):
    seen = [cut(person, view) for person in people]
    maps = [rewritten(garments, parts, name) for garments, parts in seen]
    coding, reason = detected(maps)
    assert coding is GARMENT_CODINGS[name], reason
    for numbers, (garments, _) in zip(maps, seen):
        np.testing.assert_array_equal(coding.to_ours[numbers], renamed(garments, name))


@each_coding
def test_a_single_map_is_read_rightly_or_not_at_all(people, name):
    num_read = 0
    for view in (*VIEWS, 'whole'):
        for garments, parts in (cut(person, view) for person in people):
            numbers = rewritten(garments, parts, name)
            try:
                coding, reason = detected([numbers])
            except DataError:
                continue
            num_read += 1
            np.testing.assert_array_equal(coding.to_ours[numbers], renamed(garments, name), reason)
    assert num_read > 2 * len(people)


@each_coding
def test_left_and_right_do_not_matter(people, name):
    usual, swapped = ([rewritten(*person, name, swapped=swap) for person in people] for swap in (False, True))
    (coding, reason), (other, other_reason) = detected(usual), detected(swapped)
    assert coding is other is GARMENT_CODINGS[name]
    assert reason == other_reason or name != 'own'
    for first, second in zip(usual, swapped):
        np.testing.assert_array_equal(coding.to_ours[first], coding.to_ours[second])
    assert name == 'own' or any(np.any(first != second) for first, second in zip(usual, swapped))


def test_a_few_people_in_strange_poses_change_nothing(people):
    maps = [rewritten(*person, 'atr') for person in people]
    for i in (3, 11, 20):
        maps[i] = maps[i][::-1]
    assert detected(maps)[0] is GARMENT_CODINGS['atr']


def without(maps, *numbers):
    return [np.where(np.isin(classes, numbers), 0, classes) for classes in maps]


def test_atr_is_told_without_its_bags_scarfs_and_sunglasses(people):
    coding, reason = detected(without([rewritten(*person, 'atr') for person in people], 3, 16, 17))
    assert coding is GARMENT_CODINGS['atr']
    assert all(f'not {name}, which explains' in reason for name in ('own', 'lip', 'cihp')), reason


def test_lip_and_cihp_say_the_same_where_neither_jumpsuits_nor_skin_are_seen(people):
    coding, reason = detected(without([rewritten(*person, 'cihp') for person in people], 10))
    assert coding is GARMENT_CODINGS['lip']
    assert 'cihp says the same of them' in reason


def test_a_class_10_that_is_neither_jumpsuit_nor_skin_by_its_place_is_asked_about(people):
    maps = without([rewritten(*person, 'lip') for person in people], 10)
    for classes in maps:
        rows = np.flatnonzero(classes.any(axis=1))
        # Patches at the knees: too low for a bare chest and too small for a jumpsuit.
        middle = rows[0] + (rows[-1] - rows[0]) * 7 // 10
        classes[middle : middle + 3] = np.where(classes[middle : middle + 3] > 0, 10, 0)
    with pytest.raises(DataError, match='parsing/: .*cannot tell.*--garment_classes=lip or cihp'):
        detected(maps)


def test_pixels_of_skin_on_a_single_map_are_not_taken_for_a_jumpsuit(people):
    (classes,) = without([rewritten(*people[0], 'lip')], 10)
    classes[np.argmax(classes.any(axis=1)) + 8, classes.shape[1] // 2] = 10
    with pytest.raises(DataError, match='--garment_classes=lip or cihp'):
        detected([classes])


def test_maps_of_which_every_coding_says_the_same_need_no_flag():
    hair = np.zeros((20, 20), np.uint8)
    hair[4:9, 4:12] = 2
    for maps in ([hair], [hair * 0], []):
        coding, reason = detected(maps)
        assert coding is GARMENT_CODINGS['own']
        assert all(f'{name} says the same of them' in reason for name in ('lip', 'cihp', 'atr'))


def test_a_class_that_no_coding_has_is_left_to_whoever_reads_that_map(tmp_path):
    path = tmp_path / 'strange.png'
    Image.fromarray(np.full((8, 6), 20, np.uint8)).save(path)
    coding, reason = detected([np.full((8, 6), 20, np.uint8)])
    assert 'no coding has 20' in reason
    with pytest.raises(DataError, match=r'strange.png: got class 20, expected 0 to 19'):
        load_class_map(path, coding)


def test_what_was_detected_is_printed_with_the_reason(people, tmp_path, capsys):
    paths = []
    for i, person in enumerate(people[:8]):
        paths.append(str(tmp_path / f'{i}.png'))
        Image.fromarray(rewritten(*person, 'atr')).save(paths[-1])
    assert garment_coding(paths, 'parsing/') is GARMENT_CODINGS['atr']
    printed = capsys.readouterr().out
    assert "parsing/: ATR's 18 classes (largest class in 8 maps is 15; not own, which explains 0 of the 8" in printed
    assert 'would be' in printed
