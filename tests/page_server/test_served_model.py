"""The model beside a page: what the page is told of it, and files that are none."""

import hashlib
import json
import re

import pytest

from posewarp_tf.conventions import JOINT_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.page_server.served_model import INPUT_NAMES, POSE_MODELS, load_served_model
from posewarp_tf.page_server.site import make_site
from tests.source_code import read

MODEL = b'\x1c\0\0\0TFL3 and so on'
METADATA = {
    'image_size': [64, 48],
    'joint_names': list(JOINT_NAMES),
    'signatures': {'serving_default': {'inputs': {name: {} for name in INPUT_NAMES}}},
}


@pytest.fixture
def exported(tmp_path):
    (tmp_path / 'my model #1.tflite').write_bytes(MODEL)
    (tmp_path / 'metadata.json').write_text(json.dumps(METADATA))
    return tmp_path / 'my model #1.tflite'


def test_the_page_finds_the_model_and_what_it_has_to_know_of_it(exported, tmp_path):
    page = tmp_path / 'page'
    page.mkdir()
    (page / 'index.html').write_text('the page')
    site = make_site(page, load_served_model(exported))
    card = json.loads(site['/model/model.json'])
    assert card == {
        'file': 'posewarp.tflite',
        'bytes': len(MODEL),
        'sha256': hashlib.sha256(MODEL).hexdigest(),
        'image_size': [64, 48],
        'joint_names': list(JOINT_NAMES),
        'pose_models': None,
    }
    assert site == {
        '/index.html': b'the page',
        '/model/model.json': site['/model/model.json'],
        '/model/posewarp.tflite': MODEL,
    }


def test_what_finds_joints_lies_beside_it(exported):
    found = {'landmarks': b'where joints are', 'detector': b'where people are'}
    model = load_served_model(exported).with_pose_models(found)
    for part, card in model.card['pose_models'].items():
        assert model.contents[card['file']] == model.files[card['file']] == found[part]
        assert card['bytes'] == len(found[part])
        assert card['sha256'] == hashlib.sha256(found[part]).hexdigest()
    assert list(model.card['pose_models']) == ['detector', 'landmarks']
    assert model.contents['posewarp.tflite'] == MODEL


def test_the_page_is_told_all_that_its_own_build_would_tell(exported):
    script = read('exports/mobile/tools/build.mjs')
    fields = re.findall(r'^    (\w+): metadata\.\1,$', script, re.MULTILINE)
    assert {'image_size', 'joint_names'} < set(fields)
    values = {**{name: {} for name in fields}, **METADATA}
    exported.with_name('metadata.json').write_text(json.dumps(values))
    card = load_served_model(exported).card
    assert {name: card[name] for name in fields} == {name: values[name] for name in fields}
    names = dict(re.findall(r"(\w+): '(\w+\.tflite)'", script.partition('POSE_MODELS = ')[2].partition(';')[0]))
    assert names == POSE_MODELS


def test_the_page_makes_of_a_photo_what_is_expected_here():
    names = ', '.join(f"'{name}'" for name in INPUT_NAMES)
    assert f'INPUT_NAMES = [{names}]' in read('exports/mobile/page/js/model_file.js')


@pytest.mark.parametrize(
    ('contents', 'words'),
    [
        (None, 'no such file'),
        (b'', 'an empty file, expected a .tflite file'),
        (b'\xff\xd8\xff\xe0 a photo', 'a JPEG picture, expected a .tflite file'),
        (b'PK\x03\x04\0 weights', 'a ZIP archive, expected a .tflite file'),
        (b'<!doctype html> not found', 'an HTML page, expected a .tflite file'),
    ],
)
def test_a_file_that_is_no_model_is_named_as_what_it_is(exported, contents, words):
    exported.unlink()
    if contents is not None:
        exported.write_bytes(contents)
    with pytest.raises(DataError) as caught:
        load_served_model(exported)
    assert str(exported) in str(caught.value) and words in str(caught.value)


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(DataError, match='a folder, expected a .tflite file'):
        load_served_model(tmp_path)


@pytest.mark.parametrize(
    ('metadata', 'words'),
    [
        (None, 'no such file: the exporter writes it beside the model'),
        ('{"image_size"', 'not JSON'),
        ('[]', 'image_size: got None'),
        (json.dumps({**METADATA, 'image_size': [64]}), r'image_size: got \[64\], expected \[height, width\]'),
        (json.dumps({**METADATA, 'joint_names': list(JOINT_NAMES[::-1])}), 'joint_names: expected nose, neck'),
        (
            json.dumps(
                {**METADATA, 'signatures': {'serving_default': {'inputs': [*INPUT_NAMES, 'source_parts', 'garment']}}}
            ),
            'the model also needs garment, source_parts, which the page cannot make from a photo',
        ),
    ],
)
def test_metadata_that_the_page_could_not_use_are_refused_by_name(exported, metadata, words):
    place = exported.with_name('metadata.json')
    place.unlink()
    if metadata is not None:
        place.write_text(metadata)
    with pytest.raises(DataError, match=words) as caught:
        load_served_model(exported)
    assert str(caught.value).startswith(str(place))
