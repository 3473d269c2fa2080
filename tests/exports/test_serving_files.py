"""The files for a server agree with each other, with the exporter and with TensorFlow Serving's messages."""

import pathlib
import re
import subprocess

import pytest
import yaml
from google.protobuf import text_format
from stand_in_server import Model, serving

from custom_ops import build
from exports.saved_model.export import BATCH_SIZES
from exports.serving.protocol import MODEL_NAME

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'exports' / 'serving'


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


@pytest.fixture(scope='module')
def compose():
    return documents('compose.yaml')[0]['services']['posewarp']


@pytest.fixture(scope='module')
def pod():
    deployment = next(document for document in documents('kubernetes.yaml') if document['kind'] == 'Deployment')
    return deployment['spec']['template']['spec']


def test_the_served_model_is_the_exported_one():
    from tensorflow_serving.config import model_server_config_pb2

    config = text_format.Parse((FOLDER / 'models.config').read_text(), model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (MODEL_NAME, f'/models/{MODEL_NAME}', 'tensorflow')


def test_allowed_batch_sizes_are_those_warmed_up():
    text = (FOLDER / 'batching.config').read_text()
    assert tuple(map(int, re.findall(r'^allowed_batch_sizes: (\d+)$', text, re.MULTILINE))) == BATCH_SIZES
    assert re.findall(r'max_batch_size { value: (\d+) }', text) == [str(BATCH_SIZES[-1])]


def test_both_deployments_start_the_same_server(compose, pod):
    (container,) = pod['containers']
    assert compose['image'] == container['image']
    assert re.fullmatch(r'tensorflow/serving:\d+\.\d+\.\d+', container['image'])
    assert compose['command'] == container['args']
    for argument in container['args']:
        if argument.endswith('.config'):
            assert (FOLDER / pathlib.PurePosixPath(argument.split('=')[1]).name).exists()


def test_no_server_runs_as_root_or_writes(compose, pod):
    assert compose['user'].split(':')[0] != '0'
    assert compose['read_only']
    assert all(volume.endswith(':ro') for volume in compose['volumes'])
    (container,) = pod['containers']
    assert pod['securityContext']['runAsNonRoot']
    assert container['securityContext']['readOnlyRootFilesystem']
    mounts = {mount['name'] for mount in container['volumeMounts']}
    assert mounts == {volume['name'] for volume in pod['volumes']}


def test_kustomization_makes_the_map_that_the_pod_mounts(pod):
    (generator,) = documents('kustomization.yaml')[0]['configMapGenerator']
    assert generator['name'] in [v['configMap']['name'] for v in pod['volumes'] if 'configMap' in v]
    assert all((FOLDER / name).exists() for name in generator['files'])


def test_the_health_check_asks_the_rest_interface(compose, exported):
    command = compose['healthcheck']['test'][1:]
    with serving(Model(exported)) as (_, rest):
        port = rest.split(':')[1]
        command[-1] = command[-1].replace('8501', port)
        assert subprocess.run(command, check=False).returncode == 0
        other = [*command[:-1], command[-1].replace('posewarp', 'another')]
        assert subprocess.run(other, check=False).returncode != 0
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0


def test_a_server_with_the_operations_compiles_what_this_project_does():
    text = (FOLDER / 'custom_op.BUILD').read_text()
    sources = ROOT / 'custom_ops' / 'cc'
    for name, options in build.INSTRUCTION_SETS.items():
        listed = re.search(rf'"{name}": \[(.*?)\],\n', text, re.DOTALL).group(1)
        assert re.findall(r'"(.*?)"', listed) == options
        assert (sources / 'lib' / f'sampler_{name}.cc').exists()
    listed = set(re.findall(r'"((?:kernels|lib|ops)/\w+\.\w+)"', text))
    for pattern in re.findall(r'glob\(\["(.*?)"\]\)', text):
        listed |= {str(path.relative_to(sources)) for path in sources.glob(pattern)}
    listed |= {f'lib/sampler_{name}.cc' for name in build.INSTRUCTION_SETS}
    for path in listed:
        # A header that is not listed is not there when Bazel compiles.
        included = re.findall(r'#include "custom_ops/cc/(.*?)"', (sources / path).read_text())
        assert set(included) <= listed, path
