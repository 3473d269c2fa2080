"""Released files of animation are told from others, imported with both discriminators and exported."""

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.pytorch_files.architecture import infer_config, kind_of
from posewarp_tf.pytorch_files.exporting import export_run, pytorch_tensors
from posewarp_tf.pytorch_files.importing import PytorchWeights, import_pytorch, make_discriminator, write_run
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import load_config
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.clips import SHALLOW, TASKS, small_model

each_task = pytest.mark.parametrize('task', TASKS)


def assert_same_arrays(found, expected):
    assert set(found) == set(expected)
    for key, array in expected.items():
        np.testing.assert_array_equal(found[key], array)


@each_task
def test_auto_is_the_published_config(task, golden):
    shapes = golden(f'{task}_train').meta['shapes']
    assert kind_of(shapes) == f'gfla_{task}'
    assert infer_config(shapes) == load_config(f'gfla_{task}')


@each_task
def test_a_file_with_prefixes_becomes_a_run_folder_that_exports_it(task, tmp_path):
    model = small_model(task, **SHALLOW)
    config = Config().replace(model=f'gfla_{task}', **SHALLOW)
    networks = {
        'G': model, 'D': build_discriminator(config), 'D_V': build_discriminator(config, 'clip')
    }  # fmt: skip
    tensors = {name: pytorch_tensors(network) for name, network in networks.items()}
    for name, arrays in tensors.items():
        prefixed = {f'module.{key}': array for key, array in arrays.items()}
        write_tensors(tmp_path / f'latest_net_{name}.pth', prefixed)
    files = {name: PytorchWeights(tmp_path / f'latest_net_{name}.pth') for name in networks}
    told = files['D'].add_settings(files['G'].infer_config()).replace(image_size=(16, 16))
    assert (told.model.attention_kernels, told.model.flow_num_layers, told.model.pose_channels) == ({1: 3}, 2, 2)
    write_run(tmp_path / 'run', told, files['G'], files['D'], files['D_V'])
    outputs = {name: tmp_path / f'exported_{name}.pth' for name in networks}
    export_run(tmp_path / 'run', outputs['G'], outputs['D'], clip_discriminator_output=outputs['D_V'])
    for name, arrays in tensors.items():
        assert_same_arrays(read_tensors(outputs[name]), arrays)
    with pytest.raises(RunError, match='latest_net_D.pth'):
        write_run(tmp_path / 'other', told, files['G'], files['D'], files['D'])
    if task == 'dance':
        wide = told.replace(discriminator_base_filters=8, discriminator_num_layers=3)
        with pytest.raises(RunError, match='it is another network than that of the config:') as caught:
            make_discriminator(files['D_V'], wide, 'clip')
        assert str(caught.value).split('config:\n')[1] == (
            '  --discriminator_base_filters: the file has 4, the config 8\n'
            '  --discriminator_num_layers: the file has 2, the config 3'
        )
    with pytest.raises(ConfigError, match='--model=gfla makes no clips'):
        make_discriminator(files['D_V'], Config(), 'clip')


def test_a_file_is_imported_and_those_of_the_other_task_are_named(tmp_path):
    write_tensors(tmp_path / 'face.pth', pytorch_tensors(small_model('face', **SHALLOW)))
    assert import_pytorch(tmp_path / 'face.pth').model_config.model == 'gfla_face'
    with pytest.raises(RunError, match='face.pth: holds --model=gfla_face, the config has --model=gfla_dance'):
        import_pytorch(tmp_path / 'face.pth', 'gfla_dance')
