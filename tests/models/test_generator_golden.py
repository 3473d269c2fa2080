"""Flow estimator and generator agree with reference numbers of the published networks."""

import numpy as np
import pytest

from posewarp_tf.models.gfla.gfla import GFLA
from posewarp_tf.models.pytorch_names import assign_pytorch_weights
from posewarp_tf.models.registry import model_config
from tests.conftest import assert_agrees
from tests.motions import flows_of, masks_of

INPUTS = ('source_image', 'source_pose', 'target_pose')


def published_model(reference, **options):
    height, width = reference['source_image'].shape[1:3]
    model = GFLA(model_config(image_size=(height, width), **options))
    model.create_weights()
    return model


def assert_flows_and_masks_agree(outputs, reference):
    assert len(flows_of(outputs)) == sum(key.startswith('flow') for key in reference)
    for i, (flow, mask) in enumerate(zip(flows_of(outputs), masks_of(outputs))):
        assert_agrees(flow, reference[f'flow{i}'])
        assert_agrees(mask, reference[f'mask{i}'])


@pytest.mark.parametrize('name, kernels', [('pose_fashion', {2: 5, 3: 3}), ('pose_market', {2: 3})])
def test_generator_agrees_with_reference(golden, name, kernels):
    reference = golden(name)
    model = published_model(reference, attention_kernels=kernels)
    assign_pytorch_weights(model.pytorch_names(), reference.seeded_weights())
    outputs = model({key: reference[key] for key in INPUTS})
    assert_flows_and_masks_agree(outputs, reference)
    assert_agrees(outputs['image'], reference['image'])


def test_flow_estimator_agrees_with_reference(golden):
    reference = golden('poseflownet')
    model = published_model(reference)
    entries = [entry for entry in model.pytorch_names() if entry[0].startswith('flow_net.')]
    assign_pytorch_weights(entries, reference.seeded_weights())
    assert_flows_and_masks_agree(model.run_stage({key: reference[key] for key in INPUTS}, 'flow'), reference)


@pytest.mark.parametrize(
    'kernels, size, num_parameters, num_stored',
    [({2: 5, 3: 3}, (256, 256), 14047395, 14823718), ({2: 3}, (128, 64), 12926471, 13702794)],
)
def test_number_of_parameters_is_the_published_one(kernels, size, num_parameters, num_stored):
    model = GFLA(model_config(image_size=size, attention_kernels=kernels))
    model.create_weights()
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == num_parameters
    # Released files hold the convolutions of skips and of the output under two names.
    assert sum(int(np.prod(variable.shape)) for _, variable, _ in model.pytorch_names()) == num_stored
