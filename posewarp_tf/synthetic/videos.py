"""Self-made videos of drawn people in the published layouts of animation, with exact flows.

<phase>_256/train_A/<video>/00000.png ...            60 to 120 frames of somebody who walks, turns, waves or dances
            train_alphapose/<video>/00000_keypoints.json    joints as an estimator finds them (OpenPose's 18)
            train_video2d/<video>/00000.json         joints of the skeleton itself (Human3.6M's 17), also hidden ones
            train_C/<video>/00000.png                masks of the person, 0 and 255 (iper, training)
            flows/<video>/<source>__<target>.npz     exact flow from each frame to the one before, and from the first to
                                                     each of the first 20, one of which is the reference
test_list.csv                                        every test video, the first 20 frames as references
dataset.json                                         the settings that it was made with

Everybody is in one video; person i of a seed and split is the one of a data set of pictures (dataset.py).
"""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import pathlib

import numpy as np
from PIL import Image

from posewarp_tf.conventions import MISSING
from posewarp_tf.poses.dialects.people import VIDEO_TO_POSE
from posewarp_tf.synthetic.dataset import person_generator
from posewarp_tf.synthetic.drawn.backgrounds import WHITE_STUDIO
from posewarp_tf.synthetic.drawn.person import sample_person
from posewarp_tf.synthetic.drawn.render import Picture, exact_flow
from posewarp_tf.synthetic.film import Film
from posewarp_tf.synthetic.in_parts import Writer, write_in_parts
from posewarp_tf.synthetic.performances import PERFORMANCES, perform
from posewarp_tf.synthetic.settings import SPLITS, VideoSettings
from posewarp_tf.synthetic.unfinished import Rows, Task, Unfinished
from posewarp_tf.synthetic.video_layout import (
    CLEAN,
    FLOWS,
    FOUND,
    FRAMES,
    LIST_COLUMNS,
    MASKS,
    NUM_REFERENCES,
    flow_name,
    list_name,
    phase_folder,
)


def write_videos(
    output_dir: str | os.PathLike,
    settings: VideoSettings,
    num_processes: int = 0,
    show_progress: bool = True,
    shard: tuple[int, int] = (1, 1),
) -> bool:
    """Writes the videos as a whole or not at all; the rest is as in `in_parts.write_in_parts`."""
    folders = tuple(
        f'{phase_folder(split)}/{kind}'
        for split in SPLITS
        for kind in (FRAMES, FOUND, CLEAN, *_extra_folders(settings, split))
    )
    writer = Writer(settings, folders, write_video, _write_list, unit='video')
    return write_in_parts(output_dir, writer, num_processes, show_progress, shard)


def make_film(settings: VideoSettings, split: str, index: int) -> Film:
    """Video number `index` of a split, the same for any number of videos or processes."""
    generator = functools.partial(person_generator, settings.seed, split, index)
    person, rng = sample_person(generator('person')), generator('pose')
    least, most = settings.num_frames
    poses = perform(rng, _performance(index), int(rng.integers(least, most + 1)))
    background = person.background if settings.layout == 'iper' else WHITE_STUDIO
    return Film(person, poses, background, settings.image_size)


def write_video(unfinished: Unfinished, settings: VideoSettings, task: Task) -> None:
    """Writes everything of video `task` = (split, index)."""
    split, index = task
    film = make_film(settings, split, index)
    name = f'{split}_{index:05d}_{_performance(index)}'
    extra = _extra_folders(settings, split)
    phase = unfinished.folder / phase_folder(split)
    folders = {kind: phase / kind / name for kind in (FRAMES, FOUND, CLEAN, *extra)}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    stems = [f'{frame:05d}' for frame in range(len(film.poses))]
    keypoints = []
    first: Picture | None = None
    before: Picture | None = None
    for frame, stem in enumerate(stems):
        picture = film.picture(frame)
        keypoints.append(picture.keypoints)
        Image.fromarray(picture.image).save(folders[FRAMES] / f'{stem}.png')
        if MASKS in extra:
            Image.fromarray(np.where(picture.parts > 0, np.uint8(255), np.uint8(0))).save(
                folders[MASKS] / f'{stem}.png'
            )
        first = first or picture
        if FLOWS in extra:
            if before is not None:
                _save_flow(folders[FLOWS] / flow_name(stems[frame - 1], stem), before, picture)
            if frame < NUM_REFERENCES:
                _save_flow(folders[FLOWS] / flow_name(stem, stems[0]), picture, first)
        before = picture
    rng = person_generator(settings.seed, split, index, 'noise')
    for stem, joints in zip(stems, film.found_joints(rng, np.stack(keypoints))):
        _save_joints(folders[FOUND] / f'{stem}_keypoints.json', joints, 1.3, rng)
    for stem, joints in zip(stems, film.clean_joints()):
        _save_joints(folders[CLEAN] / f'{stem}.json', joints, VIDEO_TO_POSE)
    unfinished.save(task, Rows([json.dumps(_row(split, name, stems))], []))


def _extra_folders(settings: VideoSettings, split: str) -> tuple[str, ...]:
    has_masks = settings.layout == 'iper' and split == 'train'
    return (*[MASKS] * has_masks, *[FLOWS] * (split == 'test' or settings.train_flows))


def _performance(index: int) -> str:
    return PERFORMANCES[index % len(PERFORMANCES)]


def _save_flow(path: pathlib.Path, source: Picture, target: Picture) -> None:
    flow, visibility = exact_flow(source, target)
    np.savez_compressed(path, flow=flow, visibility=visibility)


def _save_joints(
    path: pathlib.Path, joints: np.ndarray | None, version: float | str, rng: np.random.Generator | None = None
) -> None:
    """Of nobody there are no people; a missing joint is 0, 0, 0. Scores are at random, or 1."""
    people = []
    if joints is not None:
        scores = np.ones(len(joints)) if rng is None else rng.uniform(0.4, 1.0, len(joints))
        table = np.column_stack([joints, scores]).round(3)
        table[np.all(joints == MISSING, axis=-1)] = 0.0
        people.append({'pose_keypoints_2d': table.ravel().tolist()})
    path.write_text(json.dumps({'version': version, 'people': people}) + '\n')


def _row(split: str, name: str, stems: list[str]) -> dict[str, dict[str, list[str]]]:
    """The row of a list of tests, with paths relative to the folder."""
    cells = {}
    for column, kind, end in zip(LIST_COLUMNS, (FRAMES, FOUND, CLEAN), ('.png', '_keypoints.json', '.json')):
        paths = [f'{phase_folder(split)}/{kind}/{name}/{stem}{end}' for stem in stems]
        cells[column] = {'gen': paths, 'ref': paths[:NUM_REFERENCES]}
    return cells


def _write_list(unfinished: Unfinished, settings: VideoSettings, tasks: list[Task]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, LIST_COLUMNS, lineterminator='\n')
    writer.writeheader()
    writer.writerows(json.loads(unfinished.rows(task).annotations[0]) for task in tasks if task[0] == 'test')
    (unfinished.folder / list_name('test')).write_text(text.getvalue())
