"""LICENSE and CITATION.cff say what is so."""

import hashlib
import re

import pytest
import yaml

from tests.source_code import read

# Of the text at https://www.apache.org/licenses/LICENSE-2.0.txt.
APACHE_2_0 = 'cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30'


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
