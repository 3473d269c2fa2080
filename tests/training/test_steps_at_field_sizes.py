"""The configs for the sizes of later papers train: one whole step each, at full size, as the command does it."""

import json
import pathlib
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.runs.checkpoints import list_checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.flags import load_config
from posewarp_tf.synthetic.dataset import write_dataset
from posewarp_tf.synthetic.settings import Settings
from tests.motions import flows_of

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize('name', ['gfla_fashion_256x176', 'gfla_fashion_512x352'])
def test_config_trains_a_step_of_each_stage_and_makes_a_picture_of_its_size(name, tmp_path):
    size = load_config(name).model.image_size
    write_dataset(tmp_path / 'data', Settings(1, 1, 2, 1, size), num_processes=1, show_progress=False)
    command = [sys.executable, '-m', 'posewarp_tf.train', f'--flagfile=posewarp_tf/configs/{name}.cfg']
    command += [f'--run_dir={tmp_path / "run"}', f'--data_dir={tmp_path / "data"}', '--vgg_weights=random']
    command += ['--batch_size=1', '--stage_steps=flow=1,full=1', '--validation_pairs=1', '--log_every=1']
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f'{name}: {time.perf_counter() - started:.0f} s, {peak:.1f} GiB', file=sys.__stdout__)

    run = RunFolder(tmp_path / 'run')
    assert json.loads(run.notes_path.read_text())['vgg_weights'] == 'random'
    for stage in ('flow', 'full'):
        assert len(list_checkpoints(run.stage_dir(stage))) == 1 and (run.sample_dir / f'{stage}-1.png').exists()
    model = run.load_model()
    inputs = {key: tf.zeros((1, *spec.shape[1:])) for key, spec in model.example_inputs().items()}
    outputs = model(inputs)
    assert outputs['image'].shape == (1, *size, 3) and np.isfinite(outputs['image']).all()
    # The published attentions see maps of 64 and 32 rows.
    assert [flow.shape[1] for flow in flows_of(outputs)] == [32, 64]
    assert model.model_config.has_flow and len(model.transforms) == 2
