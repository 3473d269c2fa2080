"""Models that take maps of classes get exactly theirs; a person can be put into another picture."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.errors import DataError
from posewarp_tf.inference.checks import Context, make_context
from posewarp_tf.poses.heatmaps import make_heatmaps
from tests.run_folders import SIZE, class_map, person, picture

POSES = (person(SIZE), person(SIZE, lean=8))


def _maps(size=SIZE):
    return {
        'source_parts': class_map(size, 11, 1),
        'target_parts': class_map(size, 11, 2),
        'source_garment': class_map(size, 16, 3),
    }


def test_answer_is_the_models_with_these_maps(tiny_pfl_run, tiny_pfl_predictor):
    maps = _maps()
    prediction = tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=maps)
    poses = {
        f'{side}_pose': tf.concat(
            [make_heatmaps(pose[None], SIZE, 6.0), np.eye(11, dtype=np.float32)[maps[f'{side}_parts']][None]], axis=-1
        )
        for side, pose in zip(('source', 'target'), POSES)
    }
    image = tf.cast(picture(SIZE)[None], tf.float32) / 127.5 - 1
    outputs = tiny_pfl_run.load_model()(
        {'source_image': image, **poses, 'source_garment': maps['source_garment'][None]}
    )
    assert np.abs(prediction.image - np.rint((outputs['image'][0].numpy() + 1) * 127.5)).max() <= 1
    assert np.mean(prediction.garment == np.argmax(outputs['garment'][0], axis=-1)) > 0.999
    np.testing.assert_allclose(prediction.composition_mask, outputs['composition_mask'][0], atol=1e-4)
    assert len(np.unique(prediction.garment)) > 1


def test_every_map_matters(tiny_pfl_predictor):
    expected = tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=_maps())
    for name in tiny_pfl_predictor.class_maps:
        changed = {**_maps(), name: np.zeros(SIZE, np.uint8)}
        found = tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=changed)
        assert not np.array_equal(found.image, expected.image), name


def test_maps_cover_the_picture_whatever_their_size(tiny_pfl_predictor):
    expected = tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=_maps())
    larger = {name: classes.repeat(3, axis=0).repeat(2, axis=1) for name, classes in _maps().items()}
    found = tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=larger)
    assert np.array_equal(found.image, expected.image)


def test_garment_and_composition_are_among_the_pictures(tiny_pfl_predictor):
    size = (100, 70)
    poses = person(size), person(size, lean=8)
    pictures = tiny_pfl_predictor.predict(picture(size), *poses, class_maps=_maps()).pictures()
    assert list(pictures)[-3:] == ['mask', 'garment', 'composition_mask']
    assert all(shown.shape == (*size, 3) and shown.dtype == np.uint8 for shown in pictures.values())


def test_a_prepared_person_takes_pose_after_pose(tiny_pfl_predictor):
    maps = _maps()
    target = {'target_parts': maps.pop('target_parts')}
    source = tiny_pfl_predictor.prepare(picture(SIZE), POSES[0], maps)
    for pose in POSES:
        found = tiny_pfl_predictor.repose(source, pose, class_maps=target)
        expected = tiny_pfl_predictor.predict(picture(SIZE), POSES[0], pose, class_maps={**maps, **target})
        assert np.array_equal(found.image, expected.image)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'source_garment': None}, r'source_garment: this model needs .*--source_garment'),
        ({'target_parts': None}, r'target_parts: this model needs .*--target_parts'),
        (
            {'target_garment': class_map(SIZE, 16, 0)},
            'target_garment: this model takes no such map .it takes source_pa',
        ),
        ({'source_parts': np.full(SIZE, 11, np.uint8)}, 'source_parts: got class 11, expected 0 to 10'),
        ({'source_garment': np.zeros((*SIZE, 3), np.uint8)}, r'source_garment: got uint8 \[64, 64, 3\]'),
        ({'source_garment': np.zeros(SIZE)}, r'source_garment: got float64 \[64, 64\]'),
    ],
)
def test_missing_strange_and_wrong_maps_are_named(tiny_pfl_predictor, changes, message):
    maps = {name: classes for name, classes in {**_maps(), **changes}.items() if classes is not None}
    with pytest.raises(DataError, match=message):
        tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=maps)


def test_a_model_without_maps_and_context_refuses_them(tiny_predictor):
    assert tiny_predictor.class_maps == () and not tiny_predictor.takes_context
    with pytest.raises(DataError, match='source_garment: this model takes no such map .it takes no maps'):
        tiny_predictor.predict(picture(SIZE), *POSES, class_maps={'source_garment': class_map(SIZE, 16, 0)})
    with pytest.raises(DataError, match='target_image: this model makes the whole picture and takes no context'):
        tiny_predictor.predict(picture(SIZE), *POSES, context=Context(picture(SIZE), np.ones(SIZE, np.uint8)))


def test_the_context_stays_where_it_may_and_gives_the_answer_its_size(tiny_pfl_predictor):
    other = picture((128, 64), seed=5)
    mask = np.zeros((128, 64), np.uint8)
    mask[:40] = 1
    plain = tiny_pfl_predictor.predict(picture(SIZE), *POSES, class_maps=_maps())
    # The pose in the pixels of the other picture, which is twice as high.
    pose = POSES[1] * [1, 2]
    found = tiny_pfl_predictor.predict(picture(SIZE), POSES[0], pose, class_maps=_maps(), context=Context(other, mask))
    assert found.image.shape == (128, 64, 3)
    np.testing.assert_allclose(found.target_keypoints, pose, atol=0.01)
    # A little away from the edge, since the model works at half of this height.
    difference = np.abs(found.image.astype(int) - other)
    assert difference[:32].mean() < 2
    assert difference[48:].mean() > 10
    assert np.abs(plain.image.repeat(2, axis=0).astype(int) - other)[:32].mean() > 10


def test_head_and_background_are_found_in_either_map():
    image = picture((16, 16))
    garment = np.array([GARMENT_NAMES.index(name) for name in ('background', 'hair', 'face', 'hat')] * 2)
    garment = np.tile(np.r_[garment, [4, 5, 6, 8, 12, 13, 14, 15]], (16, 1)).astype(np.uint8)
    parts = np.tile(np.arange(16).clip(max=10), (16, 1)).astype(np.uint8)
    assert make_context(image, garment, parts).mask[3].tolist() == [1] * 8 + [0, 0, 0, 0, 1, 0, 0, 0]
    head = PART_NAMES.index('head')
    assert make_context(image, None, parts).mask[3].tolist() == [int(p in (0, head)) for p in parts[3]]
    # A map of another size covers the same picture.
    assert np.array_equal(
        make_context(image, garment.repeat(2, axis=0), None).mask, make_context(image, garment, None).mask
    )
    with pytest.raises(DataError, match='target_image: .*--target_garment or --target_parts'):
        make_context(image, None, None)
