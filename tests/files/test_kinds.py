"""What is in a file is told by its content, whatever it is called."""

import io

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.files.kinds import NUM_BYTES, kind_of


def picture(form):
    buffer = io.BytesIO()
    Image.new('RGB', (30, 20)).save(buffer, form)
    return buffer.getvalue()


def media(main_brand, *others):
    """The beginning of a HEIC, AVIF, MP4 or MOV file."""
    box = b'ftyp' + main_brand + b'\0\0\0\0' + b''.join(others)
    return (len(box) + 4).to_bytes(4, 'big') + box + b'\0\0\0\x08avif'


def array():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((18, 2)))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ('contents', 'kind'),
    [
        *((picture(form), form) for form in ('JPEG', 'PNG', 'GIF', 'BMP', 'TIFF', 'WebP')),
        (media(b'heic', b'mif1', b'heic'), 'HEIC picture'),
        (media(b'mif1', b'heic'), 'HEIC picture'),
        (media(b'mif1', b'avif', b'miaf'), 'AVIF picture'),
        (media(b'isom', b'iso2', b'avc1', b'mp41'), 'MP4 video'),
        (media(b'qt  ', b'qt  '), 'MOV video'),
        (b'\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01webm', 'WebM or MKV video'),
        (b'RIFF\x24\x10\0\0AVI LIST', 'AVI video'),
        (b'PK\x03\x04\x14\0\0\0', 'ZIP archive'),
        (array(), 'NumPy array'),
        (b'\0\x01\x02\x03', 'a binary file'),
        (b'', 'an empty file'),
        ('{"people": []}'.encode('utf-16'), 'text in UTF-16'),
        ('Größe'.encode('latin-1'), 'text that is not UTF-8'),
        (b'\n {"people": []}', 'a JSON file'),
        ('[1]'.encode('utf-8-sig'), 'a JSON file'),
        (b'<!DOCTYPE html><html>', 'an HTML page'),
        (b'BM and GIF8 are only words here', 'a text file'),
    ],
)
def test_kind_is_told_by_the_content(contents, kind):
    assert kind in kind_of(contents)


def test_a_character_that_the_beginning_cuts_is_no_mistake():
    text = ('x' + 'ü' * NUM_BYTES).encode()
    assert kind_of(text[:NUM_BYTES]) == 'a text file'
