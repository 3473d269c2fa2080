"""What is wrong with the given files is said before the model is loaded, and without TensorFlow."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from posewarp_tf.inference import driving, driving_job, runner
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.inference.jobs import jobs_from_csv
from posewarp_tf.inference.options import PLAIN
from posewarp_tf.inference.photo import PhotoReposer
from posewarp_tf.pictures.picture_files import save_image
from tests.run_folders import class_map, person, picture

SIZE = (90, 70)
VIDEO = b'\0\0\0\x18ftypisom\0\0\x02\0isommp41' + bytes(100)

# Whoever imports TensorFlow fails.
_WITHOUT_TENSORFLOW = (
    "import runpy, sys; sys.modules['tensorflow'] = None; runpy.run_module('posewarp_tf.predict', run_name='__main__')"
)


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / 'me.jpg', picture(SIZE))
    save_image(tmp_path / 'parts.png', class_map(SIZE, 11))
    for name, lean in (('me', 0), ('pose', 8), ('dance/0', 0), ('dance/1', 4)):
        points = [[float(x), float(y), 0.9] for x, y in person(SIZE, lean)]
        path = tmp_path / f'{name}.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({'people': [{'pose_keypoints_2d': sum(points, [])}]}))
    (tmp_path / 'dance.mp4').write_bytes(VIDEO)
    (tmp_path / 'photo.heic').write_bytes(b'\0\0\0\x18ftypheic\0\0\0\0mif1heic' + bytes(100))
    (tmp_path / 'bad.csv').write_text(
        'source_image,source_keypoints,target_keypoints,output\n'
        'gone.jpg,me.json,pose.json,a.png\nme.jpg,you.json,pose.json,b.png\nme.jpg,me.json,pose.json,c.mp4\n'
    )
    return tmp_path


_ONE = {'source_image': 'me.jpg', 'source_keypoints': 'me.json', 'target_keypoints': 'pose.json', 'output': 'out.png'}
_VIDEO = {'source_image': 'me.jpg', 'target_video': 'dance.mp4', 'output': 'out.mp4'}
_SEQUENCE = {'source_image': 'me.jpg', 'source_keypoints': 'me.json', 'target_dir': 'dance', 'output': 'out'}


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({**_ONE, 'run_dir': 'nowhere'}, 'nowhere: no such run folder'),
        ({**_ONE, 'run_dir': 'dance'}, 'config.json: missing'),
        ({**_ONE, 'source_image': 'gone.jpg'}, 'gone.jpg: no such picture'),
        ({**_ONE, 'source_image': 'photo.heic'}, 'photo.heic: begins like a HEIC picture, but is damaged'),
        ({**_ONE, 'source_image': 'me.json'}, 'me.json: not a picture but a JSON file'),
        ({**_ONE, 'source_image': '~/gone.jpg'}, 'home/gone.jpg: no such picture'),
        ({**_ONE, 'source_image': ''}, '--source_image: missing'),
        ({**_ONE, 'source_keypoints': 'me.jpg'}, 'me.jpg: nobody was found'),
        ({**_ONE, 'target_keypoints': 'dance.mp4'}, 'dance.mp4: an MP4 video, expected joints'),
        ({**_ONE, 'target_image_size': '8,8'}, 'outside the picture of 8x8'),
        ({**_ONE, 'output': 'out.mp4'}, 'video files are not written'),
        ({**_ONE, 'output': 'me.jpg/out.png'}, 'me.jpg exists and is not a folder'),
        ({**_ONE, 'source_parts': 'parts.png'}, 'source_parts: this model takes no such map'),
        (
            {**_ONE, 'target_image': 'me.jpg', 'target_parts': 'parts.png'},
            'target_image: this model makes the whole picture',
        ),
        ({'source_image': 'me.jpg', 'output': 'out.png'}, '--target_keypoints: missing: give a pose file or a photo'),
        ({'pairs': 'bad.csv'}, '3 of 3 predictions failed'),
        ({**_SEQUENCE, 'target_dir': 'dance.mp4'}, 'dance.mp4: an MP4 video, expected a folder with a pose file'),
        ({**_SEQUENCE, 'target_dir': 'me.json'}, 'me.json: a JSON file, which has the pose of one picture'),
        ({**_SEQUENCE, 'output': 'out.mov'}, 'expected a folder for numbered frames'),
        ({**_SEQUENCE, 'output': 'dance'}, 'the folder of the poses'),
        ({**_SEQUENCE, 'run_dir': 'nowhere'}, 'nowhere: no such run folder'),
        ({**_SEQUENCE, 'max_seconds': 3}, '--max_seconds: goes with --target_video only'),
        ({**_VIDEO, 'target_dir': 'dance'}, '--target_dir: does not go with --target_video'),
        (_VIDEO, 'dance.mp4: an MP4 video that cannot be read'),
        ({**_VIDEO, 'target_video': 'me.jpg'}, 'me.jpg: a JPEG picture, expected a video (MP4'),
        ({**_VIDEO, 'output': 'out.avi'}, 'or a name that ends in .mp4, .webm, .gif, .webp, .png'),
    ],
)  # fmt: skip
def test_command_says_what_is_wrong_without_tensorflow(tiny_run, folder, given, words):
    flags = [f'--{name}={value}' for name, value in {'run_dir': tiny_run.path, **given}.items()]
    command = [sys.executable, '-c', _WITHOUT_TENSORFLOW, *flags]
    python_path = os.pathsep.join([str(pathlib.Path(driving.__file__).parents[2]), os.environ.get('PYTHONPATH', '')])
    env = {**os.environ, 'HOME': str(folder / 'home'), 'PYTHONPATH': python_path}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=env)
    assert done.returncode == 1, done.stderr
    assert words in done.stderr.strip().splitlines()[-1]
    assert 'Traceback' not in done.stderr
    assert not any(folder.glob('out*'))


def _never():
    raise AssertionError('the model was loaded')


FINDER, OPTIONS = PoseFinder(_never), runner.RunOptions()


def test_rows_that_can_be_done_are_done_after_the_others_are_named(folder, tiny_predictor, capsys):
    (folder / 'some.csv').write_text((folder / 'bad.csv').read_text() + 'me.jpg,me.json,pose.json,d.png\n')
    named = []

    def load():
        named.extend(capsys.readouterr().err.splitlines())
        return PhotoReposer(tiny_predictor, PLAIN)

    model = tiny_predictor.model_config
    assert runner.run_jobs(_never, model, jobs_from_csv(folder / 'bad.csv'), FINDER, OPTIONS) == 3
    capsys.readouterr()
    assert runner.run_jobs(load, model, jobs_from_csv(folder / 'some.csv'), FINDER, OPTIONS) == 3
    assert [f'row {row}' in line for row, line in zip((2, 3, 4), named)] == [True] * 3
    assert (folder / 'd.png').exists()


def test_a_map_with_a_class_that_its_coding_lacks_does_not_load_the_model(folder, tiny_pfl_predictor, capsys):
    save_image(folder / 'strange.png', np.full(SIZE, 77, np.uint8))
    (folder / 'maps.csv').write_text(
        'source_image,source_keypoints,target_keypoints,output,source_parts,target_parts,source_garment\n'
        'me.jpg,me.json,pose.json,a.png,parts.png,parts.png,strange.png\nme.jpg,me.json,pose.json,b.png,parts.png,,\n'
    )
    jobs = jobs_from_csv(folder / 'maps.csv')
    assert runner.run_jobs(_never, tiny_pfl_predictor.model_config, jobs, FINDER, OPTIONS) == 2
    errors = capsys.readouterr().err
    assert 'strange.png: got class 77' in errors and 'target_parts: this model needs this map' in errors


def test_a_sequence_without_its_maps_does_not_load_the_model(folder, tiny_pfl_predictor):
    job = driving_job.DrivingJob(
        str(folder / 'me.jpg'), str(folder / 'me.json'), str(folder / 'dance'), str(folder / 'o')
    )
    with pytest.raises(ValueError, match='source_parts: this model needs this map'):
        driving.run_driving(_never, tiny_pfl_predictor.model_config, job, FINDER)


def test_what_a_model_takes_is_known_from_its_config(tiny_pfl_predictor, tiny_predictor):
    for predictor in (tiny_pfl_predictor, tiny_predictor):
        assert predictor.class_maps == predictor.model_config.class_maps
    assert tiny_pfl_predictor.takes_context and not tiny_predictor.takes_context
