"""PFL's stages in one run or one by one, continued, and used afterwards; on a tiny network and tiny pictures."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.metrics.evaluation import evaluate
from posewarp_tf.runs.checkpoints import list_checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training.trainer import Trainer

NETWORKS = {'pose_flow': 'pose_flow_net', 'garment': 'garment_net', 'synthesis': 'synthesis_net'}


@pytest.fixture(scope='module')
def config(tiny_config, tmp_path_factory):
    """Three stages of two steps; terms that need class maps, other pairs, a discriminator, but no VGG-19."""
    folder = tmp_path_factory.mktemp('data_with_maps') / 'data'
    shutil.copytree(tiny_config.data.data_dir, folder)
    (folder / 'parsing').mkdir()
    rng = np.random.default_rng(0)
    for path in (*(folder / 'train').iterdir(), *(folder / 'test').iterdir()):
        classes = rng.choice(np.array([0, 4, 8, 12], np.uint8), (4, 4)).repeat(8, 0).repeat(8, 1)
        Image.fromarray(classes).save(folder / 'parsing' / f'{path.stem}.png')
    return tiny_config.replace(
        data_dir=str(folder),
        model='pfl',
        garment_classes='16',
        use_garment=True,
        num_layers=3,
        flow_num_layers=3,
        num_flow_stacks=1,
        garment_base_filters=4,
        garment_max_filters=8,
        init_gain=1.0,
        loss_weights={
            'pose_flow': {'photometric': 1.0, 'self_flow': 0.1},
            'garment': {'garment_cross_entropy': 1.0, 'garment_adversarial': 0.1},
            'synthesis': {'l1': 5.0, 'mask_prior': 0.05},
            'joint': {'l1': 5.0},
        },
        stage_steps={'pose_flow': 2, 'garment': 2, 'synthesis': 2},
        checkpoint_every=1,
    )


@pytest.fixture(scope='module')
def run(config, tmp_path_factory):
    """All stages without a stop. Not to be changed."""
    folder = RunFolder(tmp_path_factory.mktemp('runs') / 'run')
    assert Trainer(config, folder).train() == 0
    return folder


@pytest.fixture
def copied_run(run, tmp_path):
    return RunFolder(shutil.copytree(run.path, tmp_path / 'run'))


def saved_numbers(run, stage, step=2):
    """Every number of a checkpoint, by name."""
    reader = tf.train.load_checkpoint(str(run.stage_dir(stage) / f'step-{step}'))
    names = [name for name in reader.get_variable_to_shape_map() if name != '_CHECKPOINTABLE_OBJECT_GRAPH']
    return {name: reader.get_tensor(name) for name in names}


def changed_networks(before, after):
    return {
        stage
        for stage, network in NETWORKS.items()
        for name in before
        if name.startswith(f'model/{network}/') and not np.array_equal(before[name], after[name])
    }


def test_every_stage_trains_its_network_and_leaves_the_others_alone(run):
    assert not run.stage_dir('joint').exists()
    for stage in NETWORKS:
        assert changed_networks(saved_numbers(run, stage, 1), saved_numbers(run, stage, 2)) == {stage}
        assert (run.sample_dir / f'{stage}-2.png').exists()
    assert changed_networks(saved_numbers(run, 'pose_flow'), saved_numbers(run, 'synthesis')) == {
        'garment',
        'synthesis',
    }


@pytest.mark.slow
def test_one_stage_alone_continued_in_its_middle_ends_with_the_numbers_of_the_straight_run(config, copied_run, run):
    for stage in ('garment', 'synthesis'):
        shutil.rmtree(copied_run.stage_dir(stage))
    for steps in (1, 2):
        alone = config.replace(stage='garment', stage_steps={'garment': steps})
        assert Trainer(alone, copied_run).train() == 0
    actual, expected = saved_numbers(copied_run, 'garment'), saved_numbers(run, 'garment')
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_joint_stage_is_trained_when_it_has_steps(config, copied_run, capsys):
    longer = config.replace(stage_steps={**config.training.stage_steps, 'joint': 2})
    assert Trainer(longer, copied_run).train() == 0
    assert f'stage joint starts from {copied_run.stage_dir("synthesis")}/step-2' in capsys.readouterr().out
    before, after = saved_numbers(copied_run, 'joint', 1), saved_numbers(copied_run, 'joint', 2)
    assert changed_networks(before, after) == set(NETWORKS)


@pytest.mark.slow
def test_a_run_without_joint_training_can_be_evaluated_and_used(run):
    assert not list_checkpoints(run.stage_dir('joint'))
    metrics = evaluate(run.path)
    assert metrics['image']['whole']['l1']['model'] >= 0
    assert metrics['protocol']['weights']['stage'] == 'synthesis'
    rng = np.random.default_rng(0)
    joints = rng.uniform(4, 28, (18, 2)).astype(np.float32)
    maps = {'source_garment': np.full((32, 32), 4, np.uint8)}
    prediction = Predictor(run.path).predict(
        rng.integers(0, 256, (32, 32, 3), np.uint8), joints, joints, class_maps=maps
    )
    assert prediction.image.shape == (32, 32, 3)
    assert prediction.garment.shape == (32, 32)
    assert [flow.shape for flow in prediction.flows] == [(4, 4, 2), (8, 8, 2), (16, 16, 2), (32, 32, 2)]


@pytest.mark.slow
def test_without_garment_maps_the_model_trains_on_pictures_alone(config, tiny_config, tmp_path):
    config = config.replace(
        data_dir=tiny_config.data.data_dir,
        use_garment=False,
        loss_weights={
            'pose_flow': {'smoothness': 1.0},
            'garment': {'garment_cross_entropy': 1.0},
            'synthesis': {'l1': 1.0},
        },
        stage_steps={'pose_flow': 1, 'garment': 1, 'synthesis': 1},
    )
    run = RunFolder(tmp_path / 'run')
    assert Trainer(config, run).train() == 0
    assert run.load_model().garment_net is None
