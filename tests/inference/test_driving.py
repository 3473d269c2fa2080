"""Frames and an animation from a sequence of poses; what is there is kept, what is half done is not."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from posewarp_tf.errors import DataError
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.inference.predictor import Predictor
from posewarp_tf.pictures.picture_files import load_image, save_image
from tests.run_folders import class_map, make_pfl_run, person, picture, run_driving

SIZE = (90, 70)
NUM_FRAMES = 12


def lean(frame):
    return 2 * frame - 10


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / 'me.png', picture(SIZE))
    write_pose(tmp_path / 'me.json', person(SIZE))
    (tmp_path / 'dance').mkdir()
    for frame in range(NUM_FRAMES):
        write_pose(tmp_path / 'dance' / f'dance_{frame}_keypoints.json', person(SIZE, lean(frame)))
    return tmp_path


def write_pose(path, keypoints):
    points = [[float(x), float(y), 0.9 if x >= 0 else 0.0] for x, y in keypoints]
    path.write_text(json.dumps({'people': [{'pose_keypoints_2d': sum(points, [])}]}))


@pytest.fixture
def job(folder):
    return DrivingJob(
        source_image=str(folder / 'me.png'),
        source_keypoints=str(folder / 'me.json'),
        poses=str(folder / 'dance'),
        output=str(folder / 'out'),
    )


FRAMES = [f'frame-{frame:05d}.png' for frame in range(NUM_FRAMES)]


def test_every_frame_is_the_predictors_answer_in_natural_order(folder, job, tiny_predictor, capsys):
    run_driving(tiny_predictor, job)
    assert {path.name for path in (folder / 'out').iterdir()} == {*FRAMES, 'animation.gif', 'frames.json'}
    for frame in (0, 2, 10, 11):
        expected = tiny_predictor.predict(picture(SIZE), person(SIZE), person(SIZE, lean(frame)))
        assert np.array_equal(load_image(folder / 'out' / FRAMES[frame]), expected.image)
    with Image.open(folder / 'out' / 'animation.gif') as animation:
        assert animation.n_frames == NUM_FRAMES and animation.size == SIZE[::-1]
    assert '12 frames and' in capsys.readouterr().out


def test_a_stopped_run_leaves_whole_frames_only_and_goes_on(folder, job, tiny_predictor, monkeypatch, capsys):
    repose, count = PhotoReposer.repose, iter(range(100))

    def stop_at_the_sixth(*arguments):
        if next(count) == 5:
            raise KeyboardInterrupt
        return repose(*arguments)

    monkeypatch.setattr(PhotoReposer, 'repose', stop_at_the_sixth)
    with pytest.raises(KeyboardInterrupt):
        run_driving(tiny_predictor, job)
    assert {path.name for path in (folder / 'out').iterdir()} == {*FRAMES[:5], 'frames.json'}
    before = {path.name: path.stat().st_mtime_ns for path in (folder / 'out').glob('*.png')}
    run_driving(tiny_predictor, job)
    assert next(count) == 5 + 1 + 7
    after = {path.name: path.stat().st_mtime_ns for path in (folder / 'out').glob('*.png')}
    assert set(after) == set(FRAMES) and {name: after[name] for name in before} == before
    assert '12 frames (5 of them kept from an earlier run)' in capsys.readouterr().out


def test_a_frame_that_is_stopped_while_it_is_written_is_not_there(folder, job, tiny_predictor, monkeypatch):
    def half(image, path, **options):
        path.write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, 'save', half)
    with pytest.raises(KeyboardInterrupt):
        run_driving(tiny_predictor, job)
    assert [path.name for path in (folder / 'out').iterdir()] == ['frames.json']


def test_frames_of_something_else_are_not_mixed_in(folder, job, tiny_predictor):
    run_driving(tiny_predictor, job)
    save_image(folder / 'me.png', picture(SIZE, seed=3))
    with pytest.raises(
        DataError, match=r'out: 12 frames in it were not made from this model, source and sequence.*--ov'
    ):
        run_driving(tiny_predictor, job)
    expected = load_image(folder / 'out' / FRAMES[0])
    run_driving(tiny_predictor, dataclasses.replace(job, overwrite=True))
    assert not np.array_equal(load_image(folder / 'out' / FRAMES[0]), expected)


def test_overwriting_with_a_shorter_sequence_leaves_no_frame_of_the_longer_one(folder, job, tiny_predictor):
    run_driving(tiny_predictor, job)
    (folder / 'dance' / 'dance_11_keypoints.json').unlink()
    with pytest.raises(DataError, match='1 frames in it were not made.*frame-00011'):
        run_driving(tiny_predictor, job)
    run_driving(tiny_predictor, dataclasses.replace(job, overwrite=True))
    assert {path.name for path in (folder / 'out').glob('*.png')} == set(FRAMES[:11])


def test_a_longer_sequence_adds_frames(folder, job, tiny_predictor, capsys):
    run_driving(tiny_predictor, job)
    write_pose(folder / 'dance' / 'dance_12_keypoints.json', person(SIZE))
    run_driving(tiny_predictor, job)
    assert '13 frames (12 of them kept' in capsys.readouterr().out


def test_missing_joints_are_filled_only_if_asked_for(folder, job, tiny_predictor, capsys):
    broken = person(SIZE, lean(4))
    broken[0] = -1
    write_pose(folder / 'dance' / 'dance_4_keypoints.json', broken)
    (folder / 'dance' / 'dance_7_keypoints.json').write_text('{"people": []}')
    with pytest.raises(DataError, match='1 frames have no pose: dance_7_keypoints.json'):
        run_driving(tiny_predictor, job)
    assert not (folder / 'out').exists()
    run_driving(tiny_predictor, dataclasses.replace(job, smooth_poses=True))
    assert 'filled: nose in frames 4, 7; neck in frame 7' in capsys.readouterr().out
    # The head moves by the same way in every frame, so that filling restores it.
    expected = tiny_predictor.predict(picture(SIZE), person(SIZE), person(SIZE, lean(4)))
    difference = np.abs(load_image(folder / 'out' / FRAMES[4]).astype(int) - expected.image)
    assert difference.max() <= 2


def test_poses_of_a_video_are_scaled_and_their_shape_is_noted(folder, job, tiny_predictor, capsys):
    for path in (folder / 'dance').iterdir():
        frame = int(path.name.split('_')[1])
        write_pose(path, person(SIZE, lean(frame)) * [4, 2])
    run_driving(tiny_predictor, dataclasses.replace(job, pose_size=(180, 280)))
    assert 'note: poses of 180x280 are stretched' in capsys.readouterr().out
    expected = tiny_predictor.predict(picture(SIZE), person(SIZE), person(SIZE, lean(2)))
    assert np.abs(load_image(folder / 'out' / FRAMES[2]).astype(int) - expected.image).max() <= 2


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            {'output': 'walk.mov'},
            r"--output: got 'walk.mov', expected a folder .*or a name that ends in \.mp4, \.webm, \.gif",
        ),
        ({'source_image': '.'}, '--source_image: . is a folder'),
        ({'class_maps': {'target_parts': 'nowhere'}}, "--target_parts: got 'nowhere', expected a folder of maps"),
    ],
)
def test_what_does_not_drive_is_named(job, tiny_predictor, changes, message):
    with pytest.raises(DataError, match=message):
        run_driving(tiny_predictor, dataclasses.replace(job, **changes))


def test_every_frame_takes_the_map_named_after_it(folder, job, tmp_path_factory):
    predictor = Predictor(make_pfl_run(tmp_path_factory.mktemp('parts'), use_garment=False).path)
    (folder / 'parts').mkdir()
    for frame in range(NUM_FRAMES):
        save_image(folder / 'parts' / f'dance_{frame}.png', class_map(SIZE, 11, frame))
    save_image(folder / 'parts' / 'me.png', class_map(SIZE, 11, 50))
    # One folder may hold those of the source and of all frames.
    maps = dict.fromkeys(('source_parts', 'target_parts'), str(folder / 'parts'))
    run_driving(predictor, dataclasses.replace(job, class_maps=maps))
    expected = predictor.predict(
        picture(SIZE),
        person(SIZE),
        person(SIZE, lean(10)),
        class_maps={'source_parts': class_map(SIZE, 11, 50), 'target_parts': class_map(SIZE, 11, 10)},
    )
    assert np.array_equal(load_image(folder / 'out' / FRAMES[10]), expected.image)
    (folder / 'parts' / 'dance_3.png').unlink()
    with pytest.raises(DataError, match=r'--target_parts: .*no map of dance_3_keypoints\.json: expected one of'):
        run_driving(predictor, dataclasses.replace(job, class_maps=maps))


def test_command_drives_a_person(tiny_run, folder):
    command = [
        *(sys.executable, '-m', 'posewarp_tf.predict', f'--run_dir={tiny_run.path}', '--fps=10'),
        *(f'--source_image={folder / "me.png"}', f'--source_keypoints={folder / "me.json"}'),
        *(f'--target_dir={folder / "dance"}', f'--output={folder / "out"}'),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((folder / 'out').glob('frame-*.png'))) == NUM_FRAMES
    assert 'animation.gif' in done.stdout
