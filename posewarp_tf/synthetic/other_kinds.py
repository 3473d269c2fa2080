"""What `python -m posewarp_tf.synthetic` writes instead of pairs of people, each by a flag that says how much of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings.flags import parse_shard
from posewarp_tf.synthetic.layouts import LAYOUTS
from posewarp_tf.synthetic.objects.files import MIN_OBJECTS, write_views
from posewarp_tf.synthetic.objects.render import CATEGORIES
from posewarp_tf.synthetic.settings import VideoSettings
from posewarp_tf.synthetic.skeletons import SUBJECTS, write_skeletons
from posewarp_tf.synthetic.talking.videos import FaceSettings, write_faces
from posewarp_tf.synthetic.video_layout import VIDEO_LAYOUTS
from posewarp_tf.synthetic.videos import write_videos


class Kind(NamedTuple):
    """One of them.

    Attributes:
        flag: the flag that asks for it.
        words: what it writes, behind 'together with --flag, '.
        own: flags that mean something with it alone.
        shared: flags of pairs of people that it takes too, besides output_dir and seed.
        write: flags -> writes what they say and returns what was written, in words.
    """

    flag: str
    words: str
    own: tuple[str, ...]
    shared: tuple[str, ...]
    write: Callable[[flags.FlagValues], str]


def define_flags() -> None:
    flags.DEFINE_integer(
        'videos',
        None,
        'Instead of a data set of pairs: this many videos, in each somebody else who walks, turns, waves or dances; '
        'every sixth is for testing.',
        lower_bound=2,
    )
    flags.DEFINE_integer('min_frames', 60, 'Least frames of one of --videos.')
    flags.DEFINE_integer('max_frames', 120, 'Most frames of one of --videos.')
    flags.DEFINE_integer(
        'faces',
        None,
        'Instead of a data set of pairs: this many videos of heads that talk, with landmarks; every sixth is for '
        'testing, with exact flows.',
        lower_bound=2,
    )
    flags.DEFINE_integer('face_frames', 60, 'Frames of each of --faces; 25 are a second.', lower_bound=1)
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


def chosen_kind(given: flags.FlagValues, of_pairs: Sequence[str]) -> Kind | None:
    """The kind that the flags ask for; None for pairs of people.

    Args:
        given: the values of all flags.
        of_pairs: the names of those of pairs of people.

    Raises:
        ConfigError: two kinds are asked for, or a flag that does not go with what is.
    """
    asked = [kind for kind in KINDS if given[kind.flag].value is not None]
    if len(asked) > 1:
        raise ConfigError(f'--{asked[1].flag}: given together with --{asked[0].flag}; give one of the two')
    for kind in KINDS:
        if kind not in asked:
            refuse(given, kind.own, f'without --{kind.flag}')
    for kind in asked:
        others = [name for name in of_pairs if name not in kind.shared]
        refuse(given, others, f'together with --{kind.flag}, {kind.words}')
        return kind
    if given.layout in VIDEO_LAYOUTS:
        raise ConfigError(f'--layout: got {given.layout} without --videos, expected one of {", ".join(LAYOUTS)}')
    return None


def refuse(given: flags.FlagValues, names: Sequence[str], how: str) -> None:
    """Raises ConfigError for the first of these flags that is given."""
    for name in names:
        if given[name].present:
            raise ConfigError(f'--{name}: given {how}')


def _write_skeletons(given: flags.FlagValues) -> str:
    write_skeletons(given.output_dir, given.skeletons, given.seed)
    return f'{given.output_dir}: {given.skeletons} movements of skeletons, each before four cameras'


def _write_views(given: flags.FlagValues) -> str:
    start, size = time.time(), given.view_size
    num_processes = given.num_processes or os.cpu_count() or 1
    write_views(given.output_dir, given.view_category, given.views, size, given.seed, num_processes)
    return (
        f'{given.output_dir}: {given.views} objects ({given.view_category}), each in 54 views of {size} x {size}, '
        f'in {time.time() - start:.0f} s'
    )


def _write_videos(given: flags.FlagValues) -> str:
    settings = VideoSettings(
        num_videos=given.videos,
        # The default width is that of pairs.
        image_size=(given.image_height, given.image_width if given['image_width'].present else 256),
        num_frames=(given.min_frames, given.max_frames),
        seed=given.seed,
        layout=given.layout if given['layout'].present else VIDEO_LAYOUTS[0],
        train_flows=given.train_flows,
    )
    start = time.time()
    if not write_videos(given.output_dir, settings, given.num_processes, shard=parse_shard(given.shard)):
        return f'{given.output_dir} already holds exactly these videos: nothing to do'
    return _said_of_videos(given, settings, start)


def _write_faces(given: flags.FlagValues) -> str:
    settings = FaceSettings(
        num_videos=given.faces,
        # The default width is that of pairs.
        image_size=(given.image_height, given.image_width if given['image_width'].present else given.image_height),
        num_frames=given.face_frames,
        seed=given.seed,
        train_flows=given.train_flows,
        white_background=given.white_background,
    )
    start = time.time()
    if not write_faces(given.output_dir, settings, given.num_processes, shard=parse_shard(given.shard)):
        return f'{given.output_dir} already holds exactly these faces: nothing to do'
    return _said_of_videos(given, settings, start)


def _said_of_videos(given: flags.FlagValues, settings: VideoSettings | FaceSettings, start: float) -> str:
    if not os.path.isdir(given.output_dir):
        return f'{given.output_dir}: part {given.shard} is done; the folder appears when all parts are'
    counts, (height, width) = settings.describe()['num_people'], settings.image_size
    return (
        f'{given.output_dir}: {counts["train"]} training and {counts["test"]} test videos of {height} x {width} '
        f'in {time.time() - start:.0f} s'
    )


KINDS = (
    Kind('skeletons', 'which writes no pictures', (), (), _write_skeletons),
    Kind('views', 'which writes objects', ('view_category', 'view_size'), ('num_processes',), _write_views),
    Kind(
        'videos',
        'which are of drawn people, one for each',
        ('min_frames', 'max_frames'),
        ('layout', 'image_height', 'image_width', 'train_flows', 'num_processes', 'shard'),
        _write_videos,
    ),
    Kind(
        'faces',
        'which are of heads that talk',
        ('face_frames',),
        ('image_height', 'image_width', 'train_flows', 'white_background', 'num_processes', 'shard'),
        _write_faces,
    ),
)
