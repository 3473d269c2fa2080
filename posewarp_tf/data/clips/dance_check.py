"""Looks folders of videos of persons over; see data/check.py."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from posewarp_tf.data.clips.dance_files import DanceClips, find_videos, folder_kinds, load_clips
from posewarp_tf.data.clips.dance_lists import VideoPaths
from posewarp_tf.data.clips.video_folders import other_names, paired_videos, require_masks
from posewarp_tf.data.findings import Findings, check_pictures
from posewarp_tf.errors import DataError
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import load_class_numbers, load_image, resize_image, save_image
from posewarp_tf.poses.dance_maps import found, resize_joints, skeleton_picture
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17
from posewarp_tf.settings.config import Config
from posewarp_tf.synthetic.video_layout import FLOWS

_SPLITS = ('train', 'test')
# A mask in so many is read, unless all are.
_MASKS_APART = 30
# Of each split on the contact sheet: videos, and frames of each beside its reference.
_ROWS, _COLUMNS = 4, 6
# If more joints lie outside of the pictures, they are in pixels of other ones.
_MOST_OUTSIDE = 0.2


def check_dance(
    config: Config, findings: Findings, sheet_path: str, decode_all: bool, needed: Mapping[str, str]
) -> None:
    """Checks both splits, prints as it goes, and writes a sheet of frames with their joints.

    Args:
        needed: the maps that training needs, by their keys in a batch, and in words what asks for them.
    """
    rows: list[list[np.ndarray]] = []
    for split in _SPLITS:
        print(f'{split} split')
        clips = _check_split(config, split, decode_all, findings, needed)
        if clips is not None:
            rows += _sheet_rows(clips, config.model.image_size)
    if rows:
        save_image(sheet_path, picture_grid(rows, ('reference', *[''] * _COLUMNS)))
        print(f'contact sheet: {sheet_path}')


def _check_split(
    config: Config, split: str, decode_all: bool, findings: Findings, needed: Mapping[str, str]
) -> DanceClips | None:
    videos = findings.attempt('videos', lambda: find_videos(config.data, split))
    clips = findings.attempt('joints', lambda: load_clips(config.data, split)) if videos else None
    if clips is None:
        return None
    print(f'  {len(clips.names):,} videos of {len(clips.frames):,} frames in {clips.folder}')
    if split == 'train':
        _check_for_training(clips, findings, needed)
    elif os.path.isdir(os.path.join(clips.folder, FLOWS)):
        print(f'  {FLOWS}/: exact flows')
    sizes = check_pictures(sorted({*clips.frames, *clips.references}), decode_all, findings)
    findings.add('frames of another size than the first of their video', _other_sizes(videos[1], sizes))
    findings.add('unreadable masks', _bad_masks(clips.masks if decode_all else clips.masks[::_MASKS_APART]))
    _check_joints(clips, findings)
    return clips


def _check_for_training(clips: DanceClips, findings: Findings, needed: Mapping[str, str]) -> None:
    pairs = other_names(paired_videos(folder_kinds(clips.folder, 'train')))
    findings.add('folders paired with one of another name, by sorted order', pairs, fatal=False)
    count = findings.attempt('videos that are too short', clips.training_frames)
    if count is not None:
        short = [f'{name}: {length}' for name, length in zip(clips.names, clips.lengths) if length < count]
        findings.add(f'videos of fewer than {count} frames, which training leaves out', short, fatal=False)
    print(f'  masks of the person: {"for every frame" if clips.masks else "none"}')
    findings.attempt('masks', lambda: require_masks(needed, clips.folder, bool(clips.masks)))


def _check_joints(clips: DanceClips, findings: Findings) -> None:
    for what, paths, joints, sizes, lengths in (
        ('frames', clips.frames, clips.joints, clips.sizes, clips.lengths),
        ('references', clips.references, clips.reference_joints, clips.reference_sizes, clips.reference_lengths),
    ):
        seen = found(joints)
        nobody = [paths[frame] for frame in np.flatnonzero(~np.any(seen, axis=1))]
        findings.add(f'{what} without any joint', nobody, fatal=False)
        limits = np.repeat(sizes[:, ::-1], lengths, axis=0)[:, np.newaxis]
        outside = np.any((joints < 0) | (joints >= limits), axis=-1) & seen
        share = outside.sum() / max(seen.sum(), 1)
        print(f'  joints of {what}: {seen.mean():.1%} found, {share:.1%} of these outside of the picture')
        if share > _MOST_OUTSIDE:
            findings.add(f'joints of {what}', [f'{share:.0%} outside: in pixels of other pictures?'], fatal=False)


def _other_sizes(videos: list[VideoPaths], sizes: Mapping[str, tuple[int, int]]) -> list[str]:
    """Frames and references that have another of the `sizes`, of pictures by their path, than the first of them."""
    rows = [paths for video in videos for paths in (video.frames, video.references)]
    readable = [[path for path in paths if path in sizes] for paths in rows]
    return [path for paths in readable for path in paths if sizes[path] != sizes[paths[0]]]


def _bad_masks(paths: list[str]) -> list[str]:
    bad = []
    for path in paths:
        try:
            load_class_numbers(path)
        except DataError as error:
            bad.append(str(error))
    return bad


def _sheet_rows(clips: DanceClips, size: tuple[int, int]) -> list[list[np.ndarray]]:
    """A row for each of some videos: a reference with the joints found in it, then frames with their clean ones."""
    rows = []
    for video in np.unique(np.linspace(0, len(clips.names) - 1, _ROWS).astype(int)):
        start, first = clips.starts[video], clips.reference_starts[video]
        cells = [(clips.references[first], clips.reference_joints[first], clips.reference_sizes[video], COCO_17)]
        for frame in np.unique(np.linspace(start, start + clips.lengths[video] - 1, _COLUMNS).astype(int)):
            cells.append((clips.frames[frame], clips.joints[frame], clips.sizes[video], HUMAN36M_17))
        try:
            rows.append([_drawn(*cell, size) for cell in cells])
        except DataError:
            continue
    return rows


def _drawn(
    path: str, joints: np.ndarray, joint_size: np.ndarray, order: tuple[str, ...], size: tuple[int, int]
) -> np.ndarray:
    """The frame, darker, with the skeleton as a network sees it in front."""
    frame = resize_image(load_image(path), size)
    skeleton = skeleton_picture(resize_joints(joints, joint_size.tolist(), size), order, size)
    return np.where(skeleton.any(axis=-1, keepdims=True), skeleton, frame // 2)
