"""Self-made videos of drawn people who talk, in the published layout of FaceForensics, with exact landmarks and flows.

{train,test}_data/<video>/00000.png ...            frames
{train,test}_keypoints/<video>/00000.txt           68 landmarks x,y in whole pixels, hidden ones too
test_flows/<video>/00000.npz                       exact `flow` and `visibility` from each frame to the one before;
                                                   those of the first frame lead to itself
test_reference_flows/<video>/00000.npz             the same from each frame to the first
dataset.json                                       the settings that it was made with

Flows are rounded to 1/64 pixel. Everybody is in one video; with `train_flows`, videos for training have flows too.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from posewarp_tf.errors import ConfigError
from posewarp_tf.faces.landmarks import write_landmarks
from posewarp_tf.synthetic.dataset import person_generator
from posewarp_tf.synthetic.drawn.backgrounds import WHITE_STUDIO
from posewarp_tf.synthetic.in_parts import Writer, write_in_parts
from posewarp_tf.synthetic.settings import SPLITS
from posewarp_tf.synthetic.talking.expression import sample_talk
from posewarp_tf.synthetic.talking.person import sample_talker
from posewarp_tf.synthetic.talking.render import Frame, exact_flow, render
from posewarp_tf.synthetic.unfinished import Rows, Task, Unfinished

# Raised whenever the same settings give other pictures.
FACES_VERSION = 1

_TEST_SHARE = 6
_ROUNDED_TO = 64.0


@dataclasses.dataclass(frozen=True)
class FaceSettings:
    """What a folder of talking heads depends on. Video i of a seed and split is the same whatever the other numbers.

    Attributes:
        num_videos: of both splits; every sixth, at least one, is for testing.
        num_frames: of each video; 25 are a second.
    """

    num_videos: int
    image_size: tuple[int, int] = (256, 256)
    num_frames: int = 60
    seed: int = 0
    train_flows: bool = False
    white_background: bool = False

    def __post_init__(self) -> None:
        checks = (
            ('faces', self.num_videos, 2),
            ('face_frames', self.num_frames, 1),
            ('image_height', self.image_size[0], 16),
            ('image_width', self.image_size[1], 16),
            ('seed', self.seed, 0),
        )
        for name, value, least in checks:
            if value < least:
                raise ConfigError(f'--{name}: got {value}, expected at least {least}')

    def describe(self) -> dict:
        """The contents of dataset.json."""
        num_test = max(1, self.num_videos // _TEST_SHARE)
        return {
            'kind': 'synthetic talking heads',
            'generator_version': FACES_VERSION,
            'layout': 'face_forensics',
            'seed': self.seed,
            'image_size': list(self.image_size),
            'num_frames': self.num_frames,
            'train_flows': self.train_flows,
            'white_background': self.white_background,
            'num_people': {'train': self.num_videos - num_test, 'test': num_test},
        }


def write_faces(
    output_dir: str | os.PathLike,
    settings: FaceSettings,
    num_processes: int = 0,
    show_progress: bool = True,
    shard: tuple[int, int] = (1, 1),
) -> bool:
    """Writes the videos as a whole or not at all; the rest is as in `in_parts.write_in_parts`."""
    folders = [f'{split}_{kind}' for split in SPLITS for kind in _kinds(settings, split)]
    writer = Writer(settings, tuple(folders), write_video, lambda *_: None, unit='video')
    return write_in_parts(output_dir, writer, num_processes, show_progress, shard)


def talking_frames(settings: FaceSettings, split: str, index: int) -> Iterator[Frame]:
    """The frames of video number `index` of a split, one after the other."""
    talker = sample_talker(person_generator(settings.seed, split, index, 'person'))
    if settings.white_background:
        talker = dataclasses.replace(talker, background=WHITE_STUDIO)
    for expression in sample_talk(person_generator(settings.seed, split, index, 'pose'), settings.num_frames):
        yield render(talker, expression, settings.image_size)


def write_video(unfinished: Unfinished, settings: FaceSettings, task: Task) -> None:
    """Writes everything of video `task` = (split, index)."""
    split, index = task
    kinds = _kinds(settings, split)
    folders = {kind: unfinished.folder / f'{split}_{kind}' / f'{split}_{index:05d}' for kind in kinds}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    first: Frame | None = None
    before: Frame | None = None
    for number, frame in enumerate(talking_frames(settings, split, index)):
        stem = f'{number:05d}'
        Image.fromarray(frame.image).save(folders['data'] / f'{stem}.png')
        write_landmarks(folders['keypoints'] / f'{stem}.txt', frame.landmarks)
        first = first or frame
        if 'flows' in kinds:
            _save_flow(folders['flows'] / f'{stem}.npz', before or frame, frame)
            _save_flow(folders['reference_flows'] / f'{stem}.npz', first, frame)
        before = frame
    unfinished.save(task, Rows([], []))


def _kinds(settings: FaceSettings, split: str) -> tuple[str, ...]:
    """What is written of each video, by the ends of the folders' names."""
    has_flows = split == 'test' or settings.train_flows
    return ('data', 'keypoints', *(('flows', 'reference_flows') if has_flows else ()))


def _save_flow(path: pathlib.Path, source: Frame, target: Frame) -> None:
    flow, visibility = exact_flow(source, target)
    rounded = np.rint(flow * _ROUNDED_TO) / np.float32(_ROUNDED_TO)
    np.savez_compressed(path, flow=rounded, visibility=visibility)
