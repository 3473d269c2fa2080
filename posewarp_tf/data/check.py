"""Looks a data set over before a training run stumbles on it.

    python -m posewarp_tf.data.check --data_dir=data/deepfashion
    python -m posewarp_tf.data.check --data_dir=data/market --dataset=market --decode_all
    python -m posewarp_tf.data.check --data_dir=data/mvc --dataset=mvc
    python -m posewarp_tf.data.check --config=gfla_dance --data_dir=data/fashion_video

Reads every list and every picture's header, says how they are understood, and draws a contact sheet of pictures
with their skeletons, squashed as a network sees them. Of a folder of prepare-data the checksums of all files are
compared (the sizes, where it lies behind a URL), and a sample of the pictures is read.

The exit code is 1 if training with the same flags would fail by anything that shows without a network: settings that do
not go together (stages, terms and their weights, sizes, batch and --num_gpus), weights of VGG-19 that are not there or
not such, lists, pictures, joints, and the maps or flows that the model, a term or an augmentation needs; for the test
split, which validation and evaluation read, also maps or flows that some pictures lack. Not seen are: pixels of the
pictures that are not decoded (--decode_all decodes every one), devices, memory, downloads, packages that are not
installed, and what --run_dir and --init_from hold.
"""

from __future__ import annotations

import os

import numpy as np
from absl import flags
from tqdm import tqdm

from posewarp_tf.data.clips.dance_check import check_dance
from posewarp_tf.data.clips.face_check import check_faces
from posewarp_tf.data.contact_sheet import contact_sheet
from posewarp_tf.data.datasets import SPLITS, DatasetFiles, PairDataset, find_files, find_pictures, load_dataset
from posewarp_tf.data.findings import Findings, check_pictures
from posewarp_tf.data.prepared import Prepared, find_prepared
from posewarp_tf.data.prepared_check import check_shards, part_to_look_at
from posewarp_tf.data.skeleton_files import load_skeletons
from posewarp_tf.data.truth import (
    CLASS_MAP_FOLDERS,
    ClassMaps,
    find_flows,
    find_maps,
    keys_by_kind,
    maps_to_test_on,
    required_flows,
    required_maps,
)
from posewarp_tf.data.view_check import check_views
from posewarp_tf.pictures.class_maps import load_class_map
from posewarp_tf.pictures.contents import is_remote
from posewarp_tf.pictures.names import NameIndex, deepfashion_name
from posewarp_tf.pictures.picture_files import save_image
from posewarp_tf.poses.annotations import read_pairs, scan_annotations
from posewarp_tf.poses.skeletons import PIECE
from posewarp_tf.settings import command_line
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import config_from_flags, define_training_flags
from posewarp_tf.settings.sections import DataConfig
from posewarp_tf.synthetic.video_layout import VIDEO_LAYOUTS
from posewarp_tf.training.plan import check_vgg_weights, maps_to_train, plan_training

# Lengths of the published lists.
PUBLISHED_PAIRS = {'deepfashion': {'train': 101_966, 'test': 8_570}, 'market': {'test': 12_000}, 'mvc': {}}
PUBLISHED_PICTURES = {'deepfashion': {'train': 48_674, 'test': 4_038}, 'market': {}, 'mvc': {}}


def check(config: Config, sheet_path: str, decode_all: bool) -> Findings:
    """Checks what training would start with; prints as it goes, writes the contact sheet, returns what it found."""
    findings = Findings()
    _check_settings(config, findings)
    if config.model.material == 'skeletons':
        _check_skeletons(config, findings)
        return findings
    if config.model.material == 'views':
        check_views(config, findings, sheet_path, decode_all, maps_to_train(config))
        return findings
    if config.model.material == 'face_clips':
        check_faces(config, findings, sheet_path, decode_all, maps_to_train(config))
        return findings
    data = config.data
    if data.dataset in VIDEO_LAYOUTS or config.model.material == 'dance_clips':
        if config.model.material != 'dance_clips':
            models = [f'--model={config.model.model} is trained on pairs of pictures, expected --model=gfla_dance']
            findings.add('videos, of which this model makes no clips', models)
        check_dance(config, findings, sheet_path, decode_all, maps_to_train(config))
        return findings
    found = findings.attempt('folder', lambda: find_prepared(data.data_dir) or find_files(data))
    if found is None:
        return findings
    if isinstance(found, Prepared):
        check_shards(found, findings)
    else:
        for path in sorted(set(found.annotations.values())):
            print(f'{path}')
            if os.path.isfile(path):
                _check_annotations(path, findings)
    loaded = []
    for split in SPLITS:
        print(f'{split} split')
        if isinstance(found, Prepared):
            checked = _check_prepared_split(config, split, decode_all, findings)
        else:
            checked = _check_split(config, found, split, decode_all, findings)
        if checked is not None:
            loaded.append(checked)
    if loaded:
        save_image(sheet_path, contact_sheet(loaded, config.model.image_size))
        print(f'contact sheet: {sheet_path}')
    return findings


def _check_skeletons(config: Config, findings: Findings) -> None:
    for split in SPLITS:
        print(f'{split} split')
        found = findings.attempt('skeletons', lambda split=split: load_skeletons(config.data.data_dir, split))
        if found is not None:
            print(f'  {len(found.names):,} sequences of {found.lengths.sum():,} frames')
            short = [f'{name}: {length}' for name, length in zip(found.names, found.lengths) if length < PIECE]
            findings.add(f'sequences of fewer than {PIECE} frames, whose last is repeated', short, fatal=False)


def _check_settings(config: Config, findings: Findings) -> None:
    planned = findings.attempt('settings', lambda: plan_training(config))
    if planned is None:
        return
    print(f'--model={config.model.model}, stages: {", ".join(planned)}')
    if findings.attempt('weights of VGG-19', lambda: check_vgg_weights(config)):
        print('  --vgg_weights=imagenet: training downloads them, unless it has done so before')


def _check_annotations(path: str, findings: Findings) -> None:
    annotations = findings.attempt('unreadable annotations', lambda: scan_annotations(path))
    if annotations is None:
        return
    print(f'  {len(annotations.keypoints):,} annotated pictures')
    findings.add('bad annotation rows', annotations.problems)
    findings.add('pictures without any joint', annotations.empty, fatal=False)


def _check_split(
    config: Config, files: DatasetFiles, split: str, decode_all: bool, findings: Findings
) -> tuple[PairDataset, list[ClassMaps]] | None:
    data = config.data
    pairs = findings.attempt('pairs', lambda: read_pairs(files.pairs_of(split)))
    if pairs is None:
        return None
    names = sorted({name for pair in pairs for name in pair})
    print(f'  {_count_groups(pairs):,} people (pictures that pairs connect)')
    _print_counts(data, split, names, len(pairs))
    pictures = findings.attempt('pictures', lambda: find_pictures(data, split))
    if pictures is None:
        return None
    folder, found = pictures
    index = NameIndex(found)
    matches = {name: index.find(name) for name in names}
    findings.add('missing pictures', [os.path.join(folder, name) for name in names if matches[name] is None])
    paths = [os.path.join(folder, match) for match in matches.values() if match is not None]
    check_pictures(paths, decode_all, findings)
    dataset = findings.attempt('unusable split', lambda: load_dataset(data, split, config.model.image_size))
    if dataset is not None:
        findings.add('pairs that cannot be used', dataset.skipped, fatal=False)
        return dataset, _check_truth(config, split, dataset, findings)
    return None


def _check_prepared_split(
    config: Config, split: str, decode_all: bool, findings: Findings
) -> tuple[PairDataset, list[ClassMaps]] | None:
    dataset = findings.attempt('unusable split', lambda: load_dataset(config.data, split, config.model.image_size))
    if dataset is None:
        return None
    findings.add('pairs that cannot be used', dataset.skipped, fatal=False)
    _print_counts(config.data, split, dataset.names, len(dataset.rows))
    part = part_to_look_at(dataset, decode_all)
    check_pictures(part.paths, decode_all, findings)
    return part, _check_truth(config, split, part, findings)


def _print_counts(data: DataConfig, split: str, names: list[str], num_pairs: int) -> None:
    """Counts, beside the published ones where the names look like those of the published set."""
    published = data.dataset == 'market' or all(deepfashion_name(name) for name in names)
    for what, count, table in (
        ('pictures', len(names), PUBLISHED_PICTURES),
        ('pairs', num_pairs, PUBLISHED_PAIRS),
    ):
        expected = table[data.dataset].get(split) if published else None
        print(f'  {count:,} {what}' + (f' (published: {expected:,})' if expected else ''))


def _check_truth(config: Config, split: str, dataset: PairDataset, findings: Findings) -> list[ClassMaps]:
    """Maps of classes, all of which are read, and flows; needed ones are asked for as training does."""
    title, data = f'maps and flows of the {split} split', config.data
    if split == 'test':
        found = findings.attempt(title, lambda: _read_maps(maps_to_test_on(config, dataset))) or []
        if findings.attempt(title, lambda: find_flows(data.data_dir, dataset)) is not None:
            print('  flows/: an exact flow for every pair')
        return found
    needed = maps_to_train(config)
    found = findings.attempt(title, lambda: _read_maps(required_maps(data, needed, dataset))) or []
    if findings.attempt(title, lambda: required_flows(data, needed, dataset)) is not None:
        print('  flows/: an exact flow for every pair')
    # Nothing asks for the others.
    others = [kind for kind in CLASS_MAP_FOLDERS if kind not in keys_by_kind(needed)]
    return found + (findings.attempt(title, lambda: _read_maps(find_maps(data, others, dataset)), fatal=False) or [])


def _read_maps(found: dict[str, ClassMaps]) -> list[ClassMaps]:
    for maps in found.values():
        print(f'  {maps.folder}: a map for every picture; part of all pixels: {_frequencies(maps)}')
    return list(found.values())


def _frequencies(maps: ClassMaps) -> str:
    pixels = np.zeros(len(maps.coding.names), np.int64)
    for path in tqdm(maps.paths, desc='  maps', unit='', leave=False, delay=1, disable=None):
        pixels += np.bincount(load_class_map(path, maps.coding).ravel(), minlength=len(pixels))
    return ', '.join(f'{name} {share:.1%}' for name, share in zip(maps.coding.names, pixels / pixels.sum()))


def _count_groups(pairs: list[tuple[str, str]]) -> int:
    """Groups of names that chains of pairs connect."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            leader[name] = name = leader[leader[name]]
        return name

    for source, target in pairs:
        leader[find(source)] = find(target)
    return sum(leader[name] == name for name in leader)


def define_flags() -> None:
    flags.DEFINE_string(
        'contact_sheet',
        '',
        'Where the contact sheet goes; default: contact_sheet.png in --data_dir, or here if that is behind a URL.',
    )
    flags.DEFINE_boolean('decode_all', False, 'Decode every picture, not only a sample.')
    define_training_flags()


def main() -> int:
    config = config_from_flags()
    folder = '' if is_remote(config.data.data_dir) else config.data.data_dir
    sheet_path = flags.FLAGS.contact_sheet or os.path.join(folder, 'contact_sheet.png')
    findings = check(config, sheet_path, flags.FLAGS.decode_all)
    if findings.problems:
        print(f'FAIL: training on {config.data.data_dir} would fail: {"; ".join(findings.problems)}')
        return 1
    print(f'PASS: {config.data.data_dir}' + (f' (but see: {"; ".join(findings.notes)})' if findings.notes else ''))
    return 0


if __name__ == '__main__':
    command_line.run(define_flags, main)
