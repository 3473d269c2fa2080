"""Turns the object of a picture, by a run of novel views.

    posewarp turn --run_dir=runs/gfla_views_quickstart --source_image=chair.png --source_azimuth=20
        --azimuth=0:360:10 --output=turn.gif

The picture shows the object on white, from an azimuth (of self-made objects 0 is the front, and at 90 the camera stands
to the object's own left) and an elevation of 0 to 20 degrees. The networks know azimuths that are multiples of 20 and
elevations that are multiples of 10: of others both neighbours are blended, which no network was trained for.
"""

from __future__ import annotations

import pathlib

import numpy as np
from absl import flags

from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.inference.animation_flags import expand_paths
from posewarp_tf.inference.outputs import FILM_SUFFIXES, require_film, require_folder
from posewarp_tf.poses.views import view_vector
from posewarp_tf.settings import command_line

# Nobody looks at more, and a slip in the step could ask for millions.
_MOST_VIEWS = 3600


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder of a model of novel views.', required=True)
    flags.DEFINE_string('source_image', None, 'Picture of the object on white.', required=True)
    flags.DEFINE_float('source_azimuth', 0.0, 'Azimuth in degrees that it was taken from.')
    flags.DEFINE_float('source_elevation', 0.0, 'Elevation in degrees, 0 to 20.', lower_bound=0.0, upper_bound=20.0)
    flags.DEFINE_string(
        'azimuth',
        '0:360:20',
        'Azimuths to show: first:end:step in degrees, the end left out, or a list such as 0,40,80. Between multiples '
        'of 20 both neighbours are blended.',
    )
    flags.DEFINE_float(
        'elevation', None, 'Elevation to show; default: that of the picture, as in training.', lower_bound=0.0,
        upper_bound=20.0,
    )  # fmt: skip
    flags.DEFINE_string(
        'output', None, 'Animated picture (.gif, .webp, .png), video (.mp4, .webm) or folder to write.', required=True
    )
    flags.DEFINE_float('fps', 12.0, 'Pictures in a second.', lower_bound=0.1)
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to use.')


def main() -> None:
    given = flags.FLAGS
    expand_paths(given, ('run_dir', 'source_image', 'output'))
    azimuths = parse_azimuths(given.azimuth)
    elevation = given.source_elevation if given.elevation is None else given.elevation
    source_view = _view('source_azimuth', given.source_azimuth, given.source_elevation)
    target_views = np.stack([_view('azimuth', azimuth, elevation) for azimuth in azimuths])
    check_output(given.output, given.source_image)

    from posewarp_tf.inference.turning import ObjectTurner, write_turned
    from posewarp_tf.pictures.picture_files import load_image

    picture = load_image(given.source_image)
    turner = ObjectTurner(given.run_dir, given.checkpoint)
    names = [f'{number:04d}_{azimuth:g}' for number, azimuth in enumerate(azimuths)]
    write_turned(given.output, turner.views(picture, source_view, target_views), names, given.fps)
    print(f'{given.output}: {len(azimuths)} views of {turner.size[0]}x{turner.size[1]}')


def check_output(output: str, source_image: str) -> None:
    """Finds out before any work whether --output can be written.

    Raises:
        DataError: it is the source, a folder called as a film or the other way round, or cannot be made.
        ConfigError: a video, and the extra `video` is not installed.
    """
    if pathlib.Path(output).suffix.lower() in FILM_SUFFIXES:
        require_film(output, {'the source picture itself': source_image})
    else:
        require_folder(output, f'for the views, or a name that ends in {", ".join(FILM_SUFFIXES)}')


def parse_azimuths(text: str) -> list[float]:
    """'0:360:10' (the end left out; the step may be negative) or '0,40,80' as degrees.

    Raises:
        ConfigError: it is neither, or no view or too many.
    """
    try:
        if ':' in text:
            first, end, step = map(float, text.split(':'))
            count = int(np.ceil((end - first) / step - 1e-9))
            found = [first + step * number for number in range(min(count, _MOST_VIEWS + 1))]
        else:
            found = [float(part) for part in text.split(',')]
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise ConfigError(f'--azimuth: got {text!r}, expected first:end:step or degrees with commas between') from error
    if not 1 <= len(found) <= _MOST_VIEWS:
        raise ConfigError(f'--azimuth: got {text!r}, expected 1 to {_MOST_VIEWS} views')
    return found


def _view(flag: str, azimuth: float, elevation: float) -> np.ndarray:
    try:
        return view_vector(azimuth, elevation)
    except DataError as error:
        raise ConfigError(f'--{flag}: {error}') from error


if __name__ == '__main__':
    command_line.run(define_flags, main)
