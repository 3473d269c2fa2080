"""What is cleaned by motion extraction and where it goes, as files."""

from __future__ import annotations

import dataclasses
import os

from absl import flags

from posewarp_tf.errors import DataError
from posewarp_tf.inference.outputs import FILM_SUFFIXES
from posewarp_tf.pictures.picture_files import PICTURE_SUFFIXES
from posewarp_tf.settings.flags import size_from_flag
from posewarp_tf.video.library import load_av
from posewarp_tf.video.writing import VIDEO_SUFFIXES

FORMATS = ('human36m', 'openpose', 'annotations')


@dataclasses.dataclass(frozen=True)
class CleaningJob:
    """What is to be done, from files.

    poses: what `load_sequence` reads, or a folder of folders, each of one video.
    output_dir: a new folder, with a folder in it for each of several videos.
    form: one of `FORMATS`.
    size: (height, width) of the frames; None: that of the pictures.
    pictures: folder of the frames as pictures, or of folders with the names of those in `poses`; None: there are none.
    strip, film: of one video, skeletons before and after: a picture of a few frames, a video of all.
    fps: frames per second of the film.
    """

    poses: str
    output_dir: str
    form: str = FORMATS[0]
    size: tuple[int, int] | None = None
    pictures: str | None = None
    strip: str | None = None
    film: str | None = None
    fps: float = 25.0

    @classmethod
    def from_flags(cls, given: flags.FlagValues) -> CleaningJob:
        """From the flags of `define_cleaning_flags`."""
        paths = {
            name: value and os.path.expanduser(value)
            for name, value in ((name, given[name].value) for name in ('pictures', 'strip', 'film'))
        }
        poses, output_dir = os.path.expanduser(given.poses), os.path.expanduser(given.output_dir)
        return cls(poses, output_dir, given.format, size_from_flag('image_size'), fps=given.fps, **paths)

    def check(self) -> None:
        """Raises DataError for a strip or film of another kind than is written, ConfigError if that needs a library."""
        for name, suffixes in (('strip', PICTURE_SUFFIXES), ('film', FILM_SUFFIXES)):
            path = getattr(self, name)
            if path is not None and os.path.splitext(path)[1].lower() not in suffixes:
                raise DataError(f'--{name}: got {path!r}, expected a name that ends in {", ".join(suffixes)}')
        if self.film is not None and self.film.lower().endswith(VIDEO_SUFFIXES):
            load_av(self.film)


def define_cleaning_flags() -> None:
    """Defines the flags of a `CleaningJob`."""
    flags.DEFINE_string(
        'poses',
        None,
        'Poses of a video, noisy ones: a folder with a file per frame in any format that predict reads, or one file of '
        'many frames; or a folder of such folders.',
        required=True,
    )
    flags.DEFINE_string(
        'output_dir', None, 'New folder to write; several videos get a folder in it each.', required=True
    )
    flags.DEFINE_string('image_size', None, 'height,width of the frames; default: that of --pictures.')
    flags.DEFINE_enum(
        'format',
        FORMATS[0],
        list(FORMATS),
        "human36m: a JSON of 17 joints per frame in Human3.6M's order, as the published tool writes; openpose: one of "
        '18, the face as it was found; annotations: the same as one CSV.',
    )
    flags.DEFINE_string('pictures', None, 'Folder of the frames, by which --strip and --film are not on black.')
    flags.DEFINE_string(
        'strip', None, f'Picture to write of a few frames before and after ({", ".join(PICTURE_SUFFIXES)}).'
    )
    flags.DEFINE_string('film', None, f'Video to write of all frames before and after ({", ".join(FILM_SUFFIXES)}).')
    flags.DEFINE_float('fps', 25.0, 'Frames per second of --film.', lower_bound=0.1, upper_bound=120.0)
