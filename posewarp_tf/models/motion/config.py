"""The settings of motion extraction, and what it declares about itself.

Ren et al., Deep Spatial Transformation for Pose-Guided Person Image Generation and Animation (IEEE TIP 2020), section
on motion extraction: noisy 2-D joints of a video become clean ones in another order of joints.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.checkpoint_shapes import Shapes
from posewarp_tf.models.config import ModelConfig, Stage
from posewarp_tf.models.inputs import Input, SkeletonsInput
from posewarp_tf.settings.options import option

if TYPE_CHECKING:
    from posewarp_tf.models.motion.motion import MotionNet

_EXTRACTION = Stage('extraction', computes=('skeletons',), weights={'joint_error': 1.0})


@dataclasses.dataclass(frozen=True)
class MotionConfig(ModelConfig):
    """Settings of motion extraction; joints fill `image_size`, in whose pixels errors are told."""

    model: str = option('motion', 'Name of the model in models/registry.py.')
    motion_channels: int = option(256, 'Channels of every layer of the motion network, an even number.', minimum=2)
    motion_dropout: float = option(0.15, 'Part of the features that training drops, below 1.', minimum=0.0)

    motion_base: str = option(
        'none',
        "What the network corrects. 'none': nothing, as published; 'joints': the noisy joints themselves, gaps filled, "
        'averaged over 7 frames, seen from the middle of the person.',
        choices=('none', 'joints'),
    )

    all_stages = (_EXTRACTION,)
    material = 'skeletons'
    roles = ()
    checkpoint_key = 'kp_input.expand_conv.weight'

    def build(self) -> MotionNet:
        from posewarp_tf.models.motion.motion import MotionNet

        return MotionNet(self)

    def check(self) -> None:
        if self.motion_channels % 2:
            raise ConfigError(f'--motion_channels: got {self.motion_channels}, expected an even number')
        if self.motion_dropout >= 1:
            raise ConfigError(f'--motion_dropout: got {self.motion_dropout}, expected less than 1')

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (SkeletonsInput(),)

    @property
    def fills_skeletons(self) -> bool:
        return self.motion_base == 'joints'

    def checkpoint_settings(self, shapes: Shapes) -> dict[str, Any]:
        # A kernel as large as the width squared has to be there: a tiny file cannot ask for a huge network.
        key = 'kp_input.layers_conv.0.weight'
        shape = tuple(shapes.get(key, ()))
        if len(shape) != 3 or shape[0] != shape[1] or shape[0] < 2 or shape[0] % 2:
            raise RunError(f'{key} has shape {list(shape)}, expected [n, n, 3] with an even n')
        return {'motion_channels': shape[0]}
