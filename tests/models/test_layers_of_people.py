"""Layers of a person: which part belongs to which, what lies before what, what fills the place of the person."""

import numpy as np
import tensorflow as tf

from posewarp_tf.conventions import PART_NAMES
from posewarp_tf.models.layered import layers
from posewarp_tf.poses.body_layers import IN_LAYER, LAYER_OF_PART, NUM_LAYERS
from posewarp_tf.poses.limb_motion import GROUPS

TORSO, ARM = GROUPS.index('torso'), GROUPS.index('left_arm')
SIZE = (16, 16)
RED, GREEN = np.float32((1, -1, -1)), np.float32((-1, 1, -1))


def test_every_part_belongs_to_the_layer_of_its_limb():
    named = {part: GROUPS[layer] for part, layer in zip(PART_NAMES[1:], LAYER_OF_PART)}
    limbs = {part: part.replace('_upper', '').replace('_lower', '') for part in PART_NAMES[1:]}
    assert named == limbs
    assert set(named.values()) == set(GROUPS)


def test_shares_of_layers_are_sums_of_their_parts_and_the_background_is_in_none():
    parts = np.random.default_rng(0).dirichlet(np.ones(len(PART_NAMES)), (1, 2, 3)).astype(np.float32)
    shares = layers.layer_shares(tf.constant(parts)).numpy()
    np.testing.assert_allclose(shares.sum(-1), 1 - parts[..., 0], rtol=1e-5)
    legs = [PART_NAMES.index(f'right_{half}_leg') for half in ('upper', 'lower')]
    np.testing.assert_allclose(shares[..., GROUPS.index('right_leg')], parts[..., legs].sum(-1), rtol=1e-5)
    assert not IN_LAYER[0].any()


def arm_before_trunk():
    """A red trunk, a green arm before its left half; in the target the arm is 8 pixels to the right, off the trunk."""
    source = np.full((1, *SIZE, 3), -1, np.float32)
    source[:, :, 2:10] = RED
    source[:, :, 2:5] = GREEN
    shares = np.zeros((1, *SIZE, NUM_LAYERS), np.float32)
    shares[:, :, 2:5, ARM] = 1
    shares[:, :, 5:10, TORSO] = 1
    flows = np.zeros((1, *SIZE, NUM_LAYERS, 2), np.float32)
    flows[..., ARM, 0] = -8
    return (tf.constant(values) for values in (source, shares, flows))


def test_an_arm_before_the_trunk_leaves_it():
    source, shares, flows = arm_before_trunk()
    moved, own = layers.move_layers(layers.layer_images(source, shares), shares, flows, 'gather')
    assert moved.shape == (1, *SIZE, NUM_LAYERS, 3) and own.shape == (1, *SIZE, NUM_LAYERS)
    target = np.zeros((1, *SIZE, NUM_LAYERS), np.float32)
    target[:, :, 2:10, TORSO] = 1
    target[:, :, 10:13, ARM] = 1
    picture = layers.composed(moved, tf.constant(target)).numpy()
    np.testing.assert_allclose(picture[:, :, 10:13], np.broadcast_to(GREEN, (1, 16, 3, 3)), atol=0.01)
    np.testing.assert_allclose(picture[:, :, 5:10], np.broadcast_to(RED, (1, 16, 5, 3)), atol=0.01)
    # The source does not show the trunk behind the arm, and says so; its colours go on there, not those of the arm.
    np.testing.assert_allclose(picture[:, :, 2:5], np.broadcast_to(RED, (1, 16, 3, 3)), atol=0.01)
    known = layers.composed(own[..., tf.newaxis], tf.constant(target)).numpy()[..., 0]
    np.testing.assert_allclose(known[:, :, 2:5], 0, atol=0.01)
    np.testing.assert_allclose(known[:, :, 5:13], 1, atol=0.01)


def test_a_layer_alone_keeps_its_pixels_and_its_colours_go_on():
    source, shares, _ = arm_before_trunk()
    source += 0.1 * np.random.default_rng(0).standard_normal(source.shape)
    alone = layers.layer_images(source, shares).numpy()
    assert alone.shape == (1, *SIZE, NUM_LAYERS, 3)
    np.testing.assert_allclose(alone[:, :, 2:5, ARM], source[:, :, 2:5], atol=1e-5)
    np.testing.assert_allclose(alone[:, :, 5:10, TORSO], source[:, :, 5:10], atol=1e-5)
    np.testing.assert_allclose(alone[:, :, 5:, ARM], np.broadcast_to(GREEN, (1, 16, 11, 3)), atol=0.3)
    np.testing.assert_allclose(alone[:, :, 10:, TORSO], np.broadcast_to(RED, (1, 16, 6, 3)), atol=0.3)
    # Of legs that are not seen it is the whole picture.
    np.testing.assert_allclose(alone[..., GROUPS.index('left_leg'), :], source, atol=1e-6)


def test_a_constant_surrounding_fills_the_place_of_the_person_exactly():
    person = np.zeros((1, 32, 24, 1), np.float32)
    person[:, 4:28, 6:18] = 1
    colour = np.float32((0.25, -0.5, 0.75))
    picture = np.where(person > 0, np.float32(-1), colour)
    filled = layers.fill_background(tf.constant(picture), tf.constant(person)).numpy()
    np.testing.assert_allclose(filled, np.broadcast_to(colour, filled.shape), atol=1e-4)


def test_a_background_without_a_person_stays_as_it_is():
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 32, 24, 3)).astype(np.float32)
    filled = layers.fill_background(tf.constant(picture), tf.zeros((1, 32, 24, 1)))
    np.testing.assert_allclose(filled, picture, atol=1e-5)


def test_each_target_pixel_has_the_mean_colour_of_its_part_in_the_source():
    source_parts, target_parts = np.zeros((2, 1, 20, 20, len(PART_NAMES)), np.float32)
    source_parts[:, :, :10, 1] = 1
    source_parts[:, :, 10:, 2] = 1
    picture = np.zeros((1, 20, 20, 3), np.float32)
    picture[:, :, :10] = 0.6 * RED
    picture[:, ::2, 10:] = GREEN
    target_parts[:, :4, :, 2] = 1
    target_parts[:, 4:, :, 1] = 1
    colours = layers.mean_colors(*(tf.constant(values) for values in (picture, source_parts, target_parts))).numpy()
    # One pixel of grey, 0, is added to each part.
    np.testing.assert_allclose(colours[:, 4:], np.broadcast_to(0.6 * RED * 200 / 201, (1, 16, 20, 3)), rtol=1e-5)
    np.testing.assert_allclose(colours[:, :4], np.broadcast_to(0.5 * GREEN * 200 / 201, (1, 4, 20, 3)), rtol=1e-5)


def test_doubling_doubles_flows():
    values = tf.tile(tf.reshape(tf.range(6.0), [1, 1, 1, 3, 2]), [2, 4, 5, 1, 1])
    large = layers.flows_at(values, (8, 10)).numpy()
    assert large.shape == (2, 8, 10, 3, 2)
    expected = np.arange(6).reshape(3, 2) * 2
    np.testing.assert_allclose(large, np.broadcast_to(expected, large.shape), rtol=1e-6)
