"""retargeting.md shows what its script draws, and the proportions that the code has."""

import numpy as np
from PIL import Image

from docs.draw_retargeting import PICTURE, draw
from posewarp_tf.poses.body_lengths import PROPORTIONS
from tests.source_code import read


def test_the_picture_is_what_the_script_draws(tmp_path):
    draw().save(tmp_path / 'drawn.png')
    drawn, kept = (np.asarray(Image.open(path).convert('RGB'), float) for path in (tmp_path / 'drawn.png', PICTURE))
    assert drawn.shape == kept.shape
    assert np.abs(drawn - kept).mean() < 3, 'run python docs/draw_retargeting.py'


def test_the_table_has_the_proportions_of_the_code():
    row = '| ' + ' | '.join(f'{share:g}' for share in PROPORTIONS) + ' |'
    assert row in read('docs/retargeting.md').splitlines()
