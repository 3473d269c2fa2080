"""Maps of classes are read as the classes of conventions.py, whichever coding they come in."""

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.data.datasets import load_dataset
from posewarp_tf.data.truth import find_class_maps
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_codings import DENSEPOSE, GARMENT_CODINGS, GARMENTS, LIP, PARTS
from posewarp_tf.pictures.class_maps import garment_coding, load_class_map, part_coding

SIZE = (40, 30)

# The challenge's own description of DensePose's numbers, with hands and feet given to the limbs they end.
DENSEPOSE_TEXT = (
    '1 2 torso, 3 right_lower_arm, 4 left_lower_arm, 5 left_lower_leg, 6 right_lower_leg, 7 9 right_upper_leg, '
    '8 10 left_upper_leg, 11 13 right_lower_leg, 12 14 left_lower_leg, 15 17 left_upper_arm, 16 18 right_upper_arm, '
    '19 21 left_lower_arm, 20 22 right_lower_arm, 23 24 head'
)


def save(path, numbers, palette=False):
    path.parent.mkdir(exist_ok=True)
    image = Image.fromarray(np.asarray(numbers, np.uint8))
    if palette:
        image = Image.fromarray(np.asarray(numbers, np.uint8), mode='P')
        image.putpalette(np.random.default_rng(0).permutation(768).astype(np.uint8).tolist())
    image.save(path)
    return str(path)


def stripes(*classes):
    """One class below the other in the middle of the background, the first one on top."""
    numbers = np.zeros(SIZE, np.uint8)
    for i, number in enumerate(classes):
        numbers[2 + 36 * i // len(classes) : 2 + 36 * (i + 1) // len(classes), 10:20] = number
    return numbers


@pytest.mark.parametrize('palette', [False, True])
def test_numbers_in_greyscale_and_palette_pictures_are_classes(tmp_path, palette):
    numbers = np.random.default_rng(0).integers(0, 11, SIZE)
    np.testing.assert_array_equal(load_class_map(save(tmp_path / 'a.png', numbers, palette), PARTS), numbers)


def test_densepose_surfaces_become_the_parts_they_belong_to(tmp_path):
    expected = {0: 'background'}
    for entry in DENSEPOSE_TEXT.split(', '):
        *numbers, part = entry.split()
        expected.update(dict.fromkeys(map(int, numbers), part))
    path = save(tmp_path / 'i.png', [sorted(expected)])
    assert [PART_NAMES[number] for number in load_class_map(path, DENSEPOSE)[0]] == [
        expected[number] for number in range(25)
    ]


def test_left_and_right_of_lip_become_one_garment_and_sunglasses_are_face(tmp_path):
    found = load_class_map(save(tmp_path / 'lip.png', [range(20)]), LIP)[0]
    by_name = {lip: GARMENT_NAMES[number] for lip, number in zip(LIP.theirs, found)}
    for side in ('left', 'right'):
        assert [by_name[f'{side}-{limb}'] for limb in ('arm', 'leg', 'shoe')] == ['arms', 'legs', 'shoes']
    assert by_name['sunglasses'] == by_name['face'] == 'face'
    assert by_name['upper-clothes'] == 'upper_clothes'
    assert set(by_name.values()) == set(GARMENT_NAMES)


# As the authors of the data sets (and of SCHP, whose models write all three) list them.
PUBLISHED = {
    'lip': 'background hat hair glove sunglasses upper-clothes dress coat socks pants jumpsuits scarf skirt face '
    'left-arm right-arm left-leg right-leg left-shoe right-shoe',
    'cihp': 'background hat hair glove sunglasses upper-clothes dress coat socks pants torso-skin scarf skirt face '
    'left-arm right-arm left-leg right-leg left-shoe right-shoe',
    'atr': 'background hat hair sunglasses upper-clothes skirt pants dress belt left-shoe right-shoe face left-leg '
    'right-leg left-arm right-arm bag scarf',
}
# What has no namesake among our garments.
RENAMED = {
    'sunglasses': 'face', 'upper-clothes': 'upper_clothes', 'jumpsuits': 'jumpsuit', 'torso-skin': 'face',
    'belt': 'pants', 'bag': 'background',
}  # fmt: skip


@pytest.mark.parametrize('name', PUBLISHED)
def test_every_class_of_a_published_coding_becomes_its_garment(tmp_path, name):
    theirs, coding = PUBLISHED[name].split(), GARMENT_CODINGS[name]
    assert coding.theirs == tuple(theirs)
    found = load_class_map(save(tmp_path / 'all.png', [range(len(theirs))]), coding)[0]
    for number, word in zip(found, theirs):
        side, _, limb = word.partition('-')
        expected = f'{limb}s' if side in ('left', 'right') else RENAMED.get(word, word)
        assert GARMENT_NAMES[number] == expected, word


@pytest.mark.parametrize('i_channel', [0, 2])
def test_the_index_of_an_iuv_picture_may_come_first_or_last(tmp_path, i_channel):
    numbers = np.random.default_rng(1).integers(0, 25, SIZE)
    iuv = np.random.default_rng(2).integers(0, 256, (*SIZE, 3))
    iuv[..., i_channel] = numbers
    expected = load_class_map(save(tmp_path / 'i.png', numbers), DENSEPOSE)
    np.testing.assert_array_equal(load_class_map(save(tmp_path / 'iuv.png', iuv), DENSEPOSE), expected)


def test_pictures_that_are_no_maps_are_named_with_what_is_wrong(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3))
    with pytest.raises(DataError, match=r'noise\.png: a colour picture with up to 25\d in its first'):
        load_class_map(save(tmp_path / 'noise.png', noise), DENSEPOSE)
    with pytest.raises(DataError, match=r'noise\.png: a colour picture, expected a greyscale or palette PNG'):
        load_class_map(tmp_path / 'noise.png', GARMENTS)
    with pytest.raises(DataError, match=r'lossy\.jpg: got JPEG of mode L'):
        load_class_map(save(tmp_path / 'lossy.jpg', np.zeros(SIZE)), GARMENTS)
    with pytest.raises(DataError, match=r'wide\.png: got PNG of mode'):
        Image.fromarray(np.zeros(SIZE, np.uint16)).save(tmp_path / 'wide.png')
        load_class_map(tmp_path / 'wide.png', GARMENTS)


@pytest.mark.parametrize(
    ('coding', 'number', 'words'),
    [
        (PARTS, 11, '0 to 10.*densepose/'),
        (DENSEPOSE, 25, '0 to 24'),
        (GARMENTS, 16, '0 to 15.*--garment_classes says which'),
    ],
)
def test_a_number_too_large_is_named_with_its_file(tmp_path, coding, number, words):
    path = save(tmp_path / 'map.png', stripes(1, number))
    with pytest.raises(DataError, match=rf'map\.png: got class {number}, expected {words}'):
        load_class_map(path, coding)


# Hair, face, arms, clothes, legs, shoes in each coding, from head to foot.
PEOPLE = {
    'trousers, 16': (GARMENTS, [(2, 12, 4, 4, 13, 8, 8, 8, 15)]),
    'trousers, LIP': (LIP, [(2, 13, 5, 14, 15, 9, 9, 9, 18, 19)]),
    'half bodies, LIP': (LIP, [(2, 2, 13, 13, 5, 5, 5, 5, 5, 5, 15, 14, 14, 5, 9)]),
    'one of many shows a leg, LIP': (
        LIP,
        [(2, 2, 13, 13, 5, 5, 5, 5, 5, 5, 15, 14, 14, 5, 9)] * 9 + [(2, 13, 5, 9, 17)],
    ),
}


@pytest.mark.parametrize('people', PEOPLE)
def test_the_coding_of_garments_is_detected_and_printed(tmp_path, capsys, people):
    expected, figures = PEOPLE[people]
    paths = [save(tmp_path / f'{i}.png', stripes(*figure)) for i, figure in enumerate(figures)]
    assert garment_coding(paths, 'parsing/') is expected
    assert f'parsing/: {expected.title} (' in capsys.readouterr().out


def test_maps_that_do_not_tell_their_coding_ask_for_the_flag(tmp_path):
    # Upper clothes, then arms of ours or a right leg of ATR.
    paths = [save(tmp_path / 'trunk.png', stripes(4, 13))]
    with pytest.raises(DataError, match='parsing/: .*cannot tell.*--garment_classes=own or lip or cihp or atr'):
        garment_coding(paths, 'parsing/')
    for value, coding in (('own', GARMENTS), ('lip', LIP), ('16', GARMENTS), ('20', LIP)):
        assert garment_coding(paths, 'parsing/', value) is coding


def test_one_densepose_map_shows_more_than_eleven_surfaces(tmp_path):
    parts = save(tmp_path / 'parts.png', stripes(10, 8, 1, 2, 4))
    surfaces = save(tmp_path / 'surfaces.png', stripes(23, 16, 2, 9, 13))
    assert part_coding([parts], '--source_parts') is PARTS
    assert part_coding([surfaces], '--source_parts') is DENSEPOSE


def _data(dataset, **settings):
    config = dataset.config(**settings)
    return config.data, load_dataset(config.data, 'test', config.model.image_size)


def test_a_folder_is_judged_as_a_whole(tiny_dataset):
    """LIP's maps of pictures 0 to 2 hold no number above 15, those of picture 3 do."""
    for i in range(4):
        save(tiny_dataset.root / 'parsing' / f'person{i}.png', stripes(2, 13, 5, 14, *((9, 18) if i == 3 else ())))
    data, examples = _data(tiny_dataset)
    maps = find_class_maps(data, 'garment', examples)
    assert maps.coding is LIP
    assert maps.paths == [str(tiny_dataset.root / 'parsing' / f'person{i}.png') for i in range(4)]
    assert find_class_maps(data, 'parts', examples) is None
    data, examples = _data(tiny_dataset, garment_classes='own')
    assert find_class_maps(data, 'garment', examples).coding is GARMENTS


def test_densepose_is_an_alternative_to_parts(tiny_dataset, capsys):
    for i in range(4):
        save(tiny_dataset.root / 'densepose' / f'person{i}.png', stripes(23, 2, 9))
    data, examples = _data(tiny_dataset)
    assert find_class_maps(data, 'parts', examples).coding is DENSEPOSE
    for i in range(4):
        save(tiny_dataset.root / 'parts' / f'person{i}.png', stripes(10, 1, 2))
    assert find_class_maps(data, 'parts', examples).coding is PARTS
    assert 'using parts/, not densepose/' in capsys.readouterr().out


def test_pictures_without_a_map_are_named(tiny_dataset):
    for i in (0, 1, 3):
        save(tiny_dataset.root / 'parts' / f'person{i}.png', stripes(10, 1, 2))
    data, examples = _data(tiny_dataset)
    with pytest.raises(DataError, match=r'parts: missing person2\.png'):
        find_class_maps(data, 'parts', examples)


def test_maps_may_lie_deeper_and_be_called_after_another_name_of_the_picture(tiny_dataset):
    names = [f'fashionWOMENDressesid0000000{i}02_3back.jpg' for i in range(4)]
    for i, name in enumerate(names):
        (tiny_dataset.root / 'test' / f'person{i}.jpg').rename(tiny_dataset.root / 'test' / name)
        (tiny_dataset.root / 'parts' / f'id_0000000{i}').mkdir(parents=True)
        save(tiny_dataset.root / 'parts' / f'id_0000000{i}' / f'WOMEN-Dresses-id_0000000{i}-02_3_back.png', stripes(i))
    tiny_dataset.write_annotations('test', [(name, [50.0] * 18, [90.0] * 18) for name in names])
    tiny_dataset.write_pairs('test', [(names[0], names[1]), (names[2], names[3])])
    data, examples = _data(tiny_dataset)
    maps = find_class_maps(data, 'parts', examples)
    assert [load_class_map(path, maps.coding).max() for path in maps.paths] == [0, 1, 2, 3]
