"""The settings of the layered model, this project's own, and what it declares about itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import ModelConfig, Stage
from posewarp_tf.models.inputs import Input, JointsInput, PictureInput
from posewarp_tf.models.outputs import ClassLogits, Output, Silhouette
from posewarp_tf.settings.options import option, shown

if TYPE_CHECKING:
    from posewarp_tf.models.layered.layered import Layered

_MOTION_WEIGHTS = {
    'layer_flow': 1.0,
    'part_cross_entropy': 1.0,
    'source_part_cross_entropy': 0.5,
    'silhouette_overlap': 0.5,
    'layer_visibility': 0.5,
}
# The motion alone, at half size; then everything.
MOTION = Stage(
    'motion',
    computes=('layers', 'motions'),
    weights=_MOTION_WEIGHTS,
    trains=(
        'stem',
        'source_net',
        'source_head',
        'pose_net',
        'motion_net',
        'motion_head',
        'refinement_net',
        'refinement_head',
    ),
)
LAYERS = Stage(
    'layers',
    computes=('motions', 'parts', 'silhouette', 'layers', 'image'),
    weights={**_MOTION_WEIGHTS, 'person_l1': 2.0, 'painted_l1': 1.0, 'person_gradient': 1.0},
    makes_pictures=True,
    makes_masks=True,
)


@dataclasses.dataclass(frozen=True)
class LayeredConfig(ModelConfig):
    """The layered model. It learns from exact flow, visibility and body parts, as rendered people have them."""

    model: str = option('layered', 'Name of the model in models/registry.py.')
    image_size: tuple[int, int] = option((256, 192), 'Height and width of the images.')
    heatmap_sigma: float = option(6.0, 'Standard deviation of a joint in its heatmap, in pixels.', minimum=0.1)
    source_widths: tuple[int, ...] = option(
        (24, 32, 48, 64, 84), 'Widths of the network of source parts, from half size.'
    )
    motion_widths: tuple[int, ...] = option((40, 56, 72, 88, 104), 'Widths of the network of motion, from half size.')
    refinement_widths: tuple[int, ...] = option((40, 48, 64), 'Widths of the network that refines it, from half size.')
    painter_widths: tuple[int, ...] = option((16, 32, 48, 64, 76), 'Widths of the painter, from full size.')

    all_stages: ClassVar[tuple[Stage, ...]] = (MOTION, LAYERS)

    def build(self) -> Layered:
        from posewarp_tf.models.layered.layered import Layered

        return Layered(self)

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (PictureInput('source'), *map(JointsInput, self.roles))

    @property
    def outputs(self) -> tuple[Output, ...]:
        parts = f'uint8 class numbers of body parts: {", ".join(PART_NAMES)}'
        return (
            Output('parts', ClassLogits(PART_NAMES), parts),
            Output('silhouette', Silhouette(), '0 to 1; 1 = the person'),
        )

    @property
    def families(self) -> tuple[str, ...]:
        return ('source',)

    @property
    def flow_scales(self) -> tuple[int, ...]:
        return (0,)

    @property
    def levels(self) -> dict[str, int]:
        """Those at half size halve once more."""
        half = ('source_widths', 'motion_widths', 'refinement_widths')
        return {**{name: len(getattr(self, name)) for name in half}, 'painter_widths': len(self.painter_widths) - 1}

    def check(self) -> None:
        for name in self.levels:
            widths = getattr(self, name)
            if not widths or min(widths) < 1:
                raise ConfigError(f'--{name}: got {shown(widths)}, expected a width of at least 1 for each level')
        if len(self.source_widths) != len(self.motion_widths):
            raise ConfigError(
                f'--source_widths: got {len(self.source_widths)} levels, expected the {len(self.motion_widths)} of '
                '--motion_widths'
            )
