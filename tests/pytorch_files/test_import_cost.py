"""What it costs to import the published generator: 5 seconds and three times the file's size at most."""

import json
import pathlib
import subprocess
import sys

import pytest

# Measured in a process of its own, from when TensorFlow is up: what is left is the import itself.
MEASURE = """
import json, sys, time
import tensorflow as tf
from posewarp_tf.settings.flags import load_config
from posewarp_tf.pytorch_files.importing import PytorchWeights, import_pytorch, write_run

def memory(field):
    # Not getrusage: its maximum counts what the process was before it became this one.
    return [int(line.split()[1]) for line in open('/proc/self/status') if line.startswith(field)][0] * 1024

tf.zeros(1)
before = memory('VmRSS')
wall, cpu = time.time(), time.process_time()
if sys.argv[2] == 'model':
    import_pytorch(sys.argv[1], 'gfla_fashion')
else:
    write_run(sys.argv[2], load_config('gfla_fashion'), PytorchWeights(sys.argv[1]), None)
seconds = min(time.time() - wall, time.process_time() - cpu)
print(json.dumps({'seconds': seconds, 'bytes': memory('VmHWM') - before}))
"""


@pytest.mark.slow
@pytest.mark.parametrize('container', ['zip', 'stream'])
@pytest.mark.parametrize('target', ['model', 'run'])
def test_published_generator_is_imported_in_5_seconds_and_3_file_sizes(target, container, checkpoint, tmp_path):
    path = checkpoint('pose_fashion', container)
    target = target if target == 'model' else tmp_path / 'run'
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, '-c', MEASURE, str(path), str(target)], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    cost = json.loads(done.stdout.splitlines()[-1])
    print(cost, path.stat().st_size)
    assert cost['seconds'] < 5
    assert cost['bytes'] <= 3 * path.stat().st_size
