"""Looks over folders of faces that talk, and draws a contact sheet of frames with landmarks and maps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from posewarp_tf.data.clips.face_files import FaceVideos, landmarks_in_picture, load_face_videos, read_frame
from posewarp_tf.data.clips.video_folders import require_masks
from posewarp_tf.data.findings import Findings, check_pictures
from posewarp_tf.errors import DataError
from posewarp_tf.faces.drawing import draw_landmarks, draw_maps
from posewarp_tf.faces.face_maps import make_face_maps
from posewarp_tf.faces.landmarks import read_landmarks
from posewarp_tf.models.clips import CLIP_FRAMES
from posewarp_tf.pictures.drawing import picture_grid
from posewarp_tf.pictures.picture_files import resize_image, save_image
from posewarp_tf.settings.config import Config

_ROWS, _COLUMNS = 4, 4


def check_faces(
    config: Config, findings: Findings, sheet_path: str, decode_all: bool, needed: Mapping[str, str]
) -> None:
    """Reads all landmarks and headers of pictures, and some pictures or all; writes the contact sheet.

    Args:
        needed: the maps that training needs, by their keys in a batch, and in words what asks for them.
    """
    cells: list[np.ndarray] = []
    findings.attempt('masks', lambda: require_masks(needed, config.data.data_dir))
    for split in ('train', 'test'):
        print(f'{split} split')
        videos = findings.attempt('videos', lambda split=split: load_face_videos(config.data.data_dir, split))
        if videos is None:
            continue
        print(f'  videos: {len(videos.names):,}, frames: {len(videos.pictures):,}')
        short = [f'{name}: {length}' for name, length in zip(videos.names, videos.lengths) if length < CLIP_FRAMES]
        findings.add(f'videos of fewer than {CLIP_FRAMES} frames, which are left out', short, fatal=False)
        findings.attempt('videos that are too short', lambda videos=videos: videos.at_least(CLIP_FRAMES))
        _check_frames(videos, decode_all, findings)
        cells += _draw_some(videos, config, _ROWS * _COLUMNS // 2)
    if cells:
        rows = [cells[start : start + _COLUMNS] for start in range(0, len(cells), _COLUMNS)]
        save_image(sheet_path, picture_grid(rows))
        print(f'contact sheet: {sheet_path}')


def _check_frames(videos: FaceVideos, decode_all: bool, findings: Findings) -> None:
    sizes = check_pictures(videos.pictures, decode_all, findings)
    unusable: list[str] = []
    frames = zip(videos.pictures, videos.landmarks)
    progress = tqdm(frames, '  landmarks', len(videos.pictures), unit='', leave=False, delay=1, disable=None)
    for picture, landmarks in progress:
        try:
            if picture in sizes:
                landmarks_in_picture(landmarks, sizes[picture])
            else:
                read_landmarks(landmarks)
        except DataError as error:
            unusable.append(str(error))
    findings.add('unusable landmarks', unusable)


def _draw_some(videos: FaceVideos, config: Config, count: int) -> list[np.ndarray]:
    """Frames from all over the videos: with their landmarks, beside their maps; what cannot be read is left out."""
    cells = []
    for frame in np.unique(np.linspace(0, len(videos.pictures) - 1, count).astype(int)):
        try:
            image, landmarks = read_frame(videos.pictures[frame], videos.landmarks[frame])
        except DataError:
            # Reported among the unreadable ones already.
            continue
        size = config.model.image_size
        maps = make_face_maps(landmarks, image, size, config.data.face_background_edges)
        cells.append(np.concatenate([resize_image(draw_landmarks(image, landmarks), size), draw_maps(maps)], axis=1))
    return cells
