"""The BUILD files say where every Python file belongs and what each library imports; read without Bazel."""

from __future__ import annotations

import ast

from tests.source_code import ROOT, imported_modules, sources

# By their BUILD file: what stands in `deps` of the one library.
LIBRARIES = ('posewarp_tf', 'exports', 'custom_ops')


def library(folder):
    """The keywords of the one py_library of a BUILD file."""
    tree = ast.parse((ROOT / folder / 'BUILD').read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == 'py_library']
    (call,) = calls
    return {keyword.arg: keyword.value for keyword in call.keywords}


def files_of(folder):
    glob = library(folder)['srcs']
    (patterns,) = (ast.literal_eval(argument) for argument in glob.args)
    return {path.relative_to(ROOT).as_posix() for pattern in patterns for path in (ROOT / folder).glob(pattern)}


def test_every_python_file_belongs_to_its_library():
    for folder in LIBRARIES:
        there = {path for path in sources() if path.startswith(f'{folder}/')}
        assert {path for path in files_of(folder) if 'node_modules' not in path} == there


def test_no_folder_inside_a_library_has_a_build_file_that_would_hide_it_from_the_glob():
    inside = [path for folder in ('posewarp_tf', 'exports') for path in (ROOT / folder).glob('*/**/BUILD')]
    assert [path for path in inside if 'node_modules' not in path.parts] == []


def test_libraries_depend_on_what_their_files_import():
    for folder in LIBRARIES:
        deps = library(folder).get('deps')
        named = {label.removeprefix('//') for label in (ast.literal_eval(deps) if deps else [])}
        paths = [path for path in sources() if path.startswith(f'{folder}/')]
        imported = {module.split('.')[0] for path in paths for module in imported_modules(path)} - {folder}
        assert named == imported, folder


def test_every_folder_of_tests_is_one_of_bazel_too():
    for folder in {path.parent for path in (ROOT / 'tests').rglob('test_*.py')}:
        assert 'python_tests()' in (folder / 'BUILD').read_text().splitlines(), folder
