"""What is done around the model: the part of the photo that it sees, whose body the answer has, how it is composed."""

from __future__ import annotations

import dataclasses

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.photos.background import BACKGROUNDS
from posewarp_tf.poses.own_face import HEADS
from posewarp_tf.poses.retarget import RETARGET_MODES

FRAMINGS = ('person', 'whole')
RESOLUTIONS = ('photo', 'model')


@dataclasses.dataclass(frozen=True)
class PhotoOptions:
    """What is done around the model.

    framing: 'person': the model sees a window around the person, as people stand in its training; 'whole': all of the
        photo, squashed to the model's size.
    background: 'photo': what was behind the person is filled in; 'white'; 'model': as the model makes it.
    resolution: 'photo': the photo's own pixels are moved where the flow can be trusted; 'model': the model's picture,
        stretched.
    retarget: whose body the answer has (poses/retarget.py).
    head: 'photo': the head looks where it looks in the photo, and is moved as one piece; 'pose': where the target's
        does (poses/own_face.py).

    Raises:
        ConfigError: another value; names the flag.
    """

    framing: str = 'person'
    background: str = 'photo'
    resolution: str = 'photo'
    retarget: str = 'place'
    head: str = 'photo'

    def __post_init__(self) -> None:
        values = {
            'framing': FRAMINGS,
            'background': BACKGROUNDS,
            'resolution': RESOLUTIONS,
            'retarget': RETARGET_MODES,
            'head': HEADS,
        }
        for name, expected in values.items():
            if getattr(self, name) not in expected:
                raise ConfigError(f'--{name}: got {getattr(self, name)!r}, expected one of {", ".join(expected)}')


DEFAULTS = PhotoOptions()
# As a Predictor alone does it.
PLAIN = PhotoOptions('whole', 'model', 'model', 'none', 'pose')


def define_photo_flags() -> None:
    """Defines the flags of `PhotoOptions`, and those that say how joints are found."""
    flags.DEFINE_enum(
        'framing',
        'person',
        FRAMINGS,
        'person: the model sees a window around the person, as people stand in its training; whole: all of the photo, '
        'squashed.',
    )
    flags.DEFINE_enum(
        'background',
        'photo',
        BACKGROUNDS,
        'photo: what was behind the person is filled in; white; model: as the model makes it.',
    )
    flags.DEFINE_enum(
        'resolution',
        'photo',
        RESOLUTIONS,
        "photo: the photo's own pixels are moved where the flow can be trusted; model: the model's picture, stretched.",
    )
    flags.DEFINE_enum(
        'retarget',
        'place',
        RETARGET_MODES,
        "Whose body: none: the target's joints as they are; place: moved to the source's place and size; limbs: with "
        "the source's limb lengths.",
    )
    flags.DEFINE_enum(
        'head',
        'photo',
        HEADS,
        "photo: the head looks where it looks in the photo, and is moved as one piece; pose: where the target's does.",
    )
    flags.DEFINE_integer('person', None, 'Which person of a photo, counted from 0, the largest first.', lower_bound=0)
    flags.DEFINE_string(
        'pose_model',
        None,
        'Where the networks are that find joints: a mediapipe wheel, a .task file or a folder; default: an installed '
        'mediapipe, or fetched once.',
    )
