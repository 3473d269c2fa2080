"""Where the page comes from: in the package, or built by npm, for which a small script stands here."""

import os

import pytest

from posewarp_tf.errors import ConfigError
from posewarp_tf.page_server import built_page as module
from posewarp_tf.page_server.built_page import built_page

NPM = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$1" in
  ci) mkdir node_modules ;;
  run) for last; do :; done; mkdir -p "${last#--out=}" && echo page > "${last#--out=}/index.html" ;;
esac
"""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Sources of a page, older than anything else, none that is built, and no npm."""
    sources = tmp_path / 'exports' / 'mobile'
    for name in ('page/index.html', 'page/js/app.js', 'served/sw.js', 'tools/build.mjs', 'package-lock.json'):
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / name).write_text(name)
    for path in (sources, *sources.rglob('*')):
        os.utime(path, (1e9, 1e9))
    monkeypatch.setattr(module, 'SOURCES', sources)
    monkeypatch.setattr(module, 'PAGE', tmp_path / 'package' / 'page')
    (tmp_path / 'bin').mkdir()
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))
    return tmp_path


@pytest.fixture
def npm(clone, monkeypatch):
    """Calls of npm so far."""
    (clone / 'bin' / 'npm').write_text(NPM)
    (clone / 'bin' / 'npm').chmod(0o755)
    monkeypatch.setenv('PATH', f'{clone / "bin"}:/usr/bin:/bin')
    calls = clone / 'bin' / 'calls'
    return lambda: [line.split()[0] for line in calls.read_text().splitlines()]


def put_page(clone, time=None):
    (clone / 'package' / 'page').mkdir(parents=True)
    (clone / 'package' / 'page' / 'index.html').write_text('page')
    if time:
        os.utime(clone / 'package' / 'page' / 'index.html', (time, time))


def remove_sources(clone):
    (clone / 'exports' / 'mobile' / 'tools' / 'build.mjs').unlink()


def test_an_installed_package_brings_the_page(clone):
    remove_sources(clone)
    put_page(clone)
    assert built_page() == clone / 'package' / 'page'


def test_a_package_that_was_made_without_the_page_says_so(clone, npm):
    remove_sources(clone)
    with pytest.raises(ConfigError, match='this package was made without the page: `make page` in a clone'):
        built_page()


def test_a_clone_without_npm_says_what_is_missing(clone):
    with pytest.raises(ConfigError, match='npm is not there to build it: `make page` .* Node.js 20 or newer and npm'):
        built_page()


def test_a_clone_builds_the_page_once_and_again_when_a_source_is_newer(clone, npm):
    assert (built_page() / 'index.html').read_text() == 'page\n'
    assert npm() == ['ci', 'run']
    built_page()
    assert npm() == ['ci', 'run']
    built = (clone / 'package' / 'page' / 'index.html').stat().st_mtime
    os.utime(clone / 'exports' / 'mobile' / 'page' / 'js' / 'app.js', (built + 5, built + 5))
    built_page()
    assert npm() == ['ci', 'run', 'run']


def test_an_older_page_is_served_with_a_note_where_it_cannot_be_built_again(clone, capsys):
    put_page(clone, time=5e8)
    assert built_page() == clone / 'package' / 'page'
    assert 'is older than' in capsys.readouterr().out


def test_what_npm_complains_about_is_passed_on(clone, npm):
    (clone / 'bin' / 'npm').write_text('#!/bin/sh\necho no network >&2\nexit 3\n')
    with pytest.raises(ConfigError, match='the page cannot be built: npm .* ci .*: no network'):
        built_page()
    assert not (clone / 'package').exists()
