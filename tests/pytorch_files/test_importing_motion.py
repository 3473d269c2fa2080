"""Released files of motion extraction are told from others, imported and exported."""

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.pytorch_files.exporting import export_run, pytorch_tensors
from posewarp_tf.pytorch_files.importing import PytorchWeights, import_pytorch, write_run
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import load_config
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.conftest import assert_agrees
from tests.tensor_files.torch_save import FakeStorage, FakeTensor, state_dict, torch_save

NAME = 'motion_extraction'


def assert_reference_output(model, reference):
    output = model({'skeletons': np.swapaxes(reference['keypoints'], 1, 2)})['skeletons']
    assert_agrees(np.swapaxes(output, 1, 2), reference['output'])


@pytest.mark.parametrize('container', ['zip', 'stream'])
@pytest.mark.parametrize('config', ['motion', 'auto'])
def test_imported_network_gives_the_reference_output(config, container, golden, checkpoint):
    assert_reference_output(import_pytorch(checkpoint(NAME, container), config), golden(NAME))


def test_prefix_of_data_parallel_is_taken_off(golden, tmp_path):
    weights = {f'module.{key}': array for key, array in golden(NAME).seeded_weights().items()}
    path = torch_save(tmp_path / 'latest_net_G.pth', state_dict(weights))
    assert_reference_output(import_pytorch(path), golden(NAME))


def test_auto_is_the_published_config_or_one_of_another_width(checkpoint, tmp_path):
    assert PytorchWeights(checkpoint(NAME)).infer_config() == load_config('motion')
    from posewarp_tf.models.registry import build_model

    narrow = build_model(load_config('motion').replace(motion_channels=6))
    write_tensors(tmp_path / 'narrow.pth', pytorch_tensors(narrow))
    assert import_pytorch(tmp_path / 'narrow.pth').model_config.motion_channels == 6
    with pytest.raises(RunError, match='--motion_channels: the file has 6, the config 256'):
        import_pytorch(tmp_path / 'narrow.pth', 'motion')


def test_a_run_folder_of_it_exports_the_same_file(golden, checkpoint, tmp_path):
    weights = PytorchWeights(checkpoint(NAME))
    write_run(tmp_path / 'run', weights.infer_config(), weights, None)
    export_run(tmp_path / 'run', tmp_path / 'exported.pth')
    found, seeded = read_tensors(tmp_path / 'exported.pth'), golden(NAME).seeded_weights()
    assert set(found) == set(seeded)
    for key, array in seeded.items():
        np.testing.assert_array_equal(found[key], array)


def test_files_and_configs_of_other_models_are_named(checkpoint):
    with pytest.raises(RunError, match='holds --model=motion, the config has --model=gfla'):
        import_pytorch(checkpoint(NAME), 'gfla_fashion')
    with pytest.raises(RunError, match="holds a network 'full', the config has --model=motion"):
        import_pytorch(checkpoint('pose_market'), 'motion')
    with pytest.raises(ConfigError, match="got 'pfl', expected gfla"):
        import_pytorch(checkpoint(NAME), Config().replace(model='pfl'))


def test_a_tiny_file_cannot_ask_for_a_huge_network(tmp_path):
    storage = FakeStorage(np.zeros(3 * 4096, np.float32))
    tensors = {
        'kp_input.expand_conv.weight': FakeTensor(storage, 0, (4096, 1, 3), (3, 3, 1)),
        'kp_input.layers_conv.0.weight': FakeTensor(storage, 0, (4096, 1, 3), (3, 3, 1)),
    }
    path = torch_save(tmp_path / 'a.pth', tensors)
    with pytest.raises(RunError, match=r'a.pth: kp_input.layers_conv.0.weight has shape \[4096, 1, 3\]'):
        import_pytorch(path)
