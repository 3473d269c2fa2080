"""Picture files in and out: whatever people have becomes uint8 RGB, the right way up.

Only Pillow and NumPy for files, and pillow-heif for HEIC where it is installed; `contents.py` fetches what is behind
URLs or inside larger files. `data/picture_store.py` reads many files in a tf.data graph with the same result.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path
from posewarp_tf.files.kinds import AVIF, HEIC, NUM_BYTES, kind_of
from posewarp_tf.pictures.contents import readable

PICTURE_SUFFIXES = ('.jpg', '.jpeg', '.png')
# What photos come as besides; those that cannot be read are named, not passed over.
PHOTO_SUFFIXES = (*PICTURE_SUFFIXES, '.webp', '.avif', '.heic', '.heif')
# No photograph of a person needs more; a file that claims more is broken or meant to exhaust memory.
MAX_PIXELS = 64_000_000

_WIDE_MODES = ('I', 'I;16', 'I;16B', 'I;16L', 'I;16N')
_EXIF_ORIENTATION = 0x0112


def load_image(path: str | os.PathLike) -> np.ndarray:
    """Any picture as uint8 [H, W, 3] RGB.

    Turned as its EXIF orientation says; greyscale, palette and CMYK become RGB; alpha is composited on
    white, as studio pictures have it; 16-bit greyscale is scaled to 8 bits.

    Raises:
        DataError: the file is missing, not a picture, truncated or larger than `MAX_PIXELS`.
    """
    with _opened(path) as image:
        image.load()
        return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))


def load_class_numbers(path: str | os.PathLike) -> np.ndarray:
    """The numbers in a greyscale or palette PNG, uint8 [H, W], or in a colour PNG, [H, W, 3], as they are.

    Raises:
        DataError: as `load_image`; or the numbers are of another kind, or a lossy file has blurred them.
    """
    with _opened(path) as image:
        if image.mode not in ('L', 'P', '1', 'RGB') or image.format == 'JPEG':
            got = f'got {image.format} of mode {image.mode}'
            raise DataError(f'{os.fspath(path)}: {got}, expected a greyscale or palette PNG of classes')
        return np.array(image, dtype=np.uint8)


def picture_size(path: str | os.PathLike) -> tuple[int, int]:
    """(height, width) of the picture as `load_image` would return it, from the file's header alone."""
    with _opened(path) as image:
        turned = image.getexif().get(_EXIF_ORIENTATION, 1) in (5, 6, 7, 8)
        return (image.width, image.height) if turned else (image.height, image.width)


def resize_nearest(pixels: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """uint8 [h, w] (a map of classes) or [h, w, 3] at `size` (height, width, ...): each pixel is the nearest."""
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.NEAREST))


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W, 3] squashed or stretched to `size` (height, width), anti-aliased bilinear."""
    resized = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def squashed(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [H, W, 3] squashed or stretched to `size` (height, width), bicubic: a frame as networks of clips see it."""
    if image.shape[:2] == tuple(size):
        return image
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BICUBIC))


def size_at_height(size: tuple[int, ...], height: int) -> tuple[int, int]:
    """(height, width) of a picture of `size` (height, width, ...) that is stretched to a height, in its shape."""
    return height, max(1, round(height * size[1] / size[0]))


def resize_to_height(image: np.ndarray, height: int) -> np.ndarray:
    """`resize_image` to a height in pixels, in the picture's shape."""
    return resize_image(image, size_at_height(image.shape, height))


def save_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes uint8 [H, W] or [H, W, 3] as PNG or JPEG (quality 95), by the suffix; whole or not at all."""
    if os.path.splitext(path)[1].lower() not in PICTURE_SUFFIXES:
        raise DataError(f'{os.fspath(path)}: expected a name that ends in {", ".join(PICTURE_SUFFIXES)}')
    with atomic_path(path) as temporary:
        Image.fromarray(np.asarray(image, np.uint8)).save(temporary, quality=95)


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Image.Image]:
    """The opened picture; whatever goes wrong with it, inside too, is a DataError that names the file."""
    name = os.fspath(path)
    file = readable(name)
    try:
        with _identified(file) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f'{name}: {image.width}x{image.height} pixels, expected at most {MAX_PIXELS} in all')
            yield image
    except FileNotFoundError as error:
        raise DataError(f'{name}: no such picture') from error
    except UnidentifiedImageError as error:
        raise DataError(f'{name}: {_why_unidentified(_beginning(file))}') from error
    except IsADirectoryError as error:
        raise DataError(f'{name}: a folder, expected a picture') from error
    except Image.DecompressionBombError as error:
        raise DataError(f'{name}: too many pixels, expected at most {MAX_PIXELS}') from error
    except DataError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise DataError(f'{name}: unreadable picture: {error}') from error


def _identified(file: io.BytesIO | str) -> Image.Image:
    """As Image.open, which gets to know HEIC when the first such picture comes, if pillow-heif is installed."""
    try:
        return Image.open(file)
    except UnidentifiedImageError:
        if kind_of(_beginning(file)) != HEIC or not _reads_heic():
            raise
    return Image.open(file)


def _reads_heic() -> bool:
    """Whether pillow-heif is installed, which then serves Image.open; it turns pictures upright itself."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False)
    return True


def _beginning(file: io.BytesIO | str) -> bytes:
    if isinstance(file, io.BytesIO):
        return file.getvalue()[:NUM_BYTES]
    with open(file, 'rb') as opened:
        return opened.read(NUM_BYTES)


def _why_unidentified(beginning: bytes) -> str:
    kind = kind_of(beginning)
    if kind == AVIF or (kind == HEIC and not _reads_heic()):
        install = "pip install 'posewarp_tf[heic]', or " if kind == HEIC else ''
        hint = 'save it as JPEG (on an iPhone: Settings > Camera > Formats > Most Compatible)'
        return f'{kind}, which cannot be read here: {install}{hint}'
    return f'begins like {kind}, but is damaged' if kind.endswith('picture') else f'not a picture but {kind}'


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _WIDE_MODES:
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray(np.clip(np.round(values / 257), 0, 255).astype(np.uint8)).convert('RGB')
    if 'A' in image.getbands() or 'transparency' in image.info:
        colours = image.convert('RGBA')
        white = Image.new('RGBA', colours.size, 'white')
        return Image.alpha_composite(white, colours).convert('RGB')
    return image.convert('RGB')
