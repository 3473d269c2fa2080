"""The sound of one video in another: packets as they are where the new file takes their codec, else encoded anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from posewarp_tf.video.decoding import open_container, origin_of
from posewarp_tf.video.library import load_av

# By suffix: what the usual players find in such files, and what everything else becomes.
_TAKEN_AS_THEY_ARE = {'.mp4': ('aac', 'mp3'), '.webm': ('opus', 'vorbis')}
_ENCODERS = {'.mp4': 'aac', '.webm': 'libopus'}
# Opus knows few rates; this is the one of videos.
_SAMPLE_RATE = 48000


class _Piece(NamedTuple):
    """A packet, or samples [channels, n]; it is heard from `begin` to `over`, in seconds of the new video."""

    begin: Fraction
    over: Fraction
    content: Any


class Sound:
    """The sound track of a video on its way into another file, a bit at a time: nothing is held in memory.

    Sound that is copied begins and ends with a whole packet, some hundredths of a second; what is encoded anew is cut
    to the sample.

    Args:
        path: a video with sound.
        output: PyAV's container to write into; nothing must have been written into it yet.
        suffix: of that file.
        start: seconds of the video whose sound is left out.
    """

    def __init__(self, path: str, output: Any, suffix: str, start: Fraction):
        self._av = load_av(path)
        self._output = output
        self._resources = contextlib.ExitStack()
        container = self._resources.enter_context(open_container(path))
        sound = container.streams.audio[0]
        # Sound is heard with the picture of the same time on the container's clock.
        pictures = next(iter(container.streams.video), sound)
        self._start = origin_of(pictures) + start
        if start:
            # What cannot be jumped in is read from the beginning.
            with contextlib.suppress(self._av.FFmpegError):
                container.seek(int(self._start * self._av.time_base))
        self._is_copy = sound.codec_context.name in _TAKEN_AS_THEY_ARE[suffix]
        if self._is_copy:
            self._stream = output.add_stream_from_template(sound)
            self._pieces = self._packets(container, sound)
        else:
            self._layout = 'mono' if sound.codec_context.channels == 1 else 'stereo'
            self._stream = output.add_stream(_ENCODERS[suffix], rate=_SAMPLE_RATE, layout=self._layout)
            self._pieces = self._samples(container, sound)
        self._num_written = 0
        self._waiting: _Piece | None = None

    def write_until(self, end: Fraction) -> None:
        """Writes what is over before `end`, in seconds of the new video, and was not written yet."""
        while (piece := self._waiting or next(self._pieces, None)) is not None:
            self._waiting = piece if piece.over > end else None
            if self._waiting:
                return
            self._write(piece)

    def finish(self, end: Fraction) -> None:
        """Writes what is left before `end`: nothing of the sound is heard later."""
        self.write_until(end)
        if self._waiting and self._waiting.begin < end:
            self._write(self._waiting, end)
        if not self._is_copy:
            self._output.mux(self._stream.encode(None))

    def close(self) -> None:
        """Closes the video that the sound is from."""
        self._resources.close()

    def _packets(self, container: Any, sound: Any) -> Iterator[_Piece]:
        """Packets that are heard in the new video."""
        shift = int(self._start / sound.time_base)
        for packet in _readable(container.demux(sound), self._av):
            if packet.pts is None or packet.dts is None:
                continue
            begin = packet.pts * sound.time_base - self._start
            over = begin + (packet.duration or 0) * sound.time_base
            # Before the very beginning there may be a packet that decoders need and nobody hears.
            if over > 0 or self._start == origin_of(sound):
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = self._stream
                yield _Piece(begin, over, packet)

    def _samples(self, container: Any, sound: Any) -> Iterator[_Piece]:
        """Of float32 [channels, samples], from 0 s on without a gap: with silence where the sound begins later."""
        resampler = self._av.AudioResampler('fltp', self._layout, _SAMPLE_RATE)
        position = None
        for packet in _readable(container.demux(sound), self._av):
            for decoded in _decoded(packet, self._av):
                for frame in resampler.resample(decoded):
                    samples = frame.to_ndarray()
                    if position is None:
                        position = round((frame.pts * frame.time_base - self._start) * _SAMPLE_RATE)
                        silence = max(position, 0)
                        samples = np.pad(samples, [(0, 0), (silence, 0)])
                        position -= silence
                    heard = samples[:, max(-position, 0) :]
                    begin, position = max(position, 0), position + samples.shape[1]
                    if heard.shape[1]:
                        yield _Piece(Fraction(begin, _SAMPLE_RATE), Fraction(position, _SAMPLE_RATE), heard)

    def _write(self, piece: _Piece, end: Fraction | None = None) -> None:
        """As it is, or encoded up to `end`."""
        if self._is_copy:
            self._output.mux(piece.content)
            return
        samples = piece.content if end is None else piece.content[:, : round((end - piece.begin) * _SAMPLE_RATE)]
        frame = self._av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), 'fltp', self._layout)
        frame.sample_rate, frame.time_base, frame.pts = _SAMPLE_RATE, Fraction(1, _SAMPLE_RATE), self._num_written
        self._num_written += samples.shape[1]
        self._output.mux(self._stream.encode(frame))


def _readable(packets: Iterator[Any], av: Any) -> Iterator[Any]:
    """Up to where the file is broken."""
    with contextlib.suppress(av.FFmpegError):
        yield from packets


def _decoded(packet: Any, av: Any) -> list[Any]:
    """What a packet holds; nothing of a broken one."""
    try:
        return packet.decode()
    except av.FFmpegError:
        return []
