"""The toy's settings, and what it declares about itself."""

import dataclasses

from posewarp_tf.models.config import PosedModelConfig, Stage
from posewarp_tf.models.inputs import PictureInput, PoseInput
from posewarp_tf.models.outputs import Mask, Output
from posewarp_tf.settings.options import option

DOUBT = Output('doubt', Mask(), '0 to 1; 1 = the toy would rather not have said anything')

ALONE = Stage(
    'alone', computes=('motions', 'doubt', 'image'), weights={'l1': 1.0, 'smoothness': 0.1}, makes_pictures=True
)


@dataclasses.dataclass(frozen=True)
class ToyConfig(PosedModelConfig):
    """One convolution over everything, which gives a flow by which the source is moved."""

    model: str = option('toy', 'Name of the model in models/registry.py.')
    reach: float = option(4.0, 'How far the flow leads at most, in pixels of its map.', minimum=0.0)

    all_stages = (ALONE,)

    def build(self):
        from tests.toy_model.model import Toy

        return Toy(self)

    @property
    def inputs(self):
        return PictureInput('source'), PoseInput('source', self.pose_form), PoseInput('target', self.pose_form)

    @property
    def outputs(self):
        return (DOUBT,)

    @property
    def families(self):
        return ('source',)

    @property
    def flow_scales(self):
        return (1,)

    @property
    def levels(self):
        return {'image_size': 1}
