"""Drawn people, whose garments are known exactly, written as another program would number them."""

import numpy as np
from PIL import Image

from posewarp_tf.conventions import GARMENT_NAMES, PART_NAMES
from posewarp_tf.pictures.class_codings import GARMENT_CODINGS
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.settings import Settings

# What an annotator calls the garments for which a coding has no class.
_CALLED = {
    'atr': {'glove': 'arms', 'coat': 'upper_clothes', 'socks': 'legs', 'jumpsuit': 'dress'},
    'cihp': {'jumpsuit': 'dress'},
}
# Classes that are no side and no garment of ours alone.
_EXTRA = ('sunglasses', 'belt', 'bag', 'torso-skin')


def draw_people(folder, num_people, seed=0):
    """[(garments, parts)] uint8 [96, 64] of our classes: three poses of each person, seen from all around."""
    settings = Settings(num_people, 0, 3, 1, (96, 64), seed=seed)
    write_dataset(folder, settings, num_processes=1, show_progress=False)
    names = sorted(path.name for path in (folder / 'parsing').iterdir())
    return [tuple(np.array(Image.open(folder / kind / name)) for kind in ('parsing', 'parts')) for name in names]


def renamed(garments, coding):
    """Our classes as far as a coding can tell them."""
    called = {ours: _CALLED.get(coding, {}).get(ours, ours) for ours in GARMENT_NAMES}
    return np.array([GARMENT_NAMES.index(called[ours]) for ours in GARMENT_NAMES], np.uint8)[garments]


def rewritten(garments, parts, name, swapped=False):
    """The numbers of a coding by the name in --garment_classes; `swapped`: as somebody who takes left for right."""
    coding, garments = GARMENT_CODINGS[name], renamed(garments, name)
    numbers = np.zeros_like(garments)
    is_left = np.array([part.startswith('left_') for part in PART_NAMES])[parts] != swapped
    for number, (theirs, ours) in enumerate(zip(coding.theirs, coding.classes)):
        if theirs in _EXTRA:
            continue
        here = garments == GARMENT_NAMES.index(ours)
        if theirs.startswith(('left-', 'right-')):
            here &= is_left == theirs.startswith('left-')
        numbers[here] = number
    if name == 'cihp':
        is_skin = (garments == GARMENT_NAMES.index('face')) & (parts == PART_NAMES.index('torso'))
        numbers[is_skin] = coding.theirs.index('torso-skin')
    return numbers
