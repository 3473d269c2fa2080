"""Video files as PyAV decodes them: frames with their times, the right way up, in RGB."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.files.kinds import NUM_BYTES, kind_of
from posewarp_tf.video.library import load_av
from posewarp_tf.video.timing import Shown

if TYPE_CHECKING:
    import av

# What a file says outside of this is a mistake of the program that wrote it.
_FRAME_RATES = (Fraction(1, 10), Fraction(250))
_USUAL_RATE = Fraction(30)
# Seconds by which the pictures of a whole file may be shorter than it states: sound is often longer.
_MISSED = Fraction(1, 2)
_INDEXED = ('an MP4 video', 'a MOV video')
# Pictures of at least this many rows are in the colours of BT.709 if the file says nothing.
_ROWS_OF_HD = 720
_ITU_601, _ITU_709, _UNSPECIFIED, _FULL_RANGE = 5, 1, 2, 2


class Film:
    """A video file.

    Attributes:
        size: (height, width) of the upright pictures, of square pixels.
        rate: frames per second, on average.
        duration: in seconds as the file states it, or None.
        has_sound: whether there is a sound track.
        problem: '' or what was wrong with the file as far as it was read.

    Raises:
        DataError: what PyAV cannot read, without a video, or without any frame that can be decoded.
        ConfigError: PyAV is not installed.
    """

    def __init__(self, path: str):
        self._path = path
        self._av = load_av(path)
        self.problem = ''
        with self._opened() as (container, stream):
            rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
            known = (rate for rate in rates if rate and _FRAME_RATES[0] <= rate <= _FRAME_RATES[1])
            self.rate = Fraction(next(known, _USUAL_RATE))
            self.has_sound = bool(container.streams.audio)
            self.duration = _duration(container, stream)
            # So much wider than high are the pixels.
            self._aspect = stream.sample_aspect_ratio or Fraction(1)
            self._tag = next((value for key, value in stream.metadata.items() if key.lower() == 'rotate'), '')
        self._coded_size: tuple[int, int] | None = None
        first = next(self.frames(), None)
        if first is None:
            why = f': {self.problem}' if self.problem else ''
            raise DataError(f'{path}: a video without a frame that can be decoded{why}')
        self._coded_size = (first.item.height, first.item.width)
        height, width, _ = self.picture(first.item).shape
        self.size = height, width

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[Shown]:
        """Frames from the last one that can be jumped to before `start`, in seconds; at the end `problem` is known."""
        num_bad, over = 0, Fraction(0)
        with self._opened() as (container, stream):
            stream.thread_type = 'AUTO'
            origin = origin_of(stream)
            if start:
                # What cannot be jumped in is read from the beginning.
                with contextlib.suppress(self._av.FFmpegError):
                    container.seek(int((start + origin) / stream.time_base), stream=stream)
            for frames in self._decoded(container, stream):
                num_bad += frames is None
                for frame in frames or ():
                    duration = (frame.duration or 0) * stream.time_base or 1 / self.rate
                    time = over if frame.pts is None else frame.pts * stream.time_base - origin
                    # Time does not go back.
                    time = max(time, over - duration)
                    over = time + duration
                    yield Shown(time, duration, frame)
        self.problem = self._what_was_wrong(num_bad, over)

    def picture(self, frame: av.VideoFrame) -> np.ndarray:
        """A frame as uint8 [H, W, 3] RGB of the size of the first one, turned and with square pixels."""
        height, width = self._coded_size or (frame.height, frame.width)
        source = frame.colorspace
        if source == _UNSPECIFIED:
            source = _ITU_709 if height >= _ROWS_OF_HD else _ITU_601
        rgb = frame.reformat(
            width=max(round(width * self._aspect), 1),
            height=height,
            format='rgb24',
            src_colorspace=source,
            # PyAV heeds the one only where it differs from the other, which means nothing for RGB.
            dst_colorspace=_ITU_709 if source == _ITU_601 else _ITU_601,
            src_color_range=_FULL_RANGE if frame.color_range == _FULL_RANGE else None,
        )
        return _turned(rgb.to_ndarray(), frame, self._tag)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """The container and the stream of pictures in it; errors of opening name the file."""
        with open_container(self._path) as container:
            cover = self._av.stream.Disposition.attached_pic
            streams = [stream for stream in container.streams.video if not stream.disposition & cover]
            if not streams:
                kinds = ', '.join(sorted({stream.type for stream in container.streams})) or 'nothing'
                raise DataError(f'{self._path}: no video in this file, it holds {kinds}')
            yield container, streams[0]

    def _decoded(self, container: Any, stream: Any) -> Iterator[list | None]:
        """The frames of each packet; None for one that is broken, as a packet at the end of a file that is cut off."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except self._av.EOFError:
                return
            except self._av.FFmpegError:
                frames = None
            yield frames

    def _what_was_wrong(self, num_bad: int, over: Fraction) -> str:
        missing = (self.duration or Fraction(0)) - over
        words = []
        if missing > max(_MISSED, 3 / self.rate):
            words.append(f'its pictures end at {float(over):.2f} s of {float(over + missing):.2f} s: it was cut off')
        if num_bad:
            words.append(f'{num_bad} pieces of it cannot be decoded')
        return '; '.join(words)


@contextlib.contextmanager
def open_container(path: str) -> Iterator[Any]:
    """A video file as PyAV's input container.

    Raises:
        DataError: names the file and why it cannot be read.
    """
    av = load_av(path)
    try:
        container = av.open(path)
    except av.FFmpegError as error:
        with open(path, 'rb') as file:
            kind = kind_of(file.read(NUM_BYTES))
        reason = 'its index is missing: it was cut off' if kind in _INDEXED else error.strerror
        raise DataError(f'{path}: {kind} that cannot be read: {reason}') from error
    with container:
        yield container


def origin_of(stream: Any) -> Fraction:
    """When the first frame of a stream is shown, in seconds of the container's clock."""
    return (stream.start_time or 0) * stream.time_base


def _duration(container: Any, stream: Any) -> Fraction | None:
    if stream.duration:
        return stream.duration * stream.time_base
    # In microseconds, as PyAV has it.
    return Fraction(container.duration, 1_000_000) if container.duration else None


def _turned(image: np.ndarray, frame: Any, tag: str) -> np.ndarray:
    """Upright, by the display matrix of a frame or else the older tag, degrees clockwise.

    The matrix [[a, b, .], [c, d, .], ...] shows pixel (x, y) at (a x + c y, b x + d y).
    """
    matrix = frame.side_data.get('DISPLAYMATRIX')
    if matrix is None:
        quarters = round(float(tag) / 90) if tag.lstrip('-').replace('.', '', 1).isdigit() else 0
        return np.ascontiguousarray(np.rot90(image, -quarters))
    (a, b, _), (c, d, _), _ = np.frombuffer(bytes(matrix), np.int32).reshape(3, 3)
    if abs(a) < abs(b):
        image, a, d = image.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
