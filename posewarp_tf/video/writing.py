"""Videos out: frames one by one into an MP4 or WebM, with the sound of another video; or an animated picture."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.files import atomic_path
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.video.animations import ANIMATION_SUFFIXES, write_animation
from posewarp_tf.video.decoding import open_container
from posewarp_tf.video.library import load_av
from posewarp_tf.video.sound import Sound

VIDEO_SUFFIXES = ('.mp4', '.webm')

# Of each suffix the encoder, its options, and those of the file. Quality is chosen, the size follows from it; an index
# at the beginning lets a browser begin before it has all.
_ENCODERS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    '.mp4': ('libx264', {'crf': '18', 'preset': 'medium'}, {'movflags': '+faststart'}),
    '.webm': ('libvpx-vp9', {'crf': '24', 'b': '0', 'deadline': 'good', 'cpu-used': '4', 'row-mt': '1'}, {}),
}
_ITU_709, _LIMITED_RANGE = 1, 1
_MAX_DENOMINATOR = 1001


class VideoWriter:
    """Writes a video frame by frame; the file appears when all is done, and nothing is left of a failure.

        with VideoWriter('out.mp4', (256, 176), fps=25, sound_of='dance.mp4') as writer:
            writer.write(frame)  # uint8 [256, 176, 3] RGB

    An .mp4 is H.264, a .webm VP9, both with colours at half the resolution (yuv420p), which every player takes. That
    needs an even height and width: an odd one grows by a pixel, which repeats the last row or column.

    Args:
        path: ends in .mp4 or .webm.
        size: (height, width) of the frames.
        fps: frames per second.
        sound_of: a video whose sound is carried over, if it has any, and cut to the length of the frames.
        sound_start: seconds of that sound to leave out.

    Raises:
        DataError: another suffix; a frame of another size or type; no frame at all; no sound video.
        ConfigError: the extra `video` is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        size: tuple[int, int],
        fps: float,
        sound_of: str | os.PathLike | None = None,
        sound_start: float = 0.0,
    ):
        self._path, self._size = os.fspath(path), size
        self._suffix = os.path.splitext(self._path)[1].lower()
        if self._suffix not in VIDEO_SUFFIXES:
            raise DataError(f'{self._path}: expected a name that ends in {", ".join(VIDEO_SUFFIXES)}')
        self._av = load_av(self._path)
        self._rate = Fraction(fps).limit_denominator(_MAX_DENOMINATOR)
        self._sound_of, self._sound_start = sound_of, Fraction(sound_start).limit_denominator(1000)
        self._num_written = 0
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> VideoWriter:
        with contextlib.ExitStack() as resources:
            temporary = resources.enter_context(atomic_path(self._path))
            codec, options, of_file = _ENCODERS[self._suffix]
            self._container = self._av.open(os.fspath(temporary), 'w', options=of_file)
            resources.callback(self._container.close)
            self._stream = self._container.add_stream(codec, rate=self._rate, options=options)
            self._stream.height, self._stream.width = (length + length % 2 for length in self._size)
            self._stream.pix_fmt = 'yuv420p'
            context = self._stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = _ITU_709
            context.color_range = _LIMITED_RANGE
            self._sound = self._open_sound(resources)
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._resources:
            if error is not None:
                # Unwinds in the face of the error, so that nothing appears.
                raise error
            if not self._num_written:
                raise DataError(f'{self._path}: a video without frames')
            self._container.mux(self._stream.encode(None))
            if self._sound is not None:
                self._sound.finish(self._num_written / self._rate)

    def write(self, image: np.ndarray) -> None:
        """Adds a frame, uint8 [height, width, 3] RGB."""
        if image.shape != (*self._size, 3) or image.dtype != np.uint8:
            expected = f'uint8 [{self._size[0]}, {self._size[1]}, 3]'
            raise DataError(f'{self._path}: got a frame {image.dtype} {list(image.shape)}, expected {expected}')
        even = np.pad(image, [(0, self._size[0] % 2), (0, self._size[1] % 2), (0, 0)], mode='edge')
        frame = self._av.VideoFrame.from_ndarray(even, format='rgb24')
        frame = frame.reformat(format='yuv420p', dst_colorspace=_ITU_709)
        frame.time_base, frame.pts = 1 / self._rate, self._num_written
        self._container.mux(self._stream.encode(frame))
        self._num_written += 1
        if self._sound is not None:
            self._sound.write_until(self._num_written / self._rate)

    def _open_sound(self, resources: contextlib.ExitStack) -> Any:
        if self._sound_of is None:
            return None
        with open_container(os.fspath(self._sound_of)) as container:
            if not container.streams.audio:
                return None
        sound = Sound(os.fspath(self._sound_of), self._container, self._suffix, self._sound_start)
        resources.callback(sound.close)
        return sound


def write_video(
    path: str | os.PathLike,
    frames: Sequence[str | os.PathLike],
    fps: float,
    sound_of: str | os.PathLike | None = None,
    sound_start: float = 0.0,
) -> None:
    """A video or animated picture (.mp4, .webm, .gif, .webp, .png) of picture files of one size; whole or not at all.

    Arguments and errors as of `VideoWriter`, and of `write_animation`, which has no sound.
    """
    if os.path.splitext(path)[1].lower() in ANIMATION_SUFFIXES:
        write_animation(path, frames, fps)
        return
    height, width, _ = load_image(frames[0]).shape
    with VideoWriter(path, (height, width), fps, sound_of, sound_start) as writer:
        for frame in frames:
            writer.write(load_image(frame))
