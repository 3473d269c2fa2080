"""Picture files inside the graph become what Pillow makes of them outside it."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from requests_to_a_server import encoded, tensors

from exports.saved_model.encoded_pictures import decode_class_maps, decode_pictures
from exports.saved_model.signatures import make_signatures
from exports.saved_model.warm_up import to_files
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.pictures.picture_files import load_image, resize_image
from tests.run_folders import SIZE, make_run, person, picture

ORIENTATION = 0x0112


@pytest.fixture(scope='module')
def decode():
    """bytes -> (picture of SIZE, own size)."""
    function = tf.function(lambda contents: decode_pictures(contents, SIZE, 'picture'), autograph=False)

    def run(contents):
        image, own_size = function(tf.constant([contents]))
        return image.numpy()[0].astype(int), own_size.numpy()[0].tolist()

    return run


def differences(decode, tmp_path, contents):
    """Of the decoded picture and Pillow's, both of SIZE."""
    path = tmp_path / 'picture'
    path.write_bytes(contents)
    loaded = load_image(path)
    image, own_size = decode(contents)
    assert own_size == list(loaded.shape[:2])
    return np.abs(image - resize_image(loaded, SIZE))


@pytest.mark.parametrize('size', [(64, 64), (150, 91), (41, 300), (700, 500)])
def test_a_jpeg_of_any_size_is_squashed_as_by_pillow(decode, tmp_path, size):
    found = differences(decode, tmp_path, encoded(picture(size), quality=95))
    assert found.max() <= 1
    assert found.mean() < 0.25


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('little_endian', [True, False])
def test_a_jpeg_is_turned_as_its_exif_data_says(decode, tmp_path, orientation, little_endian):
    exif = Image.Exif()
    exif.endian = '<' if little_endian else '>'
    exif[0x010F] = 'A camera'
    exif[ORIENTATION] = orientation
    contents = encoded(picture((90, 150)), exif=exif, quality=95)
    assert differences(decode, tmp_path, contents).max() <= 1


@pytest.mark.parametrize('value', [0, 9, 77])
def test_an_orientation_that_does_not_exist_turns_nothing(decode, tmp_path, value):
    exif = Image.Exif()
    exif[ORIENTATION] = value
    assert differences(decode, tmp_path, encoded(picture((90, 150)), exif=exif, quality=95)).max() <= 1


def test_broken_exif_data_turns_nothing(decode):
    plain = encoded(picture((90, 150)), quality=95)
    for exif in (
        b'',
        b'II',
        b'II*\0\xff\xff\xff\xff',
        b'II*\0\x08\0\0\0\xff\xff\x12\x01',
        b'MM\0*\x80\0\0\0' + bytes(40),
    ):
        segment = b'Exif\0\0' + exif
        contents = plain[:2] + b'\xff\xe1' + (len(segment) + 2).to_bytes(2, 'big') + segment + plain[2:]
        np.testing.assert_array_equal(decode(contents)[0], decode(plain)[0])


def test_pngs_of_every_kind_are_read_as_by_pillow(decode, tmp_path):
    colours = Image.fromarray(picture((80, 100)))
    half = colours.copy()
    half.putalpha(Image.fromarray(picture((80, 100), seed=1)).convert('L'))
    kinds = [colours, half, colours.convert('L'), half.convert('LA'), colours.convert('1')]
    for image in (*kinds, colours.quantize(64), colours.quantize(3)):
        assert differences(decode, tmp_path, encoded(image, 'PNG')).max() <= 1, image.mode
    see_through = encoded(colours.quantize(3), 'PNG', transparency=1)
    assert differences(decode, tmp_path, see_through).max() <= 1


def test_maps_of_classes_keep_their_numbers():
    classes = np.random.default_rng(0).integers(0, 16, (40, 30)).astype(np.uint8)
    found = decode_class_maps(tf.constant([encoded(classes, 'PNG')]), (80, 60), 'parts').numpy()[0]
    np.testing.assert_array_equal(found, classes.repeat(2, axis=0).repeat(2, axis=1))
    palette = Image.fromarray(classes).convert('P')
    for bad in (encoded(palette, 'PNG'), encoded(classes), encoded(picture((40, 30)), 'PNG')):
        with pytest.raises(tf.errors.InvalidArgumentError, match='parts: expected an 8-bit greyscale PNG'):
            decode_class_maps(tf.constant([bad]), (80, 60), 'parts')


def test_joints_are_in_pixels_of_the_given_picture(signatures, tiny_predictor):
    """As the predictor has it; the file is a PNG so that nothing is lost."""
    size = (150, 91)
    image, source, target = picture(size), person(size), person(size, lean=8)
    target[3] = (-1, -1)
    target[4] = (size[1] + 5, 20)  # Outside: missing.
    prediction = tiny_predictor.predict(image, source, target)
    served = signatures['serve_bytes'](
        source_image_bytes=tf.constant([encoded(image, 'PNG')]),
        source_keypoints=tf.constant(source[np.newaxis]),
        target_keypoints=tf.constant(target[np.newaxis]),
    )
    answer = tf.io.decode_png(served['image_bytes'][0]).numpy()
    full_size = np.asarray(Image.fromarray(answer).resize((size[1], size[0]), Image.Resampling.LANCZOS)).astype(int)
    # The squashed pictures may differ by one level, which this untrained network makes more of.
    assert np.abs(full_size - prediction.image).mean() < 0.5
    swapped = signatures['serve_bytes'](
        source_image_bytes=tf.constant([encoded(image, 'PNG')]),
        source_keypoints=tf.constant(source[np.newaxis, :, ::-1]),
        target_keypoints=tf.constant(target[np.newaxis, :, ::-1]),
    )
    other = tf.io.decode_png(swapped['image_bytes'][0]).numpy().astype(int)
    assert np.abs(other - answer).mean() > 2


@pytest.mark.slow
def test_a_model_with_maps_takes_their_files(tmp_path):
    """Nothing but `raw_input_specs` says what a model wants."""
    run = make_run(tmp_path, pose_representation='both', sampler_impl='gather')
    reposer = Reposer(run.path)
    signatures = make_signatures(reposer)
    assert list(signatures['serve_bytes'].structured_input_signature[1]) == [
        'source_image_bytes', 'source_keypoints', 'source_parts_bytes', 'target_keypoints', 'target_parts_bytes'
    ]  # fmt: skip
    maps = np.random.default_rng(0).integers(0, 11, (2, 1, *SIZE)).astype(np.uint8)
    inputs = {**tensors(1), 'source_parts': maps[0], 'target_parts': maps[1]}
    expected = reposer({name: tf.constant(array) for name, array in inputs.items()})['image'][0].numpy()
    assert expected.std() > 1

    def serve(files):
        answer = signatures['serve_bytes'](**{name: tf.constant(array) for name, array in files.items()})
        return tf.io.decode_png(answer['image_bytes'][0]).numpy().astype(int)

    assert np.abs(serve(to_files(inputs)) - expected).max() <= 1
    assert np.abs(serve(to_files({**inputs, 'target_parts': maps[0]})) - expected).max() > 5
    with pytest.raises(tf.errors.InvalidArgumentError, match='target_parts: expected classes 0 to 10'):
        serve(to_files({**inputs, 'target_parts': maps[1] + 1}))
