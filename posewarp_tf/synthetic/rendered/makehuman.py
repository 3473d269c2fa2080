"""MakeHuman's files of things to wear: .mhclo (how they follow a body), .mhmat (what they look like), OBJ meshes."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.files import read_text
from posewarp_tf.synthetic.rendered.body import Body
from posewarp_tf.synthetic.rendered.mesh import Layer, Material
from posewarp_tf.synthetic.rendered.obj_files import ObjMesh, parse_obj

_ADVICE = (
    'rendered people wear the CC0 assets of MakeHuman: install MakeHuman or clone its makehuman-assets, and name the '
    'folder that has clothes/, hair/ and skins/ in it: --makehuman_dir=DIR'
)


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """Something to wear that follows any body.

    Attributes:
        name: the stem of its file.
        mesh: its own mesh; only faces and texture coordinates count.
        base: int32 [N, 3], vertices of the body that each vertex follows, with weights float32 [N, 3].
        offsets: float32 [N, 3], in the item's decimetres.
        scales: for x, y, z two vertices of the body and their distance there in decimetres.
        bones, skin_weights: as those of the body, blended with the same weights.
        deleted: numbers of the body's vertices that the item hides.
        depth: items with a larger number are worn over those with a smaller one.
        pictures: files by use: 'diffuse', 'normal', 'occlusion'; only those that exist.
        is_transparent: whether its texture's alpha counts.
        tags: lower-case words that its author gave it.
    """

    name: str
    mesh: ObjMesh
    base: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: tuple[tuple[int, int, float], ...]
    bones: np.ndarray
    skin_weights: np.ndarray
    deleted: np.ndarray
    depth: int
    pictures: dict[str, pathlib.Path]
    is_transparent: bool
    tags: tuple[str, ...]

    def fit(self, vertices: np.ndarray) -> np.ndarray:
        """Its vertices float32 [N, 3] on the body with rest vertices [M, 3], all in metres."""
        scale = [
            abs(float(vertices[first, axis] - vertices[second, axis])) / length
            for axis, (first, second, length) in enumerate(self.scales)
        ]
        placed = np.einsum('nk,nkc->nc', self.weights, vertices[self.base])
        return (placed + self.offsets * np.array(scale)).astype(np.float32)

    def layer(self, vertices: np.ndarray, material: Material) -> Layer:
        """The item on a body, made of `material`."""
        return Layer(
            material,
            self.fit(vertices),
            self.mesh.triangles,
            self.mesh.uv[self.mesh.triangles_uv],
            self.bones,
            self.skin_weights,
            self.base,
            self.weights,
        )


def check_folder(folder: pathlib.Path) -> None:
    """Raises ConfigError, which says how to get one, if this is no folder of MakeHuman's assets."""
    for name in ('clothes', 'hair', 'skins'):
        if not (folder / name).is_dir():
            raise ConfigError(f'--makehuman_dir={folder}: has no folder {name}/; {_ADVICE}')


def require_folder(folder: str | None) -> pathlib.Path:
    """The folder that the user named.

    Raises:
        ConfigError: none is named, or it holds no assets.
    """
    if not folder:
        raise ConfigError(f'--people=rendered: --makehuman_dir is missing; {_ADVICE}')
    check_folder(pathlib.Path(folder))
    return pathlib.Path(folder)


def read_items(folder: pathlib.Path, body: Body) -> list[Item]:
    """Every item below `folder` (for example clothes/) in the order of its name."""
    dense = np.zeros((len(body.vertices), len(body.bone_names)), np.float32)
    np.add.at(dense, (np.arange(len(dense))[:, None], body.bones.astype(np.int64)), body.weights)
    return [read_item(path, body, dense) for path in sorted(folder.rglob('*.mhclo'))]


def read_item(path: pathlib.Path, body: Body, dense_weights: np.ndarray) -> Item:
    """One .mhclo file with its mesh and material; dense_weights [M, B] are the body's skin weights.

    Raises:
        DataError: a line that does not follow the format, a vertex that the body does not have, or a missing mesh.
    """
    words, rows, deleted = _parse(path)
    try:
        scales = tuple((int(a), int(b), float(d)) for a, b, d in (words[f'{axis}_scale'].split() for axis in 'xyz'))
        table = np.array([row if len(row) > 1 else row * 3 + [1, 0, 0, 0, 0, 0] for row in rows], np.float64)
        if table.shape[1:] != (9,):
            raise ValueError('rows with one number or nine')
        base = table[:, :3].astype(np.int32)
        if base.max() >= len(body.vertices):
            raise ValueError(f'vertex {base.max()} of {len(body.vertices)}')
        mesh = parse_obj(read_text(path.parent / words['obj_file'], 'a mesh'), str(path.parent / words['obj_file']))
        if len(mesh.vertices) != len(table):
            raise ValueError(f'{len(table)} vertices, its mesh has {len(mesh.vertices)}')
    except (KeyError, ValueError, IndexError) as error:
        raise DataError(f'{path}: expected an item of clothing for the mesh hm08 ({error})') from error
    weights = table[:, 3:6].astype(np.float32)
    blended = np.clip(np.einsum('nk,nkb->nb', weights, dense_weights[base]), 0.0, None)
    blended /= np.maximum(blended.sum(axis=1, keepdims=True), 1e-9)
    bones = np.argsort(-blended, axis=1, kind='stable')[:, : body.bones.shape[1]]
    heaviest = np.take_along_axis(blended, bones, axis=1)
    pictures, transparent = _read_material(path.parent / words['material']) if 'material' in words else ({}, False)
    return Item(
        path.stem,
        mesh,
        base,
        weights,
        table[:, 6:].astype(np.float32),
        scales,
        bones.astype(np.int16),
        (heaviest / heaviest.sum(axis=1, keepdims=True)).astype(np.float32),
        deleted,
        int(words.get('z_depth', 50)),
        pictures,
        transparent,
        tuple(words.get('tag', '').lower().split()),
    )


def _parse(path: pathlib.Path) -> tuple[dict[str, str], list[list[float]], np.ndarray]:
    """The words with their values (tags in one), the rows after `verts`, and the deleted vertices."""
    words: dict[str, str] = {}
    rows: list[list[float]] = []
    deleted: list[int] = []
    section = ''
    for line in read_text(path, 'a .mhclo file').splitlines():
        fields = line.split()
        if not fields or fields[0].startswith('#'):
            continue
        if fields[0] in ('verts', 'delete_verts'):
            section = fields[0]
        elif section == 'verts' and _is_number(fields[0]):
            rows.append([float(field) for field in fields])
        elif section == 'delete_verts' and _is_number(fields[0]):
            deleted += _ranges(fields)
        else:
            value = ' '.join(fields[1:])
            words[fields[0]] = f'{words[fields[0]]} {value}' if fields[0] == 'tag' and 'tag' in words else value
    return words, rows, np.array(deleted, np.int32)


def _ranges(fields: list[str]) -> list[int]:
    """Numbers such as '3', '5', '-', '8': 3 and 5 to 8."""
    numbers: list[int] = []
    is_range = False
    for field in fields:
        if field == '-':
            is_range = True
        elif is_range:
            numbers += range(numbers[-1] + 1, int(field) + 1)
            is_range = False
        else:
            numbers.append(int(field))
    return numbers


def _is_number(field: str) -> bool:
    return field.lstrip('-').replace('.', '', 1).isdigit() or field == '-'


def _read_material(path: pathlib.Path) -> tuple[dict[str, pathlib.Path], bool]:
    """Pictures that exist, by use, and whether alpha counts."""
    words: dict[str, str] = {}
    if path.exists():
        for line in read_text(path, 'a .mhmat file').splitlines():
            word, _, value = line.strip().partition(' ')
            words[word] = value.strip()
    pictures: dict[str, pathlib.Path] = {}
    for use, word in (('diffuse', 'diffuseTexture'), ('normal', 'normalmapTexture'), ('occlusion', 'aomapTexture')):
        found: pathlib.Path | None = path.parent / words[word] if words.get(word) else None
        if found is not None and found.is_file():
            pictures[use] = found
    return pictures, words.get('transparent', 'False') == 'True'
