"""Videos of persons in the published layouts of GFLA's animation; imports no TensorFlow.

<data_dir>/<phase>_256/train_A/<video>/*           frames; phases are train, test and val, the folder is called train_A
                                                   in every one
                       train_alphapose/<video>/*   joints as found, a JSON for each frame: {"people":
                                                   [{"pose_keypoints_2d": [x, y, score] * 18}]}, OpenPose's order
                       train_video2d/<video>/*     the same, cleaned by motion extraction: 17 in Human3.6M's order
                       train_C/<video>/*           foreground masks of a training phase, optional
                       flows/<video>/<source>__<target>.npz    exact flows between frames, of self-made videos
<data_dir>/{test,val}_list.csv                     what to test (dance_lists.py); without it every video of the phase

A joint with x = 0 or y = 0 is missing, and all joints where there is nobody. Of several people the first one counts;
scores are ignored.
"""

from __future__ import annotations

import dataclasses
import os

import numpy as np
from tqdm import tqdm

from posewarp_tf.conventions import NUM_JOINTS
from posewarp_tf.data.clips.dance_lists import VideoPaths, read_list
from posewarp_tf.data.clips.video_folders import Kind, paired_videos
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.models.clips import CLIP_FRAMES, WINDOW_FRAMES
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES, picture_size
from posewarp_tf.poses.dance_joints import coco_joints, read_joints
from posewarp_tf.poses.skeletons import NUM_SKELETON_JOINTS
from posewarp_tf.settings.sections import DataConfig
from posewarp_tf.synthetic.video_layout import (
    CLEAN,
    FLOWS,
    FOUND,
    FRAMES,
    MASKS,
    NUM_REFERENCES,
    VIDEO_LAYOUTS,
    flow_name,
    list_name,
    phase_folder,
)

_PHASES = {'train': ('train',), 'test': ('test', 'val')}


@dataclasses.dataclass(frozen=True, eq=False)
class DanceClips:
    """Videos of one split, frames and references each one video behind the other.

    Attributes:
        folder: of the phase.
        names: of the videos.
        frames, masks, references: paths; no masks where there are none.
        joints: float64 [frames, 17, 2] (x, y) in Human3.6M's order, in pixels of the frames, missing 0.
        reference_joints: float64 [references, 17, 2], the same in COCO's order, as found.
        starts, lengths: int64 [videos]: the first frame of a video, and how many it has.
        reference_starts, reference_lengths: the same of its references.
        sizes, reference_sizes: int64 [videos, 2], height and width of its frames and references.
    """

    folder: str
    names: list[str]
    frames: list[str]
    masks: list[str]
    references: list[str]
    joints: np.ndarray
    reference_joints: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    reference_starts: np.ndarray
    reference_lengths: np.ndarray
    sizes: np.ndarray
    reference_sizes: np.ndarray

    def training_frames(self) -> int:
        """Frames of a clip for training: `CLIP_FRAMES`, or of shorter videos as many whole windows as the longest has.

        Raises:
            DataError: no video has a window.
        """
        longest = int(max(self.lengths))
        if longest < WINDOW_FRAMES:
            raise DataError(f'{self.folder}: the longest video has {longest} frames, expected {WINDOW_FRAMES} or more')
        return min(CLIP_FRAMES, longest // WINDOW_FRAMES * WINDOW_FRAMES)

    def beginnings(self, videos: np.ndarray, references: np.ndarray, num_frames: int) -> DanceClips:
        """The first frames of some videos, each with one of its references, without masks."""
        lengths = np.minimum(self.lengths[videos], num_frames)
        rows = np.concatenate([np.arange(start, start + count) for start, count in zip(self.starts[videos], lengths)])
        chosen = self.reference_starts[videos] + references
        return DanceClips(
            folder=self.folder,
            names=[self.names[video] for video in videos],
            frames=[self.frames[row] for row in rows],
            masks=[],
            references=[self.references[row] for row in chosen],
            joints=self.joints[rows],
            reference_joints=self.reference_joints[chosen],
            starts=np.cumsum(lengths) - lengths,
            lengths=lengths,
            reference_starts=np.arange(len(videos)),
            reference_lengths=np.ones(len(videos), np.int64),
            sizes=self.sizes[videos],
            reference_sizes=self.reference_sizes[videos],
        )


def load_clips(data: DataConfig, split: str) -> DanceClips:
    """The videos of a split, 'train' or 'test', with all joints; pictures are only looked for.

    Raises:
        ConfigError: `--dataset` is no layout of videos of persons.
        DataError: a folder, file, list or joint that is missing or cannot be used.
    """
    folder, videos = find_videos(data, split)
    progress = tqdm(videos, desc=f'joints of the {split} split', unit='video', leave=False, delay=1, disable=None)
    joints, reference_joints = [], []
    for video in progress:
        joints += [read_joints(path, NUM_SKELETON_JOINTS) for path in video.clean]
        reference_joints += [coco_joints(read_joints(path, NUM_JOINTS)) for path in video.found]
    lengths = np.array([len(video.frames) for video in videos], np.int64)
    reference_lengths = np.array([len(video.references) for video in videos], np.int64)
    return DanceClips(
        folder=folder,
        names=[video.name for video in videos],
        frames=[path for video in videos for path in video.frames],
        masks=[path for video in videos for path in video.masks],
        references=[path for video in videos for path in video.references],
        joints=np.stack(joints),
        reference_joints=np.stack(reference_joints),
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        reference_starts=np.cumsum(reference_lengths) - reference_lengths,
        reference_lengths=reference_lengths,
        # Frames of one video are of one size, which the first one tells.
        sizes=np.array([picture_size(video.frames[0]) for video in videos], np.int64),
        reference_sizes=np.array([picture_size(video.references[0]) for video in videos], np.int64),
    )


def find_videos(data: DataConfig, split: str) -> tuple[str, list[VideoPaths]]:
    """The folder of a split's phase, and the paths of its videos.

    Raises:
        ConfigError, DataError: as `load_clips`, of what shows without reading joints.
    """
    if data.dataset not in VIDEO_LAYOUTS:
        raise ConfigError(f'--dataset: got {data.dataset}, expected a layout of videos: {" or ".join(VIDEO_LAYOUTS)}')
    phases = [name for name in _PHASES[split] if os.path.isdir(os.path.join(data.data_dir, phase_folder(name)))]
    if not phases:
        expected = ' or '.join(map(phase_folder, _PHASES[split]))
        raise DataError(f'{data.data_dir}: no folder {expected} of videos for the {split} split')
    folder = os.path.join(data.data_dir, phase_folder(phases[0]))
    table = os.path.join(data.data_dir, list_name(phases[0]))
    if split == 'test' and os.path.exists(table):
        return folder, read_list(table, data.data_dir, folder)
    kinds = folder_kinds(folder, split)
    videos = []
    for video in paired_videos(kinds):
        frames, found, clean = video.files[:3]
        first = slice(0, NUM_REFERENCES)
        masks = video.files[3] if len(kinds) > 3 else ()
        videos.append(VideoPaths(video.name, frames, clean, frames[first], found[first], masks))
    return folder, videos


def folder_kinds(folder: str, split: str) -> list[Kind]:
    """What the folder of a phase holds for each video: frames, joints as found, clean ones and, in training, masks."""
    kinds = [
        Kind(os.path.join(folder, FRAMES), 'frames', PICTURE_SUFFIXES),
        Kind(os.path.join(folder, FOUND), 'joints as an estimator finds them', ('.json',)),
        Kind(os.path.join(folder, CLEAN), 'joints that motion extraction has cleaned', ('.json',)),
    ]
    masks = Kind(os.path.join(folder, MASKS), 'masks of the person', PICTURE_SUFFIXES)
    return [*kinds, masks] if split == 'train' and os.path.isdir(masks.folder) else kinds


def flow_path(folder: str, source: str, target: str) -> str:
    """Where the exact flow from the frame `target` of a video to its frame `source` is, given their paths.

    Raises:
        DataError: they are of two videos, between which there is no flow.
    """
    videos, stems = zip(*(_video_and_stem(path) for path in (source, target)))
    if videos[0] != videos[1]:
        raise DataError(f'{target}: no exact flow to {source}, which is of another video')
    return os.path.join(folder, FLOWS, os.path.basename(videos[1]), flow_name(*stems))


def _video_and_stem(path: str) -> tuple[str, str]:
    video, name = os.path.split(os.path.normpath(path))
    return video, os.path.splitext(name)[0]
