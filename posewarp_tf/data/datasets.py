"""DeepFashion, Market-1501 and MVC folders (and everything written in their layout) as lists of pairs.

A folder holds, for each split (`train`, `test`):
    {fasion,fashion,market,mvc}-[resize-]pairs-<split>.csv, or a text of two names per row;
    {fasion,fashion,market,mvc}-[resize-]annotation-<split>.csv, or a folder `pose/` of pose texts;
    the pictures, in `<split>/`, or for all splits in `img/`, `img_highres/`, `images/`, `image/` or beside the lists.
It may also hold keypoint_size.txt, which says what --keypoint_size would.
MVC has no published pairs or joints: its joints are in pixels of the pictures, which then have one size.
Maps of classes lie in folders of their own (truth.py). Prepared folders hold the same in few files (prepared.py).
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from posewarp_tf.data.prepared import Prepared, find_prepared
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.pictures.names import NameIndex
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES, picture_size
from posewarp_tf.poses.annotations import Annotations, read_annotations, read_pairs, read_pose_folder
from posewarp_tf.poses.keypoint_frame import (
    KeypointFrame,
    common_size,
    detect_frame,
    pictures_are_padded,
    stated_keypoint_size,
)
from posewarp_tf.settings.sections import DataConfig

SPLITS = ('train', 'test')
_PREFIXES = {'deepfashion': ('fasion', 'fashion'), 'market': ('market',), 'mvc': ('mvc',)}
_TEXT_NAMES = {
    'pairs': ('{split}_pairs.txt', 'pairs-{split}.txt', '{split}/pairs.txt', 'pairs.txt'),
    'annotation': ('pose',),
}
_SPLIT_FOLDERS: dict[str, dict[str, tuple[str, ...]]] = {
    'deepfashion': {},
    'market': {'train': ('bounding_box_train',), 'test': ('bounding_box_test',)},
    'mvc': {},
}
_SHARED_FOLDERS = ('img', 'img_highres', 'images', 'image')
_NUM_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class PairDataset:
    """One split, ready to be read.

    names, paths: of every picture that a pair uses.
    keypoints: float32 [pictures, 18, 2], (x, y) in pixels of the model's image size, missing (-1, -1).
    rows: int32 [examples, K], numbers of the above: the pictures of each example by the model's roles (source, target).
    skipped: one line for each pair that cannot be used, with the reason.
    aspect: height / width of the pictures; of squashed ones, that of the frame that their keypoints are annotated in.
    """

    split: str
    names: list[str]
    paths: list[str]
    keypoints: np.ndarray
    rows: np.ndarray
    skipped: list[str]
    aspect: float

    def spread(self, max_pairs: int | None) -> PairDataset:
        """`max_pairs` pairs spread evenly over all (None: all) and only their pictures.

        Neighbours in a list of pairs are pictures of one person; a few of the first would be all alike.
        """
        count = len(self.rows) if max_pairs is None else min(max_pairs, len(self.rows))
        chosen = np.arange(count) * len(self.rows) // max(count, 1)
        used, rows = np.unique(self.rows[chosen], return_inverse=True)
        return dataclasses.replace(
            self,
            names=[self.names[i] for i in used],
            paths=[self.paths[i] for i in used],
            keypoints=self.keypoints[used],
            rows=rows.reshape(-1, self.rows.shape[1]).astype(np.int32),
        )


class PairLists(NamedTuple):
    """One split for models of any size.

    Attributes:
        examples: with joints as they are annotated.
        frame: in which that is.
        padded: whether the pictures have DeepFashion's borders.
    """

    examples: PairDataset
    frame: KeypointFrame
    padded: bool

    def at(self, image_size: tuple[int, int]) -> PairDataset:
        """The split with joints in pixels of a model's image size."""
        keypoints = self.frame.to_pixels(self.examples.keypoints, image_size, self.padded)
        return dataclasses.replace(self.examples, keypoints=keypoints)


def load_dataset(data: DataConfig, split: str, image_size: tuple[int, int]) -> PairDataset:
    """Reads the lists of one split of `data.data_dir`; says on the terminal how they were understood.

    Pairs of a picture without a single joint are skipped, counted and listed.

    Raises:
        DataError: a list is missing or bad, a picture or its annotation is missing, the keypoint frame is
            ambiguous, or no pair can be used; of a prepared folder, one that is damaged.
        ConfigError: settings that a prepared folder was not made with.
    """
    prepared = find_prepared(data.data_dir)
    lists = read_lists(data, split) if prepared is None else _prepared_lists(prepared, data, split)
    return lists.at(image_size)


def _prepared_lists(prepared: Prepared, data: DataConfig, split: str) -> PairLists:
    prepared.require_same(data)
    found, facts = prepared.split(split), prepared.index['splits'][split]
    skipped = f', {len(found.skipped)} skipped: {shorten(found.skipped)}' if found.skipped else ''
    print(f'{prepared.data_dir}: prepared, {len(found.rows)} pairs of the {split} split{skipped}')
    paths = prepared.paths(split, 'image', range(len(found.names)), found.names)
    examples = PairDataset(split, found.names, paths, found.keypoints, found.rows, found.skipped, facts['aspect'])
    return PairLists(examples, prepared.frame, facts['padded'])


def read_lists(data: DataConfig, split: str) -> PairLists:
    """`load_dataset` of a folder that is not prepared, before a size is chosen."""
    files = find_files(data)
    pairs_path = files.pairs_of(split)
    all_pairs = read_pairs(pairs_path)
    annotations = read_all_annotations(files)
    folder, pictures_found = find_pictures(data, split)
    pictures_size = None
    if data.dataset == 'mvc':
        pictures_size = common_size([os.path.join(folder, name) for name in pictures_found])
    frame = detect_frame(stack_keypoints(annotations), data.keypoint_size, data.dataset, data.data_dir, pictures_size)
    of_split = annotations[files.annotations_of(split)]

    annotated_names = match_names(
        (name for pair in all_pairs for name in pair), of_split.keypoints, f'{of_split.path}: no annotation of'
    )
    empty = set(of_split.empty)
    skipped = [
        f'{source} -> {target}: no joint of {name} is annotated'
        for source, target in all_pairs
        for name in itertools.islice((n for n in (source, target) if annotated_names[n] in empty), 1)
    ]
    usable = [pair for pair in all_pairs if not empty & {annotated_names[name] for name in pair}]
    print(f'{pairs_path}: {len(usable)} pairs' + (f', {len(skipped)} skipped: {shorten(skipped)}' if skipped else ''))
    if not usable:
        raise DataError(f'{pairs_path}: no pair can be used: {shorten(skipped)}')

    names = sorted({name for pair in usable for name in pair})
    pictures = match_names(names, pictures_found, f'{folder}: no picture')
    paths = [os.path.join(folder, pictures[name]) for name in names]
    padded = has_borders(data, split, paths)
    if padded:
        print(f'{folder}: pictures are padded to 256x256: people stand in columns 40 to 216')
    keypoints = np.stack([of_split.keypoints[annotated_names[name]] for name in names])
    number = {name: i for i, name in enumerate(names)}
    examples = PairDataset(
        split=split,
        names=names,
        paths=paths,
        keypoints=keypoints,
        rows=np.array([[number[source], number[target]] for source, target in usable], np.int32),
        skipped=skipped,
        aspect=1.0 if padded else _aspect(paths[0], frame.height / frame.width),
    )
    return PairLists(examples, frame, padded)


def has_borders(data: DataConfig, split: str, paths: Sequence[str]) -> bool:
    """Whether the pictures of a split have DeepFashion's borders; a frame that is given covers the whole picture."""
    prepared = find_prepared(data.data_dir)
    if prepared is not None:
        return prepared.index['splits'][split]['padded']
    if data.dataset != 'deepfashion' or data.keypoint_size or stated_keypoint_size(data.data_dir):
        return False
    return pictures_are_padded(paths)


def _aspect(path: str, annotated: float) -> float:
    """Height / width of pictures: that of their frame of annotation where a square one may have been squashed."""
    height, width = picture_size(path)
    return annotated if height == width else height / width


@dataclasses.dataclass(frozen=True)
class DatasetFiles:
    """Paths of the lists that exist, by split. An annotation path may be a folder of pose texts."""

    data_dir: str
    pairs: dict[str, str]
    annotations: dict[str, str]
    names: dict[tuple[str, str], list[str]]

    def pairs_of(self, split: str) -> str:
        return self._required(self.pairs, 'pairs', split)

    def annotations_of(self, split: str) -> str:
        return self._required(self.annotations, 'annotation', split)

    def _required(self, found: dict[str, str], kind: str, split: str) -> str:
        if split not in found:
            expected = ', '.join(self.names[kind, split])
            raise DataError(f'{self.data_dir}: no {kind} list for the {split} split: expected one of {expected}')
        return found[split]


def find_files(data: DataConfig) -> DatasetFiles:
    """The lists of every split, under whichever of their names they have; says so when there are two."""
    if data.dataset not in _PREFIXES:
        raise ConfigError(f'--dataset: got {data.dataset}, expected a layout of pairs: {", ".join(_PREFIXES)}')
    if not os.path.isdir(data.data_dir):
        raise DataError(f'--data_dir: no folder {data.data_dir!r}')
    files = DatasetFiles(data.data_dir, {}, {}, {})
    for split in SPLITS:
        for kind, found in (('pairs', files.pairs), ('annotation', files.annotations)):
            prefixes = itertools.product(('', 'resize-'), _PREFIXES[data.dataset])
            names = [f'{prefix}-{resize}{kind}-{split}.csv' for resize, prefix in prefixes]
            names += [name.format(split=split) for name in _TEXT_NAMES[kind]]
            files.names[kind, split] = names
            existing = [name for name in names if os.path.exists(os.path.join(data.data_dir, name))]
            if len(existing) > 1:
                print(f'{data.data_dir}: using {existing[0]}, not {", ".join(existing[1:])}')
            if existing:
                found[split] = os.path.join(data.data_dir, existing[0])
    return files


def read_all_annotations(files: DatasetFiles) -> dict[str, Annotations]:
    """Annotations by path, of all splits: together they tell the frame they share."""
    paths = sorted(set(files.annotations.values()))
    return {path: read_pose_folder(path) if os.path.isdir(path) else read_annotations(path) for path in paths}


def stack_keypoints(annotations: dict[str, Annotations]) -> np.ndarray:
    """Keypoints [N, 18, 2] of every row of every file."""
    return np.stack([keypoints for file in annotations.values() for keypoints in file.keypoints.values()])


def find_pictures(data: DataConfig, split: str) -> tuple[str, list[str]]:
    """The folder that holds the pictures of a split, and their paths relative to it."""
    names = [split, *_SPLIT_FOLDERS[data.dataset].get(split, ()), *_SHARED_FOLDERS]
    for name in names:
        folder = os.path.join(data.data_dir, name)
        found = [
            os.path.normpath(os.path.join(os.path.relpath(parent, folder), file))
            for parent, _, files in sorted(os.walk(folder))
            for file in _only_pictures(files)
        ]
        if found:
            return folder, found
    # Beside the lists, maps of classes may lie in folders of their own: no look into those.
    found = _only_pictures(os.listdir(data.data_dir))
    if not found:
        raise DataError(f'{data.data_dir}: no pictures in {", ".join(name + "/" for name in names)} or in itself')
    return data.data_dir, found


def _only_pictures(files: list[str]) -> list[str]:
    return sorted(file for file in files if file.lower().endswith(PICTURE_SUFFIXES))


def match_names(wanted: Iterable[str], known: Iterable[str], missing: str) -> dict[str, str]:
    """wanted name -> known name; DataError that starts with `missing` and names the first few without one."""
    index = NameIndex(known)
    matched = {name: index.find(name) for name in sorted(set(wanted))}
    absent = [name for name, match in matched.items() if match is None]
    if absent:
        raise DataError(f'{missing} {shorten(absent)}')
    return {name: match for name, match in matched.items() if match is not None}


def shorten(lines: Sequence[str]) -> str:
    """The first few lines and the count of all."""
    more = f' (and {len(lines) - _NUM_SHOWN} more, {len(lines)} in all)' if len(lines) > _NUM_SHOWN else ''
    return '; '.join(lines[:_NUM_SHOWN]) + more
