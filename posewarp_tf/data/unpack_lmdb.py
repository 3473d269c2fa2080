"""Makes a data set of DeepFashion as NTED and PIDM keep it: pictures of one size in an LMDB.

    posewarp unpack-lmdb --data_dir=dataset/deepfashion --output_dir=data/deepfashion
    posewarp train --config=gfla_fashion_256x176 --data_dir=data/deepfashion --run_dir=runs/gfla_fashion

--data_dir holds train_pairs.txt and test_pairs.txt (rows of paths with commas between: the target, then its sources),
pose/ with a text of joints for each picture, and a folder for each size, such as 256-176, with data.mdb (PNGs by their
paths). --lmdb names one of several folders. Pictures are taken over as they are. Needs the extra `lmdb`.

Both projects have the joints of all sizes in the frame of 256x256 with borders; their pictures have no borders and are
squashed to their size. Here the joints are written in the published frame of 256x176, and keypoint_size.txt says that
this covers the whole picture: squashed pictures with white sides look like padded ones.
"""

from __future__ import annotations

import importlib
import os
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import flags
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.conventions import DEEPFASHION_KEYPOINT_SIZE, MISSING
from posewarp_tf.data.datasets import SPLITS, shorten
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.pictures.picture_files import load_image
from posewarp_tf.poses.annotations import read_pose_text
from posewarp_tf.poses.keypoint_frame import PADDED_FRAME, SIZE_FILE, require_inside
from posewarp_tf.poses.writers import write_annotations
from posewarp_tf.settings import command_line
from posewarp_tf.synthetic.unfinished import folder_appearing_whole, require_nothing_there

_FOLDER = 'img'
# The folder may lie where nothing can be written.
_READING = {'readonly': True, 'lock': False, 'readahead': False}
# Annotations put them between cells.
_NOT_IN_NAMES = frozenset(':"')


class Unpacked(NamedTuple):
    """What was written.

    Attributes:
        lmdb: the folder of the pictures, such as 256-176.
        pairs: by split, how many.
        num_pictures: of both splits.
    """

    lmdb: str
    pairs: dict[str, int]
    num_pictures: int


def unpack(data_dir: str | os.PathLike, output_dir: str | os.PathLike, lmdb: str = '') -> Unpacked:
    """Writes a folder in DeepFashion's layout, as a whole or not at all: every source makes a pair with its target.

    Args:
        data_dir: folder of the lists, the poses and the LMDB.
        lmdb: name of the folder with data.mdb; '': the only one.

    Raises:
        DataError: a list, a pose, an LMDB or a picture is missing or bad, or `output_dir` holds something.
        ConfigError: the package `lmdb` is not installed.
    """
    root, final = pathlib.Path(data_dir), pathlib.Path(output_dir)
    require_nothing_there(final)
    source = find_lmdb(root, lmdb)
    library = _load_lmdb(source)
    pairs = {split: read_target_rows(root / f'{split}_pairs.txt') for split in SPLITS}
    names = {split: sorted({name for pair in found for name in pair}) for split, found in pairs.items()}
    every = sorted(set().union(*names.values()))
    poses = _read_poses(root / 'pose', every)
    with folder_appearing_whole(final) as folder:
        _write_pictures(library, source, every, folder / _FOLDER)
        for split in SPLITS:
            rows = ''.join(f'{origin},{target}\n' for origin, target in pairs[split])
            files.write_text(folder / f'fashion-pairs-{split}.csv', 'from,to\n' + rows)
            of_split = {name: (poses[name], DEEPFASHION_KEYPOINT_SIZE) for name in names[split]}
            write_annotations(folder / f'fashion-annotation-{split}.csv', of_split)
        files.write_text(folder / SIZE_FILE, ','.join(map(str, DEEPFASHION_KEYPOINT_SIZE)) + '\n')
    return Unpacked(source.name, {split: len(found) for split, found in pairs.items()}, len(every))


def find_lmdb(root: pathlib.Path, name: str = '') -> pathlib.Path:
    """The folder with data.mdb of this name; '': the only one.

    Raises:
        DataError: there is none, or more than one to choose from.
    """
    if not root.is_dir():
        raise DataError(f'--data_dir: no folder {str(root)!r}')
    found = sorted(path.parent.name for path in root.glob('*/data.mdb'))
    if not found:
        raise DataError(f'{root}: no folder with data.mdb, expected one such as {root / "256-176" / "data.mdb"}')
    if name not in found and (name or len(found) > 1):
        raise DataError(f'--lmdb: got {name!r}, expected one of {", ".join(found)}, which are in {root}')
    return root / (name or found[0])


def read_target_rows(path: pathlib.Path) -> list[tuple[str, str]]:
    """(source, target) for every source of every row: paths below img/, with the suffix .png.

    Raises:
        DataError: no such list, or a row without a source, or with something else than paths below img/.
    """
    pairs = []
    for row, line in enumerate(files.read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            target, *sources = map(_name, line.split(','))
        except ValueError as error:
            raise DataError(f'{path}, row {row}: {error}') from error
        if not sources:
            raise DataError(f'{path}, row {row}: got {line.strip()!r}, expected a target, a comma and its sources')
        pairs += [(source, target) for source in sources]
    return pairs


def _name(text: str) -> str:
    path = pathlib.PurePosixPath(text.strip())
    if path.parts[:1] != (_FOLDER,) or len(path.parts) < 2 or '..' in path.parts or _NOT_IN_NAMES & set(text):
        raise ValueError(f'got {text[:80]!r}, expected the path of a picture in {_FOLDER}/, with no colon or quote')
    return path.relative_to(_FOLDER).with_suffix('.png').as_posix()


def _read_poses(folder: pathlib.Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """By picture the joints, float32 [18, 2], in the published frame; what lies outside is missing."""
    if not folder.is_dir():
        raise DataError(f'{folder}: no such folder, expected a pose text for each picture in it')
    texts = tqdm(names, desc='joints', unit='picture', disable=None)
    found = np.stack([read_pose_text((folder / name).with_suffix('.txt')) for name in texts])
    annotated = found[np.any(found != MISSING, axis=-1)]
    num_outside = require_inside(annotated, PADDED_FRAME, str(folder), 'in which NTED and PIDM have them')
    if num_outside:
        print(f'{folder}: {num_outside} of {len(annotated)} joints lie outside the pictures and are taken as missing')
    return dict(zip(names, PADDED_FRAME.to_pixels(found, DEEPFASHION_KEYPOINT_SIZE)))


def _write_pictures(lmdb: Any, source: pathlib.Path, names: Sequence[str], folder: pathlib.Path) -> None:
    """The bytes of every picture as a file, once they are seen to be a picture."""
    keys = {name: f'{_FOLDER}/{name}'.encode() for name in names}
    try:
        with lmdb.open(str(source), **_READING) as environment, environment.begin(buffers=True) as transaction:
            _require_whole(source / 'data.mdb', environment)
            absent = [key.decode() for key in keys.values() if transaction.get(key) is None]
            if absent:
                raise DataError(f'{source}: no picture {shorten(absent)}')
            for name, key in tqdm(keys.items(), desc='unpacking', unit='picture', disable=None):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(transaction.get(key))
                try:
                    load_image(path)
                except DataError as error:
                    raise DataError(f'{source}: {key.decode()}: {str(error).removeprefix(f"{path}: ")}') from error
    except lmdb.Error as error:
        raise DataError(f'{source}: an LMDB that cannot be read: {error}') from error


def _require_whole(path: pathlib.Path, environment: Any) -> None:
    """Raises DataError where the file is cut short: to read beyond its end would kill the program."""
    expected = (environment.info()['last_pgno'] + 1) * environment.stat()['psize']
    if path.stat().st_size < expected:
        raise DataError(f'{path}: cut short: got {path.stat().st_size} bytes, expected {expected}')


def _load_lmdb(path: pathlib.Path) -> Any:
    try:
        return importlib.import_module('lmdb')
    except ImportError as error:
        raise ConfigError(f"{path}: needs the package lmdb ({error}): pip install 'posewarp_tf[lmdb]'") from error


def define_flags() -> None:
    flags.DEFINE_string('data_dir', None, 'Folder of the lists, of pose/ and of the folders with data.mdb.')
    flags.DEFINE_string('output_dir', None, 'Folder to write.')
    flags.DEFINE_string('lmdb', '', 'Name of the folder with data.mdb, such as 256-176; default: the only one.')


def main() -> None:
    given = flags.FLAGS
    if not given.data_dir or not given.output_dir:
        raise ConfigError('--data_dir and --output_dir: expected both')
    made = unpack(os.path.expanduser(given.data_dir), os.path.expanduser(given.output_dir), given.lmdb)
    counts = ' and '.join(f'{count:,} {split} pairs' for split, count in made.pairs.items())
    print(f'{given.output_dir}: {counts} of {made.num_pictures:,} pictures of {made.lmdb}')


if __name__ == '__main__':
    command_line.run(define_flags, main)
