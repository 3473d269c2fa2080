"""`posewarp landmarks`: flags that would do nothing are refused, before any network is looked for."""

import os
import subprocess
import sys

import pytest
from PIL import Image

from tests.source_code import ROOT


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--source=me.png', '--fps=5'], '--fps: goes with a video only, and me.png is none'),
        (['--source=.', '--max_seconds=5'], '--max_seconds: goes with a video only, and . is none'),
        (['--source=me.png', '--whole_frames', '--face_size=64'], '--face_size: does not go with --whole_frames'),
        (['--source=gone.mp4'], 'gone.mp4: no such file'),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path, arguments, words):
    Image.new('RGB', (20, 20)).save(tmp_path / 'me.png')
    command = [sys.executable, '-m', 'posewarp_tf.landmarks', '--output_dir=data', '--pose_model=nowhere', *arguments]
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=env)
    assert done.returncode == 1 and words in done.stderr.strip().splitlines()[-1], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['me.png']
