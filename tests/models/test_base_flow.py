"""--base_flow=joints: the flow network corrects what the joints alone tell."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.models.inputs import raw_inputs
from posewarp_tf.models.registry import build_model, model_config
from posewarp_tf.ops import resize_flow
from posewarp_tf.poses.limb_motion import limb_flow
from tests.models.catalogue import GFLA, PFL, SIZE, random_inputs
from tests.motions import flows_of

MODELS = {'gfla': GFLA, 'pfl': {**PFL, 'num_flow_stacks': 2}}


def config_of(name, **settings):
    return model_config(**{'image_size': SIZE, **MODELS[name], **settings})


def inputs_of(model):
    """Random pictures, and joints that move by up to some pixels."""
    rng = np.random.default_rng(2)
    inputs = random_inputs(model)
    places = rng.uniform(8, [SIZE[1] - 8, SIZE[0] - 8], (2, 18, 2))
    inputs['source_keypoints'] = tf.constant(places + [5.0, -3.0], tf.float32)
    inputs['target_keypoints'] = tf.constant(places + rng.uniform(-3, 3, places.shape), tf.float32)
    return inputs


@pytest.mark.parametrize('name', MODELS)
def test_a_fresh_network_gives_nearly_the_flow_of_the_joints(name):
    tf.keras.utils.set_random_seed(0)
    model = build_model(config_of(name, base_flow='joints'))
    inputs = inputs_of(model)
    base = limb_flow(inputs['source_keypoints'], inputs['target_keypoints'], SIZE)
    assert np.abs(base).mean() > 2
    flows = flows_of(model(inputs))
    assert len(flows) == len(model.model_config.flow_scales)
    for flow in flows:
        expected = resize_flow(base, flow.shape[1:3])
        assert np.abs(flow - expected).mean() < 0.07 * np.abs(expected).mean()
    # The joints of the other side would give the way back.
    back = {
        **inputs, 'source_keypoints': inputs['target_keypoints'], 'target_keypoints': inputs['source_keypoints']
    }  # fmt: skip
    assert np.abs(flows_of(model(back))[-1] - flows[-1]).mean() > 1


@pytest.mark.parametrize('name', MODELS)
def test_the_network_sees_the_source_where_the_joints_put_it(name):
    tf.keras.utils.set_random_seed(0)
    model = build_model(config_of(name, base_flow='joints', init_gain=1.0))
    inputs = inputs_of(model)
    base = limb_flow(inputs['source_keypoints'], inputs['target_keypoints'], SIZE)
    moved = {**inputs, 'source_keypoints': inputs['source_keypoints'] + 4.0}
    new_base = limb_flow(moved['source_keypoints'], moved['target_keypoints'], SIZE)
    correction = flows_of(model(inputs))[-1] - resize_flow(base, flows_of(model(inputs))[-1].shape[1:3])
    other = flows_of(model(moved))[-1] - resize_flow(new_base, correction.shape[1:3])
    assert np.abs(correction - other).max() > 1e-4


@pytest.mark.parametrize('name', MODELS)
def test_people_give_the_same_as_before(name):
    names = [[raw.name for raw in raw_inputs(config_of(name, base_flow=base).inputs)] for base in ('none', 'joints')]
    assert names[0] == names[1]
    assert 'source_keypoints' not in {item.name for item in config_of(name).inputs}
    no_flow = config_of(name, base_flow='joints', spatial_transform='none')
    assert 'source_keypoints' not in {item.name for item in no_flow.inputs}
