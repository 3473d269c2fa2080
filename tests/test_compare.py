"""The table of several runs' metrics."""

import json

import pytest

from posewarp_tf.compare import compare
from posewarp_tf.errors import RunError


def write_metrics(folder, ratio, ssim, num_pairs=8, garment=None, copied=0.1):
    folder.mkdir()
    regions = {
        'ssim_gaussian': {'model': ssim, 'copy_source': copied},
        'ms_ssim': {'model': None},
        'l1': {'model': None},
    }
    flow = {region: {'ratio': ratio} for region in ('visible', 'occluded')}
    metrics = {
        'image': {'whole': regions, 'foreground': regions},
        'flow': {'scale_1': {region: {'ratio': 9.0} for region in flow}, 'scale_0': flow},
        'protocol': {
            'dataset': 'deepfashion',
            'split': 'test',
            'resolution': '96x64',
            'num_pairs': num_pairs,
            'weights': {'stage': 'full', 'step': 7},
        },
    }
    if garment is not None:
        metrics['garment'] = {'mean_iou': {'model': garment}}
    (folder / 'metrics.json').write_text(json.dumps(metrics))
    return str(folder)


def test_a_row_is_the_mean_and_spread_of_its_runs(tmp_path):
    runs = [write_metrics(tmp_path / str(i), ratio, 0.5) for i, ratio in enumerate((0.2, 0.3, 0.7))]
    table = compare({'three': runs, 'one': runs[:1]}).splitlines()
    assert table[0] == '|  | steps | flow error / zero flow, visible | occluded | SSIM |'
    assert table[2].startswith('| three | full 7 | 0.400 (0.200 to 0.700) |')
    assert table[3] == '| one | full 7 | 0.200 | 0.200 | 0.500 |'
    assert table[4] == '| copy the source | - | 1.000 | 1.000 | 0.100 |'


def test_runs_without_an_output_get_a_dash(tmp_path):
    rows = {
        'maps': [write_metrics(tmp_path / 'a', 0.2, 0.5, garment=0.75)],
        'none': [write_metrics(tmp_path / 'b', 0.2, 0.5)],
    }
    table = compare(rows).splitlines()
    assert '| 0.750 |' in table[2] and '| - |' in table[3]


def test_runs_on_different_pairs_are_not_compared(tmp_path):
    runs = [write_metrics(tmp_path / str(num), 0.2, 0.5, num) for num in (8, 9)]
    with pytest.raises(RunError, match='different num_pairs: 8, 9'):
        compare({'both': runs})


def test_runs_on_as_many_other_pairs_are_not_compared_either(tmp_path):
    runs = [write_metrics(tmp_path / str(copied), 0.2, 0.5, copied=copied) for copied in (0.1, 0.2)]
    with pytest.raises(RunError, match='different pairs: SSIM of the source itself'):
        compare({'both': runs})


def test_a_run_that_was_not_evaluated_is_named(tmp_path):
    with pytest.raises(RunError, match='evaluate --run_dir='):
        compare({'none': [str(tmp_path)]})
