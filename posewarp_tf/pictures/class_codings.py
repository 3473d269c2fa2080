"""What the numbers in maps of classes mean, in the codings that people have: tables.

The garments of other programs and data sets are read as ours (conventions.GARMENT_NAMES): left and right become one,
sunglasses are face. ATR's belt is part of the pants that it mostly holds, its bag is carried and no garment:
background. CIHP's torso-skin, bare neck and chest, is face, as on drawn people.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES

# Values of --garment_classes: found out, or one of the codings below; the last two are earlier names of own and lip.
GARMENT_CLASSES = ('auto', 'own', 'lip', 'cihp', 'atr', '16', '20')

# By DensePose's number, the part that it belongs to. Left and right are the person's.
DENSEPOSE_PARTS = (
    'background',
    *('torso', 'torso'),  # back and front
    *('right_lower_arm', 'left_lower_arm'),  # hands
    *('left_lower_leg', 'right_lower_leg'),  # feet: here left comes first
    *('right_upper_leg', 'left_upper_leg', 'right_upper_leg', 'left_upper_leg'),  # back and front
    *('right_lower_leg', 'left_lower_leg', 'right_lower_leg', 'left_lower_leg'),  # back and front
    *('left_upper_arm', 'right_upper_arm', 'left_upper_arm', 'right_upper_arm'),  # inside and outside
    *('left_lower_arm', 'right_lower_arm', 'left_lower_arm', 'right_lower_arm'),  # inside and outside
    *('head', 'head'),  # both halves
)

# In the order of their numbers: their name, and ours unless they are the same.
_LIP = (
    'background',
    'hat',
    'hair',
    'glove',
    ('sunglasses', 'face'),
    ('upper-clothes', 'upper_clothes'),
    'dress',
    'coat',
    'socks',
    'pants',
    ('jumpsuits', 'jumpsuit'),
    'scarf',
    'skirt',
    'face',
    *(('left-arm', 'arms'), ('right-arm', 'arms')),
    *(('left-leg', 'legs'), ('right-leg', 'legs')),
    *(('left-shoe', 'shoes'), ('right-shoe', 'shoes')),
)
_CIHP = tuple(('torso-skin', 'face') if entry == ('jumpsuits', 'jumpsuit') else entry for entry in _LIP)
_ATR = (
    'background',
    'hat',
    'hair',
    ('sunglasses', 'face'),
    ('upper-clothes', 'upper_clothes'),
    'skirt',
    'pants',
    'dress',
    ('belt', 'pants'),
    *(('left-shoe', 'shoes'), ('right-shoe', 'shoes')),
    'face',
    *(('left-leg', 'legs'), ('right-leg', 'legs')),
    *(('left-arm', 'arms'), ('right-arm', 'arms')),
    ('bag', 'background'),
    'scarf',
)


class Coding(NamedTuple):
    """What the numbers in a map mean.

    Attributes:
        title: what to call it.
        classes: by number, the name of one of our classes.
        names: our classes.
        hint: what a number too large may be due to.
        theirs: by number, the name in the coding itself.
    """

    title: str
    classes: tuple[str, ...]
    names: tuple[str, ...]
    hint: str
    theirs: tuple[str, ...]

    @property
    def to_ours(self) -> np.ndarray:
        """uint8 [numbers]: the class of conventions.py by the number in the map."""
        return np.array([self.names.index(name) for name in self.classes], np.uint8)


def _of_garments(title: str, entries: tuple[str | tuple[str, str], ...]) -> Coding:
    pairs = [(entry, entry) if isinstance(entry, str) else entry for entry in entries]
    theirs, ours = zip(*pairs)
    return Coding(title, ours, GARMENT_NAMES, '; --garment_classes says which coding the maps have', theirs)


PARTS = Coding('11 body parts', PART_NAMES, PART_NAMES, '; DensePose maps belong in a folder densepose/', PART_NAMES)
DENSEPOSE = Coding('25 classes of DensePose', DENSEPOSE_PARTS, PART_NAMES, '', DENSEPOSE_PARTS)
GARMENTS = _of_garments('our 16 garments', GARMENT_NAMES)
LIP = _of_garments("LIP's 20 classes", _LIP)
CIHP = _of_garments("CIHP's 20 classes", _CIHP)
ATR = _of_garments("ATR's 18 classes", _ATR)

# By --garment_classes; of codings that say the same of some maps the first is taken.
GARMENT_CODINGS = {'own': GARMENTS, 'lip': LIP, 'cihp': CIHP, 'atr': ATR}


def garment_classes_name(value: str) -> str:
    """The name of today for a value of `GARMENT_CLASSES`."""
    return {'16': 'own', '20': 'lip'}.get(value, value)
