"""How many frames per second are written into, and read from, each kind of video.

    python -m posewarp_tf.video.benchmark

The frames are pictures of noise that moves, smooth enough to look like a photo to an encoder. Written files lie in a
temporary folder, which is removed.
"""

from __future__ import annotations

import pathlib
import tempfile
import time

import numpy as np
from absl import flags

from posewarp_tf.pictures.picture_files import resize_image, save_image
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag
from posewarp_tf.video.animations import ANIMATION_SUFFIXES
from posewarp_tf.video.reading import VideoReader
from posewarp_tf.video.writing import VIDEO_SUFFIXES, write_video

_FPS = 25.0
# Spots of the noise are so many pixels wide; it moves by so many in each frame.
_SPOT, _STEP = 12, 3


def moving_noise(size: tuple[int, int], num_frames: int) -> list[np.ndarray]:
    """Frames uint8 [H, W, 3] of a smooth picture that passes from right to left."""
    height, width = size[0], size[1] + _STEP * num_frames
    spots = np.random.default_rng(0).integers(0, 256, (height // _SPOT + 1, width // _SPOT + 1, 3), np.uint8)
    wide = resize_image(spots, (height, width))
    return [wide[:, _STEP * number :][:, : size[1]] for number in range(num_frames)]


def define_flags() -> None:
    flags.DEFINE_integer('num_frames', 50, 'Frames to time.', lower_bound=2)
    flags.DEFINE_string('frame_size', '720,1280', 'height,width of the frames.')


def main() -> None:
    num_frames, size = flags.FLAGS.num_frames, size_from_flag('frame_size') or (720, 1280)
    print(f'{num_frames} frames of {size[0]}x{size[1]}, frames per second:')
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, f'{number:05d}.png') for number in range(num_frames)]
        start = time.perf_counter()
        for path, frame in zip(paths, moving_noise(size, num_frames)):
            save_image(path, frame)
        print(f'  .png each   written {num_frames / (time.perf_counter() - start):7.1f}')
        for suffix in (*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES):
            film = pathlib.Path(folder, f'film{suffix}')
            start = time.perf_counter()
            write_video(film, paths, _FPS)
            written = time.perf_counter()
            num_read = sum(1 for _ in VideoReader(film))
            read = time.perf_counter()
            rates = num_frames / (written - start), num_read / (read - written)
            print(f'  {suffix:<10}  written {rates[0]:7.1f}  read {rates[1]:7.1f}', flush=True)


if __name__ == '__main__':
    command_line.run(define_flags, main)
