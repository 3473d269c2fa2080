"""DeepFashion's pictures at 256x176 and 512x352, as later papers have them, with joints in the published frame."""

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.data.pipeline import make_test_dataset
from posewarp_tf.settings.flags import load_config
from tests.tiny_dataset import PICTURE_NAMES


@pytest.mark.parametrize('picture_size', [(256, 176), (512, 352)])
@pytest.mark.parametrize('name', ['gfla_fashion_256x176', 'gfla_fashion_512x352'])
def test_pictures_and_joints_arrive_in_the_size_of_the_network(tiny_dataset, capsys, picture_size, name):
    rng = np.random.default_rng(0)
    for picture in PICTURE_NAMES:
        coarse = Image.fromarray(rng.integers(0, 256, (8, 6, 3), dtype=np.uint8))
        resized = coarse.resize(picture_size[::-1], Image.Resampling.BICUBIC)
        for split in ('train', 'test'):
            resized.save(tiny_dataset.root / split / picture, quality=95)
    config = load_config(name).replace(data_dir=str(tiny_dataset.root))
    size = config.model.image_size
    batch = next(make_test_dataset(config, batch_size=12).as_numpy_iterator())
    printed = capsys.readouterr().out
    assert '256x176 (published frame; largest x is' in printed and 'padded' not in printed
    assert batch['source_image'].shape == (12, *size, 3) and batch['source_pose'].shape == (12, *size, 18)
    for row, source in enumerate(batch['source_name']):
        points = tiny_dataset.keypoints(PICTURE_NAMES.index(source.decode()))
        scaled = points * [size[1] / 176, size[0] / 256]
        np.testing.assert_allclose(batch['source_keypoints'][row], np.where(points < 0, -1, scaled), atol=1e-3)
        x, y = (scaled[4]).astype(int)
        assert batch['source_pose'][row, y, x, 4] == 1
        picture = np.asarray(Image.open(tiny_dataset.root / 'test' / source.decode()), np.float32)
        if size == picture_size:
            # Nothing is cut, moved or smoothed.
            np.testing.assert_allclose((batch['source_image'][row] + 1) * 127.5, picture, atol=1.1)
