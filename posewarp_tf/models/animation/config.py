"""The settings of GFLA's generators of videos, of persons and of faces, and what they declare about themselves.

Ren et al., "Deep Image Spatial Transformation for Person Image Generation" (CVPR 2020), section on animation, and its
journal version (IEEE TIP 2020).
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.checkpoint_shapes import Shapes, flow_settings, generator_settings, shape_of_kernel
from posewarp_tf.models.clips import ClipForm
from posewarp_tf.models.config import Stage
from posewarp_tf.models.flow_config import AttentionConfig
from posewarp_tf.models.gfla.config import FLOW, FULL
from posewarp_tf.models.inputs import Input, MapsInput, PictureInput
from posewarp_tf.settings.options import option

if TYPE_CHECKING:
    import tensorflow as tf

    from posewarp_tf.models.animation.animation import Animation

_PREVIOUS = 'The frame before, RGB, 0 to 255; before the first one the reference.'

# Terms are summed over the frames of a window. Both discriminators of a window see a part of it. As published all is
# trained at once; the stage of the flows alone (ours) is that of still images.
_FLOW = dataclasses.replace(FLOW, trains=('flow_estimators',), num_steps=None, is_optional=True)
_FULL = Stage(
    'full',
    computes=('motions', 'image'),
    weights={**FULL.weights, 'clip_adversarial': 2.0},
    judges=('image', 'clip'),
    makes_pictures=True,
    makes_masks=True,
)


@dataclasses.dataclass(frozen=True)
class AnimationConfig(AttentionConfig):
    """A generator that makes a frame of the reference and of the frame before it."""

    pose_channels: int = option(20, 'Channels of a pose.', minimum=1)
    frame_sources: str = option(
        'both',
        'What a frame is made of: the frame before it and the reference, as published, or the reference alone, as a '
        'network of still images makes it.',
        choices=('both', 'reference'),
    )
    base_flow: str = option('none', 'What the flow to the reference begins from: nothing.', choices=('none',))
    recompute: bool = option(
        False, 'Compute every frame twice in training, which then remembers one frame at a time.', may_change=True
    )

    all_stages: ClassVar[tuple[Stage, ...]] = (_FLOW, _FULL)
    roles: ClassVar[tuple[str, ...]] = ('reference', 'previous', 'target')

    # One flow estimator for both flows, or one for each.
    shares_flow_estimator: ClassVar[bool] = False

    def build(self) -> Animation:
        from posewarp_tf.models.animation.animation import Animation

        return Animation(self)

    def check(self) -> None:
        super().check()
        if not self.attention_kernels:
            raise ConfigError(f'--attention_kernels: got none, --model={self.model} needs one')

    @abc.abstractmethod
    def make_base_flow(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        """The flow [B, H, W, 2] that the flow to the reference begins from; None: from nothing."""

    def check_released(self) -> None:
        super().check_released()
        if self.frame_sources != 'both':
            raise ConfigError(
                f'--frame_sources: got {self.frame_sources!r}, expected both: released weights are of the published '
                'method'
            )
        if self.base_flow != 'none':
            raise ConfigError(
                f'--base_flow: got {self.base_flow!r}, expected none: released weights predict flows from nothing'
            )

    def check_material(self) -> None:
        made = type(self).pose_channels
        if self.pose_channels != made:
            raise ConfigError(
                f'--pose_channels: got {self.pose_channels}, expected {made}: so many have the poses of videos that '
                f'--model={self.model} is trained on'
            )

    @property
    def inputs(self) -> tuple[Input, ...]:
        reference, previous, target = (MapsInput(role, self.pose_channels) for role in self.roles)
        before = (PictureInput('previous', _PREVIOUS), previous) if 'previous' in self.families else ()
        return PictureInput('reference'), reference, *before, target

    @property
    def families(self) -> tuple[str, ...]:
        # In the order of flows and masks in a released checkpoint.
        return ('previous', 'reference') if self.frame_sources == 'both' else ('reference',)

    def checkpoint_settings(self, shapes: Shapes) -> dict[str, Any]:
        estimator = 'flow_net' if self.shares_flow_estimator else 'flow_net_reference'
        return {
            **flow_settings(shapes, estimator, self),
            **generator_settings(shapes, 'source_reference', 'target.attn_r{}', self),
            'pose_channels': shape_of_kernel(shapes, 'target.block0.model.2.weight')[1],
        }


@dataclasses.dataclass(frozen=True)
class DanceConfig(AnimationConfig):
    """Persons. A pose has 17 heatmaps and a drawn skeleton of three channels, 0 to 255."""

    model: str = option('gfla_dance', 'Name of the model in models/registry.py.')
    base_flow: str = option(
        'none',
        "What the flow to the reference begins from: nothing, or the flow that the joints alone tell ('joints', ours).",
        choices=('none', 'joints'),
    )

    material: ClassVar[str] = 'dance_clips'
    checkpoint_key: ClassVar[str] = 'flow_net_previous.block0.model.2.weight'
    # The clip's discriminator sees a whole window.
    clip_form: ClassVar[ClipForm | None] = ClipForm(6)

    def make_base_flow(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        if self.base_flow == 'none':
            return None
        from posewarp_tf.poses.dance_flow import joints_flow

        return joints_flow(inputs['reference_pose'], inputs['target_pose'])


@dataclasses.dataclass(frozen=True)
class FaceConfig(AnimationConfig):
    """Faces. A pose has edges, distances to 14 curves of the face, and its parts 0 to 6 as numbers."""

    model: str = option('gfla_face', 'Name of the model in models/registry.py.')
    pose_channels: int = option(16, 'Channels of a pose.', minimum=1)
    base_flow: str = option(
        'none',
        'What the flow to the reference begins from: nothing, or the flow that the curves of the face alone tell '
        "('curves', ours).",
        choices=('none', 'curves'),
    )

    material: ClassVar[str] = 'face_clips'
    checkpoint_key: ClassVar[str] = 'source_previous.block0.model.2.weight'
    shares_flow_estimator: ClassVar[bool] = True
    clip_form: ClassVar[ClipForm | None] = ClipForm(3, as_differences=True, compares_true_previous=False)

    def make_base_flow(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        if self.base_flow == 'none':
            return None
        from posewarp_tf.faces.face_flow import curves_flow

        return curves_flow(inputs['reference_pose'], inputs['target_pose'])

    @classmethod
    def is_checkpoint(cls, shapes: Shapes) -> bool:
        # Persons have the same encoders, but two flow networks.
        return super().is_checkpoint(shapes) and 'flow_net.block0.model.2.weight' in shapes
