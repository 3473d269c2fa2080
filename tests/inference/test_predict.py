"""Predictions from files: one, folders, a CSV; a bad row is named and the others are done."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.inference.jobs import jobs_from_csv
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.settings.flags import parse_size
from tests.run_folders import jobs_of, person, picture, run_jobs

PICTURE_SIZE = (90, 70)


@pytest.fixture
def folder(tmp_path):
    """me.png and you.png with their joints, and two poses to take."""
    for seed, name in enumerate(('me', 'you')):
        save_image(tmp_path / f'{name}.png', picture(PICTURE_SIZE, seed))
        _write_openpose(tmp_path / f'{name}.json', person(PICTURE_SIZE))
    _write_openpose(tmp_path / 'pose.json', person(PICTURE_SIZE, lean=8))
    _write_text(tmp_path / 'other.txt', person(PICTURE_SIZE, lean=-8))
    return tmp_path


def _write_openpose(path, keypoints):
    points = [[float(x), float(y), 0.9 if x >= 0 else 0.0] for x, y in keypoints]
    path.write_text(json.dumps({'people': [{'pose_keypoints_2d': sum(points, [])}]}))


def _write_text(path, keypoints):
    path.write_text(''.join(f'{x} {y}\n' for x, y in keypoints))


def _job(folder, **changes):
    paths = {'source_image': 'me.png', 'source_keypoints': 'me.json', 'target_keypoints': 'pose.json'}
    paths = {name: str(folder / file) for name, file in {**paths, 'output': 'out.png'}.items()}
    return jobs_of(**{**paths, **changes})


def test_output_is_the_predictors_answer_in_the_sources_size(folder, tiny_predictor, capsys):
    assert run_jobs(tiny_predictor, _job(folder)) == 0
    written = load_image(folder / 'out.png')
    expected = tiny_predictor.predict(load_image(folder / 'me.png'), person(PICTURE_SIZE), person(PICTURE_SIZE, lean=8))
    assert written.shape == (*PICTURE_SIZE, 3)
    assert np.array_equal(written, expected.image)
    said = capsys.readouterr().out
    assert 'me.png: picture of 90x70' in said
    assert 'me.json: OpenPose JSON, OpenPose-18, 18 of 18 joints' in said
    assert 'out.png' in said


def test_intermediates_lie_beside_the_output(folder, tiny_predictor):
    run_jobs(tiny_predictor, _job(folder), save_intermediates=True)
    names = {path.name for path in folder.glob('out*')}
    kinds = ('source_pose', 'target_pose', 'warped', 'flow', 'mask', 'pose', 'grid')
    assert names == {'out.png', *(f'out-{kind}.png' for kind in kinds)}
    for kind in kinds[:-1]:
        assert load_image(folder / f'out-{kind}.png').shape == (*PICTURE_SIZE, 3)
    assert load_image(folder / 'out-grid.png').shape[1] > 6 * PICTURE_SIZE[1]


def test_pose_of_another_picture_is_scaled_by_its_size(folder, tiny_predictor):
    run_jobs(tiny_predictor, _job(folder))
    _write_text(folder / 'large.txt', person(PICTURE_SIZE, lean=8) * 4)
    changes = {'target_keypoints': str(folder / 'large.txt'), 'output': str(folder / 'scaled.png')}
    assert run_jobs(tiny_predictor, _job(folder, **changes, target_image_size=(4 * 90, 4 * 70))) == 0
    difference = np.abs(load_image(folder / 'scaled.png').astype(int) - load_image(folder / 'out.png'))
    assert difference.max() <= 1


def test_pose_of_another_picture_without_its_size_names_the_flag(folder, tiny_predictor, capsys):
    _write_text(folder / 'large.txt', person(PICTURE_SIZE) * 4)
    assert run_jobs(tiny_predictor, _job(folder, target_keypoints=str(folder / 'large.txt'))) == 1
    said = capsys.readouterr().err
    assert 'large.txt' in said
    assert 'outside the picture of 90x70' in said
    assert '--target_image_size' in said
    assert not (folder / 'out.png').exists()


def test_folders_give_every_source_in_every_pose(folder, tiny_predictor):
    for name in ('people', 'poses'):
        (folder / name).mkdir()
    for name in ('me', 'you'):
        (folder / f'{name}.png').rename(folder / 'people' / f'{name}.png')
        (folder / f'{name}.json').rename(folder / 'people' / f'{name}_keypoints.json')
    for name in ('pose.json', 'other.txt'):
        (folder / name).rename(folder / 'poses' / name)
    people, poses, out = (str(folder / name) for name in ('people', 'poses', 'out'))
    jobs = jobs_of(people, people, poses, out)
    assert run_jobs(tiny_predictor, jobs) == 0
    written = {path.name: load_image(path) for path in (folder / 'out').iterdir()}
    assert set(written) == {'me-other.png', 'me-pose.png', 'you-other.png', 'you-pose.png'}
    assert len({image.tobytes() for image in written.values()}) == 4


def test_a_folder_of_pictures_can_have_its_joints_in_one_csv(folder, tiny_predictor, capsys):
    rows = [f'{name}.png: {list(map(float, y))}: {list(map(float, x))}' for name, (x, y) in _deepfashion_rows()]
    (folder / 'annotation.csv').write_text('\n'.join(['name:keypoints_y:keypoints_x', *rows]))
    jobs = jobs_of(str(folder), str(folder / 'annotation.csv'), str(folder / 'pose.json'), str(folder / 'out'))
    assert run_jobs(tiny_predictor, jobs) == 0
    assert 'row of you.png' in capsys.readouterr().out
    expected = tiny_predictor.predict(
        load_image(folder / 'you.png'), person(PICTURE_SIZE), person(PICTURE_SIZE, lean=8)
    )
    assert np.abs(load_image(folder / 'out' / 'you.png').astype(int) - expected.image).max() <= 1


def _deepfashion_rows():
    return [(name, person((256, 176)).T) for name in ('me', 'you')]


_HEADER = 'source_image,source_keypoints,target_keypoints,output,target_image_size'


def test_bad_rows_are_named_and_the_others_done(folder, tiny_predictor, capsys):
    _write_text(folder / 'seventeen.txt', person(PICTURE_SIZE)[:17])
    _write_text(folder / 'nan.txt', np.where(np.arange(36).reshape(18, 2) == 9, np.nan, person(PICTURE_SIZE)))
    _write_text(folder / 'nobody.txt', np.full((18, 2), -1))
    save_image(folder / 'whole.jpg', picture((200, 200)))
    (folder / 'cut.jpg').write_bytes((folder / 'whole.jpg').read_bytes()[:2000])
    rows = [
        'me.png,me.json,pose.json,a.png,',
        'gone.png,me.json,pose.json,b.png,',
        'cut.jpg,me.json,pose.json,c.png,',
        'me.png,seventeen.txt,pose.json,d.png,',
        'me.png,nan.txt,pose.json,e.png,',
        'me.png,nobody.txt,pose.json,f.png,',
        'me.png,me.json,,g.png,',
        'me.png,me.json,pose.json,h.png,wide',
        'me.png,me.json,pose.json,me.png,',
        'me.png,me.json,pose.json,a.png,',
        'me.png,me.json,pose.json,i.gif,',
        'me.png,me.json,pose.json,me.json/j.png,',
        'you.png,you.json,pose.json,sub/z.png,90x70',
    ]
    (folder / 'pairs.csv').write_text('\n'.join([_HEADER, *rows]) + '\n')
    source_before = (folder / 'me.png').read_bytes()
    assert run_jobs(tiny_predictor, jobs_from_csv(folder / 'pairs.csv')) == 11
    assert {path.name for path in folder.rglob('[a-z].png')} == {'a.png', 'z.png'}
    assert (folder / 'me.png').read_bytes() == source_before
    errors = capsys.readouterr().err.splitlines()
    expected = {
        3: ('gone.png', 'no such picture'),
        5: ('seventeen.txt', '17 rows', 'expected 18'),
        6: ('nan.txt', 'nan'),
        7: ('nobody.txt', 'all 18 joints are missing'),
        8: ('target_keypoints: missing: give a pose file or a photo',),
        9: ("target_image_size: got 'wide'",),
        10: ('me.png', 'source picture itself'),
        11: ('a.png', 'earlier one'),
        12: ('i.gif', '.png'),
        13: ('me.json', 'exists'),
        # Only the headers of pictures are looked at before the model is loaded.
        4: ('cut.jpg', 'truncated'),
    }
    assert len(errors) == len(expected) + 1
    for line, (row, words) in zip(errors, expected.items()):
        assert f'pairs.csv, row {row}: ' in line
        assert all(word in line for word in words), line
    assert errors[-1] == 'error: 11 of 13 predictions failed'


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / 'pairs.csv').write_text('source_keypoints,target_keypoints,output\na.json,b.json,c.png\n')
    with pytest.raises(DataError, match=r'pairs\.csv: no column source_image: got source_keypoints, target_keypoints'):
        jobs_from_csv(tmp_path / 'pairs.csv')


@pytest.mark.parametrize('content', ['', _HEADER + '\n'])
def test_a_csv_without_rows_is_an_error(tmp_path, content):
    (tmp_path / 'pairs.csv').write_text(content)
    with pytest.raises(DataError, match=r'pairs\.csv: (no rows|the file is empty)'):
        jobs_from_csv(tmp_path / 'pairs.csv')


def test_a_picture_without_joints_does_not_stop_the_others(folder, tiny_predictor, capsys):
    (folder / 'you.json').unlink()
    jobs = jobs_of(str(folder), str(folder), str(folder / 'pose.json'), str(folder / 'out'))
    assert run_jobs(tiny_predictor, jobs) == 1
    assert (folder / 'out' / 'me.png').exists()
    assert 'no keypoints of you.png: expected one of you.json, you.txt' in capsys.readouterr().err


def test_photos_of_a_folder_are_not_passed_over(folder, tiny_predictor, capsys):
    Image.open(folder / 'you.png').save(folder / 'you.webp')
    (folder / 'you.png').unlink()
    (folder / 'phone.heic').write_bytes(b'\0\0\0\x18ftypheic\0\0\0\0mif1heic')
    (folder / 'phone.json').write_bytes((folder / 'me.json').read_bytes())
    jobs = jobs_of(str(folder), str(folder), str(folder / 'pose.json'), str(folder / 'out_v1.2'))
    assert run_jobs(tiny_predictor, jobs) == 1
    assert {path.name for path in (folder / 'out_v1.2').iterdir()} == {'me.png', 'you.png'}
    assert 'phone.heic: begins like a HEIC picture, but is damaged' in capsys.readouterr().err


def test_a_source_may_be_a_url(folder):
    url = 'https://example.org/people/me.jpg'
    (job,) = _job(folder, source_image=url)
    (folder / 'pairs.csv').write_text(f'{_HEADER}\n{url},me.json,pose.json,out.png,\n')
    (job_of_row,) = jobs_from_csv(folder / 'pairs.csv')
    assert job.source_image == job_of_row.source_image == url
    assert job.source_name == job_of_row.source_name == 'me.jpg'


def test_many_pictures_do_not_share_the_joints_of_one(folder):
    for name in ('me.json', 'other.txt', 'gone.json'):
        with pytest.raises(DataError, match=f'--source_keypoints: .*{name}.*whose joints they are'):
            _job(folder, source_image=str(folder), source_keypoints=str(folder / name), output=str(folder / 'out'))
    images = [{'id': index, 'file_name': f'{name}.png'} for index, name in enumerate(('me', 'you'))]
    (folder / 'coco.json').write_text(json.dumps({'images': images, 'annotations': []}))
    jobs = _job(
        folder, source_image=str(folder), source_keypoints=str(folder / 'coco.json'), output=str(folder / 'out')
    )
    assert [job.source_name for job in jobs] == ['me.png', 'you.png']


def test_many_answers_need_a_folder(folder):
    with pytest.raises(DataError, match='--output: .*expected a folder'):
        _job(folder, source_image=str(folder), source_keypoints=str(folder))


def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(DataError, match=r'no files in this folder that end in \.jpg'):
        jobs_of(str(tmp_path), str(tmp_path), 'pose.json', 'out')


def test_sizes_are_height_then_width():
    assert parse_size('256,176') == parse_size('256x176') == (256, 176)
    for bad in ('256', '256,0', '256,176,3', 'wide', '-1,5'):
        with pytest.raises(ValueError, match='expected height,width'):
            parse_size(bad)


def _run_command(*arguments):
    command = [sys.executable, '-m', 'posewarp_tf.predict', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_command_writes_the_picture(tiny_run, folder):
    done = _run_command(
        f'--run_dir={tiny_run.path}',
        f'--source_image={folder / "me.png"}',
        f'--source_keypoints={folder / "me.json"}',
        f'--target_keypoints={folder / "pose.json"}',
        f'--output={folder / "out.png"}',
    )
    assert done.returncode == 0, done.stderr
    assert load_image(folder / 'out.png').shape == (*PICTURE_SIZE, 3)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--source_image=me.jpg', '--output=a.png'], 'error: --target_keypoints: missing'),
        (['--pairs=some.csv', '--output=out'], 'error: --output: is a column of --pairs'),
        (['--pairs=gone.csv'], 'error: gone.csv: no such file'),
    ],
)
def test_command_names_the_flag_that_is_wrong(arguments, message):
    done = _run_command('--run_dir=runs/none', *arguments)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith(message)
    assert 'Traceback' not in done.stderr
