"""Animated pictures have the speed asked for, and appear whole or not at all."""

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.video import animations
from posewarp_tf.video.animations import Loop, write_animation


def _gray_frames(folder, count, size=(40, 30)):
    for i in range(count):
        save_image(folder / f'{i}.png', np.full((*size, 3), 20 * i, np.uint8))
    return [folder / f'{i}.png' for i in range(count)]


def test_an_animation_has_the_speed_asked_for(tmp_path):
    write_animation(tmp_path / 'a.gif', _gray_frames(tmp_path, 12), fps=30)
    with Image.open(tmp_path / 'a.gif') as animation:
        durations = []
        for frame in range(animation.n_frames):
            animation.seek(frame)
            durations.append(animation.info['duration'])
            shown = np.asarray(animation.convert('RGB'))
            assert np.abs(shown.astype(int) - 20 * frame).max() <= 6
        assert animation.info['loop'] == 0
    assert sum(durations) == 400 and set(durations) == {30, 40}


def test_large_frames_make_a_small_animation_and_a_failure_leaves_nothing(tmp_path, monkeypatch):
    frames = _gray_frames(tmp_path, 2, size=(1100, 750))
    write_animation(tmp_path / 'a.gif', frames, fps=10)
    with Image.open(tmp_path / 'a.gif') as animation:
        assert animation.size == (349, 512)
    before = (tmp_path / 'a.gif').read_bytes()
    monkeypatch.setattr(animations, '_small', _fails_at_second(animations._small))
    with pytest.raises(KeyboardInterrupt):
        write_animation(tmp_path / 'a.gif', frames, fps=10)
    assert (tmp_path / 'a.gif').read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


def _fails_at_second(function):
    calls = iter(range(100))

    def fail(path):
        # Two pictures are looked at for the palette, the fourth look is at the second frame.
        if next(calls) == 3:
            raise KeyboardInterrupt
        return function(path)

    return fail


@pytest.mark.parametrize(('form', 'error'), [('webp', 6), ('png', 0)])
def test_webp_and_png_keep_size_and_colours(tmp_path, form, error):
    write_animation(tmp_path / f'a.{form}', _gray_frames(tmp_path, 7, size=(600, 30)), fps=30)
    loop = Loop(str(tmp_path / f'a.{form}'))
    shown = list(loop.frames())
    assert loop.size == (600, 30) and len(shown) == 7
    for number, item in enumerate(shown):
        assert float(item.time) == pytest.approx(number / 30, abs=1e-3)
        assert np.abs(item.item.astype(int) - 20 * number).max() <= error


def test_a_gif_that_would_be_too_fast_for_browsers_has_every_second_frame(tmp_path):
    write_animation(tmp_path / 'a.gif', _gray_frames(tmp_path, 12), fps=60)
    shown = list(Loop(str(tmp_path / 'a.gif')).frames())
    assert [round(item.item.mean() / 20) for item in shown] == [0, 2, 4, 6, 8, 10]
    assert float(shown[-1].time + shown[-1].duration) == pytest.approx(12 / 60)


def test_times_that_a_gif_does_not_say_are_those_of_browsers(tmp_path):
    pictures = [Image.fromarray(np.full((8, 8), 90 * number, np.uint8)) for number in range(3)]
    pictures[0].save(tmp_path / 'a.gif', save_all=True, append_images=pictures[1:])
    assert [float(item.duration) for item in Loop(str(tmp_path / 'a.gif')).frames()] == [0.1] * 3


def test_an_animation_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)) for _ in range(6)]
    pictures[0].save(tmp_path / 'a.png', save_all=True, append_images=pictures[1:], duration=50)
    contents = (tmp_path / 'a.png').read_bytes()
    (tmp_path / 'a.png').write_bytes(contents[: len(contents) * 6 // 10])
    loop = Loop(str(tmp_path / 'a.png'))
    assert 2 <= len(list(loop.frames())) <= 4
    assert 'cannot be read after' in loop.problem
    (tmp_path / 'a.png').write_bytes(contents[:200])
    with pytest.raises(DataError, match=r'a\.png: no picture that can be read: it cannot be read after 0 pictures'):
        Loop(str(tmp_path / 'a.png'))
