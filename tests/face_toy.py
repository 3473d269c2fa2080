"""A model that stands for any that is trained on clips of faces."""

import dataclasses
from typing import ClassVar

from posewarp_tf.models.motion.config import MotionConfig
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import DataConfig, TrainingConfig


@dataclasses.dataclass(frozen=True)
class FaceToy(MotionConfig):
    """Nothing of it is ever built."""

    material: ClassVar[str] = 'face_clips'


def config_of_faces(folder, image_size, **data_settings):
    """Batches of two clips of a folder, read one after the other."""
    data = DataConfig(data_dir=str(folder), num_workers=1, **data_settings)
    training = TrainingConfig(batch_size=2, stage_steps={'extraction': 1})
    return Config(FaceToy(image_size=image_size), data, training=training)
