"""Turns the object of a picture: a trained run of novel views as a function from one picture to many views of it."""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from posewarp_tf.errors import RunError
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.pictures.picture_files import resize_image, save_image
from posewarp_tf.video.animations import ANIMATION_SUFFIXES
from posewarp_tf.video.writing import VIDEO_SUFFIXES, write_video


class ObjectTurner:
    """The network of a run folder.

    Args:
        run_dir: a run folder of a model that turns objects.
        checkpoint: 'best' or 'latest'.

    Attributes:
        size: height and width of its pictures.

    Raises:
        RunError: not a run folder, one of another model, or weights that cannot be read.
    """

    def __init__(self, run_dir: str | os.PathLike, checkpoint: str = 'best') -> None:
        reposer = Reposer(run_dir, checkpoint)
        if reposer.config.model.material != 'views':
            raise RunError(f'{reposer.run.path}: holds --model={reposer.config.model.model}, which turns no objects')
        self.size = reposer.config.model.image_size
        source = {name: spec for name, spec in reposer.specs(1).items() if name.startswith('source_')}
        self._start = tf.function(reposer.start, input_signature=[source], autograph=False)
        self._step = tf.function(lambda state, raw: reposer.step(state, raw)['image'], autograph=False)

    def views(self, picture: np.ndarray, source_view: np.ndarray, target_views: np.ndarray) -> Iterator[np.ndarray]:
        """The object from each of the views, uint8 [*size, 3].

        Args:
            picture: uint8 [H, W, 3], the object on white; squashed to `size`.
            source_view: float32 [21], from where it shows the object (poses/views.py).
            target_views: float32 [N, 21].
        """
        squashed = picture if picture.shape[:2] == self.size else resize_image(picture, self.size)
        # What depends on the source alone is computed once.
        state = self._start(
            {'source_image': tf.constant(squashed[np.newaxis]), 'source_view': tf.constant(source_view[np.newaxis])}
        )
        for view in target_views:
            yield self._step(state, {'target_view': tf.constant(view[np.newaxis])})[0].numpy()


def write_turned(output: str | os.PathLike, pictures: Iterator[np.ndarray], names: Sequence[str], fps: float) -> None:
    """Writes a video or animated picture by the suffix of `output`, or a folder of <name>.png.

    Files appear whole or not at all; pictures of these names that are in the folder already are replaced.

    Raises:
        ConfigError: a video, and the extra `video` is not installed.
    """
    is_film = os.path.splitext(output)[1].lower() in (*ANIMATION_SUFFIXES, *VIDEO_SUFFIXES)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary if is_film else output)
        paths = [folder / f'{name}.png' for name in names]
        for path, picture in zip(tqdm(paths, desc='turn', unit='view', disable=None), pictures):
            save_image(path, picture)
        if is_film:
            write_video(output, paths, fps)
