"""Evaluation on a folder whose answers are known: values, protocol, pictures, table and the command itself."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.conventions import VISIBILITY_OCCLUDED, VISIBILITY_VISIBLE
from posewarp_tf.errors import DataError, RunError
from posewarp_tf.metrics import evaluation
from posewarp_tf.metrics.evaluation import evaluate
from posewarp_tf.metrics.foreground import body_mask
from posewarp_tf.metrics.image import IMAGE_METRICS
from posewarp_tf.metrics.table import format_table
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from tests.random_answers import random_batch, random_outputs
from tests.run_folders import SIZE, make_run, person, picture

NUM_PAIRS = 5
SHIFT = (6, -8)


@pytest.fixture(scope='module')
def data_dir(tmp_path_factory):
    """Test pairs whose target is the source, its content moved by -SHIFT; their persons fill the middle."""
    folder = tmp_path_factory.mktemp('data')
    rows, pairs = ['name:keypoints_y:keypoints_x'], ['from,to']
    visibility = np.zeros(SIZE, np.uint8)
    visibility[16:48, 20:32] = VISIBILITY_VISIBLE
    visibility[16:48, 32:44] = VISIBILITY_OCCLUDED
    for directory in ('test', 'parts', 'flows'):
        (folder / directory).mkdir()
    for index in range(NUM_PAIRS):
        source = picture(SIZE, seed=index)
        names = [f'{kind}{index}.png' for kind in ('source', 'target')]
        save_image(folder / 'test' / names[0], source)
        save_image(folder / 'test' / names[1], np.roll(source, (-SHIFT[1], -SHIFT[0]), axis=(0, 1)))
        for lean, name in zip((0, 8), names):
            x, y = person((256, 176), lean).T
            rows.append(f'{name}: {[float(v) for v in y]}: {[float(v) for v in x]}')
            save_image(folder / 'parts' / name, (visibility > 0).astype(np.uint8))
        flow = np.broadcast_to(np.float32(SHIFT), (*SIZE, 2))
        np.savez(folder / 'flows' / f'source{index}__target{index}.npz', flow=flow, visibility=visibility)
        pairs.append(','.join(names))
    (folder / 'fasion-annotation-test.csv').write_text('\n'.join(rows) + '\n')
    (folder / 'fasion-pairs-test.csv').write_text('\n'.join(pairs) + '\n')
    return folder


@pytest.fixture(scope='module')
def run(tiny_run, tmp_path_factory, data_dir):
    made = RunFolder(tmp_path_factory.mktemp('run') / 'run')
    shutil.copytree(tiny_run.path, made.path)
    made.config_path.write_text(made.load_config().replace(data_dir=str(data_dir)).to_json())
    made.add_notes({'vgg_weights': 'random'})
    return made


@pytest.fixture(scope='module')
def answers(tmp_path_factory):
    """Where the command writes its answers."""
    return tmp_path_factory.mktemp('answers')


@pytest.fixture(scope='module')
def command(run, answers):
    """The command, run as a user does; a last batch of one pair."""
    return _run_command(f'--run_dir={run.path}', '--batch_size=2', f'--save_images={answers}')


@pytest.fixture(scope='module')
def metrics(run, command):
    assert command.returncode == 0, command.stderr
    return json.loads(run.metrics_path.read_text())


def _run_command(*arguments):
    command = [sys.executable, '-m', 'posewarp_tf.evaluate', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def test_copying_the_source_is_scored_by_its_definition(metrics, data_dir):
    errors, foreground_errors = [], []
    for index in range(NUM_PAIRS):
        source, target = (load_image(data_dir / 'test' / f'{kind}{index}.png') / 255 for kind in ('source', 'target'))
        errors.append(np.abs(source - target).mean())
        foreground_errors.append(np.abs(source - target)[16:48, 20:44].mean())
    assert metrics['image']['whole']['l1']['copy_source'] == pytest.approx(np.mean(errors))
    assert metrics['image']['foreground']['l1']['copy_source'] == pytest.approx(np.mean(foreground_errors))


def test_the_models_pictures_are_scored_as_written_to_disk(metrics, tiny_predictor, data_dir):
    """Against the predictor, which has its own way from a file to a picture."""
    errors = []
    for index in range(NUM_PAIRS):
        source, target = (load_image(data_dir / 'test' / f'{kind}{index}.png') for kind in ('source', 'target'))
        answer = tiny_predictor.predict(source, person(SIZE), person(SIZE, lean=8)).image
        errors.append(np.abs(answer.astype(float) - target).mean() / 255)
    assert metrics['image']['whole']['l1']['model'] == pytest.approx(np.mean(errors), abs=1e-4)


def test_every_answer_is_written_as_it_is_scored_under_the_name_of_its_pair(metrics, answers, data_dir):
    pairs = [(f'source{index}', f'target{index}') for index in range(NUM_PAIRS)]
    names = {f'{source}_2_{target}_vis.png': target for source, target in pairs}
    assert {path.name for path in answers.iterdir()} == set(names)
    errors = [
        np.abs(load_image(answers / name).astype(float) - load_image(data_dir / f'test/{target}.png')).mean() / 255
        for name, target in names.items()
    ]
    assert metrics['image']['whole']['l1']['model'] == pytest.approx(np.mean(errors))


def test_pairs_that_would_share_a_file_are_an_error(tmp_path):
    writer, picture = evaluation.AnswerWriter(tmp_path), {'image': np.zeros((1, 4, 4, 3), np.float32)}
    for name in (b'a/1.png', b'a/1.png'):
        writer.add({'source_name': [name], 'target_name': [b'2.png']}, picture)
    with pytest.raises(DataError, match=r'a/1\.png -> 2\.png and b/1\.png -> 2\.png would both be 1_2_2_vis\.png'):
        writer.add({'source_name': [b'b/1.png'], 'target_name': [b'2.png']}, picture)


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (['--images=answers'], '--protocol: missing, which --images needs'),
        (['--protocol=gfla'], '--protocol: given without --images'),
        (['--pose_model=a'], '--pose_model: given without --landmark_errors'),
        (['--images=a', '--protocol=gfla', '--data_dir=b', '--run_dir=c'], '--run_dir: given beside --images'),
    ],
)
def test_flags_of_pictures_that_do_not_go_together_are_an_error(flags, message):
    done = _run_command(*flags)
    assert done.returncode == 1 and message in done.stderr


def test_zero_flow_is_scored_by_its_definition(metrics):
    for scale in ('scale_2', 'scale_1'):
        for region in ('visible', 'occluded'):
            found = metrics['flow'][scale][region]
            assert found['zero_flow'] == pytest.approx(np.hypot(*SHIFT))
            assert found['ratio'] == pytest.approx(found['model'] / found['zero_flow'])
            assert found['ratio'] != pytest.approx(1, abs=1e-3)


def test_every_metric_has_a_value(metrics):
    for region in ('whole', 'foreground'):
        assert list(metrics['image'][region]) == list(IMAGE_METRICS)
        for values in metrics['image'][region].values():
            assert set(values) == {'copy_source', 'model'}
            assert all(np.isfinite(value) for value in values.values())


def test_protocol_says_how_the_numbers_came_about(metrics, data_dir):
    protocol = metrics['protocol']
    assert protocol['weights'] == {
        'checkpoint': 'best',
        'stage': 'full',
        'step': 7,
        'file': 'checkpoints/full/step-7',
        'moving_average': False,
    }
    assert protocol['num_pairs'] == NUM_PAIRS
    assert protocol['resolution'] == '64x64'
    assert protocol['data_dir'] == str(data_dir)
    assert protocol['foreground_mask'] == 'part map of the true picture > 0'
    assert protocol['notes'] == {'vgg_weights': 'random'}
    assert 'bilinear' in protocol['resize']
    assert set(protocol['image']) >= set(IMAGE_METRICS)


def test_the_same_again_gives_the_same_numbers(metrics, run):
    again = evaluate(run.path, batch_size=2)
    assert again['protocol'] == metrics['protocol']
    # Threads add up in another order each time, which may tip single pixels to the next of 256 levels.
    for part in ('image', 'flow'):
        first, second = (tf.nest.flatten(found[part]) for found in (metrics, again))
        np.testing.assert_allclose(second, first, rtol=1e-3, atol=1e-5)


def test_other_data_without_maps_is_scored_by_the_body_mask_and_without_flow_errors(run, metrics, data_dir, tmp_path):
    for name in ('test', 'fasion-annotation-test.csv', 'fasion-pairs-test.csv'):
        (tmp_path / name).symlink_to(data_dir / name)
    (run.sample_dir / 'evaluate-77.png').write_bytes(b'of another evaluation')
    (run.sample_dir / 'full-10.png').write_bytes(b'of training')
    found = evaluate(run.path, data_dir=str(tmp_path), max_pairs=1)
    protocol = found['protocol']
    assert 'flow' not in found
    assert protocol['num_pairs'] == 1
    assert protocol['foreground_mask'].startswith('body mask of the target pose')
    assert protocol['data_dir'] == str(tmp_path)
    difference = np.abs(np.subtract(*[_test_picture(data_dir, kind, 0) for kind in ('source', 'target')]))
    mask = body_mask(person(SIZE, lean=8), SIZE)
    assert found['image']['whole']['l1']['copy_source'] == pytest.approx(difference.mean())
    assert found['image']['foreground']['l1']['copy_source'] == pytest.approx(difference[mask].mean())
    # Pictures of an earlier evaluation are gone, those of training are not.
    assert sorted(path.name for path in run.sample_dir.iterdir()) == ['evaluate-00.png', 'full-10.png']


def test_grids_show_the_pairs_in_rows_of_seven(metrics, run):
    evaluation.GridWriter(run)
    assert not list(run.sample_dir.glob('evaluate-*.png'))
    writer = evaluation.GridWriter(run)
    num_pairs = evaluation.ROWS_PER_GRID + 1
    batch, outputs = random_batch(num_pairs), random_outputs(num_pairs)
    writer.add(batch, outputs)
    writer.finish()
    full, rest = (load_image(run.sample_dir / f'evaluate-{number:02d}.png') for number in (0, 1))
    cell = 3 * 64
    assert 7 * cell < full.shape[1] < 8 * cell
    assert evaluation.ROWS_PER_GRID * cell < full.shape[0] < (evaluation.ROWS_PER_GRID + 1) * cell
    assert cell < rest.shape[0] < 2 * cell


def test_grids_show_pairs_from_the_whole_test_set(metrics, run):
    writer = evaluation.GridWriter(run, every=3)
    batch = random_batch(7)
    batch['target_image'][...] = np.linspace(-1, 1, 7).reshape(7, 1, 1, 1)
    writer.add(batch, random_outputs(7))
    writer.finish()
    grid = load_image(run.sample_dir / 'evaluate-00.png')
    truths = grid[30:, int(2.5 * 3 * 64), 0]
    assert set(truths) == {0, 128, 255}
    assert 3 * 3 * 64 < grid.shape[0] < 4 * 3 * 64


def test_where_only_flows_are_trained_only_flows_are_scored(tmp_path, data_dir):
    run = make_run(tmp_path / 'run', trained_stage='flow', data_dir=str(data_dir))
    found = evaluate(run.path, max_pairs=1)
    assert set(found['image']['whole']['l1']) == {'copy_source'}
    assert found['flow']['scale_1']['visible']['model'] > 0
    assert found['protocol']['weights']['stage'] == 'flow'


def test_a_truncated_picture_is_named(run, data_dir, tmp_path):
    for path in data_dir.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / 'test').unlink()
    (tmp_path / 'test').mkdir()
    for path in (data_dir / 'test').iterdir():
        content = path.read_bytes()
        (tmp_path / 'test' / path.name).write_bytes(content[:500] if path.name == 'target2.png' else content)
    with pytest.raises(DataError, match=r'target2\.png'):
        evaluate(run.path, data_dir=str(tmp_path))


def test_table_shows_all_values(metrics):
    text = format_table(metrics)
    image, flow, detail, last = text.split('\n\n')
    assert re.fullmatch(r' +\| whole +\| foreground', image.splitlines()[0])
    assert re.fullmatch(r' +better +\| +model +copy source +\| +model +copy source', image.splitlines()[1])
    l1 = [f'{metrics["image"][region]["l1"][answer]:.4f}' for region, answer in _REGIONS_AND_ANSWERS]
    assert re.search(r'\nL1 +lower +\| +{} +{} +\| +{} +{}\n'.format(*l1), image)
    visible = metrics['flow']['scale_1']['visible']
    values = [f'{visible[name]:.3f}' for name in ('model', 'zero_flow', 'ratio')]
    assert re.search(r'\nscale 1 +lower +\| +{} +{} +{} +\| '.format(*values), flow)
    share = metrics['detail']['foreground']['share_of_source']
    assert re.search(rf'\nhigh band +as source .* {share:.3g}$', detail)
    assert [line.split()[0] for line in last.splitlines()] == [f'{v:.3f}' for v in metrics['headline'].values()]
    # Bars stand below one another.
    for lines in (image.splitlines(), flow.splitlines(), detail.splitlines()):
        places = {tuple(match.start() for match in re.finditer(r'\|', line)) for line in lines if '|' in line}
        assert len(places) == 1


_REGIONS_AND_ANSWERS = [(region, answer) for region in ('whole', 'foreground') for answer in ('model', 'copy_source')]


def test_command_prints_the_table_and_names_its_files(command, metrics, run):
    assert '5 test pairs at 64x64, best weights: stage full, step 7' in command.stdout
    assert format_table(metrics) in command.stdout
    assert 'note: vgg_weights=random' in command.stdout
    assert f'metrics: {run.metrics_path}' in command.stdout
    assert f'pictures: {run.sample_dir}' in command.stdout


def test_a_folder_that_is_no_run_folder_is_named(tmp_path):
    with pytest.raises(RunError, match='config.json: missing'):
        evaluate(tmp_path)


def test_networks_that_see_people_are_refused_for_other_runs(tmp_path):
    RunFolder(tmp_path).save_config(Config().replace(model='gfla_dance'))
    answer = _run_command(f'--run_dir={tmp_path}', '--lpips_weights=alex.npz')
    assert answer.returncode == 1
    assert '--lpips_weights: given for' in answer.stderr and 'a run of videos, expected one of people' in answer.stderr


def _test_picture(data_dir, kind, index):
    return load_image(data_dir / 'test' / f'{kind}{index}.png') / 255


def test_a_model_of_garment_maps_is_scored_in_them_too(tiny_pfl_run, data_dir, tmp_path):
    run = RunFolder(tmp_path / 'run')
    shutil.copytree(tiny_pfl_run.path, run.path)
    for path in data_dir.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / 'parsing').mkdir()
    for index in range(NUM_PAIRS):
        garments = np.zeros(SIZE, np.uint8)
        garments[16:48, 20:44] = 4
        for kind, shift in (('source', 0), ('target', 6)):
            save_image(tmp_path / 'parsing' / f'{kind}{index}.png', np.roll(garments, shift, axis=1))
    found = evaluate(run.path, data_dir=str(tmp_path), max_pairs=2)
    assert found['garment']['iou']['upper_clothes']['copy_source'] == pytest.approx(18 / 30)
    assert 0 <= found['garment']['mean_iou']['model'] <= 1
    assert set(found['flow']) == {f'scale_{scale}' for scale in range(4)}
    assert 'mean_iou' in found['protocol']['garment']
