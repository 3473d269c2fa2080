"""Two logical CPU devices against one, each in a process of its own making (devices are fixed once TensorFlow runs)."""

import json
import pathlib
import subprocess
import sys

import pytest

CHECK = pathlib.Path(__file__).with_name('replica_check.py')


@pytest.fixture(scope='module')
def differences(tiny_config, tmp_path_factory):
    """What `replica_check.py` found for the tiny config with batches of 4."""
    config_path = tmp_path_factory.mktemp('replicas') / 'config.json'
    config_path.write_text(tiny_config.replace(batch_size=4).to_json())
    done = subprocess.run([sys.executable, str(CHECK), str(config_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
