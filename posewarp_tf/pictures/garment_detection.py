"""Which coding maps of garments have, told from where on the people each number lies, and how much it covers.

The same number means another garment in each coding: 12 is our face, a skirt of LIP and CIHP, a left leg of ATR. Where
on a body a garment can be is known, and sunglasses and belts are small. So a coding explains a map if some view of a
standing person (all of it, or cut off above or below) puts every class of the map where it can be. A coding that
explains the maps is taken if it beats every other one that reads any of them differently: by maps that it alone
explains. If there is none, the user has to say which it is. Left and right are not told apart.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from posewarp_tf.errors import DataError
from posewarp_tf.pictures.class_codings import GARMENT_CODINGS, Coding


class Expected(NamedTuple):
    """Where the middle of what is seen of a kind of garment lies on a standing body, and its part of the person.

    top, bottom: 0 the top of the head, 1 the soles.
    least, most: of the person's pixels.
    """

    top: float
    bottom: float
    least: float = 0.0
    most: float = 1.0


EXPECTED = {
    'hat': Expected(0.0, 0.12),
    'hair': Expected(0.0, 0.3),
    'face': Expected(0.0, 0.22),
    'sunglasses': Expected(0.0, 0.15, most=0.1),
    'torso-skin': Expected(0.08, 0.4, most=0.25),
    'scarf': Expected(0.08, 0.5),
    'upper_clothes': Expected(0.13, 0.55),
    'coat': Expected(0.13, 0.75),
    'dress': Expected(0.15, 0.8),
    'jumpsuit': Expected(0.3, 0.9, least=0.1),
    'arms': Expected(0.0, 0.62),
    'glove': Expected(0.0, 0.7, most=0.15),
    'belt': Expected(0.33, 0.55, most=0.08),
    'bag': Expected(0.1, 0.9),
    'skirt': Expected(0.38, 0.8),
    'pants': Expected(0.4, 0.95),
    'legs': Expected(0.42, 0.98),
    'socks': Expected(0.65, 1.0, most=0.3),
    'shoes': Expected(0.85, 1.0, most=0.4),
}

# Views of a body: where the uppermost row seen lies on it, and how much of it is seen.
_STEP = 0.05
_VIEWS = np.array([(top, seen) for top in np.arange(0, 0.91, _STEP) for seen in np.arange(1 - top, 0.09, -_STEP)])
# How far off a class may be, in heights of the body.
_TOLERANCE = 0.03
# The number of classes in the coding that has most.
_NUM_CLASSES = max(len(coding.classes) for coding in GARMENT_CODINGS.values())
# Less of a person than this says nothing: programs that make maps err that much.
_LEAST_EVIDENCE = 4e-3
# The coding that is taken must explain this part of the maps that two codings read differently; of those that just one
# of the two explains, it must be the one in this part, and they must be this part of all.
_EXPLAINED, _WON, _DECISIVE = 0.8, 0.9, 0.1


class MapFacts(NamedTuple):
    """What is known of the classes in one map, each an array by number.

    seen: all numbers in the map but 0.
    numbers: those of them of which there is enough to tell anything.
    heights: where their middle lies, 0 the uppermost row of the person, 1 the lowest.
    shares: their part of the person, the pixels that are not 0.
    """

    seen: np.ndarray
    numbers: np.ndarray
    heights: np.ndarray
    shares: np.ndarray


def facts_of(classes: np.ndarray) -> MapFacts:
    """The facts of a map of class numbers, uint8 [H, W]."""
    rows = np.flatnonzero(classes.any(axis=1))
    top, extent = (rows[0], max(rows[-1] - rows[0], 1)) if len(rows) else (0, 1)
    height = np.broadcast_to(((np.arange(len(classes)) - top) / extent)[:, np.newaxis], classes.shape)
    pixels = np.bincount(classes.ravel(), minlength=256)[:256]
    sums = np.bincount(classes.ravel(), height.ravel(), minlength=256)
    people = max(pixels[1:].sum(), 1)
    numbers = 1 + np.flatnonzero(pixels[1:] > _LEAST_EVIDENCE * people)
    seen = 1 + np.flatnonzero(pixels[1:])
    return MapFacts(seen, numbers, sums[numbers] / pixels[numbers], pixels[numbers] / people)


def detect_garments(maps: Sequence[MapFacts], place: str) -> tuple[Coding, str]:
    """The coding of the maps, and why; DataError, naming `place` and --garment_classes, if they do not tell."""
    # A stray file is named when it is read, and says nothing about the others.
    known = [facts for facts in maps if _largest([facts]) < _NUM_CLASSES]
    if maps and not known:
        widest = max(GARMENT_CODINGS.values(), key=lambda coding: len(coding.classes))
        return widest, f'no coding has {_largest(maps)}, the largest class in {len(maps)} maps'
    maps, largest = known, _largest(known)
    sampled = f'largest class in {len(maps)} maps is {largest}'
    possible = [name for name, coding in GARMENT_CODINGS.items() if largest < len(coding.classes)]
    wrong = {name: [what_cannot_be(GARMENT_CODINGS[name], facts) for facts in maps] for name in possible}
    duels = {pair: _Duel(*pair, maps, wrong) for pair in itertools.permutations(possible, 2)}
    for name in possible:
        rivals = [duels[name, other] for other in possible if other != name]
        if all(duel.agree or duel.won for duel in rivals):
            return GARMENT_CODINGS[name], '; '.join([sampled, *(duel.words() for duel in rivals)])
    explained = ', '.join(f'{name} explains {wrong[name].count(None)}' for name in possible)
    raise DataError(
        f'{place}: {sampled}: cannot tell which classes these are ({explained} of the maps): '
        f'give --garment_classes={" or ".join(possible)}'
    )


def what_cannot_be(coding: Coding, facts: MapFacts) -> int | None:
    """The number that a coding cannot explain, the worst one; None if it explains the map."""
    if not len(facts.numbers):
        return None
    kinds = [_kind(coding, number) for number in facts.numbers]
    top, bottom, least, most = np.array([EXPECTED[kind] for kind in kinds]).T
    odd = np.maximum(facts.shares - most, least - facts.shares)
    if odd.max() > 0:
        return int(facts.numbers[odd.argmax()])
    places = _VIEWS[:, :1] + _VIEWS[:, 1:] * facts.heights
    off = np.maximum(top - places, places - bottom)
    best_view = off[off.max(axis=1).argmin()]
    return int(facts.numbers[best_view.argmax()]) if best_view.max() > _TOLERANCE else None


class _Duel:
    """A coding and a rival, over the maps that they read differently."""

    def __init__(self, name: str, rival: str, maps: Sequence[MapFacts], wrong: dict[str, list[int | None]]):
        self.name, self.rival = name, rival
        # A few pixels decide nothing where there are maps with more, but are no reason to say that the two agree.
        disputed = _disputed(name, rival, [facts.numbers for facts in maps])
        if not any(disputed):
            disputed = _disputed(name, rival, [facts.seen for facts in maps])
        own, other = (list(itertools.compress(wrong[coding], disputed)) for coding in (name, rival))
        self.num_maps, self.explained, self.explained_by_rival = len(own), own.count(None), other.count(None)
        self._alone = sum(a is None and b is not None for a, b in zip(own, other))
        self._rival_alone = sum(a is not None and b is None for a, b in zip(own, other))
        self._culprits = collections.Counter(number for number in other if number is not None)

    @property
    def agree(self) -> bool:
        return not self.num_maps

    @property
    def won(self) -> bool:
        decisive = self._alone + self._rival_alone
        return (
            self.explained >= _EXPLAINED * self.num_maps
            and self._alone >= max(_WON * decisive, 1)
            and decisive >= _DECISIVE * self.num_maps
        )

    def words(self) -> str:
        if self.agree:
            return f'{self.rival} says the same of them'
        culprit = self._culprits.most_common(1)[0][0]
        return (
            f'not {self.rival}, which explains {self.explained_by_rival} of the {self.num_maps} that it reads '
            f'differently, {self.name} {self.explained}: class {culprit} would be '
            f'{GARMENT_CODINGS[self.rival].theirs[culprit]}'
        )


def _disputed(name: str, rival: str, numbers: Sequence[np.ndarray]) -> list[bool]:
    """For the numbers in each map, whether two codings take any of them for different garments."""
    first, second = GARMENT_CODINGS[name].classes, GARMENT_CODINGS[rival].classes
    return [any(first[n] != second[n] for n in of_map) for of_map in numbers]


def _largest(maps: Sequence[MapFacts]) -> int:
    return max((int(facts.seen.max(initial=0)) for facts in maps), default=0)


def _kind(coding: Coding, number: int) -> str:
    """The entry of `EXPECTED` for a number: a name of the coding's own, or our garment."""
    theirs = coding.theirs[number]
    return theirs if theirs in EXPECTED else coding.classes[number]
