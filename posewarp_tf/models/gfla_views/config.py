"""The settings of GFLA's generator of novel views (Ren et al., CVPR 2020), and what it declares about itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: F401, inherited settings are read with the names of this module
from typing import TYPE_CHECKING, ClassVar

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import Stage
from posewarp_tf.models.gfla.config import FLOW, FULL, GFLANetworksConfig
from posewarp_tf.models.inputs import Input, PictureInput, ViewInput
from posewarp_tf.settings.options import option

if TYPE_CHECKING:
    from posewarp_tf.models.gfla_views.gfla_views import GFLAViews


@dataclasses.dataclass(frozen=True)
class GFLAViewsConfig(GFLANetworksConfig):
    """GFLA's novel views. The defaults are the published generator for cars and chairs."""

    model: str = option('gfla_views', 'Name of the model in models/registry.py.')
    turn_modulation: bool = option(
        False, 'The turn from view to view also modulates what finds the flow (ours); published: it joins at one place.'
    )

    # The weights of people; numbers of steps were not published.
    all_stages: ClassVar[tuple[Stage, ...]] = tuple(
        dataclasses.replace(stage, num_steps=None) for stage in (FLOW, FULL)
    )
    material = 'views'
    checkpoint_key = 'flow_net.cat.model.0.shortcut.0.weight'

    def build(self) -> GFLAViews:
        from posewarp_tf.models.gfla_views.gfla_views import GFLAViews

        return GFLAViews(self)

    def check_released(self) -> None:
        super().check_released()
        if self.turn_modulation:
            raise ConfigError(
                '--turn_modulation: got true, expected false: released weights are of the published method'
            )

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (
            PictureInput('source', 'The object on white, RGB, 0 to 255, squashed to this size.'),
            *map(ViewInput, self.roles),
        )

    @property
    def levels(self) -> dict[str, int]:
        """The view is spread over a map as small as the flow network's smallest, also where there is no flow."""
        return {'num_layers': self.num_layers, 'flow_num_layers': self.flow_num_layers}

    def check(self) -> None:
        super().check()
        if self.flow_num_layers <= self.num_layers:
            raise ConfigError(
                f'--flow_num_layers: got {self.flow_num_layers}, expected more than --num_layers={self.num_layers}: '
                'the target is grown from a map of 1 / 2**flow_num_layers of the size'
            )
