"""Maps of classes and garment transfer, from files: every coding is understood, every mistake names its flag or row."""

import subprocess
import sys

import numpy as np
import pytest

from posewarp_tf.errors import DataError
from posewarp_tf.inference.checks import make_context
from posewarp_tf.inference.jobs import jobs_from_csv
from posewarp_tf.pictures.class_codings import DENSEPOSE, LIP
from posewarp_tf.pictures.picture_files import load_image, save_image
from tests.run_folders import class_map, garment_map, jobs_of, person, picture, run_jobs

SIZE = (90, 70)
OTHER_SIZE = (120, 60)
POSE = person(OTHER_SIZE, lean=8)


def source_maps():
    return {'source_parts': class_map(SIZE, 11, 1), 'source_garment': garment_map(SIZE)}


def other_maps():
    return {'target_parts': class_map(OTHER_SIZE, 11, 3), 'target_garment': garment_map(OTHER_SIZE)}


@pytest.fixture
def folder(tmp_path):
    """me.png and you.png with joints and maps, each map in our classes and in a published coding."""
    for name, size, pose, seed in (('me', SIZE, person(SIZE), 0), ('you', OTHER_SIZE, POSE, 1)):
        save_image(tmp_path / f'{name}.png', picture(size, seed))
        (tmp_path / f'{name}.txt').write_text(''.join(f'{x} {y}\n' for x, y in pose))
    for name, maps in (('me', source_maps()), ('you', other_maps())):
        for key, classes in maps.items():
            kind = key.split('_')[1]
            save_image(tmp_path / f'{name}_{kind}.png', classes)
            coding = DENSEPOSE if kind == 'parts' else LIP
            save_image(tmp_path / f'{name}_{kind}_published.png', to_published(classes, coding))
    return tmp_path


def to_published(classes, coding):
    """The last number of each class in another coding."""
    numbers = [max(np.flatnonzero(coding.to_ours == ours)) for ours in range(len(coding.names))]
    return np.array(numbers, np.uint8)[classes]


def jobs(folder, ending='', **changes):
    """Me in your pose."""
    files = {'source_image': 'me.png', 'source_keypoints': 'me.txt', 'target_keypoints': 'you.txt', 'output': 'out.png'}
    maps = {'source_parts': 'me_parts', 'target_parts': 'you_parts', 'source_garment': 'me_garment'}
    maps.update(changes.pop('class_maps', {}))
    return jobs_of(
        **{name: str(folder / file) for name, file in files.items()},
        **{'target_image_size': OTHER_SIZE, **changes},
        class_maps={name: str(folder / f'{stem}{ending}.png') for name, stem in maps.items() if stem},
    )


def expected_in_own_picture(predictor):
    maps = {**source_maps(), 'target_parts': other_maps()['target_parts']}
    return predictor.predict(picture(SIZE), person(SIZE), POSE, OTHER_SIZE, maps).image


def expected_in_other_picture(predictor):
    maps = {**source_maps(), 'target_parts': other_maps()['target_parts']}
    context = make_context(picture(OTHER_SIZE, 1), other_maps()['target_garment'], None)
    return predictor.predict(picture(SIZE), person(SIZE), POSE, OTHER_SIZE, maps, context).image


@pytest.mark.parametrize(('ending', 'words'), [('', '11 body parts'), ('_published', '25 classes of DensePose')])
def test_maps_in_any_coding_give_the_predictors_answer(folder, tiny_pfl_predictor, capsys, ending, words):
    assert run_jobs(tiny_pfl_predictor, jobs(folder, ending), save_intermediates=True) == 0
    assert np.array_equal(load_image(folder / 'out.png'), expected_in_own_picture(tiny_pfl_predictor))
    assert f'--target_parts: {words}' in capsys.readouterr().out
    for kind in ('garment', 'composition_mask'):
        assert load_image(folder / f'out-{kind}.png').shape == (*SIZE, 3)


def test_garments_can_be_put_on_the_person_of_another_picture(folder, tiny_pfl_predictor, capsys):
    changes = {'target_image': str(folder / 'you.png'), 'target_image_size': None}
    (job,) = jobs(folder, class_maps={'target_garment': 'you_garment'}, **changes)
    assert run_jobs(tiny_pfl_predictor, [job]) == 0
    assert load_image(folder / 'out.png').shape == (*OTHER_SIZE, 3)
    assert np.array_equal(load_image(folder / 'out.png'), expected_in_other_picture(tiny_pfl_predictor))
    assert 'you.png: picture of 120x60;' in capsys.readouterr().out


def test_the_context_may_be_found_by_the_part_map_alone(folder, tiny_pfl_predictor):
    assert run_jobs(tiny_pfl_predictor, jobs(folder, target_image=str(folder / 'you.png'))) == 0
    maps = {**source_maps(), 'target_parts': other_maps()['target_parts']}
    context = make_context(picture(OTHER_SIZE, 1), None, maps['target_parts'])
    expected = tiny_pfl_predictor.predict(picture(SIZE), person(SIZE), POSE, OTHER_SIZE, maps, context)
    assert np.array_equal(load_image(folder / 'out.png'), expected.image)


_HEADER = (
    'source_image,source_keypoints,target_keypoints,output,target_image_size,'
    'source_parts,target_parts,source_garment,target_image,target_garment'
)


def test_rows_of_a_csv_take_the_same_columns_and_bad_ones_are_named(folder, tiny_pfl_predictor, capsys):
    save_image(folder / 'strange.png', np.full(SIZE, 77, np.uint8))
    save_image(folder / 'colour.png', picture(SIZE))
    maps = 'me_parts_published.png,you_parts_published.png,me_garment_published.png'
    rows = [
        f'me.png,me.txt,you.txt,own.png,120x60,{maps},,',
        f'me.png,me.txt,you.txt,other.png,,{maps},you.png,you_garment_published.png',
        'me.png,me.txt,you.txt,a.png,120x60,me_parts_published.png,you_parts_published.png,,,',
        'me.png,me.txt,you.txt,b.png,120x60,me_parts_published.png,you_parts_published.png,strange.png,,',
        'me.png,me.txt,you.txt,c.png,120x60,me_parts_published.png,you_parts_published.png,colour.png,,',
        'me.png,me.txt,you.txt,d.png,120x60,me_parts_published.png,gone.png,me_garment_published.png,,',
        f'me.png,me.txt,you.txt,e.png,120x60,{maps},,you_garment_published.png',
        f'me.png,me.txt,you.txt,f.png,120x60,{maps},gone.jpg,you_garment_published.png',
    ]
    (folder / 'pairs.csv').write_text('\n'.join([_HEADER, *rows]) + '\n')
    assert run_jobs(tiny_pfl_predictor, jobs_from_csv(folder / 'pairs.csv')) == 6
    assert np.array_equal(load_image(folder / 'own.png'), expected_in_own_picture(tiny_pfl_predictor))
    assert np.array_equal(load_image(folder / 'other.png'), expected_in_other_picture(tiny_pfl_predictor))
    captured = capsys.readouterr()
    assert "--source_garment: LIP's 20 classes" in captured.out
    expected = {
        4: 'source_garment: this model needs',
        5: 'strange.png: got class 77, expected 0 to 19',
        6: 'colour.png: a colour picture',
        7: 'gone.png: no such picture',
        8: 'target_garment: this model takes no such map',
        9: 'gone.jpg: no such picture',
    }
    for line, (row, words) in zip(captured.err.splitlines(), expected.items()):
        assert f'pairs.csv, row {row}: ' in line and words in line


def test_maps_of_many_lie_in_folders_and_are_named_after_pictures_and_poses(folder, tiny_pfl_predictor, capsys):
    for name in ('people', 'poses', 'parts', 'garments'):
        (folder / name).mkdir()
    for name in ('a', 'b'):
        save_image(folder / 'people' / f'{name}.png', picture(SIZE))
        (folder / 'people' / f'{name}.txt').write_text((folder / 'me.txt').read_text())
        save_image(folder / 'parts' / f'{name}.png', source_maps()['source_parts'])
    save_image(folder / 'garments' / 'a.png', source_maps()['source_garment'])
    (folder / 'poses' / 'turn.txt').write_text((folder / 'you.txt').read_text())
    save_image(folder / 'parts' / 'turn.png', other_maps()['target_parts'])
    parts, garments, people = (str(folder / name) for name in ('parts', 'garments', 'people'))
    maps = {'source_parts': parts, 'target_parts': parts, 'source_garment': garments}
    some = jobs_of(people, people, str(folder / 'poses'), str(folder / 'out'), OTHER_SIZE, class_maps=maps)
    assert run_jobs(tiny_pfl_predictor, some) == 1
    assert np.array_equal(load_image(folder / 'out' / 'a-turn.png'), expected_in_own_picture(tiny_pfl_predictor))
    assert 'garments: no source_garment of b.png: expected one of b.png' in capsys.readouterr().err


def test_a_map_that_does_not_tell_its_coding_stops_before_any_work(folder, tiny_pfl_predictor):
    save_image(folder / 'me_garment.png', np.where(source_maps()['source_garment'] > 7, 6, 0).astype(np.uint8))
    with pytest.raises(DataError, match='--source_garment: .*--garment_classes=own or lip'):
        run_jobs(tiny_pfl_predictor, jobs(folder))
    assert not (folder / 'out.png').exists()
    assert run_jobs(tiny_pfl_predictor, jobs(folder), garment_classes='16') == 0


def test_a_context_needs_a_model_that_takes_one(folder, tiny_predictor, capsys):
    no_maps = dict.fromkeys(('source_parts', 'source_garment'))
    (job,) = jobs(folder, target_image=str(folder / 'you.png'), class_maps=no_maps)
    assert run_jobs(tiny_predictor, [job]) == 1
    assert 'target_image: this model makes the whole picture and takes no context' in capsys.readouterr().err


def _run_command(*arguments):
    command = [sys.executable, '-m', 'posewarp_tf.predict', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_command_transfers_garments(tiny_pfl_run, folder, tiny_pfl_predictor):
    done = _run_command(
        f'--run_dir={tiny_pfl_run.path}',
        f'--source_image={folder / "me.png"}',
        f'--source_keypoints={folder / "me.txt"}',
        f'--source_parts={folder / "me_parts_published.png"}',
        f'--source_garment={folder / "me_garment_published.png"}',
        f'--target_image={folder / "you.png"}',
        f'--target_keypoints={folder / "you.txt"}',
        f'--target_parts={folder / "you_parts.png"}',
        f'--target_garment={folder / "you_garment.png"}',
        f'--output={folder / "out.png"}',
        *('--framing=whole', '--resolution=model', '--retarget=none'),
    )
    assert done.returncode == 0, done.stderr
    found = load_image(folder / 'out.png').astype(int)
    assert np.abs(found - expected_in_other_picture(tiny_pfl_predictor)).max() <= 1


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--target_dir=dance', '--pairs=some.csv'], '--source_image: missing; expected --source_image, --target_dir'),
        (['--target_dir=dance', '--source_image=a', '--source_keypoints=b', '--output=c', '--target_image=d'],
         '--target_image: does not go with --target_dir'),
        (['--pairs=some.csv', '--source_garment=a.png'], '--source_garment: is a column of --pairs'),
        (['--pairs=some.csv', '--smooth_poses'], '--smooth_poses: goes with --target_dir or --target_video only'),
    ],
)  # fmt: skip
def test_command_names_the_flags_that_do_not_go_together(arguments, message):
    done = _run_command('--run_dir=runs/none', *arguments)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith(f'error: {message}')
