"""What a body is like, and how much of every shape target that makes.

A phenotype is a piecewise linear blend between its anchors, which are evenly spaced over its range; a target's
coefficient is the product of the blends of the words in its name. Ancestries are shares that sum to 1.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

# Words in the names of targets, at evenly spaced values.
ANCHORS = {
    'gender': ('male', 'female'),
    'age': ('newborn', 'baby', 'child', 'young', 'old'),
    'muscle': ('minmuscle', 'averagemuscle', 'maxmuscle'),
    'weight': ('minweight', 'averageweight', 'maxweight'),
    'height': ('minheight', 'maxheight'),
    'proportions': ('idealproportions', 'uncommonproportions'),
    'cup': ('mincup', 'averagecup', 'maxcup'),
    'firmness': ('minfirmness', 'averagefirmness', 'maxfirmness'),
}
ANCESTRIES = ('african', 'asian', 'caucasian')
# Values of the first and the last anchor; all others have 0 and 1.
_AGE_RANGE = (-1 / 3, 1.0)
# Nobody is younger than a teenager: 1/3 is a child, 2/3 a young adult.
YOUNGEST = 0.54


@dataclasses.dataclass(frozen=True)
class Phenotype:
    """Values in 0..1: gender 0 male, 1 female; age `YOUNGEST` (a teenager) over 2/3 (25 years) to 1 (old)."""

    gender: float
    age: float
    muscle: float
    weight: float
    height: float
    proportions: float
    cup: float
    firmness: float
    ancestry: tuple[float, float, float]

    @property
    def is_female(self) -> bool:
        return self.gender > 0.5


def sample_phenotype(rng: np.random.Generator) -> Phenotype:
    """Anybody from teenage on; most are neither very thin nor very heavy."""
    gender = float(rng.random() < 0.5)
    middle = lambda spread: float(np.clip(rng.normal(0.5, spread), 0.0, 1.0))  # noqa: E731
    main = int(rng.integers(len(ANCESTRIES)))
    shares = rng.dirichlet(np.ones(3)) * 0.35
    shares[main] += 0.65
    return Phenotype(
        gender=float(np.clip(gender + (0.12 if gender < 0.5 else -0.12) * rng.random(), 0.0, 1.0)),
        age=float(rng.choice([rng.uniform(YOUNGEST, 0.64), rng.uniform(0.62, 0.78), rng.uniform(0.75, 0.97)])),
        muscle=middle(0.14),
        weight=float(np.clip(rng.normal(0.46, 0.14), 0.08, 0.95)),
        # Above this everybody would be taller than people are.
        height=float(np.clip(rng.normal(0.41, 0.05), 0.28, 0.56)),
        proportions=float(rng.uniform(0.3, 1.0)),
        cup=middle(0.16),
        firmness=float(rng.uniform(0.4, 0.9)),
        ancestry=(float(shares[0]), float(shares[1]), float(shares[2])),
    )


def word_shares(phenotype: Phenotype) -> dict[str, float]:
    """How much of every word there is; the words of one phenotype sum to 1."""
    shares = dict(zip(ANCESTRIES, np.array(phenotype.ancestry) / max(sum(phenotype.ancestry), 1e-9)))
    for name, words in ANCHORS.items():
        low, high = _AGE_RANGE if name == 'age' else (0.0, 1.0)
        place = (getattr(phenotype, name) - low) / (high - low) * (len(words) - 1)
        for number, word in enumerate(words):
            shares[word] = max(0.0, 1.0 - abs(place - number))
    return {word: float(share) for word, share in shares.items()}


def coefficients(names: list[tuple[str, ...]], phenotype: Phenotype) -> np.ndarray:
    """float64 [len(names)]: for each target, whose name's words are given, the product of their shares."""
    shares = word_shares(phenotype)
    return np.array([math.prod(shares[word] for word in words) for words in names])


def words_of(file_name: str) -> tuple[str, ...] | None:
    """The words in the name of a target's file; None if it is not one of phenotypes of teenagers and adults."""
    known = {word for words in ANCHORS.values() for word in words} | set(ANCESTRIES)
    words = file_name.split('.')[0].split('-')
    if words[0] == 'universal':
        words = words[1:]
    if any(word not in known for word in words) or {'newborn', 'baby'} & set(words):
        return None
    return tuple(words)
