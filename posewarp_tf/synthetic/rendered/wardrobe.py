"""Everything that there is to wear in a MakeHuman folder, sorted by what it covers: suits come apart."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from posewarp_tf.synthetic.rendered import makehuman
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.makehuman import Item

# Components with fewer vertices belong to a larger one: buttons, buckles, collars.
_SMALLEST = 380
_JACKETS = ('male_elegantsuit01', 'male_casualsuit05')


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """One component of an item. kind: 'upper', 'jacket', 'lower', 'shorts', 'skirt', 'whole', 'shoes' or 'socks'.

    triangles: of the item's mesh; hidden: the body's vertices that it covers.
    """

    item: Item
    kind: str
    triangles: np.ndarray
    hidden: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Skin:
    """A picture of skin and whom it was made for."""

    picture: pathlib.Path
    is_female: bool
    age: str
    is_dark: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Wardrobe:
    """What a folder of MakeHuman's assets offers; empty lists where it has none."""

    parts: tuple[Part, ...] = ()
    hair: tuple[Item, ...] = ()
    hats: tuple[Item, ...] = ()
    brows: tuple[Item, ...] = ()
    lashes: tuple[Item, ...] = ()
    skins: tuple[Skin, ...] = ()

    def of_kind(self, *kinds: str) -> list[Part]:
        return [part for part in self.parts if part.kind in kinds]


def read_wardrobe(folder: pathlib.Path | None, body: Body) -> Wardrobe:
    """Everything below `folder`; hair without a picture is left out. None: an empty wardrobe.

    Raises:
        DataError: a file that cannot be read.
    """
    if folder is None:
        return Wardrobe()
    clothes = makehuman.read_items(folder / 'clothes', body)
    hats = tuple(item for item in clothes if 'hats' in item.tags)
    parts = [part for item in clothes if item not in hats for part in take_apart(item, body)]
    return Wardrobe(
        tuple(parts),
        tuple(item for item in makehuman.read_items(folder / 'hair', body) if 'diffuse' in item.pictures),
        hats,
        tuple(makehuman.read_items(folder / 'eyebrows', body)),
        tuple(makehuman.read_items(folder / 'eyelashes', body)),
        tuple(_skins(folder / 'skins')),
    )


def _skins(folder: pathlib.Path) -> list[Skin]:
    found = []
    for path in sorted(folder.rglob('*_diffuse*.png')):
        words = path.stem.split('_')
        if 'suit' not in words and {'male', 'female'} & set(words):
            found.append(Skin(path, 'female' in words, words[0], 'darkskinned' in words))
    return found


def take_apart(item: Item, body: Body) -> list[Part]:
    """The connected components of an item, small ones joined to the nearest large one."""
    triangles = item.mesh.triangles
    count = len(item.base)
    edges = triangles[:, [0, 1, 1, 2]].reshape(-1, 2)
    links = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, label = csgraph.connected_components(links, directed=False)
    places = item.fit(body.vertices)
    smallest = 100 if 'shoes' in item.tags else _SMALLEST
    large = [number for number, size in enumerate(np.bincount(label)) if size >= smallest]
    if not large:
        large = [int(np.argmax(np.bincount(label)))]
    keeper = cKDTree(places[np.isin(label, large)])
    owners = label[np.isin(label, large)]
    for number in set(label.tolist()) - set(large):
        _, nearest = keeper.query(places[label == number].mean(axis=0))
        label[label == number] = owners[nearest]
    covered = owners[keeper.query(body.vertices[item.deleted])[1]] if len(item.deleted) else np.zeros(0, int)
    groups: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {}
    for number in large:
        own = np.flatnonzero(label[triangles[:, 0]] == number)
        kind = _kind(item, body, places[label == number], triangles[own])
        chosen, hidden = groups.setdefault(kind, ([], []))
        chosen.append(own)
        hidden.append(item.deleted[covered == number])
    return [
        Part(item, kind, np.concatenate(chosen), np.concatenate(hidden).astype(np.int32))
        for kind, (chosen, hidden) in groups.items()
    ]


def _kind(item: Item, body: Body, places: np.ndarray, triangles: np.ndarray) -> str:
    heads = body.bone_heads(body.vertices)
    hip, knee = heads[body.bone('upperleg01.L'), 1], heads[body.bone('lowerleg01.L'), 1]
    shoulder, ankle = heads[body.bone('upperarm01.L'), 1], heads[body.bone('foot.L'), 1]
    low, high = places[:, 1].min(), places[:, 1].max()
    if 'shoes' in item.tags:
        return 'socks' if high > ankle + 0.25 * (knee - ankle) and low > ankle - 0.05 else 'shoes'
    if high > shoulder - 0.12 and low < (hip + knee) / 2:
        return 'whole'
    if high > hip + 0.6 * (shoulder - hip):
        return 'jacket' if item.name in _JACKETS else 'upper'
    if _num_rims(triangles) < 3:
        return 'skirt'
    return 'shorts' if low > knee else 'lower'


def _num_rims(triangles: np.ndarray) -> int:
    """The number of openings that are longer than a button hole."""
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    count = int(triangles.max()) + 1
    codes, number = np.unique(edges[:, 0].astype(np.int64) * count + edges[:, 1], return_counts=True)
    single = codes[number == 1]
    links = sparse.coo_matrix((np.ones(len(single)), (single // count, single % count)), shape=(count, count))
    _, label = csgraph.connected_components(links, directed=False)
    return int((np.bincount(label[np.unique(np.concatenate([single // count, single % count]))]) > 12).sum())
