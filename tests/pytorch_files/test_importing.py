"""Imported checkpoints compute the reference numbers; files of other networks are named and change nothing."""

import collections
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.discriminators.image import PatchDiscriminator, ResDiscriminator
from posewarp_tf.models.discriminators.temporal import TemporalDiscriminator
from posewarp_tf.models.registry import build_model
from posewarp_tf.pytorch_files.exporting import pytorch_tensors
from posewarp_tf.pytorch_files.importing import PytorchWeights, import_pytorch, make_discriminator
from posewarp_tf.pytorch_files.writer import write_tensors
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import load_config
from posewarp_tf.tensor_files.pytorch import read_tensors
from tests.conftest import assert_agrees
from tests.motions import flows_of, masks_of
from tests.tensor_files.torch_save import FakeStorage, FakeTensor, state_dict, torch_save

INPUTS = ('source_image', 'source_pose', 'target_pose')
SHIPPED = {'poseflownet': 'gfla_fashion', 'pose_fashion': 'gfla_fashion', 'pose_market': 'gfla_market'}

DISCRIMINATORS = {
    'disc_res': ResDiscriminator,
    'disc_res_market': lambda: ResDiscriminator(num_layers=3),
    'disc_patch': PatchDiscriminator,
    'disc_temporal': TemporalDiscriminator,
}

each_container = pytest.mark.parametrize('container', ['zip', 'stream'])
each_generator = pytest.mark.parametrize('name', SHIPPED)


def assert_reference_outputs(model, reference, stage):
    outputs = model.run_stage({key: reference[key] for key in INPUTS}, stage)
    for i, (flow, mask) in enumerate(zip(flows_of(outputs), masks_of(outputs))):
        assert_agrees(flow, reference[f'flow{i}'])
        assert_agrees(mask, reference[f'mask{i}'])
    if stage == 'full':
        assert_agrees(outputs['image'], reference['image'])


@each_generator
def test_imported_generator_gives_the_reference_outputs(name, golden, checkpoint):
    stage = 'flow' if name == 'poseflownet' else 'full'
    model = import_pytorch(checkpoint(name, 'stream'), SHIPPED[name])
    assert_reference_outputs(model, golden(name), stage)
    for variable in model.variables:
        variable.assign(tf.zeros_like(variable))
    PytorchWeights(checkpoint(name, 'zip')).assign_to(model)
    assert_reference_outputs(model, golden(name), stage)


def discriminator_of(name, x):
    """A built one of the network of a reference file, for pictures or frames like `x`."""
    discriminator = DISCRIMINATORS[name]()
    discriminator(tf.keras.Input(x.shape[1:]))
    return discriminator


@each_container
@pytest.mark.parametrize('name', DISCRIMINATORS)
def test_imported_discriminator_gives_the_reference_outputs(name, container, golden, checkpoint):
    reference = golden(name)
    x = np.moveaxis(reference['x'], 1, -1)
    discriminator = discriminator_of(name, x)
    PytorchWeights(checkpoint(name, container)).assign_to(discriminator)
    assert_agrees(np.moveaxis(discriminator(x), -1, 1), reference['y_eval'])
    assert_agrees(np.moveaxis(discriminator(x, training=True), -1, 1), reference['y_train'])


@pytest.mark.parametrize('name', [*SHIPPED, *DISCRIMINATORS])
def test_import_export_import_is_exact(name, golden, checkpoint, tmp_path):
    if name in SHIPPED:
        network, again = build_model(SHIPPED[name]), build_model(SHIPPED[name])
    else:
        x = np.moveaxis(golden(name)['x'], 1, -1)
        network, again = discriminator_of(name, x), discriminator_of(name, x)
    PytorchWeights(checkpoint(name)).assign_to(network)
    exported = pytorch_tensors(network)
    if name == 'poseflownet':
        exported = {key: array for key, array in exported.items() if key.startswith('flow_net.')}
    write_tensors(tmp_path / 'exported.pth', exported)
    PytorchWeights(tmp_path / 'exported.pth').assign_to(again)
    original, found = golden(name).seeded_weights(), read_tensors(tmp_path / 'exported.pth')
    assert set(found) == set(original)
    # The reference weights give the two names of one layer different numbers; the last is the one that counts.
    used = {key: original[key.replace('.conv1.', '.model.2.')] for key in original}
    for key, array in found.items():
        np.testing.assert_array_equal(array, used[key])
    for (key, variable, _), (_, copy, _) in zip(network.pytorch_names(), again.pytorch_names()):
        if key in found:
            np.testing.assert_array_equal(copy, variable)


@each_generator
def test_auto_is_the_published_config(name, checkpoint):
    assert PytorchWeights(checkpoint(name)).infer_config() == load_config(SHIPPED[name])


@pytest.mark.parametrize(
    ('name', 'settings'),
    [
        ('disc_res', {'discriminator': 'res', 'discriminator_base_filters': 32, 'discriminator_num_layers': 4}),
        ('disc_res_market', {'discriminator': 'res', 'discriminator_base_filters': 32, 'discriminator_num_layers': 3}),
        ('disc_patch', {'discriminator': 'patch', 'discriminator_base_filters': 64, 'discriminator_num_layers': 3}),
    ],
)
def test_discriminators_tell_their_settings(name, settings, checkpoint):
    told = PytorchWeights(checkpoint(name)).add_settings(Config()).model
    assert {key: getattr(told, key) for key in settings} == settings


OTHER = {
    'image_size': (64, 32),
    'base_filters': 6,
    'max_filters': 6,
    'num_layers': 2,
    'flow_base_filters': 4,
    'flow_max_filters': 8,
    'flow_num_layers': 3,
    'attention_kernels': {1: 5, 2: 1},
    'pose_channels': 5,
}


@pytest.fixture(scope='module')
def other(tmp_path_factory):
    """A generator of unpublished sizes with random weights, and its checkpoint."""
    model, path = build_model(Config().replace(**OTHER)), tmp_path_factory.mktemp('other') / 'other.pth'
    write_tensors(path, pytorch_tensors(model))
    return model, path


def test_auto_tells_every_size_but_that_of_the_images(other):
    model, path = other
    told = PytorchWeights(path).infer_config().model
    assert {name: getattr(told, name) for name in OTHER} == {**OTHER, 'image_size': (256, 256)}
    imported = import_pytorch(path)
    for mine, theirs in zip(imported.get_weights(), model.get_weights()):
        np.testing.assert_array_equal(mine, theirs)


def test_another_network_is_said_to_be_which(other):
    _, path = other
    changes = {'num_layers': 1, 'attention_kernels': {1: 3}, 'flow_max_filters': 16, 'pose_channels': 18}
    with pytest.raises(RunError) as error:
        import_pytorch(path, Config().replace(**{**OTHER, **changes, 'image_size': (32, 32)}))
    message = str(error.value)
    assert message.startswith(f'{path}: ')
    problems, differences = message.split('it is another network than that of the config:\n')
    assert all(problem in problems for problem in ('unexpected: ', 'of another shape: '))
    assert sorted(differences.splitlines()) == [
        '  --attention_kernels: the file has 1=5,2=1, the config 1=3',
        '  --flow_max_filters: the file has 8, the config 16',
        '  --num_layers: the file has 2, the config 1',
        '  --pose_channels: the file has 5, the config 18',
    ]


def test_market_instead_of_fashion_is_said(checkpoint):
    with pytest.raises(RunError) as error:
        import_pytorch(checkpoint('pose_market'), 'gfla_fashion')
    message = str(error.value)
    assert '--attention_kernels: the file has 2=3, the config 2=5,3=3' in message
    assert '8 missing: ' in message and 'target.attn0.fully_connect_layer.0.weight' in message
    assert 'target.attn1.fully_connect_layer.0.weight is [128, 256, 3, 3], expected [128, 256, 5, 5]' in message


def test_missing_and_unexpected_keys_are_listed_and_nothing_is_loaded(checkpoint, tmp_path):
    tensors = dict(read_tensors(checkpoint('disc_res')))
    tensors['encoder9.bias'] = tensors.pop('conv.bias')
    write_tensors(tmp_path / 'a.pth', tensors)
    discriminator = ResDiscriminator()
    discriminator.build((None, None, None, 3))
    before = discriminator.get_weights()
    with pytest.raises(RunError, match='1 missing: conv.bias\n  1 unexpected: encoder9.bias'):
        PytorchWeights(tmp_path / 'a.pth').assign_to(discriminator)
    for old, new in zip(before, discriminator.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_prefix_of_data_parallel_and_leftovers_are_taken_off_and_reported(checkpoint, tmp_path):
    tensors = read_tensors(checkpoint('disc_res'))
    changed = {f'module.{key}': array for key, array in tensors.items()}
    changed['module.block0.num_batches_tracked'] = np.array(7)
    write_tensors(tmp_path / 'a.pth', changed)
    weights = PytorchWeights(tmp_path / 'a.pth')
    assert set(weights.tensors) == set(tensors)
    assert any('module.' in note for note in weights.notes)
    assert any('block0.num_batches_tracked' in note for note in weights.notes)
    make_discriminator(weights, Config())


@pytest.mark.parametrize('dtype', ['float16', 'float64', 'bfloat16'])
def test_other_precisions_are_converted_and_reported(dtype, checkpoint, tmp_path):
    root = collections.OrderedDict()
    for key, array in read_tensors(checkpoint('disc_res')).items():
        bits = (array.view(np.uint32) >> 16).astype(np.uint16) if dtype == 'bfloat16' else array.astype(dtype)
        root[key] = FakeTensor.of(bits, dtype)
    weights = PytorchWeights(torch_save(tmp_path / 'a.pth', root))
    discriminator = make_discriminator(weights, Config())
    assert f'converted from {dtype} to float32' in weights.notes
    expected = weights.tensors['conv.weight_orig'].astype(np.float32)
    np.testing.assert_array_equal(discriminator.head.kernel.numpy().transpose(3, 2, 0, 1), expected)


def test_of_two_names_of_a_layer_the_last_is_used_and_a_difference_reported(checkpoint, golden):
    weights = PytorchWeights(checkpoint('pose_market'))
    model = build_model('gfla_market')
    weights.assign_to(model)
    seeded = golden('pose_market').seeded_weights()
    used = model.output_conv.conv.kernel.numpy().transpose(3, 2, 0, 1)
    np.testing.assert_array_equal(used, seeded['target.outconv.model.2.weight'])
    (note,) = weights.notes
    assert note.startswith('target.outconv.conv1.weight and target.outconv.model.2.weight are one array and differ')


@pytest.mark.parametrize(
    ('keys', 'message'),
    [
        ({'fc.weight': (3, 3)}, 'not a network that can be imported .*fc.weight'),
        ({'source.block0.model.2.weight': (64, 3, 4, 4)}, 'flow_net.block0.model.2.weight is missing'),
        ({'flow_net.block0.model.2.weight': (3,)}, r'has shape \[3\]'),
        ({'flow_net.block0.model.2.weight': (0, 39, 4, 4)}, r'has shape \[0, 39, 4, 4\]'),
    ],
)
def test_files_of_something_else_are_named(keys, message, tmp_path):
    arrays = {key: np.zeros(shape, np.float32) for key, shape in keys.items()}
    path = torch_save(tmp_path / 'a.pth', state_dict(arrays))
    with pytest.raises(RunError, match=f'a.pth: .*{message}'):
        import_pytorch(path)


@pytest.mark.parametrize(('part', 'num_levels'), [('source', 3), ('source', 1), ('flow_net', 8)])
def test_a_tiny_file_cannot_ask_for_a_huge_network(part, num_levels, checkpoint, tmp_path):
    """4096 channels make kernels of gigabytes; the file has 64 kilobytes for all of them."""
    tensors = {key: FakeTensor.of(array) for key, array in read_tensors(checkpoint('poseflownet')).items()}
    blocks = ['block0', *(f'encoder{i}' for i in range(num_levels - 1))]
    storage = FakeStorage(np.zeros(4 * 4096, np.float32))
    for block in blocks:
        for layer in (2, 5):
            tensors[f'{part}.{block}.model.{layer}.weight'] = FakeTensor(storage, 0, (4096, 1, 2, 2), (4, 4, 2, 1))
    weights = PytorchWeights(torch_save(tmp_path / 'a.pth', tensors))
    with pytest.raises(RunError, match=r'a.pth: .* has shape .* expected \[4096, 4096, '):
        weights.infer_config()


def test_a_discriminator_is_no_generator_and_the_other_way_round(checkpoint):
    with pytest.raises(RunError, match="holds a discriminator \\('res'\\), expected a generator"):
        import_pytorch(checkpoint('disc_res'), 'gfla_fashion')
    with pytest.raises(RunError, match="holds a discriminator \\('patch'\\), expected a generator"):
        import_pytorch(checkpoint('disc_patch'))
    with pytest.raises(RunError, match="holds a network 'patch', the config has --discriminator=res"):
        make_discriminator(PytorchWeights(checkpoint('disc_patch')), Config())


def test_a_temporal_discriminator_belongs_to_no_config(checkpoint):
    with pytest.raises(RunError, match="holds a network 'temporal', the config has --discriminator=res"):
        make_discriminator(PytorchWeights(checkpoint('disc_temporal')), Config())
    with pytest.raises(RunError, match="disc_temporal.*'temporal', expected a discriminator of single pictures"):
        PytorchWeights(checkpoint('disc_temporal')).add_settings(Config())


def test_ablations_have_no_released_weights(checkpoint):
    with pytest.raises(ConfigError, match="--spatial_transform: got 'bilinear', expected local_attention"):
        import_pytorch(checkpoint('pose_market'), Config().replace(spatial_transform='bilinear'))


def test_the_public_name_is_the_function(other):
    # In a process of its own: a command of the same name may have been imported here.
    program = f'import posewarp_tf; print(posewarp_tf.import_pytorch({str(other[1])!r}).model_config.base_filters)'
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == str(OTHER['base_filters'])
