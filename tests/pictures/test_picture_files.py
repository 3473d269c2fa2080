"""Every picture people have becomes upright RGB, in Python and in graph alike, or an error names it."""

import io
import sys

import numpy as np
import pillow_heif
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.data.picture_store import read_picture, reading
from posewarp_tf.errors import DataError
from posewarp_tf.pictures import picture_files
from posewarp_tf.pictures.picture_files import PHOTO_SUFFIXES, load_image, picture_size, resize_image, save_image

SIZE = (40, 24)


def _picture():
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (10, 6, 3), dtype=np.uint8))
    return coarse.resize(SIZE[::-1], Image.Resampling.BICUBIC)


def _read_in_graph(path, size=SIZE):
    return tf.function(lambda name: read_picture(name, size))(tf.constant(str(path))).numpy()


def _with_orientation(orientation):
    """The picture as a camera held that way stores it: Pillow's own table of inverse turns, by hand."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.asarray(_picture())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    return Image.fromarray(np.ascontiguousarray(stored)), exif


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', ['png', 'jpg'])
def test_picture_is_turned_upright(tmp_path, orientation, suffix):
    stored, exif = _with_orientation(orientation)
    path = tmp_path / f'turned.{suffix}'
    stored.save(path, exif=exif, quality=100, subsampling=0)
    assert picture_size(path) == SIZE
    loaded = load_image(path)
    assert loaded.shape == (*SIZE, 3)
    difference = np.abs(loaded.astype(int) - np.asarray(_picture()))
    assert difference.max() <= (0 if suffix == 'png' else 8)
    np.testing.assert_array_equal(_read_in_graph(path), loaded)


def test_grey_palette_and_cmyk_become_rgb(tmp_path):
    picture = _picture()
    for mode, name in [
        ('L', 'grey.jpg'),
        ('L', 'grey.png'),
        ('P', 'palette.png'),
        ('CMYK', 'cmyk.jpg'),
        ('1', 'bit.png'),
    ]:
        converted = picture.convert(mode)
        converted.save(tmp_path / name, quality=100)
        expected = np.asarray(converted.convert('RGB')).astype(int)
        loaded = load_image(tmp_path / name)
        assert loaded.shape == (*SIZE, 3) and loaded.dtype == np.uint8
        assert np.abs(loaded - expected).max() <= (8 if name.endswith('jpg') else 0), name
        np.testing.assert_array_equal(_read_in_graph(tmp_path / name), loaded)


def test_alpha_is_composited_on_white(tmp_path):
    pixels = np.zeros((*SIZE, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[:, 8:16, 3] = 128
    pixels[:, 16:, 3] = 255
    Image.fromarray(pixels).save(tmp_path / 'alpha.png')
    loaded = load_image(tmp_path / 'alpha.png')
    assert loaded[0, 0].tolist() == [255, 255, 255]
    assert np.abs(loaded[0, 10].astype(int) - [227, 127, 127]).max() <= 1
    assert loaded[0, 20].tolist() == [200, 0, 0]
    np.testing.assert_array_equal(_read_in_graph(tmp_path / 'alpha.png'), loaded)


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    ramp = np.linspace(0, 65535, SIZE[0] * SIZE[1]).reshape(SIZE).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / 'deep.png')
    loaded = load_image(tmp_path / 'deep.png')
    np.testing.assert_allclose(loaded[..., 1], ramp / 257, atol=0.5001)


@pytest.mark.parametrize('kind', [{'progressive': True}, {'subsampling': 2}, {'subsampling': 0}])
def test_jpegs_are_decoded_alike_in_graph(tmp_path, kind):
    _picture().save(tmp_path / 'picture.jpg', **kind)
    path = tmp_path / 'picture.jpg'
    np.testing.assert_array_equal(_read_in_graph(path), load_image(path))


@pytest.mark.parametrize('size', [(20, 30), (7, 5), (80, 64)])
def test_squashing_in_graph_agrees_with_pillow(tmp_path, size):
    _picture().save(tmp_path / 'picture.jpg')
    in_graph = _read_in_graph(tmp_path / 'picture.jpg', size)
    expected = resize_image(load_image(tmp_path / 'picture.jpg'), size)
    assert in_graph.shape == (*size, 3)
    assert np.abs(in_graph.astype(int) - expected).max() <= 1


def _jpeg_bytes():
    buffer = io.BytesIO()
    _picture().save(buffer, 'JPEG')
    return buffer.getvalue()


def _media_bytes(brand):
    return b'\0\0\0\x14ftyp' + brand + b'\0\0\0\0' + brand + bytes(100)


@pytest.mark.parametrize(
    ('contents', 'reason'),
    [
        (_jpeg_bytes()[:-200], 'truncated'),
        (b'\x89PNG\r\n\x1a\n' + bytes(50), 'begins like a PNG picture, but is damaged'),
        (b'<html>not found</html>', 'not a picture but an HTML page'),
        (b'{"people": []}', 'not a picture but a JSON file'),
        (_media_bytes(b'isom'), 'not a picture but an MP4 video'),
        (_media_bytes(b'heic'), 'begins like a HEIC picture, but is damaged'),
        (b'', 'not a picture but an empty file'),
    ],
)
def test_unreadable_picture_is_named_with_the_reason(tmp_path, contents, reason):
    path = tmp_path / 'broken.jpg'
    path.write_bytes(contents)
    with pytest.raises(DataError, match=rf'broken\.jpg.*{reason}'):
        load_image(path)


@pytest.mark.parametrize('suffix', ['webp', 'avif', 'gif', 'bmp', 'tiff'])
def test_photos_of_other_formats_are_read_whatever_they_are_called(tmp_path, suffix):
    _picture().resize((160, 120)).save(tmp_path / f'photo.{suffix}')
    (tmp_path / f'photo.{suffix}').rename(tmp_path / 'photo.jpg')
    expected = np.asarray(_picture().resize((160, 120))).astype(int)
    assert np.abs(load_image(tmp_path / 'photo.jpg') - expected).mean() < 12


def _heic(path, stored, **exif):
    """Every pixel four times as wide and high, since the codec blurs colours."""
    larger = stored.resize((4 * stored.width, 4 * stored.height), Image.Resampling.NEAREST)
    pillow_heif.from_pillow(larger).save(path, quality=-1, **exif)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('name', ['photo.HEIF', 'photo.jpg'])
def test_heic_of_any_name_is_upright(tmp_path, orientation, name):
    stored, exif = _with_orientation(orientation)
    _heic(tmp_path / 'photo.heic', stored, exif=exif.tobytes())
    (tmp_path / 'photo.heic').rename(tmp_path / name)
    expected = np.asarray(_picture()).repeat(4, axis=0).repeat(4, axis=1).astype(int)
    assert picture_size(tmp_path / name) == expected.shape[:2]
    assert np.abs(load_image(tmp_path / name) - expected).mean() < 4


def test_alpha_of_heic_is_composited_on_white(tmp_path):
    pixels = np.full((*SIZE, 4), (200, 0, 0, 255), np.uint8)
    pixels[:, :12, 3] = 0
    _heic(tmp_path / 'photo.heic', Image.fromarray(pixels))
    loaded = load_image(tmp_path / 'photo.heic').astype(int)
    assert np.abs(loaded[:, :40] - 255).max() <= 4 and np.abs(loaded[:, 56:] - [200, 0, 0]).max() <= 4


def test_without_its_library_a_heic_picture_is_named_with_what_to_install(tmp_path, monkeypatch):
    _heic(tmp_path / 'photo.heic', _picture())
    monkeypatch.setitem(sys.modules, 'pillow_heif', None)
    monkeypatch.delitem(Image.OPEN, 'HEIF', raising=False)
    monkeypatch.setattr(Image, 'ID', [kind for kind in Image.ID if kind != 'HEIF'])
    expected = (
        r"photo\.heic: a HEIC picture, which cannot be read here: pip install 'posewarp_tf\[heic\]', or save it as"
    )
    with pytest.raises(DataError, match=expected):
        load_image(tmp_path / 'photo.heic')


def test_heic_names_are_those_of_photos():
    assert {'.heic', '.heif', '.jpg'} <= set(PHOTO_SUFFIXES)


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(DataError, match='a folder, expected a picture'):
        load_image(tmp_path)


def test_missing_picture_is_named(tmp_path):
    with pytest.raises(DataError, match=r'nobody\.jpg: no such picture'):
        load_image(tmp_path / 'nobody.jpg')


@pytest.mark.parametrize('name', ['huge.png', 'huge.jpg'])
def test_picture_with_too_many_pixels_is_rejected_before_decoding(tmp_path, monkeypatch, name):
    monkeypatch.setattr(picture_files, 'MAX_PIXELS', 500)
    _picture().save(tmp_path / name)
    with pytest.raises(DataError, match=rf'{name}: 24x40 pixels, expected at most 500'):
        load_image(tmp_path / name)
    with pytest.raises(DataError, match=name), reading():
        _read_in_graph(tmp_path / name)


def test_saved_picture_is_read_back(tmp_path):
    picture = np.asarray(_picture())
    save_image(tmp_path / 'folder' / 'saved.png', picture)
    np.testing.assert_array_equal(load_image(tmp_path / 'folder' / 'saved.png'), picture)
    save_image(tmp_path / 'saved.jpg', picture)
    assert np.abs(load_image(tmp_path / 'saved.jpg').astype(int) - picture).mean() < 10
    with pytest.raises(DataError, match=r'saved\.tiff'):
        save_image(tmp_path / 'saved.tiff', picture)


def test_failing_write_leaves_the_old_picture(tmp_path, monkeypatch):
    picture = np.asarray(_picture())
    save_image(tmp_path / 'saved.png', picture)

    def fail(self, path, **options):
        path.write_bytes(b'half')
        raise OSError(28, 'No space left on device', str(path))

    monkeypatch.setattr(Image.Image, 'save', fail)
    with pytest.raises(OSError, match='No space left'):
        save_image(tmp_path / 'saved.png', 255 - picture)
    np.testing.assert_array_equal(load_image(tmp_path / 'saved.png'), picture)
    assert [path.name for path in tmp_path.iterdir()] == ['saved.png']
