"""LICENSE, CITATION.cff and CONTRIBUTING.md say what is so."""

import hashlib
import re

import pytest
import yaml

from tests.source_code import ROOT

# Of the text at https://www.apache.org/licenses/LICENSE-2.0.txt.
APACHE_2_0 = 'cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30'


def read(name):
    return (ROOT / name).read_text(encoding='utf-8')


def package_version():
    (version,) = re.findall(r"^__version__ = '(.+)'$", read('posewarp_tf/__init__.py'), re.MULTILINE)
    return version


def test_license_is_the_whole_standard_text_with_our_copyright_line():
    ours, blank = 'Copyright 2026 the posewarp_tf authors', 'Copyright [yyyy] [name of copyright owner]'
    text = read('LICENSE')
    assert text.count(ours) == 1
    assert hashlib.sha256(text.replace(ours, blank).encode()).hexdigest() == APACHE_2_0


@pytest.fixture(scope='module')
def citation():
    return yaml.safe_load(read('CITATION.cff'))


def test_citation_is_of_this_version_and_licence(citation):
    assert citation['cff-version'] == '1.2.0'
    assert citation['title'] == 'posewarp_tf'
    assert citation['version'] == package_version()
    assert f'license = "{citation["license"]}"' in read('pyproject.toml')


def test_citation_names_both_papers_as_the_readme_does(citation):
    readme = ' '.join(read('README.md').split())
    assert len(citation['references']) == 2
    for paper in citation['references']:
        assert f'[{paper["title"]}]({paper["url"]})' in readme
        assert f'({paper["authors"][0]["family-names"]} et al., ' in readme
        assert str(paper['year']) in readme


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
