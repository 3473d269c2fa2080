"""What a model declares about itself, known from its settings alone and without TensorFlow.

A model is one folder with a subclass of `ModelConfig`, which says what goes in (inputs.py), what comes out (outputs.py)
and how it is trained (`Stage`), and a subclass of `ReposingModel` (base.py), which computes it; and one line in
registry.py. Data, training, metrics, prediction and exports ask these declarations and name no model.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from posewarp_tf.conventions import SAMPLER_IMPLEMENTATIONS
from posewarp_tf.errors import ConfigError
from posewarp_tf.models.checkpoint_shapes import Shapes
from posewarp_tf.models.clips import ClipForm
from posewarp_tf.models.inputs import POSE_CHANNELS, Input, PoseForm, raw_inputs
from posewarp_tf.models.kinds import ClassMap
from posewarp_tf.models.outputs import Output
from posewarp_tf.settings.options import Section, option, shown

if TYPE_CHECKING:
    from posewarp_tf.models.base import ReposingModel


# The materials that are pairs of pictures, one of which is to be made from the other.
PAIR_MATERIALS = ('pictures', 'views')
# Those that are clips of videos, whose frames are made one after the other.
CLIP_MATERIALS = ('dance_clips', 'face_clips')


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: by which `--stage`, `--stage_steps` and `--loss_weights` call it.
        computes: the outputs that the stage computes. The last one is what the stage is for: settings without it have
            no such stage.
        weights: the terms of the objective (losses/terms.py) and their weights; `--loss_weights` changes single ones.
        trains: attributes of the model that hold the networks to train; empty: everything.
        judges: names of the discriminators, each that of the output it judges.
        num_steps: the published number of steps; None: `--stage_steps` has to say it.
        makes_pictures: a run in which this stage is trained can be used.
        makes_masks: whether its motions have masks.
        is_optional: `--stage=all` leaves it out unless `--stage_steps` gives it steps.
    """

    name: str
    computes: tuple[str, ...]
    weights: Mapping[str, float]
    trains: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    num_steps: int | None = None
    makes_pictures: bool = False
    makes_masks: bool = False
    is_optional: bool = False


@dataclasses.dataclass(frozen=True)
class ModelConfig(Section, abc.ABC):
    """The networks."""

    model: str = option('', 'Name of the model in models/registry.py.')
    image_size: tuple[int, int] = option(
        (256, 256), 'Height and width of the images, multiples of 2**levels of the deepest network.'
    )
    sampler_impl: str = option(
        'auto',
        "Implementation of the samplers: 'kernel' is the compiled op, 'gather' plain TensorFlow, 'auto' what there is.",
        choices=SAMPLER_IMPLEMENTATIONS,
        may_change=True,
    )
    init_gain: float = option(
        0.02, 'Gain of the orthogonal initial weights, flow heads excepted; larger learns faster at first.', minimum=0.0
    )

    # Every stage that some settings have, in the order of training.
    all_stages: ClassVar[tuple[Stage, ...]] = ()

    # What it is trained on (data/materials.py): pairs of 'pictures' of people, of 'views' of objects, 'dance_clips' or
    # 'face_clips' of videos, or 'skeletons' over time. Models of skeletons make these alone: neither pictures nor
    # motions.
    material: ClassVar[str] = 'pictures'

    # A key that released checkpoints of this model have and no others; empty where they are told otherwise, or there
    # are none. A shipped config of the model's name then says what was published.
    checkpoint_key: ClassVar[str] = ''

    # How windows of its frames are judged; None: the model makes single pictures.
    clip_form: ClassVar[ClipForm | None] = None

    # The pictures of one example, in the order of the data set's rows; the last is the one to be made.
    roles: ClassVar[tuple[str, ...]] = ('source', 'target')

    # What may be given besides `inputs`: the context is a picture to put the person into, and where it may be seen.
    optional_inputs: ClassVar[tuple[Input, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.image_size) != 2 or min(self.image_size) < 1:
            raise ConfigError(f'--image_size: got {shown(self.image_size)}, expected a height and a width')
        self.check()
        self._check_image_size()

    @abc.abstractmethod
    def build(self) -> ReposingModel:
        """The model of these settings, without variables yet."""

    @property
    @abc.abstractmethod
    def inputs(self) -> tuple[Input, ...]:
        """What goes in."""

    @classmethod
    def is_checkpoint(cls, shapes: Shapes) -> bool:
        """Whether a checkpoint of these arrays, their shapes by their keys, is of this model."""
        return bool(cls.checkpoint_key) and cls.checkpoint_key in shapes

    def check_released(self) -> None:
        """Raises ConfigError for settings of which there are no released weights."""
        if not self.checkpoint_key:
            raise ConfigError(f'--model: got {self.model!r}, expected gfla: released weights are of GFLA')

    def checkpoint_settings(self, shapes: Shapes) -> dict[str, Any]:
        """The settings that a released checkpoint tells, from the shapes of its arrays by their keys.

        What a file cannot tell, such as limits that no level of a network reaches, is left as it is here.

        Raises:
            RunError: it lacks what tells them.
        """
        return {}

    def check(self) -> None:  # noqa: B027, all settings of a simple model work
        """Raises ConfigError for settings that cannot work."""

    def check_material(self) -> None:  # noqa: B027, most models leave nothing open that their material decides
        """Raises ConfigError for settings that do not fit what the model is trained on; imported ones may have them."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What comes out beside the image and its motions."""
        return ()

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the motions, each that of the role whose pixels it moves; empty without flows."""
        return ()

    @property
    def flow_scales(self) -> tuple[int, ...]:
        """Those of the flows of each family, coarse first: scale s has maps of 1 / 2**s of the size."""
        return ()

    @property
    def neighbourhoods(self) -> dict[int, int]:
        """{scale of `flow_scales`: side of the neighbourhood that an attention sees there}; empty without attention."""
        return {}

    @property
    def fills_skeletons(self) -> bool:
        """Whether joints that were not found are filled in before a model of skeletons sees them."""
        return False

    @property
    def takes_context(self) -> bool:
        """Whether the model can place the person into a given picture."""
        return any(item.role == 'context' for item in self.optional_inputs)

    @property
    def levels(self) -> dict[str, int]:
        """How often the networks halve a picture, by the name of the setting."""
        return {}

    @property
    def missing_outputs(self) -> dict[str, str]:
        """{output of `all_stages` that these settings do not make: why}."""
        return {}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Those of `all_stages` that these settings have, with the outputs that there are."""
        missing = self.missing_outputs
        return tuple(
            dataclasses.replace(stage, computes=tuple(name for name in stage.computes if name not in missing))
            for stage in self.all_stages
            if stage.computes[-1] not in missing
        )

    @property
    def makes_pictures(self) -> bool:
        """Whether any stage does."""
        return any(stage.makes_pictures for stage in self.all_stages)

    @property
    def class_maps(self) -> tuple[str, ...]:
        """Names of the class maps among the raw inputs."""
        return tuple(raw.name for raw in raw_inputs(self.inputs) if isinstance(raw.kind, ClassMap))

    @property
    def pose_form(self) -> PoseForm | None:
        """What a pose is to this model; None if it sees none."""
        return None

    def _check_image_size(self) -> None:
        """A map of odd size is halved to one that comes back a pixel larger, and does not fit what joins it."""
        if not self.levels:
            return
        name, deepest = max(self.levels.items(), key=lambda item: item[1])
        if any(size % 2**deepest for size in self.image_size):
            raise ConfigError(
                f'--image_size: got {shown(self.image_size)}, expected multiples of {2**deepest} (--{name}={deepest})'
            )


@dataclasses.dataclass(frozen=True)
class JudgedModelConfig(ModelConfig):
    """The networks of a model in whose training discriminators judge."""

    discriminator: str = option('res', 'Discriminator network.', choices=('res', 'patch', 'multiscale_patch'))
    discriminator_base_filters: int = option(32, 'Width of the first level of the discriminator.', minimum=1)
    discriminator_max_filters: int = option(128, 'No level of the discriminator is wider than this.', minimum=1)
    discriminator_num_layers: int = option(4, 'Levels of the discriminator.', minimum=1)
    discriminator_num_scales: int = option(
        2,
        'Patch discriminators of multiscale_patch; each sees the picture at half the size of the one before.',
        minimum=1,
    )


def judged(model: ModelConfig) -> JudgedModelConfig:
    """The same settings, with those of its discriminators; ConfigError for a model that has none."""
    if not isinstance(model, JudgedModelConfig):
        raise ConfigError(f'--model: got {model.model!r}, expected a model with discriminators')
    return model


@dataclasses.dataclass(frozen=True)
class PosedModelConfig(JudgedModelConfig):
    """The networks of a model that sees poses.

    `pose_channels` follows from `pose_representation`; poses of joints may also have another number of channels, in
    networks that were imported.
    """

    pose_representation: str = option(
        'joints', 'What a pose is: 18 heatmaps, 11 channels of body parts, or both.', choices=tuple(POSE_CHANNELS)
    )
    pose_channels: int = option(18, 'Channels of a pose; follows from --pose_representation.', minimum=1)
    heatmap_sigma: float = option(6.0, 'Standard deviation of a joint in its heatmap, in pixels.', minimum=0.1)

    def __post_init__(self) -> None:
        if self.pose_channels in POSE_CHANNELS.values():
            object.__setattr__(self, 'pose_channels', POSE_CHANNELS.get(self.pose_representation, self.pose_channels))
        elif self.pose_representation != 'joints':
            raise ConfigError(
                f'--pose_channels: got {self.pose_channels}, expected {POSE_CHANNELS[self.pose_representation]} with '
                f'--pose_representation={self.pose_representation}'
            )
        super().__post_init__()

    @property
    def pose_form(self) -> PoseForm:
        return PoseForm(self.pose_representation, self.heatmap_sigma, self.pose_channels)
