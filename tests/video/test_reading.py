"""Videos are read frame by frame, upright, at a constant rate; broken ones are read as far as it goes, or named."""

import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.video.reading import VideoReader, is_film
from tests.video.films import SIDE, SIZE, found, frame, numbers_of, place, tone, turn_by_matrix, write_film

NUM_FRAMES = 12


@pytest.fixture
def film(tmp_path):
    return write_film(tmp_path / 'film.mp4', [frame(number) for number in range(NUM_FRAMES)])


@pytest.mark.parametrize(
    ('name', 'codec'),
    [('a.mp4', 'libx264'), ('a.mov', 'mpeg4'), ('a.mkv', 'libx264'), ('a.webm', 'libvpx-vp9'), ('a.avi', 'mpeg4')],
)
def test_frames_come_in_order_with_the_square_where_it_was(tmp_path, name, codec):
    video = VideoReader(write_film(tmp_path / name, [frame(number) for number in range(NUM_FRAMES)], codec=codec))
    assert (video.size, video.fps, video.has_sound) == (SIZE, 25.0, False)
    frames = list(video)
    assert len(frames) == NUM_FRAMES == video.num_frames
    for number, image in enumerate(frames):
        assert image.dtype == np.uint8 and image.shape == (*SIZE, 3)
        assert np.abs(np.subtract(found(image), (*place(number), SIDE, SIDE))).max() <= 1
    assert video.problem == ''


def test_a_second_pass_gives_the_same_frames(film):
    video = VideoReader(film)
    assert all(np.array_equal(first, second) for first, second in zip(video, video))


def test_memory_does_not_grow_with_the_length(tmp_path):
    # A frame is of 0.9 MB, all together are of 55.
    path = write_film(tmp_path / 'a.mp4', [frame(number, (480, 640)) for number in range(60)])
    tracemalloc.start()
    assert sum(1 for _ in VideoReader(path)) == 60
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_colours_are_those_that_were_written(tmp_path):
    colours = np.array([[200, 30, 30], [30, 200, 60], [20, 40, 220], [255, 255, 255]], np.uint8)
    image = np.repeat(colours, 16, axis=0)[np.newaxis].repeat(48, axis=0)
    (shown,) = VideoReader(write_film(tmp_path / 'a.mp4', [image]))
    assert np.abs(shown[24, 8::16].astype(int) - colours).max() <= 4


# Clockwise by a quarter: (x, y) is shown at (-y, x), so that the upper left corner comes to the upper right.
@pytest.mark.parametrize(
    ('matrix', 'expected'),
    [
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
        ((0, -1, 1, 0), np.rot90),
        ((-1, 0, 0, -1), lambda image: image[::-1, ::-1]),
        ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
        ((1, 0, 0, -1), lambda image: image[::-1]),
        ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    ],
)
def test_a_turned_video_is_shown_upright(film, matrix, expected):
    lying = list(VideoReader(film))
    turn_by_matrix(film, *matrix)
    video = VideoReader(film)
    upright = list(video)
    assert video.size == upright[0].shape[:2] == expected(lying[0]).shape[:2]
    assert all(np.array_equal(image, expected(other)) for image, other in zip(upright, lying))


def test_the_older_rotate_tag_turns_clockwise(tmp_path):
    images = [frame(number) for number in range(3)]
    lying = list(VideoReader(write_film(tmp_path / 'a.mkv', images)))
    upright = list(VideoReader(write_film(tmp_path / 'b.mkv', images, tags={'rotate': '90'})))
    assert all(np.array_equal(image, np.rot90(other, -1)) for image, other in zip(upright, lying))


def test_a_variable_rate_becomes_constant_by_the_times_of_the_frames(tmp_path):
    # Frames 0 to 3 every 40 ms, then 4 for half a second, then the others every 80 ms.
    times = [0, 40, 80, 120, 160, 660, 740, 820]
    path = write_film(tmp_path / 'a.mp4', [frame(number) for number in range(8)], times)
    assert numbers_of(VideoReader(path, fps=25))[:21] == [0, 1, 2, 3] + [4] * 13 + [5, 5, 6, 6]
    # Every 100 ms: at 0, 100, ..., 600 and 700.
    assert numbers_of(VideoReader(path, fps=10))[:8] == [0, 2, 4, 4, 4, 4, 4, 5]


def test_times_that_are_rounded_to_milliseconds_neither_repeat_nor_lose_a_frame(tmp_path):
    times = [round(1000 * number / 30) for number in range(15)]
    path = write_film(tmp_path / 'a.mkv', [frame(number) for number in range(15)], times)
    assert numbers_of(VideoReader(path, fps=30))[:15] == list(range(15))


@pytest.mark.parametrize(('fps', 'expected'), [(50, [0, 0, 1, 1, 2, 2]), (12.5, [0, 2, 4]), (5, [0, 5, 10])])
def test_another_rate_repeats_or_leaves_out(film, fps, expected):
    video = VideoReader(film, fps=fps)
    numbers = numbers_of(video)
    assert numbers[: len(expected)] == expected
    assert abs(len(numbers) - NUM_FRAMES * fps / 25) < 1 and len(numbers) == pytest.approx(video.num_frames, abs=1)


def test_a_part_begins_and_ends_where_asked_for(film):
    video = VideoReader(film, start=0.12, max_seconds=0.2)
    assert numbers_of(video) == [3, 4, 5, 6, 7] and video.num_frames == 5
    with pytest.raises(DataError, match=r'film\.mp4: nothing is shown after 9 s'):
        list(VideoReader(film, start=9))


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    # As the header of an AVI cannot say it, by the track of an MKV.
    import av

    with av.open(str(tmp_path / 'a.mkv'), 'w') as container:
        stream = container.add_stream('libx264', rate=25)
        stream.height, stream.width, stream.pix_fmt = *SIZE, 'yuv420p'
        stream.codec_context.sample_aspect_ratio = 2
        container.mux(stream.encode(av.VideoFrame.from_ndarray(frame(3), format='rgb24')))
        container.mux(stream.encode())
    video = VideoReader(tmp_path / 'a.mkv')
    assert video.size == (SIZE[0], 2 * SIZE[1])
    left, top, width, height = found(next(iter(video)))
    assert np.abs(np.subtract((left, top, width, height), (2 * place(3)[0], place(3)[1], 2 * SIDE, SIDE))).max() <= 2


@pytest.mark.parametrize('form', ['gif', 'webp', 'png'])
def test_animated_pictures_are_videos(tmp_path, form):
    pictures = [Image.fromarray(frame(number)) for number in range(4)]
    path = tmp_path / f'a.{form}'
    options = {'lossless': True} if form == 'webp' else {}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 200, 100, 100], loop=0, **options)
    video = VideoReader(path, fps=10)
    assert numbers_of(video) == [0, 1, 1, 2, 3] and video.size == SIZE and video.num_frames == 5
    assert VideoReader(path).fps == pytest.approx(4 / 0.5)
    pictures[0].save(tmp_path / f'still.{form}')
    assert is_film(path) and not is_film(tmp_path / f'still.{form}')


def test_a_video_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (50, *SIZE, 3), np.uint8)
    path = write_film(tmp_path / 'a.mp4', list(noise), options={'movflags': '+faststart'})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    video = VideoReader(path)
    assert 20 <= len(list(video)) <= 35
    assert 'it was cut off' in video.problem and 'of 2.00 s' in video.problem


def _cut_at_the_index(tmp_path, film):
    contents = film.read_bytes()
    film.write_bytes(contents[: contents.index(b'moov')])
    return film


def _named(name, contents):
    def make(tmp_path, film):
        (tmp_path / name).write_bytes(contents)
        return tmp_path / name

    return make


def _picture(tmp_path, film):
    save_image(tmp_path / 'me.png', frame(0))
    return tmp_path / 'me.png'


def _sound(tmp_path, film):
    path = write_film(tmp_path / 'both.mkv', [frame(0)], sound=tone(0.2))
    import av

    with av.open(str(path)) as both, av.open(str(tmp_path / 'sound.mp4'), 'w') as container:
        stream = container.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(both.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return tmp_path / 'sound.mp4'


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (_cut_at_the_index, r'film\.mp4: an MP4 video that cannot be read: its index is missing: it was cut off'),
        (_named('a.mp4', b''), r'a\.mp4: an empty file, expected a video'),
        (_named('a.mp4', b'{"people": []}'), r'a\.mp4: a JSON file, expected a video \(MP4'),
        (_named('a.mp4', bytes(range(200)) * 50), r'a\.mp4: a binary file that cannot be read'),
        (_named('a.jpg', b'\xff\xd8\xff\0\0'), r'a\.jpg: a JPEG picture, expected a video'),
        (_picture, r'me\.png: one picture, expected a video or an animation'),
        (_sound, r'sound\.mp4: no video in this file, it holds audio'),
        (lambda tmp_path, film: tmp_path, 'a folder, expected a video'),
        (lambda tmp_path, film: tmp_path / 'gone.mp4', r'gone\.mp4: no such file'),
        (lambda tmp_path, film: 'https://example.org/a.mp4', 'download it first'),
    ],
)
def test_what_is_no_video_is_named_with_what_it_is(tmp_path, film, make, message):
    with pytest.raises(DataError, match=message):
        VideoReader(make(tmp_path, film))


def test_without_the_library_the_extra_is_named_and_animations_are_read(tmp_path, film, monkeypatch):
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(ConfigError, match=r"film\.mp4: .*pip install 'posewarp_tf\[video\]'"):
        VideoReader(film)
    pictures = [Image.fromarray(frame(number)) for number in range(2)]
    pictures[0].save(tmp_path / 'a.gif', save_all=True, append_images=pictures[1:], duration=100)
    assert numbers_of(VideoReader(tmp_path / 'a.gif')) == [0, 1]
