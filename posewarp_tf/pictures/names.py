"""Names of pictures: one picture goes by several names, and every list may use another one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

# img_highres/WOMEN/Dresses/id_00002629/02_3_back.jpg, WOMEN-Dresses-id_00002629-02_3_back.jpg and
# fashionWOMENDressesid0000262902_3back.jpg
_DEEPFASHION = re.compile(
    r'(?P<gender>WOMEN|MEN)[/\\-]?(?P<category>[A-Za-z_-]+?)[/\\-]?id_?(?P<item>\d{8})[/\\-]?'
    r'(?P<outfit>\d{2})_(?P<view>\d+)_?(?P<side>[A-Za-z]+)(\.\w+)?$'
)


def picture_stem(name: str) -> str:
    """The name without folders and suffix: what files that belong to a picture are called after."""
    return os.path.splitext(os.path.basename(name))[0]


def deepfashion_name(name: str) -> str | None:
    """The published flat name of a DeepFashion picture, without suffix; None if it is not one.

    In-shop paths, DeepFashion-MultiModal names and the flat names themselves all give
    'fashionWOMENDressesid0000262902_3back'. Underscores in a category ('Tees_Tanks') are dropped, since
    lists differ in keeping them.
    """
    match = _DEEPFASHION.search(name)
    if match is None:
        return None
    category = re.sub('[_-]', '', match['category'])
    return f'fashion{match["gender"]}{category}id{match["item"]}{match["outfit"]}_{match["view"]}{match["side"]}'


class NameIndex:
    """Finds a picture's name in a collection that may spell it differently.

    As written first; else by the DeepFashion name if it is one; else without folders and suffix (.jpg and
    .png are interchangeable), unless two names agree in that.
    """

    def __init__(self, names: Iterable[str]):
        self._names = set(names)
        self._by_stem: dict[str, str | None] = {}
        self._by_deepfashion_name: dict[str, str] = {}
        for name in sorted(self._names):
            deepfashion = deepfashion_name(name)
            if deepfashion is not None:
                self._by_deepfashion_name.setdefault(deepfashion, name)
            else:
                stem = picture_stem(name)
                self._by_stem[stem] = None if stem in self._by_stem else name

    def find(self, name: str) -> str | None:
        """The collection's name of the picture, or None."""
        if name in self._names:
            return name
        deepfashion = deepfashion_name(name)
        if deepfashion is not None:
            return self._by_deepfashion_name.get(deepfashion)
        return self._by_stem.get(picture_stem(name))
