"""A small folder of videos whose frames and joints tell which they are."""

import json

import numpy as np
from PIL import Image

from posewarp_tf.settings.config import Config

FRAME_SIZE = (48, 24)
LENGTHS = {'train': {'a': 34, 'b': 31, 'c': 12}, 'test': {'d': 8, 'e': 5}}


def colour(video, frame):
    return (ord(video) * 2, 5 * frame, 40)


def clean(video, frame):
    """[17, 2] in pixels of the frame; x and y of a joint differ."""
    joints = np.stack([1.0 + np.arange(17) + 0.1 * frame, 30.0 - np.arange(17) + 0.25 * frame], axis=-1)
    joints[4] = 0.0, 12.5
    return joints


def noisy(video, frame):
    """[18, 2] in OpenPose's order; nobody is found in frame 3."""
    return np.stack([2.0 + np.arange(18), 40.0 - np.arange(18) - 0.5 * frame], axis=-1)


def write_videos(root, with_masks=False):
    for phase, videos in LENGTHS.items():
        for name, length in videos.items():
            folders = {k: root / f'{phase}_256' / f'train_{k}' / name for k in ('A', 'alphapose', 'video2d', 'C')}
            for folder in folders.values():
                folder.mkdir(parents=True)
            for frame in range(length):
                stem = f'{frame:05d}'
                picture = Image.new('RGB', FRAME_SIZE[::-1], colour(name, frame))
                picture.save(folders['A'] / f'{stem}.png')
                write_joints(folders['video2d'] / f'{stem}.json', clean(name, frame))
                found = None if frame == 3 else noisy(name, frame)
                write_joints(folders['alphapose'] / f'{stem}_keypoints.json', found)
                mask = np.zeros(FRAME_SIZE, np.uint8)
                mask[:12, :frame] = 255
                if with_masks and phase == 'train':
                    Image.fromarray(mask).save(folders['C'] / f'{stem}.png')
            if not (with_masks and phase == 'train'):
                folders['C'].rmdir()
                if not any(folders['C'].parent.iterdir()):
                    folders['C'].parent.rmdir()
    return root


def write_joints(path, joints):
    table = [] if joints is None else np.column_stack([joints, np.full(len(joints), 0.9)]).ravel().tolist()
    path.write_text(json.dumps({'people': [] if joints is None else [{'pose_keypoints_2d': table}]}))


def config_of(root, **settings):
    values = {'data_dir': str(root), 'dataset': 'fashion_video', 'image_size': (64, 32), 'batch_size': 2}
    return Config().replace(**{**values, 'seed': 5, 'num_workers': 1, **settings})
