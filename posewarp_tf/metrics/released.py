"""Pictures that others published as their answers, found by the pairs that they answer, and the true ones."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable

import numpy as np
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.names import deepfashion_name, picture_stem
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES, load_image, squashed

# Between the names of the source and the target: of GFLA and those after it, and of PATN and those after that.
_SEPARATORS = ('_2_', '___')
_ENDING = re.compile(r'_vis$')
# Of 256 columns of padded pictures these are the person's.
_COLUMNS = slice(40, 216)


def answer_name(source: str, target: str) -> str:
    """The file of an answer as GFLA, NTED and PIDM call it, as PNG: 'source_2_target_vis.png'."""
    return f'{_plain(source)}_2_{_plain(target)}_vis.png'


class AnswerFolder:
    """The pictures of a folder (not of folders in it), which their names assign to pairs.

    Names are the source's and the target's with '_2_' or '___' in between, with or without suffixes, with '_vis' at the
    end or without; every spelling of DeepFashion's names will do.

    Raises:
        DataError: no folder, or no picture in it that is called so.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = os.fspath(folder)
        if not os.path.isdir(self.folder):
            raise DataError(f'--images: no folder {self.folder!r}')
        self._paths: dict[tuple[str, str], list[str]] = {}
        for name in sorted(os.listdir(self.folder)):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in PICTURE_SUFFIXES:
                for pair in _pairs_in(_ENDING.sub('', stem)):
                    self._paths.setdefault(pair, []).append(os.path.join(self.folder, name))
        if not self._paths:
            raise DataError(f'--images: {self.folder} holds no pictures with names such as source_2_target_vis.png')

    def path(self, source: str, target: str) -> str | None:
        """The answer to a pair; None where there is none.

        Raises:
            DataError: there are two.
        """
        paths = self._paths.get((_plain(source), _plain(target)), [])
        if len(paths) > 1:
            raise DataError(f'--images: two answers to {source} -> {target}: {paths[0]} and {paths[1]}')
        return paths[0] if paths else None


def true_picture(size: tuple[int, int], padded: bool, jpeg_quality: int | None) -> Callable[[str], np.ndarray]:
    """What reads a true picture as a protocol compares it: uint8 [H, W, 3] of `size`.

    Args:
        size: (height, width).
        padded: pictures have DeepFashion's white borders, which are cut off: the middle 176 of 256 columns stay.
        jpeg_quality: what a resized picture is written and read with once more; None: it is left as it is.
    """

    def read(path: str) -> np.ndarray:
        picture = load_image(path)
        if padded:
            picture = picture[:, _COLUMNS]
        resized = squashed(picture, size)
        if jpeg_quality is None or picture.shape[:2] == size:
            return resized
        buffer = io.BytesIO()
        Image.fromarray(resized).save(buffer, 'JPEG', quality=jpeg_quality)
        return np.asarray(Image.open(buffer))

    return read


def _plain(name: str) -> str:
    return deepfashion_name(name) or picture_stem(name)


def _pairs_in(stem: str) -> list[tuple[str, str]]:
    """(source, target) for each place where the two may meet."""
    found = []
    for separator in _SEPARATORS:
        for place in re.finditer(re.escape(separator), stem):
            found.append((_plain(stem[: place.start()]), _plain(stem[place.end() :])))
    return found
