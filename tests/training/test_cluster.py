"""What TF_CONFIG may say, and who trains with whom; the manifest for Kubernetes says such a thing."""

import json
import subprocess

import pytest
import yaml

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.cluster import Cluster, cluster_of, read_cluster
from posewarp_tf.training.plan import plan_training
from tests.source_code import ROOT, read

TWO = ['a.example:2222', 'b.example:2222']


def variable(cluster, kind='worker', index=0):
    return json.dumps({'cluster': cluster, 'task': {'type': kind, 'index': index}, 'environment': 'cloud'})


def test_the_chief_comes_first_and_a_first_worker_is_one():
    assert read_cluster(variable({'worker': TWO}, index=1)) == Cluster(tuple(TWO), 1)
    with_chief = {'worker': TWO, 'chief': ['c.example:1']}
    assert read_cluster(variable(with_chief, 'chief')) == Cluster(('c.example:1', *TWO), 0)
    assert read_cluster(variable(with_chief, 'worker', '1')) == Cluster(('c.example:1', *TWO), 2)
    assert read_cluster('') is read_cluster('{}') is read_cluster(variable({})) is None


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("{'cluster': {}}", 'TF_CONFIG: not JSON .*: got .*, expected {"cluster": '),
        ('[]', r"TF_CONFIG: got '\[\]', expected {"),
        (variable('a:1'), 'TF_CONFIG: got .*, expected {'),
        (variable({'worker': 'a:1'}), 'cluster: worker: got "a:1", expected a list of host:port'),
        (variable({'worker': TWO, 'ps': ['c:1']}), 'cluster: got ps, expected no other tasks than chief and worker'),
        (variable({'chief': TWO}, 'chief'), 'cluster: got 2 chiefs, expected at most one'),
        (variable({'worker': ['a']}), 'cluster: got "a", expected host:port'),
        (variable({'worker': ['a:70000']}), 'cluster: got "a:70000", expected host:port'),
        (variable({'worker': ['a:1', 'a:1']}), 'cluster: got a:1 twice'),
        (variable({'worker': TWO}, index=2), 'task: got .*"index": 2.*, expected .* one of worker 0, worker 1'),
        (variable({'worker': TWO}, 'chief'), 'task: got .*"chief".*, expected .* one of worker 0, worker 1'),
        (json.dumps({'cluster': {'worker': TWO}}), 'task: got null, expected'),
    ],
)
def test_what_cannot_be_trained_with_is_an_error_that_names_the_variable(text, message):
    with pytest.raises(ConfigError, match=f'^TF_CONFIG.*{message.removeprefix("TF_CONFIG")}'):
        read_cluster(text)


def test_several_workers_train_together_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv('TF_CONFIG', raising=False)
    assert cluster_of(TrainingConfig()) is None
    with pytest.raises(ConfigError, match='--distribution=multi_worker: TF_CONFIG names no cluster, expected'):
        cluster_of(TrainingConfig(distribution='multi_worker'))
    monkeypatch.setenv('TF_CONFIG', variable({'worker': TWO[:1]}))
    assert cluster_of(TrainingConfig()) is None
    assert cluster_of(TrainingConfig(distribution='multi_worker')) == Cluster(tuple(TWO[:1]), 0)
    monkeypatch.setenv('TF_CONFIG', variable({'worker': TWO}, index=1))
    assert cluster_of(TrainingConfig()) == Cluster(tuple(TWO), 1)
    monkeypatch.setenv('TF_CONFIG', 'not looked at')
    assert (
        cluster_of(TrainingConfig(distribution='mirrored')) is cluster_of(TrainingConfig(distribution='none')) is None
    )


def test_a_batch_that_the_workers_do_not_divide_and_what_runs_on_one_alone_are_errors(tiny_config, monkeypatch):
    monkeypatch.setenv('TF_CONFIG', variable({'worker': ['a:1', 'b:1', 'c:1']}))
    with pytest.raises(ConfigError, match='--batch_size: got 2, expected a multiple of the 3 replicas'):
        plan_training(tiny_config)
    with pytest.raises(ConfigError, match='--batch_size: got 9, expected a multiple of the 6 replicas'):
        plan_training(tiny_config.replace(batch_size=9, num_gpus=2))
    with pytest.raises(ConfigError, match='--precision: got auto, which every worker would choose for itself'):
        plan_training(tiny_config.replace(batch_size=3, precision='auto'))
    with pytest.raises(ConfigError, match='--jit_compile: works on one replica, got 3; give --distribution=none'):
        plan_training(tiny_config.replace(batch_size=3, jit_compile=True))
    with pytest.raises(ConfigError, match='--num_gpus: got 2, expected at most 1 with --distribution=none'):
        tiny_config.replace(num_gpus=2, distribution='none')


def test_the_pods_of_the_manifest_find_each_other():
    service, job = yaml.safe_load_all(read('exports/training/kubernetes.yaml'))
    spec, pod = job['spec'], job['spec']['template']['spec']
    (container,) = pod['containers']
    environment = {entry['name']: entry['value'] for entry in container['env']}
    assert spec['completions'] == spec['parallelism'] == int(environment['NUM_WORKERS']) == 2
    assert service['spec']['clusterIP'] == 'None' and service['metadata']['name'] == pod['subdomain']
    assert service['spec']['selector'] == {'job-name': job['metadata']['name']}
    (port,) = container['ports']
    # What the container runs, but for its last command.
    script = container['args'][0].replace('exec posewarp', 'printenv TF_CONFIG; echo posewarp')
    for index in range(2):
        variables = {'PATH': '/usr/bin:/bin', 'JOB_COMPLETION_INDEX': str(index), **environment}
        done = subprocess.run(
            [*container['command'], script], env=variables, capture_output=True, text=True, check=True
        )
        text, command = done.stdout.splitlines()
        cluster = read_cluster(text)
        assert cluster.index == index
        name = f'{job["metadata"]["name"]}-{index}.{pod["subdomain"]}'
        assert cluster.addresses[index] == f'{name}:{port["containerPort"]}'
        assert command.startswith('posewarp train --config=gfla_fashion ')
    mounts = {mount['name']: mount['mountPath'] for mount in container['volumeMounts']}
    assert set(mounts) == {volume['name'] for volume in pod['volumes']}
    assert f'--data_dir={mounts["data"]}' in command and f'--run_dir={mounts["runs"]}/' in command
    assert pod['securityContext']['runAsNonRoot'] and container['securityContext']['readOnlyRootFilesystem']


def test_the_image_has_the_tensorflow_of_the_requirements_and_copies_what_is_there():
    lines = [line.split() for line in read('exports/training/Dockerfile').splitlines() if line[0] != '#']
    version = next(words[1] for words in lines if words[0] == 'FROM').partition(':')[2].removesuffix('-gpu')
    required = next(line for line in read('requirements.txt').splitlines() if line.startswith('tensorflow=='))
    assert version.rpartition('.')[0] == required.partition('==')[2].partition(';')[0].rpartition('.')[0]
    copied = [name for words in lines if words[0] == 'COPY' for name in words[1:-1]]
    assert {'posewarp_tf', 'exports', 'custom_ops', 'pyproject.toml'} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
