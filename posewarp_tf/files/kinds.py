"""What a file holds, in words, told by how it begins: a suffix may be wrong or missing."""

from __future__ import annotations

import codecs

# So many bytes are enough for `kind_of`.
NUM_BYTES = 4096

TEXT_KINDS = ('a text file', 'a JSON file', 'an HTML page')
HEIC = 'a HEIC picture'
AVIF = 'an AVIF picture'

_BEGINNINGS = (
    (b'\xff\xd8\xff', 'a JPEG picture'),
    (b'\x89PNG\r\n\x1a\n', 'a PNG picture'),
    (b'GIF8', 'a GIF picture'),
    (b'BM', 'a BMP picture'),
    (b'II*\0', 'a TIFF picture'),
    (b'MM\0*', 'a TIFF picture'),
    (b'\x1a\x45\xdf\xa3', 'a WebM or MKV video'),
    (b'PK\x03\x04', 'a ZIP archive'),
    (b'\x1f\x8b', 'a gzip archive'),
    (b'%PDF', 'a PDF document'),
    (b'\x93NUMPY', 'a NumPy array (.npy)'),
)
_RIFF = {b'WEBP': 'a WebP picture', b'AVI ': 'an AVI video'}
# Brands of ISO media files; of anything else that begins like one it is a video.
_BRANDS = (
    ((b'avif', b'avis'), AVIF),
    ((b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1'), HEIC),
    ((b'qt  ',), 'a MOV video'),
)


def kind_of(contents: bytes) -> str:
    """'a JPEG picture', 'an MP4 video', 'a JSON file', ...: what a file with this beginning is."""
    if not contents:
        return 'an empty file'
    if _is_text(contents):
        start = contents.removeprefix(codecs.BOM_UTF8).lstrip()[:20].lower()
        if start.startswith((b'<!doctype html', b'<html')):
            return 'an HTML page'
        return 'a JSON file' if start.startswith((b'{', b'[')) else 'a text file'
    if contents.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return 'text in UTF-16'
    if contents.startswith(b'RIFF') and contents[8:12] in _RIFF:
        return _RIFF[contents[8:12]]
    if contents[4:8] == b'ftyp':
        return _kind_of_media(contents)
    found = (kind for beginning, kind in _BEGINNINGS if contents.startswith(beginning))
    return next(found, 'a binary file' if b'\0' in contents else 'text that is not UTF-8')


def _is_text(contents: bytes) -> bool:
    try:
        # The last character may be cut.
        codecs.getincrementaldecoder('utf-8')().decode(contents[:NUM_BYTES])
    except UnicodeDecodeError:
        return False
    return b'\0' not in contents


def _kind_of_media(contents: bytes) -> str:
    """The main brand is at 8, and those that it is compatible with are from 16 on: a HEIC's main one may be mif1."""
    header = contents[8 : int.from_bytes(contents[:4], 'big')]
    brands = {header[i : i + 4] for i in range(0, len(header), 4) if i != 4}
    return next((kind for known, kind in _BRANDS if brands & set(known)), 'an MP4 video')
