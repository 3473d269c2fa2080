"""Released files of novel views are told from those of people, imported and exported."""

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.registry import build_model, model_config
from posewarp_tf.pytorch_files.exporting import export_run, pytorch_tensors
from posewarp_tf.pytorch_files.importing import PytorchWeights, import_pytorch, write_run
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.flags import load_config
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.models.test_gfla_views import SMALL


@pytest.fixture(scope='module')
def small():
    return build_model(load_config('gfla_views').replace(image_size=(32, 32), init_gain=1.0, **SMALL))


@pytest.fixture
def saved(small, tmp_path):
    """`saved()`: a file of the small network, or of the chosen keys only."""

    def save(chosen=lambda key: True):
        tensors = {key: array for key, array in pytorch_tensors(small).items() if chosen(key)}
        write_tensors(tmp_path / 'latest_net_G.pth', tensors)
        return tmp_path / 'latest_net_G.pth'

    return save


def assert_same_weights(one, other):
    for first, second in zip(one.weights, other.weights):
        np.testing.assert_array_equal(first, second)


def test_the_published_network_is_told_from_its_shapes_alone(golden):
    from posewarp_tf.pytorch_files import architecture

    shapes = golden('shapenet_train').meta['shapes']
    assert architecture.kind_of(shapes) == 'gfla_views'
    assert architecture.infer_config(shapes) == load_config('gfla_views')


def test_auto_finds_what_shapes_tell_prefixes_go_and_of_two_names_of_a_layer_the_second_counts(small, tmp_path):
    tensors = {f'module.{key}': array for key, array in pytorch_tensors(small).items()}
    tensors['module.target.outconv.conv1.bias'] = np.full(3, 7, np.float32)
    write_tensors(tmp_path / 'latest_net_G.pth', tensors)
    weights = PytorchWeights(tmp_path / 'latest_net_G.pth')
    config = weights.infer_config().replace(image_size=(32, 32))
    # Its one level reaches no limit, which a file then does not tell.
    for name, value in {**SMALL, 'max_filters': 512}.items():
        assert getattr(config.model, name) == value
    model = build_model(config)
    weights.assign_to(model)
    assert_same_weights(model, small)
    assert any('target.outconv.conv1.bias and target.outconv.model.2.bias' in note for note in weights.notes)


def test_a_flow_estimator_alone_begins_a_run_and_a_run_is_exported_as_it_came(small, saved, tmp_path):
    config = load_config('gfla_views').replace(image_size=(32, 32), **SMALL)
    path = saved(lambda key: key.startswith('flow_net.'))
    write_run(tmp_path / 'flow', config, PytorchWeights(path), None)
    run = RunFolder(tmp_path / 'flow')
    assert run.stage_of(run.checkpoint_path(('flow', 'full'), 'latest')) == 'flow'
    export_run(tmp_path / 'flow', tmp_path / 'exported.pth')
    found, original = read_tensors(tmp_path / 'exported.pth'), read_tensors(path)
    assert set(found) == set(original) and 'flow_net.jump0.conv1.weight' in found
    for key, array in original.items():
        np.testing.assert_array_equal(found[key], array)


def test_files_and_configs_of_other_models_are_named(saved, tmp_path):
    with pytest.raises(RunError, match='holds --model=gfla_views, the config has --model=gfla'):
        import_pytorch(saved(), 'gfla_fashion')
    config = load_config('gfla_views').replace(spatial_transform='bilinear')
    with pytest.raises(ConfigError, match="--spatial_transform: got 'bilinear', expected local_attention"):
        import_pytorch(saved(), config)
    with pytest.raises(RunError, match='--base_filters: the file has 4, the config 6'):
        import_pytorch(saved(), model_config('gfla_views', **{**SMALL, 'base_filters': 6, 'max_filters': 512}))
