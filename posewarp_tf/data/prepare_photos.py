"""Makes a data set of your own photos, for training.

    posewarp prepare-photos --photos=photos/ --output_dir=data/mine
    posewarp train --config=gfla_fashion --data_dir=data/mine --run_dir=runs/mine

The photos lie in a folder for each person (photos/anna/beach.jpg), or their names say who it is, before the last _ or -
(photos/anna_1.jpg). Joints are found (extra `pose`), the largest person is cut out, every two pictures of one person
make pairs, and some of the people are kept for testing. contact_sheet.png shows what was found: look at it.
"""

from __future__ import annotations

import os

from absl import flags

from posewarp_tf.data.own_photos import described, write_photos
from posewarp_tf.detection.estimator import load_estimator
from posewarp_tf.errors import ConfigError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag


def define_flags() -> None:
    flags.DEFINE_string('photos', None, 'Folder of photos.')
    flags.DEFINE_string('output_dir', None, 'Folder to write.')
    flags.DEFINE_string('picture_size', '512,352', 'height,width of the pictures to write.')
    flags.DEFINE_float(
        'test_share', 0.1, 'Part of the people that is for testing; at least one.', lower_bound=0.0, upper_bound=0.9
    )
    flags.DEFINE_integer('pairs_per_person', 200, "Most pairs of one person's pictures.", lower_bound=1)
    flags.DEFINE_string('pose_model', None, 'Networks that find joints, as of `posewarp pose`.')


def main() -> None:
    given = flags.FLAGS
    for name in ('photos', 'output_dir'):
        if not (folder := given[name].value):
            raise ConfigError(f'--{name}: missing; expected --photos and --output_dir')
        given[name].value = os.path.expanduser(folder)
    size = size_from_flag('picture_size') or (512, 352)
    made = write_photos(
        given.photos,
        given.output_dir,
        lambda: load_estimator(given.pose_model),
        size,
        given.test_share,
        given.pairs_per_person,
    )
    if made.failures:
        print('left out:')
        print('\n'.join(f'  {words}' for words in made.failures))
    counts = ' and '.join(f'{count} {split} pairs of {len(made.people[split])}' for split, count in made.pairs.items())
    print(f'{given.output_dir}: {counts} people ({described(made.people)})')
    print(f'look at {os.path.join(given.output_dir, "contact_sheet.png")} before training')


if __name__ == '__main__':
    command_line.run(define_flags, main)
