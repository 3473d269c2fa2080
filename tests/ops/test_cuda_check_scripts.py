"""The scripts of custom_ops/cuda_check that need no GPU: their table, their arguments, their programs."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
import tensorflow as tf

from custom_ops.cuda_check import programs, table
from custom_ops.cuda_check.time_hlo import make_argument
from posewarp_tf.settings.flags import load_config
from tests.source_code import ROOT

KERNEL = {
    'format': 'float32',
    'problem': 'bilinear size 1, source 8x64x64x128, points 64x64',
    'what': 'forward',
    'milliseconds': 0.02,
    'bytes': 30_000_000,
    'copy_milliseconds': 0.015,
    'large_copy_gb_per_s': 3000.0,
    'published_order_milliseconds': 0.0,
}


def rival(layout, forward, **changes):
    row = {'batch': 8, 'size': 64, 'channels': 128, 'kernel': 0, 'format': 'float32', 'layout': layout}
    return {**row, 'forward_milliseconds': forward, 'backward_milliseconds': 9.0, **changes}


def write_lines(path, rows):
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))


def test_table_has_parts_of_both_copies_and_the_best_rival_of_the_same_problem(tmp_path, capsys):
    write_lines(tmp_path / 'kernels.jsonl', [KERNEL])
    others = [rival('contiguous', 0.01, kernel=5), rival('contiguous', 0.01, format='float16')]
    write_lines(tmp_path / 'pytorch.jsonl', [rival('contiguous', 0.08), rival('channels last', 0.05), *others])
    table.main(str(tmp_path))
    # 15 of 20 microseconds, and 1500 of 3000 GB/s.
    assert '| forward | 0.0200 | 75% | 50% |  | 0.0500 (2.5x) |' in capsys.readouterr().out
    assert json.loads((tmp_path / 'gpu.json').read_text())['kernels'] == [KERNEL]


def test_table_says_what_was_not_measured_and_why(tmp_path, capsys):
    row = {'what': 'training_step', 'batch': 8, 'precision': 'tf32', 'reason': 'compiling took too long'}
    (tmp_path / 'networks.json').write_text(json.dumps({'programs': [row, {**row, 'precision': 'bfloat16'}]}))
    table.main(str(tmp_path))
    out = capsys.readouterr().out
    assert 'kernels: nothing was measured' in out
    assert out.count('not run: compiling took too long') == 2


def test_arguments_are_the_same_everywhere_and_spread_as_said():
    parameter = {'shape': [200, 50], 'mean': 3.0, 'deviation': 0.5}
    numbers = make_argument(parameter, 7)
    np.testing.assert_array_equal(numbers, make_argument(parameter, 7))
    assert not np.array_equal(numbers, make_argument(parameter, 8))
    assert numbers.dtype == np.float32
    assert numbers.mean() == pytest.approx(3, abs=0.02)
    assert numbers.std() == pytest.approx(0.5, abs=0.02)


def test_an_unknown_flag_ends_the_script_before_it_does_anything():
    script = ROOT / 'custom_ops' / 'cuda_check' / 'run_all.sh'
    ended = subprocess.run([script, '--fast'], capture_output=True, text=True)
    assert ended.returncode == 2
    assert '--fast: expected --quick' in ended.stderr


def test_a_training_step_goes_down_its_terms_as_far_as_adams_first_step(monkeypatch):
    small = {'base_filters': 4, 'max_filters': 8, 'flow_base_filters': 4, 'flow_max_filters': 8, 'image_size': (64, 64)}
    config = load_config('gfla_fashion').replace(learning_rate=1e-5, **small)
    monkeypatch.setattr(programs, 'load_config', lambda name: config)
    try:
        program = programs.make_program('small', 'gather', 'training_step', 2, 'tf32')
    finally:
        tf.keras.mixed_precision.set_global_policy('float32')
    arguments = [tf.constant(make_argument(parameter, i)) for i, parameter in enumerate(program.parameters)]
    loss, moved = program.step(*arguments)
    weights = program.model.trainable_variables
    assert len(moved) == len(weights)
    # From zero moments a number goes by learning rate * gradient / sqrt((1 - beta_2) * gradient^2), or less.
    furthest = 1e-5 / (1 - config.training.adam_beta_2) ** 0.5
    distances = [np.abs(new.numpy() - weight.numpy()).max() for weight, (new, _, _) in zip(weights, moved)]
    assert furthest * 0.98 < max(distances) < furthest * 1.02
    for weight, (new, _, _) in zip(weights, moved):
        weight.assign(new)
    assert program.step(*arguments)[0] < loss
