"""A small folder in the DeepFashion layout, to read or to damage."""

import json

import numpy as np
from PIL import Image

from posewarp_tf.data.pipeline import make_training_dataset
from posewarp_tf.settings.config import Config
from posewarp_tf.training.plan import maps_to_train

PICTURE_SIZE = (64, 48)
PICTURE_NAMES = [f'person{i}.jpg' for i in range(4)]


class TinyDataset:
    """Four pictures per split in every one of which joint j lies at a known place of the 256x176 frame."""

    def __init__(self, root):
        self.root = root
        rng = np.random.default_rng(0)
        for split in ('train', 'test'):
            (root / split).mkdir()
            rows = []
            for i, name in enumerate(PICTURE_NAMES):
                coarse = rng.integers(0, 256, (8, 6, 3), dtype=np.uint8)
                picture = Image.fromarray(coarse).resize(PICTURE_SIZE[::-1], Image.Resampling.BICUBIC)
                picture.save(root / split / name, quality=95)
                rows.append((name, *self.keypoints(i).T.tolist()))
            self.write_annotations(split, rows)
            self.write_pairs(
                split, [(PICTURE_NAMES[i], PICTURE_NAMES[j]) for i in range(4) for j in range(4) if i != j]
            )

    @staticmethod
    def keypoints(picture):
        """[18, 2] (x, y) in the 256x176 frame; the last joint is missing."""
        points = np.array([[9.0 * j + picture + 1, 13.0 * j + 2 * picture + 3] for j in range(18)])
        points[17] = -1
        return points

    def write_annotations(self, split, rows, header='name:keypoints_y:keypoints_x'):
        lines = [f'{name}: {json.dumps(list(y))}: {json.dumps(list(x))}' for name, x, y in rows]
        (self.root / f'fasion-annotation-{split}.csv').write_text('\n'.join([header, *lines]) + '\n')

    def write_pairs(self, split, pairs, header=',from,to'):
        lines = [f'{i},{source},{target}' for i, (source, target) in enumerate(pairs)]
        (self.root / f'fasion-pairs-{split}.csv').write_text('\n'.join([header, *lines]) + '\n')

    def config(self, **values):
        settings = {'data_dir': str(self.root), 'image_size': (64, 32), 'batch_size': 3, 'seed': 7, **values}
        return Config().replace(**settings)


def training_dataset(config, start_step=0, **options):
    """The batches that training would see."""
    return make_training_dataset(config, maps_to_train(config), start_step, **options)
