"""Which class maps an input pipeline has to read."""

import subprocess
import sys

from posewarp_tf.losses.needs import NEEDS, needed_maps
from posewarp_tf.losses.terms import TERMS
from posewarp_tf.settings.config import Config

STEPS = {'pose_flow': 1, 'garment': 1, 'synthesis': 1}


def test_gfla_needs_part_maps_only_for_the_foreground():
    assert needed_maps(Config()) == {}
    assert set(needed_maps(Config().replace(foreground_correctness=True))) == {'target_parts'}


def test_animation_needs_masks_for_the_foreground():
    for model in ('gfla_dance', 'gfla_face'):
        config = Config().replace(model=model, stage_steps={'full': 1})
        assert needed_maps(config) == {}
        assert needed_maps(config.replace(foreground_correctness=True)) == {'target_masks': '--foreground_correctness'}


def test_the_stages_to_be_trained_and_their_weights_decide():
    config = Config().replace(
        stage_steps=STEPS, model='pfl', spatial_transform='bilinear', use_garment=True, occlusion_weighting=False
    )
    assert set(needed_maps(config)) == {'source_garment', 'target_garment'}
    assert needed_maps(config.replace(stage='synthesis')) == {}
    assert set(needed_maps(config.replace(stage='garment'))) == {'target_garment'}
    weights = {**config.loss.loss_weights, 'pose_flow': {'photometric': 1.0, 'texture': 0.0, 'part_label': 1.0}}
    assert set(needed_maps(config.replace(stage='pose_flow', loss_weights=weights))) == {'source_parts', 'target_parts'}


def test_terms_about_what_the_model_has_not_need_nothing():
    config = Config().replace(stage_steps=STEPS, model='pfl', spatial_transform='none')
    assert needed_maps(config) == {}
    assert set(needed_maps(config.replace(use_garment=True))) == {'target_garment'}


def test_a_model_that_takes_garment_maps_needs_those_of_swapped_pairs_too():
    config = Config().replace(model='pfl', loss_weights={'pose_flow': {'ssim': 1.0}}, stage='pose_flow')
    assert needed_maps(config) == {}
    config = config.replace(use_garment=True)
    assert set(needed_maps(config)) == {'target_garment'}
    assert needed_maps(config.replace(occlusion_weighting=False)) == {}


def test_models_without_a_flow_need_no_maps_for_its_terms():
    gfla = Config().replace(foreground_correctness=True, spatial_transform='none')
    assert needed_maps(gfla) == {}
    pfl = Config().replace(
        stage_steps=STEPS, model='pfl', spatial_transform='bilinear', use_garment=True, use_garment_net=False
    )
    assert set(needed_maps(pfl)) == {'source_garment', 'target_garment'}
    assert needed_maps(pfl.replace(spatial_transform='none')) == {}


def test_moving_pairs_with_their_flow_needs_the_flow():
    needed = needed_maps(Config().replace(pair_augmentation='affine'))
    assert needed == dict.fromkeys(('flow', 'visibility'), '--pair_augmentation=affine')


def test_every_term_has_its_needs_and_a_function():
    assert list(NEEDS) == list(TERMS)
    assert [needs.moved for needs in NEEDS.values()] == [bool(term.pair) for term in TERMS.values()]


def test_asking_does_not_import_tensorflow():
    modules = 'posewarp_tf.losses.chosen_terms, posewarp_tf.losses.vgg_weights'
    program = f'import sys, {modules}; sys.exit("tensorflow" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', program], check=False).returncode == 0
