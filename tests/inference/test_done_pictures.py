"""A list of pictures is made once: by parts that share nothing, and by a run that is started again."""

import json
import os
import types

import pytest

from posewarp_tf.inference import runner
from posewarp_tf.inference.done_pictures import DonePictures, part_of_jobs
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.inference.jobs import jobs_from_csv
from posewarp_tf.models.gfla.config import GFLAConfig
from posewarp_tf.pictures.picture_files import save_image
from tests.run_folders import person, picture

SIZE = (64, 48)


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / 'me.png', picture(SIZE))
    for number in range(4):
        points = [[float(x), float(y), 0.9] for x, y in person(SIZE, number)]
        (tmp_path / f'{number}.json').write_text(json.dumps({'people': [{'pose_keypoints_2d': sum(points, [])}]}))
    rows = [f'me.png,0.json,{number}.json,out/{number}.png' for number in range(4)]
    header = 'source_image,source_keypoints,target_keypoints,output'
    (tmp_path / 'many.csv').write_text('\n'.join([header, *rows, 'me.png,0.json,1.json,out/0.png']) + '\n')
    return tmp_path


class SamePicture:
    """Stands for a model: answers with the photo."""

    def person(self, image, *found):
        return image

    def pose(self, person, *found):
        return None

    def answers(self, pairs, batch_size):
        return [image for image, _ in pairs]

    def finish(self, person, pose, answer):
        return types.SimpleNamespace(image=answer)


def _run(folder, shard=(1, 1), made_by='weights', overwrite=False):
    """What was written, and how many failed."""
    before = _times(folder)
    jobs = part_of_jobs(jobs_from_csv(folder / 'many.csv'), shard)
    done, options = DonePictures(made_by, shard, overwrite), runner.RunOptions(batch_size=1)
    failed = runner.run_jobs(SamePicture, GFLAConfig(), jobs, PoseFinder(lambda: None), options, done)
    return {name for name, time in _times(folder).items() if before.get(name) != time}, failed


def _times(folder):
    return {path.stem: os.stat(path).st_mtime_ns for path in (folder / 'out').glob('*.png')}


def test_parts_share_no_picture_even_where_rows_do(folder, capsys):
    assert _run(folder, (1, 2)) == ({'0', '2'}, 1)
    assert "row 6: output '" in capsys.readouterr().err
    assert _run(folder, (2, 2)) == ({'1', '3'}, 0)
    # One run of all finds what the parts have made.
    assert _run(folder) == (set(), 1)
    assert '4 of 5 pictures are made already' in capsys.readouterr().out


def test_a_run_that_was_killed_goes_on_and_what_changed_is_made_anew(folder):
    assert _run(folder)[0] == {'0', '1', '2', '3'}
    record = folder / 'out' / '.made-1-of-1.jsonl'
    lines = record.read_text().strip().splitlines()
    # Killed when the third was written and its line was not.
    (folder / 'out' / '3.png').unlink()
    record.write_text('\n'.join([*lines[:2], lines[2][:20]]))
    assert _run(folder)[0] == {'2', '3'}
    (folder / '1.json').write_text((folder / '3.json').read_text())
    assert _run(folder)[0] == {'1'}
    assert _run(folder, made_by='other weights')[0] == {'0', '1', '2', '3'}
    assert _run(folder, made_by='other weights', overwrite=True)[0] == {'0', '1', '2', '3'}
