"""What GFLA knows of colours: its norms take the gain and the offset of each out of the picture of the source."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.registry import build_model, model_config
from tests.models.catalogue import GFLA, SIZE, random_inputs


@pytest.mark.parametrize('pixel_blend', [False, True])
def test_pictures_of_other_colours_get_the_same_answer_unless_pixels_are_blended(pixel_blend):
    """A person whose red is fainter against a white wall gives, pixel by pixel, the same answer."""
    tf.keras.utils.set_random_seed(3)
    model = build_model(model_config(image_size=SIZE, init_gain=1.0, pixel_blend=pixel_blend, **GFLA))
    inputs = random_inputs(model)
    fainter = 1 - np.array([0.6, 1.0, 0.8], np.float32) * (1 - inputs['source_image'])
    before, after = (model({**inputs, 'source_image': image})['image'] for image in (inputs['source_image'], fainter))
    change = np.abs(before - after).max()
    assert np.std(before) > 0.1
    assert change > 0.1 if pixel_blend else change < 1e-3


def test_a_blend_begins_with_as_much_of_the_moved_pixels_as_it_is_told():
    """Flows begin at zero, so that the moved picture is that of the source."""
    parts = {}
    for share in (0.01, 0.5, 0.99):
        tf.keras.utils.set_random_seed(3)
        model = build_model(model_config(image_size=SIZE, pixel_blend=True, initial_blend=share, **GFLA))
        inputs = random_inputs(model)
        parts[share] = np.abs(model(inputs)['image'] - inputs['source_image']).mean()
    assert parts[0.99] < 0.05 * parts[0.01]
    assert 0.3 < parts[0.5] / parts[0.01] < 0.7


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_a_blend_of_nothing_or_everything_would_never_change(share):
    with pytest.raises(ConfigError, match=f'--initial_blend: got {share}, expected more than 0 and less than 1'):
        model_config(image_size=SIZE, initial_blend=share, **GFLA)


def test_where_pixels_are_taken_the_mask_says_so():
    """The mask alone would say that no features are taken there, and the photo's own pixels would not be trusted."""
    masks = {}
    for share in (1e-4, 0.5, 1 - 1e-4):
        tf.keras.utils.set_random_seed(3)
        model = build_model(model_config(image_size=SIZE, pixel_blend=True, initial_blend=share, **GFLA))
        motion = model(random_inputs(model))['motions']['source']
        masks[share] = motion.masks[-1].numpy()
        assert len(motion.masks) == len(motion.flows) and masks[share].shape == (*motion.flows[-1].shape[:3], 1)
    assert masks[1 - 1e-4].min() > 0.99 and masks[1e-4].mean() < 0.7
    between = 1 - (1 - masks[1e-4]) * 0.5
    np.testing.assert_allclose(masks[0.5].mean(), between.mean(), atol=0.05)
