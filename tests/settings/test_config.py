"""Configs are values: validated, kept in JSON, made from flags."""

import json
import os
import subprocess
import sys

import pytest
from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.pfl.config import POSE_FLOW
from posewarp_tf.models.registry import model_config
from posewarp_tf.settings.config import Config, config_fields
from posewarp_tf.settings.flags import CONFIG_DIR, config_from_flags, define_config_flags


def parsed(*arguments):
    flag_values = flags.FlagValues()
    define_config_flags(flag_values)
    flags.DEFINE_string('run_dir', '', 'Shipped configs set it.', flag_values=flag_values)
    flag_values(['test', *arguments])
    return config_from_flags(flag_values=flag_values)


def test_json_round_trip():
    config = Config().replace(image_size=(96, 64), attention_kernels={1: 3, 2: 3}, keypoint_size=(256, 176))
    config = config.replace(stage_learning_rates={'flow': 0.5})
    assert Config.from_json(config.to_json()) == config
    other = config.replace(model='pfl', alignment_scales=(1, 3), stage_steps={'synthesis': 3})
    assert Config.from_json(other.to_json()) == other


def test_names_are_unique_over_all_sections():
    names = [field.name for field, _ in config_fields()]
    assert len(names) == len(set(names))


def test_flags_become_typed_values():
    config = parsed(
        '--image_size=96,64',
        '--attention_kernels=1=3,2=5',
        '--stage_steps=flow=3,full=4',
        '--precision=bfloat16',
        '--learning_rate=0.5',
        '--loss_weights=full.style=0',
    )
    assert config.model.image_size == (96, 64)
    assert config.model.attention_kernels == {1: 3, 2: 5}
    assert config.training.stage_steps == {'flow': 3, 'full': 4}
    assert config.training.precision == 'bfloat16' and config.training.learning_rate == 0.5
    # One entry changed, the others as published.
    assert config.loss.loss_weights['full'] == {**Config().loss.loss_weights['full'], 'style': 0}
    assert config.loss.loss_weights['flow'] == {'correctness': 20.0, 'affine': 0.01}


def test_weights_of_the_command_line_add_to_those_of_a_flagfile():
    path = os.path.join(CONFIG_DIR, 'pfl_quickstart.cfg')
    weights = parsed(f'--flagfile={path}', '--loss_weights=pose_flow.texture=0,garment.garment_adversarial=2')
    assert weights.loss.loss_weights['pose_flow'] == {**POSE_FLOW.weights, 'feature': 0, 'texture': 0}
    assert weights.loss.loss_weights['garment'] == {'garment_cross_entropy': 1, 'garment_adversarial': 2}


def test_no_flags_are_the_published_defaults():
    assert parsed() == Config()


def test_config_of_an_earlier_version_has_todays_defaults():
    earlier = json.loads(Config().to_json())
    del earlier['model']['pose_representation']
    del earlier['training']['stage_learning_rates']
    assert Config.from_json(json.dumps(earlier)) == Config()


@pytest.mark.parametrize(('earlier', 'today'), [(True, 'mixed'), (False, 'float32')])
def test_mixed_precision_is_an_earlier_name_of_a_precision(earlier, today):
    kept = json.loads(Config().to_json())
    del kept['training']['precision']
    kept['training']['mixed_precision'] = earlier
    assert Config.from_json(json.dumps(kept)).training.precision == today
    flag = '--mixed_precision' if earlier else '--nomixed_precision'
    assert parsed(flag).training.precision == today
    # Of a flagfile of before and the command line, today's name counts.
    assert parsed(flag, '--precision=float16').training.precision == 'float16'


def test_config_that_held_the_settings_of_all_models_is_read():
    """Until every model had its own settings, a file held those of all, their stages and the width of heatmaps."""
    earlier = json.loads(Config().replace(heatmap_sigma=3.0).to_json())
    earlier['model'].update({'use_garment': False, 'alignment_scales': [0, 1, 2, 3], 'num_flow_stacks': 2})
    earlier['data']['heatmap_sigma'] = earlier['model'].pop('heatmap_sigma')
    earlier['loss']['loss_weights']['synthesis'] = {'l1': 5.0}
    assert Config.from_json(json.dumps(earlier)) == Config().replace(heatmap_sigma=3.0)


@pytest.mark.parametrize('model', ['motion', 'layered'])
def test_config_that_held_settings_without_effect_is_read(model):
    """Models without discriminators had settings of them, and skeletons those of pictures."""
    config = Config().replace(model=model)
    earlier = json.loads(config.to_json())
    assert 'discriminator' not in earlier['model']
    earlier['model'].update({'discriminator': 'patch', 'discriminator_num_layers': 3, 'discriminator_num_scales': 2})
    if model == 'motion':
        earlier['data'].update({'augmentation': 'affine', 'color_jitter': True})
    assert Config.from_json(json.dumps(earlier)) == config


def test_runs_of_faces_with_changes_that_did_nothing_are_read():
    config = Config().replace(model='gfla_face')
    earlier = json.loads(config.to_json())
    earlier['data'].update({'augmentation': 'affine', 'photo_augmentation': True})
    assert Config.from_json(json.dumps(earlier)) == config
    # What videos of persons are moved by is kept.
    moved = Config().replace(model='gfla_dance', augmentation='affine')
    assert Config.from_json(moved.to_json()) == moved


def test_data_flags_of_pictures_may_be_given_for_skeletons_as_they_are_by_default():
    assert parsed('--model=motion', '--augmentation=none', '--cache_images').model.material == 'skeletons'


def test_weights_that_a_model_gains_later_do_not_change_earlier_runs():
    earlier = json.loads(Config().to_json())
    del earlier['loss']['loss_weights']['full']['style']
    assert 'style' not in Config.from_json(json.dumps(earlier)).loss.loss_weights['full']


def test_another_model_begins_with_its_own_settings():
    config = Config().replace(image_size=(96, 64), base_filters=8, batch_size=3)
    other = config.replace(model='pfl')
    assert other.model.image_size == (96, 64) and other.training.batch_size == 3
    assert other.model.base_filters == 64 and other.model.spatial_transform == 'bilinear'
    assert set(other.loss.loss_weights) == {'pose_flow', 'garment', 'synthesis', 'joint'}
    assert other.training.stage_steps == {}
    # The discriminators are those of before, where both have some.
    judged = config.replace(discriminator_num_layers=2)
    assert judged.replace(model='pfl').model.discriminator_num_layers == 2
    assert judged.replace(model='layered').replace(model='gfla').model.discriminator_num_layers == 4


@pytest.mark.parametrize(('earlier', 'today'), [('16', 'own'), ('20', 'lip'), ('auto', 'auto'), ('atr', 'atr')])
def test_earlier_names_of_garment_codings_are_todays(earlier, today):
    text = Config().to_json().replace('"garment_classes": "auto"', f'"garment_classes": "{earlier}"')
    assert Config.from_json(text) == Config().replace(garment_classes=today) == parsed(f'--garment_classes={earlier}')
    assert f'"garment_classes": "{today}"' in Config.from_json(text).to_json()


def test_prediction_takes_the_same_garment_codings_as_training():
    # In a process of its own: flags are global.
    program = (
        'from absl import flags; from posewarp_tf import predict; '
        'from posewarp_tf.pictures.class_codings import GARMENT_CLASSES, GARMENT_CODINGS; predict.define_flags(); '
        "assert flags.FLAGS['garment_classes'].parser.enum_values == list(GARMENT_CLASSES); "
        "assert set(GARMENT_CLASSES) == {'auto', *GARMENT_CODINGS, '16', '20'}"
    )
    assert subprocess.run([sys.executable, '-c', program], check=False).returncode == 0


def test_a_stage_may_have_its_own_learning_rate():
    training = parsed('--stage_learning_rates=flow=1e-4', '--learning_rate=2e-4').training
    assert training.of_stage('flow').learning_rate == 1e-4
    assert training.of_stage('full') == training


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--image_size=100,64'], '--image_size: got 100,64, expected .*multiples of 32'),
        (['--image_size=64'], '--image_size: got 64, expected a height and a width'),
        (['--image_size=a,b'], "--image_size: got 'a,b'"),
        (['--attention_kernels=2=4'], 'got kernel 4 at scale 2, expected 1, 3, 5, 7 or 9'),
        (['--attention_kernels=9=3'], 'got scale 9, expected 1 to num_layers=3'),
        (['--attention_kernels=2'], "--attention_kernels: got '2': expected name=value"),
        (['--flow_num_layers=3'], '--flow_num_layers: got 3, expected more than'),
        (['--batch_size=0'], '--batch_size: got 0, expected at least 1'),
        (['--loss_weights=style=0'], "expected stage.term=weight, got 'style'"),
        (['--loss_weights=poseflow.texture=0'], "--loss_weights: got stage 'poseflow', expected some of flow"),
        (['--stage_learning_rates=poseflow=1'], "--stage_learning_rates: got stage 'poseflow'"),
        (['--model=pfl', '--attention_kernels=2=5'], r'--attention_kernels: --model=pfl has no such setting'),
        (['--model=gan'], "--model: got 'gan', expected one of gfla, pfl"),
        (['--model=motion', '--augmentation=affine'], "--augmentation: got 'affine', which is for pictures"),
        (['--model=motion', '--color_jitter'], '--color_jitter: got True, which is for pictures'),
        (['--model=gfla_views', '--augmentation=affine'], "got 'affine', which is for pictures of persons, .* objects"),
        (['--model=gfla_dance', '--pair_augmentation=affine'], '--pair_augmentation: got .* is trained on videos'),
        (['--model=gfla_dance', '--color_jitter'], '--color_jitter: got True, which is for pairs of pictures'),
        (
            ['--model=gfla_face', '--augmentation=affine'],
            '--augmentation: got .*=gfla_face is trained on faces',
        ),
        (['--model=gfla_face', '--photo_augmentation'], '--photo_augmentation: got True, which is for pictures of'),
        (['--model=motion', '--keypoint_size=256,176'], '--keypoint_size: got .* trained on skeletons'),
        (['--model=motion', '--discriminator=patch'], '--discriminator: --model=motion has no such setting'),
        (['--feature_scales='], '--feature_scales: got none'),
        (['--feature_scales=0,7'], '--feature_scales: got 0,7, expected some of 0 to 4'),
    ],
)
def test_impossible_settings_name_the_flag(arguments, message):
    with pytest.raises(ConfigError, match=message):
        parsed(*arguments)


def test_damaged_config_files_are_named():
    with pytest.raises(ConfigError, match='run/config.json: not JSON'):
        Config.from_json('{', 'run/config.json')
    with pytest.raises(ConfigError, match="no section 'model'"):
        Config.from_json('{}')
    with pytest.raises(ConfigError, match='unknown settings: colour'):
        Config.from_json(Config().to_json().replace('"batch_size"', '"colour"'))


def test_model_section_alone_is_validated():
    with pytest.raises(ConfigError, match='--spatial_transform'):
        model_config(spatial_transform='magic')
