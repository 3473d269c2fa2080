"""`posewarp app` with a run folder, opened in Chromium; `make test-mobile` installs what this needs."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.source_code import ROOT

pytestmark = pytest.mark.browser


class App:
    """The command, until it serves; `printed` is what it said before that, after `seconds`."""

    def __init__(self, cache, *flags):
        started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'posewarp_tf', 'app', '--noopen_browser', '--nofind_joints', '--port=0', *flags],
            cwd=ROOT, env={**os.environ, 'POSEWARP_CACHE': str(cache)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.printed = []
        for line in self._process.stdout:
            if line.startswith('posewarp: '):
                self.url = line.split()[1]
                break
            self.printed.append(line)
        self.seconds = time.monotonic() - started

    def __enter__(self):
        assert self._process.poll() is None, self.printed
        return self

    def __exit__(self, *raised):
        self._process.kill()
        self._process.communicate()


def test_the_example_is_reposed_and_the_second_start_is_soon(tiny_run, tmp_path):
    with App(tmp_path, f'--run_dir={tiny_run.path}') as app:
        assert f'exporting {tiny_run.path} to TFLite, once\n' in app.printed
        command = ['npm', 'run', '--silent', 'try', '--', f'--url={app.url}']
        done = subprocess.run(command, cwd=ROOT / 'exports/mobile', capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        seen = json.loads(done.stdout)
    assert seen['isolated'] is True
    assert 'WASM' in seen['status'] and seen['result'].startswith('Made in ')
    # A model of random weights makes many.
    assert seen['colors'] > 100
    assert seen['problems'] == []
    with App(tmp_path, f'--run_dir={tiny_run.path}') as again:
        assert again.printed == []
    assert again.seconds < min(app.seconds / 2, 10)
