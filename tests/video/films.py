"""Small synthetic videos for tests: a bright square that moves, and a tone."""

import struct
from fractions import Fraction

import av
import numpy as np

SIZE = (48, 64)
SIDE = 10
TONE = 440.0


def place(number):
    """Left and top of the square in a frame; down and to the right at different speeds, so that x and y differ."""
    return 4 + 3 * number, 2 + number


def frame(number, size=SIZE):
    """uint8 [H, W, 3]: grey, with the square."""
    image = np.full((*size, 3), 40, np.uint8)
    left, top = place(number)
    image[top : top + SIDE, left : left + SIDE] = 230
    return image


def found(image):
    """Left and top of the bright square in a picture, and its width and height."""
    rows, columns = (np.flatnonzero((image.mean(axis=-1) > 135).any(axis=axis)) for axis in (1, 0))
    return columns[0], rows[0], len(columns), len(rows)


def numbers_of(frames):
    """The number of each frame, by where its square is."""
    return [round((found(image)[0] - 4) / 3) for image in frames]


def write_film(path, images, times=None, fps=25, codec='libx264', sound=None, sound_codec='aac', tags=(), **options):
    """A video by PyAV itself; `times` in milliseconds of each frame, for variable rates; `sound` as of `tone`."""
    with av.open(str(path), 'w', **options) as container:
        stream = container.add_stream(codec, rate=fps, options={'crf': '10'} if 'x264' in codec else {})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = 'yuv420p'
        stream.metadata.update(tags)
        base = Fraction(1, 1000) if times else 1 / Fraction(fps)
        stream.codec_context.time_base = base
        if sound is not None:
            heard = container.add_stream(sound_codec, rate=48000, layout='mono')
            clip = av.AudioFrame.from_ndarray(sound, 'fltp', 'mono')
            clip.sample_rate, clip.pts, clip.time_base = 48000, 0, Fraction(1, 48000)
        for number, image in enumerate(images):
            picture = av.VideoFrame.from_ndarray(image, format='rgb24')
            picture.pts, picture.time_base = times[number] if times else number, base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
        if sound is not None:
            container.mux(heard.encode(clip))
            container.mux(heard.encode())
    return path


def tone(seconds, silent_until=0.0):
    """float32 [1, samples] at 48 kHz: a sine, and silence before it."""
    moments = np.arange(round(48000 * seconds)) / 48000
    wave = 0.5 * np.sin(2 * np.pi * TONE * moments) * (moments >= silent_until)
    return wave[np.newaxis].astype(np.float32)


def heard_in(path):
    """(codec, float [samples], samples per second) of the sound of a video, as PyAV decodes it."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        samples = np.concatenate([clip.to_ndarray().mean(axis=0) for clip in container.decode(stream)])
        return stream.codec_context.name, samples, stream.rate


def turn_by_matrix(path, a, b, c, d):
    """Writes a matrix into the track header of an MP4: pixel (x, y) is shown at (a x + c y, b x + d y)."""
    contents = bytearray(path.read_bytes())
    # Version, flags and fields of a `tkhd` box of version 0 are 40 bytes; then the matrix, the last column in 2.30.
    at = contents.index(b'tkhd') + 4 + 40
    one = 1 << 16
    contents[at : at + 36] = struct.pack('>9i', a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(contents)
