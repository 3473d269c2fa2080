"""CONTRIBUTING.md names what there is. As test_build_files.py, this needs the whole repository, which Bazel hides."""

import re

from tests.source_code import ROOT, read


def named(text):
    """What stands between backticks, outside of blocks."""
    return re.findall(r'`([^`\n]+)`', re.sub(r'```.*?```', '', text, flags=re.DOTALL))


def test_every_path_in_contributing_exists():
    paths = {name for name in named(read('CONTRIBUTING.md')) if re.fullmatch(r'[\w.-]+(/[\w.-]*)+|[\w-]+\.\w+', name)}
    paths = {path for path in paths if not path.startswith(('ops.', 'level.'))} | {'LICENSE'}
    assert {'README.md', 'posewarp_tf/losses/terms.py', 'tests/layers/test_catalogue.py'} <= paths
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_every_name_that_contributing_puts_in_a_file_is_there():
    text = ' '.join(read('CONTRIBUTING.md').split())
    places = re.findall(r'`(\w+)`[^`.,;:]*?\bin `([\w/]+\.py)`', text)
    assert len(places) >= 12
    assert [place for place in places if not re.search(rf'\b{place[0]}\b', read(place[1]))] == []


def test_every_make_target_in_contributing_exists_and_all_of_ci_are_named():
    text, makefile = read('CONTRIBUTING.md'), read('Makefile')
    targets = set(re.findall(r'^([a-z][\w-]*):', makefile, re.MULTILINE))
    told = set(re.findall(r'\bmake (?:[A-Z]+=\S+ )*([a-z][\w-]*)', text))
    assert told <= targets
    assert set(re.findall(r'^make ([a-z][\w-]*)$', read('.ci/run'), re.MULTILINE)) <= told


def test_every_marker_of_tests_is_explained_in_contributing():
    text = read('CONTRIBUTING.md')
    markers = re.findall(r'^    "(\w+): ', read('pyproject.toml'), re.MULTILINE)
    assert 'slow' in markers
    for marker in markers:
        assert f'-m {marker}' in text or f'make test-{"mobile" if marker == "browser" else marker}' in text, marker
