"""What each model makes of its settings: its stages, the sizes of pictures it can compute, and what it refuses.

Known from a `ModelConfig` alone and without TensorFlow, so that a mistake is named before anything is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from posewarp_tf.errors import ConfigError

if TYPE_CHECKING:
    from posewarp_tf.settings.model_config import ModelConfig

# PFL's flows are of 1, 1/2, 1/4 and 1/8 of the size.
PFL_FLOW_SCALES = (0, 1, 2, 3)

# By --discriminator: height and width that its last level needs.
SMALLEST_JUDGED_MAPS = {'res': 1, 'patch': 3, 'multiscale_patch': 3}


class ModelRules(NamedTuple):
    """Of one model, each by its config.

    Attributes:
        stages: in the order of training, with the outputs that each computes.
        optional_stages: those that --stage=all leaves out unless --stage_steps gives them steps.
        flow_scales: of its flows, coarse first.
        levels: how often its networks halve a picture, by the name of the setting.
        check: raises ConfigError for settings that cannot work.
    """

    stages: Callable[[ModelConfig], dict[str, tuple[str, ...]]]
    optional_stages: tuple[str, ...]
    flow_scales: Callable[[ModelConfig], tuple[int, ...]]
    levels: Callable[[ModelConfig], dict[str, int]]
    check: Callable[[ModelConfig], None]


def rules_of(model: ModelConfig) -> ModelRules:
    """Raises ConfigError for a model that does not exist."""
    if model.model not in MODEL_RULES:
        raise ConfigError(f'--model: got {model.model!r}, expected one of {", ".join(MODEL_RULES)}')
    return MODEL_RULES[model.model]


def check_image_size(model: ModelConfig) -> None:
    """Raises ConfigError unless the model's networks can halve and double pictures of its size again.

    A map of odd size is halved to one that comes back a pixel larger, and does not fit what it is joined with.
    """
    name, deepest = max(rules_of(model).levels(model).items(), key=lambda item: item[1])
    if any(size % 2**deepest for size in model.image_size):
        raise ConfigError(
            f'--image_size: got {shown(model.image_size)}, expected multiples of {2**deepest} (--{name}={deepest})'
        )


def check_judged_size(size: Sequence[int | None], smallest_map: int, num_layers: int, num_scales: int = 0) -> None:
    """Raises ConfigError when a discriminator has no logits left of an image of (height, width); None: any.

    `num_scales`: how many there are, of those that see an image at half the size of the one before.
    """
    smallest = smallest_map * 2 ** (num_layers + max(num_scales - 1, 0))
    if any(side is not None and side < smallest for side in size):
        scales = f'--discriminator_num_scales: got {num_scales}, which with --discriminator_num_layers={num_layers}'
        layers = f'--discriminator_num_layers: got {num_layers}, which'
        raise ConfigError(
            f'{scales if num_scales else layers} needs images of at least {smallest}x{smallest}, '
            f'and --image_size={size[0]},{size[1]}'
        )


def _gfla_stages(model: ModelConfig) -> dict[str, tuple[str, ...]]:
    if not model.has_flow:
        return {'full': ('image',)}
    return {'flow': ('flows',), 'full': ('flows', 'image')}


def _levels(model: ModelConfig) -> dict[str, int]:
    """Of the generators (both models end them at the deepest level of one setting) and of the flow's network."""
    levels = {'num_layers': model.num_layers}
    return {**levels, 'flow_num_layers': model.flow_num_layers} if model.has_flow else levels


def _check_gfla(model: ModelConfig) -> None:
    for scale, kernel in model.attention_kernels.items():
        if not 1 <= scale <= model.num_layers:
            raise ConfigError(f'--attention_kernels: got scale {scale}, expected 1 to num_layers={model.num_layers}')
        if kernel % 2 == 0 or not 1 <= kernel <= 9:
            raise ConfigError(f'--attention_kernels: got kernel {kernel} at scale {scale}, expected 1, 3, 5, 7 or 9')
    if model.has_flow and max(model.attention_kernels, default=0) >= model.flow_num_layers:
        raise ConfigError(
            f'--flow_num_layers: got {model.flow_num_layers}, expected more than the coarsest scale of '
            f'--attention_kernels={shown(model.attention_kernels)}'
        )
    if not model.attention_kernels and model.spatial_transform != 'none':
        raise ConfigError(f'--attention_kernels: got none, --spatial_transform={model.spatial_transform} needs one')
    if model.spatial_transform == 'pixel_warp':
        raise ConfigError("--spatial_transform: got 'pixel_warp', which only PFL has")
    if model.use_garment:
        raise ConfigError('--use_garment: GFLA takes no garment maps')


def _pfl_stages(model: ModelConfig) -> dict[str, tuple[str, ...]]:
    flows = ('flows',) if model.has_flow else ()
    garment = ('garment',) if model.has_garment_net else ()
    answer = (*flows, *garment, 'image', 'composition_mask')
    return {
        **({'pose_flow': flows} if flows else {}),
        **({'garment': (*flows, *garment)} if garment else {}),
        'synthesis': answer,
        'joint': answer,
    }


def _check_pfl(model: ModelConfig) -> None:
    transforms = ('none', 'pixel_warp', 'bilinear')
    if model.spatial_transform not in transforms:
        raise ConfigError(
            f'--spatial_transform: got {model.spatial_transform!r}, expected one of {", ".join(transforms)} for PFL'
        )
    if model.num_flow_stacks > 3:
        raise ConfigError(f'--num_flow_stacks: got {model.num_flow_stacks}, expected 1 to 3')
    scales = model.alignment_scales
    if not scales or len(set(scales)) < len(scales) or not set(scales) <= set(PFL_FLOW_SCALES):
        raise ConfigError(
            f'--alignment_scales: got {shown(scales)}, expected different numbers of 0 to 3, at least one'
        )
    coarsest = {'num_layers': max(scales), 'flow_num_layers': max(PFL_FLOW_SCALES)}
    for name, levels in _levels(model).items():
        if levels < coarsest[name]:
            raise ConfigError(f'--{name}: got {levels}, expected at least {coarsest[name]}, the coarsest scale of PFL')


def shown(value: Any) -> str:
    items = value.items() if isinstance(value, Mapping) else value
    return ','.join('='.join(map(str, item)) if isinstance(item, tuple) else str(item) for item in items)


# By --model.
MODEL_RULES = {
    'gfla': ModelRules(_gfla_stages, (), lambda model: model.attention_scales, _levels, _check_gfla),
    'pfl': ModelRules(_pfl_stages, ('joint',), lambda model: PFL_FLOW_SCALES[::-1], _levels, _check_pfl),
}
