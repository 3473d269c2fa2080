"""Writes synthetic people as a data set in the DeepFashion layout (or another of layouts.py), with maps and flows.

train/ test/                     JPEG pictures
fasion-pairs-{train,test}.csv    columns from,to (spelt as published)
fasion-annotation-{train,test}.csv   name:keypoints_y:keypoints_x in the 256 x 176 frame, missing -1
parsing/ parts/                  palette PNGs of the 16 garment and the 11 part classes
flows/<from>__<to>.npz           flow float32 [H, W, 2] and visibility uint8 [H, W], for the test pairs
dataset.json                     the settings that it was made with
"""

from __future__ import annotations

import functools
import os
import pathlib
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from PIL import Image

from posewarp_tf import conventions
from posewarp_tf.pictures.class_colors import label_palette
from posewarp_tf.synthetic.drawn.backgrounds import WHITE_STUDIO, sample_background
from posewarp_tf.synthetic.drawn.person import sample_person
from posewarp_tf.synthetic.drawn.pose import sample_pose
from posewarp_tf.synthetic.drawn.render import exact_flow, render
from posewarp_tf.synthetic.in_parts import Writer, write_in_parts
from posewarp_tf.synthetic.layouts import LAYOUTS, LabelledPicture
from posewarp_tf.synthetic.settings import SPLITS, Settings
from posewarp_tf.synthetic.unfinished import Rows, Task, Unfinished

_JPEG_QUALITY = 95
_OTHER_PLACE = 0.1  # chance of a picture taken in front of another background


def write_dataset(
    output_dir: str | os.PathLike,
    settings: Settings,
    num_processes: int = 0,
    show_progress: bool = True,
    shard: tuple[int, int] = (1, 1),
) -> bool:
    """Writes the data set as a whole or not at all, as `in_parts.write_in_parts` does, which tells the rest."""
    folders = (*SPLITS, 'parsing', LAYOUTS[settings.layout].parts, 'flows')
    writer = Writer(settings, folders, write_person, _write_lists, unit='person')
    return write_in_parts(output_dir, writer, num_processes, show_progress, shard)


def _write_lists(unfinished: Unfinished, settings: Settings, tasks: list[Task]) -> None:
    prefix = LAYOUTS[settings.layout].prefix
    for split in SPLITS:
        rows = [unfinished.rows(task) for task in tasks if task[0] == split]
        pairs = ''.join(f'{source},{target}\n' for found in rows for source, target in found.pairs)
        notes = ''.join(f'{line}\n' for found in rows for line in found.annotations)
        (unfinished.folder / f'{prefix}-pairs-{split}.csv').write_text('from,to\n' + pairs)
        (unfinished.folder / f'{prefix}-annotation-{split}.csv').write_text('name:keypoints_y:keypoints_x\n' + notes)


def write_person(unfinished: Unfinished, settings: Settings, task: Task) -> None:
    """Writes every picture, map and flow of person `task` = (split, index)."""
    split, index = task
    folder = unfinished.folder
    layout = LAYOUTS[settings.layout]
    pictures, flow_between = make_person(settings, split, index)
    stems = [f'{split}_{index:05d}_{number:02d}' for number in range(len(pictures))]
    for stem, picture in zip(stems, pictures):
        save_picture(picture, folder / split / f'{stem}.jpg')
        save_labels(folder / 'parsing' / f'{stem}.png', layout.garment_numbers(picture))
        save_labels(folder / layout.parts / f'{stem}.png', layout.part_numbers(picture))
    pairs = choose_pairs(settings, split, index)
    if split == 'test' or settings.train_flows:
        for source, target in pairs:
            flow, visibility = flow_between(pictures[source], pictures[target])
            path = folder / 'flows' / f'{stems[source]}__{stems[target]}.npz'
            np.savez_compressed(path, flow=flow, visibility=visibility)
    annotations = [
        _annotation(f'{stem}.jpg', picture, layout.keypoint_size or picture.size)
        for stem, picture in zip(stems, pictures)
    ]
    names = [(f'{stems[source]}.jpg', f'{stems[target]}.jpg') for source, target in pairs]
    unfinished.save(task, Rows(annotations, names))


def make_person(settings: Settings, split: str, index: int) -> tuple[list, Callable[[Any, Any], tuple]]:
    """The pictures of one person and the function that gives flow and visibility from one to another."""
    if settings.people == 'drawn':
        return draw_person(settings, split, index), exact_flow
    # Needs a compiler for loops, which those who draw need not have.
    from posewarp_tf.synthetic.rendered import flow, studio

    generator = functools.partial(person_generator, settings.seed, split, index)
    return studio.photograph_person(settings, generator), flow.exact_flow


def draw_person(settings: Settings, split: str, index: int) -> list:
    """The drawn pictures of one person, the same for any number of people or processes."""
    person = sample_person(person_generator(settings.seed, split, index, 'person'))
    pictures = []
    for number in range(settings.poses_per_person):
        rng = person_generator(settings.seed, split, index, 'pose', number)
        pose = sample_pose(rng, settings.max_yaw)
        background = sample_background(rng) if rng.random() < _OTHER_PLACE and not settings.one_place else None
        if settings.white_background:
            background = WHITE_STUDIO
        pictures.append(render(person, pose, settings.image_size, background))
    return pictures


def person_generator(seed: int, split: str, index: int, use: str, number: int = 0) -> np.random.Generator:
    """Random numbers for one use, the same whatever else a data set holds."""
    uses = ('person', 'pose', 'pairs', 'camera', 'noise')
    return np.random.default_rng([seed, SPLITS.index(split), index, uses.index(use), number])


def choose_pairs(settings: Settings, split: str, index: int) -> list[tuple[int, int]]:
    """Different ordered pairs of different pictures."""
    count = settings.poses_per_person
    every = [(source, target) for source in range(count) for target in range(count) if source != target]
    rng = person_generator(settings.seed, split, index, 'pairs')
    return [every[k] for k in sorted(rng.permutation(len(every))[: settings.pairs_per_person])]


def _annotation(name: str, picture: LabelledPicture, keypoint_size: tuple[int, int]) -> str:
    """One line: whole-number joints scaled to a frame of height and width, y before x."""
    frame = np.array(keypoint_size[::-1])
    size = np.array(picture.size[::-1])
    missing = picture.keypoints[:, 0] < 0
    scaled = np.clip(np.rint(picture.keypoints * frame / size), 0, frame - 1).astype(int)
    scaled[missing] = int(conventions.MISSING)
    return f'{name}: {scaled[:, 1].tolist()}: {scaled[:, 0].tolist()}'


def save_picture(picture: LabelledPicture, file: pathlib.Path | IO[bytes]) -> None:
    """As JPEG; photographs know how much of it they stand."""
    quality = getattr(picture, 'jpeg_quality', _JPEG_QUALITY)
    Image.fromarray(picture.image).save(file, 'JPEG', quality=quality, subsampling=0)


def save_labels(path: pathlib.Path, labels: np.ndarray) -> None:
    image = Image.fromarray(labels, mode='P')
    image.putpalette(label_palette().reshape(-1).tolist())
    image.save(path, optimize=True)
