"""Videos are written whole or not at all, with the frames, the rate and the sound that they were given."""

import av
import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.video.reading import VideoReader
from posewarp_tf.video.writing import VideoWriter, write_video
from tests.video.films import SIZE, TONE, frame, heard_in, numbers_of, tone, write_film

NUM_FRAMES = 20


def write(path, size=SIZE, count=NUM_FRAMES, fps=25, **options):
    with VideoWriter(path, size, fps, **options) as writer:
        for number in range(count):
            writer.write(frame(number % 15, size))
    return path


@pytest.mark.parametrize(('name', 'codec'), [('a.mp4', 'h264'), ('a.webm', 'vp9')])
def test_what_is_written_is_read_again(tmp_path, name, codec):
    path = write(tmp_path / name, fps=30000 / 1001)
    video = VideoReader(path)
    frames = list(video)
    assert video.size == SIZE and len(frames) == NUM_FRAMES
    assert video.fps == pytest.approx(30000 / 1001, rel=1e-6 if name == 'a.mp4' else 1e-2)
    assert numbers_of(frames) == [number % 15 for number in range(NUM_FRAMES)]
    # H.264 rings around the square, by a few levels of 255.
    difference = np.abs(np.stack(frames).astype(int) - [frame(number % 15) for number in range(NUM_FRAMES)])
    assert difference.mean() < 3
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name.replace('libvpx-', ''), context.pix_fmt) == (codec, 'yuv420p')


def test_an_mp4_has_its_index_in_front(tmp_path):
    contents = write(tmp_path / 'a.mp4').read_bytes()
    assert contents.index(b'moov') < contents.index(b'mdat')


def test_odd_sizes_grow_by_a_pixel_that_repeats_the_border(tmp_path):
    image = np.zeros((47, 63, 3), np.uint8)
    image[:, -1], image[-1] = (200, 30, 30), (30, 200, 60)
    with VideoWriter(tmp_path / 'a.mp4', (47, 63), 25) as writer:
        writer.write(image)
    (shown,) = VideoReader(tmp_path / 'a.mp4')
    assert shown.shape == (48, 64, 3)
    # Two rows and two columns have one colour sample each, so that the repeated pixels keep the border's colour pure.
    assert np.abs(shown[47, 10].astype(int) - (30, 200, 60)).max() < 40
    assert np.abs(shown[10, 63].astype(int) - (200, 30, 30)).max() < 40


@pytest.mark.parametrize(
    ('name', 'sound_codec', 'expected'),
    [('a.mp4', 'aac', 'aac'), ('a.mp4', 'libopus', 'aac'), ('a.webm', 'libopus', 'opus'), ('a.webm', 'aac', 'opus')],
)
def test_the_sound_is_carried_over_and_cut_to_the_length(tmp_path, name, sound_codec, expected):
    dance = write_film(tmp_path / 'dance.mkv', [frame(0)] * 50, sound=tone(2.0, 0.5), sound_codec=sound_codec)
    codec, samples, rate = heard_in(write(tmp_path / name, sound_of=dance))
    assert codec == expected
    assert len(samples) / rate == pytest.approx(NUM_FRAMES / 25, abs=0.03)
    # The tone begins where it did; encoders smear a little.
    loud = np.abs(samples) > 0.2
    assert np.argmax(loud) / rate == pytest.approx(0.5, abs=0.03)
    part = samples[int(0.6 * rate) : int(0.75 * rate)]
    strongest = np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) * rate / len(part)
    assert strongest == pytest.approx(TONE, abs=8)


@pytest.mark.parametrize(('name', 'sound_codec'), [('a.mp4', 'aac'), ('a.webm', 'aac')])
def test_the_sound_begins_where_the_part_of_the_video_does(tmp_path, name, sound_codec):
    dance = write_film(tmp_path / 'dance.mp4', [frame(0)] * 50, sound=tone(2.0, 0.5), sound_codec=sound_codec)
    _, samples, rate = heard_in(write(tmp_path / name, sound_of=dance, sound_start=0.3))
    assert np.argmax(np.abs(samples) > 0.2) / rate == pytest.approx(0.2, abs=0.04)
    assert len(samples) / rate == pytest.approx(NUM_FRAMES / 25, abs=0.05)


@pytest.mark.parametrize('name', ['a.mp4', 'a.webm'])
def test_sound_that_ends_early_leaves_the_rest_silent(tmp_path, name):
    dance = write_film(tmp_path / 'dance.mkv', [frame(0)] * 50, sound=tone(0.3))
    path = write(tmp_path / name, sound_of=dance)
    assert len(list(VideoReader(path))) == NUM_FRAMES
    _, samples, rate = heard_in(path)
    assert len(samples) / rate == pytest.approx(0.3, abs=0.05)


def test_a_video_without_sound_has_none_to_carry_over(tmp_path):
    silent = write_film(tmp_path / 'silent.mp4', [frame(0)] * 5)
    assert not VideoReader(write(tmp_path / 'a.mp4', sound_of=silent)).has_sound


@pytest.mark.parametrize('error', [KeyboardInterrupt, DataError])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    (tmp_path / 'a.mp4').write_text('earlier')
    with pytest.raises(error), VideoWriter(tmp_path / 'a.mp4', SIZE, 25) as writer:
        writer.write(frame(0))
        if error is KeyboardInterrupt:
            raise KeyboardInterrupt
        writer.write(frame(0, (48, 66)))
    assert (tmp_path / 'a.mp4').read_text() == 'earlier'
    assert [path.name for path in tmp_path.iterdir()] == ['a.mp4']


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(DataError, match=r'a\.mov: expected a name that ends in \.mp4, \.webm'):
        VideoWriter(tmp_path / 'a.mov', SIZE, 25)
    with pytest.raises(DataError, match=r'a\.mp4: a video without frames'), VideoWriter(tmp_path / 'a.mp4', SIZE, 25):
        pass
    refused = pytest.raises(DataError, match=r'got a frame float64 .*expected uint8 \[48, 64, 3\]')
    with refused, VideoWriter(tmp_path / 'a.mp4', SIZE, 25) as writer:
        writer.write(np.zeros((*SIZE, 3)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('suffix', ['.mp4', '.webm', '.gif', '.webp', '.png'])
def test_picture_files_become_any_kind_of_video(tmp_path, suffix):
    paths = [tmp_path / f'{number}.png' for number in range(6)]
    for number, path in enumerate(paths):
        save_image(path, frame(number))
    write_video(tmp_path / f'a{suffix}', paths, fps=10)
    video = VideoReader(tmp_path / f'a{suffix}')
    assert video.fps == pytest.approx(10, rel=0.05) and numbers_of(video) == list(range(6))
