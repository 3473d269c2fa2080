"""What GFLA knows of colours: its norms take the gain and the offset of each out of the picture of the source."""

import numpy as np
import pytest
import tensorflow as tf

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
