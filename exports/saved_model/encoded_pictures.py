"""JPEG and PNG files to pictures of the model's size and back, inside a graph of stock operations.

The same picture as `picture_files.load_image` and `resize_image` give, within one grey level (8 bits, RGB or grey):
turned as the EXIF orientation of a JPEG says, transparency composited on white, squashed by an anti-aliased bilinear
filter. Not read: the EXIF chunk of a PNG; the values of 16-bit greyscale are cut to 8 bits, not rounded.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from posewarp_tf.pictures.picture_files import MAX_PIXELS

_JPEG_START = b'\xff\xd8\xff'
_PNG_START = b'\x89PNG\r\n\x1a\n'
# Signature, length and type of the first chunk; then width and height, depth and kind of colour.
_PNG_SIZE_AT = 16
_PNG_COLOR_AT = 24
_PNG_HEADER_BYTES = 33
_EIGHT_BITS_OF_GREY = b'\x08\x00'
# EXIF data is in the first segment or two of a JPEG, each of less than 64 KiB.
_EXIF_WITHIN = 1 << 17
_EXIF_ORIENTATION = 0x0112
_EXIF_ENTRY_BYTES = 12
_PARALLEL_PICTURES = 2


def decode_pictures(contents: tf.Tensor, size: tuple[int, int], name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Files [B] as uint8 [B, height, width, 3] of `size`, and the pictures' own (height, width), float32 [B, 2].

    Fails, naming the input and the example: not a JPEG or PNG, or more than `MAX_PIXELS` pixels, which is found out
    before anything is decoded. Truncated and damaged files fail in TensorFlow's decoders.
    """

    def decode(numbered: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        index, file = numbered
        with tf.control_dependencies([_require_sane_picture(file, index, name)]):
            file = tf.identity(file)
        image = tf.cond(_is_png(file), lambda: _decode_png(file), lambda: _decode_jpeg(file))
        own_size = tf.cast(tf.shape(image)[:2], tf.float32)
        squashed = tf.image.resize(image, size, antialias=True)
        return tf.cast(tf.round(tf.clip_by_value(squashed, 0.0, 255.0)), tf.uint8), own_size

    specs = (tf.TensorSpec([*size, 3], tf.uint8), tf.TensorSpec([2], tf.float32))
    return _for_each(decode, contents, specs)


def decode_class_maps(contents: tf.Tensor, size: tuple[int, int], name: str) -> tf.Tensor:
    """8-bit greyscale PNGs [B] whose grey levels are class numbers, as uint8 [B, height, width]; nearest pixel.

    Fails for other files; a palette's numbers are not to be had from TensorFlow's decoder, only its colours.
    """

    def decode(numbered: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        index, file = numbered
        with tf.control_dependencies([_require_sane_picture(file, index, name)]):
            is_grey = _is_png(file) & (tf.strings.substr(file, _PNG_COLOR_AT, 2) == _EIGHT_BITS_OF_GREY)
        message = f'{name}: expected an 8-bit greyscale PNG of class numbers; it is another picture in example'
        with tf.control_dependencies([_require(is_grey, message, index)]):
            classes = tf.io.decode_png(file, channels=1)
        return tf.image.resize(classes, size, method='nearest')[..., 0]

    return _for_each(decode, contents, tf.TensorSpec(size, tf.uint8))


def _for_each(decode: Any, contents: tf.Tensor, specs: Any) -> Any:
    indices = tf.range(tf.size(contents))
    return tf.map_fn(decode, (indices, contents), fn_output_signature=specs, parallel_iterations=_PARALLEL_PICTURES)


def _require(condition: tf.Tensor, message: str, *numbers: tf.Tensor) -> tf.Operation:
    return tf.debugging.Assert(condition, [message, *numbers])


def _is_png(file: tf.Tensor) -> tf.Tensor:
    return (tf.strings.substr(file, 0, len(_PNG_START)) == _PNG_START) & (tf.strings.length(file) >= _PNG_HEADER_BYTES)


def _require_sane_picture(file: tf.Tensor, index: tf.Tensor, name: str) -> tf.Operation:
    is_png, is_jpeg = _is_png(file), tf.strings.substr(file, 0, len(_JPEG_START)) == _JPEG_START
    known = _require(is_png | is_jpeg, f'{name}: expected a JPEG or PNG file; it is neither in example', index)
    with tf.control_dependencies([known]):
        size = tf.cond(is_png, lambda: _png_size(file), lambda: tf.io.extract_jpeg_shape(file)[:2])
    # The product of two numbers of 31 bits may not fit into 32.
    num_pixels = tf.reduce_prod(tf.cast(size, tf.int64))
    sane = (tf.reduce_min(size) > 0) & (num_pixels <= MAX_PIXELS)
    return _require(
        sane, f'{name}: expected at most {MAX_PIXELS} pixels in all; got example, height, width', index, size
    )


def _png_size(file: tf.Tensor) -> tf.Tensor:
    """(height, width) from a PNG's header."""
    return tf.io.decode_raw(tf.strings.substr(file, _PNG_SIZE_AT, 8), tf.int32, little_endian=False)[::-1]


def _decode_png(file: tf.Tensor) -> tf.Tensor:
    # The alpha that TensorFlow adds to a picture of less than 8 bits without one is not opaque.
    kind = tf.strings.substr(file, _PNG_COLOR_AT + 1, 1)
    before_pixels = tf.strings.split(file, b'IDAT', maxsplit=1)[0]
    has_transparent_colour = tf.size(tf.strings.split(before_pixels, b'tRNS', maxsplit=1)) > 1
    has_alpha = (kind == b'\x04') | (kind == b'\x06') | has_transparent_colour
    return tf.cond(has_alpha, lambda: _on_white(file), lambda: tf.io.decode_png(file, channels=3))


def _on_white(file: tf.Tensor) -> tf.Tensor:
    # At most 255 * 255 + 127, which 16 bits hold.
    image = tf.cast(tf.io.decode_png(file, channels=4), tf.uint16)
    colours, alpha = image[..., :3], image[..., 3:]
    return tf.cast((colours * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def _decode_jpeg(file: tf.Tensor) -> tf.Tensor:
    # The slow, exact transform: the default is faster but differs from Pillow's.
    image = tf.io.decode_jpeg(file, channels=3, dct_method='INTEGER_ACCURATE')
    orientation = _exif_orientation(file)
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    mirrored = tf.reduce_any(orientation == [2, 3, 6, 7])
    upside_down = tf.reduce_any(orientation == [3, 4, 7, 8])
    image = tf.cond(mirrored, lambda: tf.reverse(image, [1]), lambda: image)
    return tf.cond(upside_down, lambda: tf.reverse(image, [0]), lambda: image)


def _exif_orientation(file: tf.Tensor) -> tf.Tensor:
    """1 to 8, as in the EXIF data of a JPEG; 1 (upright) where there is none or it makes no sense."""
    head = tf.strings.substr(file, 0, _EXIF_WITHIN)
    found = tf.concat([tf.strings.split(head, b'Exif\0\0', maxsplit=1), ['']], axis=0)[1]
    # One more entry of zeros, so that reading past the end finds nothing.
    data = tf.concat([tf.io.decode_raw(found, tf.uint8), tf.zeros([_EXIF_ENTRY_BYTES], tf.uint8)], axis=0)
    data = tf.cast(data, tf.int64)
    is_little_endian = data[0] == ord('I')

    def number(places: tf.Tensor, num_bytes: int) -> tf.Tensor:
        rows = places[..., tf.newaxis] + tf.range(num_bytes, dtype=tf.int64)
        digits = tf.gather(data, tf.minimum(rows, tf.size(data, tf.int64) - 1))
        digits = tf.where(is_little_endian, digits, digits[..., ::-1])
        return tf.reduce_sum(digits * [256**power for power in range(num_bytes)], axis=-1)

    directory = number(tf.constant(4, tf.int64), 4)
    entries = directory + 2 + _EXIF_ENTRY_BYTES * tf.range(number(directory, 2))
    # The value of a short lies where a long would have its offset.
    values = tf.boolean_mask(number(entries + 8, 2), number(entries, 2) == _EXIF_ORIENTATION)
    orientation = tf.concat([values, [1]], axis=0)[0]
    return tf.where((orientation >= 1) & (orientation <= 8), orientation, tf.ones_like(orientation))
