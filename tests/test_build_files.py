"""The BUILD files say of every Python file where it belongs and what it imports; read without Bazel."""

from __future__ import annotations

import ast
import pathlib

ROOT = pathlib.Path(__file__).parent.parent
PACKAGES = ('posewarp_tf', 'custom_ops', 'exports')


def _files(pattern: str) -> list[pathlib.Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob(pattern)]
    return [path for path in found if 'node_modules' not in path.parts]


def _calls(build: pathlib.Path, rule: str) -> list[dict[str, ast.expr]]:
    calls = [node.value for node in ast.parse(build.read_text()).body if isinstance(node, ast.Expr)]
    return [
        {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        for call in calls
        if isinstance(call, ast.Call) and getattr(call.func, 'id', None) == rule
    ]


def _sources(folder: pathlib.Path, value: ast.expr | None) -> set[pathlib.Path]:
    """The files of a list of names or of glob([...])."""
    if value is None:
        return set()
    if isinstance(value, ast.BinOp):
        return _sources(folder, value.left) | _sources(folder, value.right)
    if isinstance(value, ast.Call):
        excluded: list[str] = next((ast.literal_eval(k.value) for k in value.keywords if k.arg == 'exclude'), [])
        found = {path for pattern in ast.literal_eval(value.args[0]) for path in folder.glob(pattern)}
        return {path for path in found if path.name not in excluded}
    return {folder / name for name in ast.literal_eval(value)}


def _libraries() -> dict[str, tuple[set[pathlib.Path], set[str]]]:
    """label -> (files, labels it depends on), labels written in full."""
    libraries = {}
    for build in _files('BUILD'):
        folder = build.parent.relative_to(ROOT).as_posix()

        def full(label: str, folder: str = folder) -> str:
            label = f'//{folder}{label}' if label.startswith(':') else label
            return label if ':' in label else f'{label}:{label.split("/")[-1]}'

        for call in _calls(build, 'py_library'):
            deps = ast.literal_eval(call['deps']) if 'deps' in call else []
            name = full(':' + ast.literal_eval(call['name']))
            libraries[name] = (_sources(build.parent, call.get('srcs')), {full(label) for label in deps})
    return libraries


def _imported_files(path: pathlib.Path) -> set[pathlib.Path]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A relative import starts at the file's package, one dot; every further dot is one package up.
            package = path.relative_to(ROOT).parent.parts[: 1 - node.level or None] if node.level else ()
            module = '.'.join([*package, *([node.module] if node.module else [])])
            names |= {f'{module}.{alias.name}' for alias in node.names}
    return {file for name in names if name.split('.')[0] in PACKAGES for file in [_file_of(name)] if file}


def _file_of(name: str) -> pathlib.Path | None:
    """The file of a module, or of the module whose attribute `name` is."""
    path = ROOT.joinpath(*name.split('.'))
    if path.with_suffix('.py').is_file():
        return path.with_suffix('.py')
    if path.is_dir():
        return path / '__init__.py' if (path / '__init__.py').is_file() else None
    return _file_of(name.rpartition('.')[0]) if '.' in name else None


def test_every_python_file_belongs_to_exactly_one_library():
    owned = sorted(path for files, _ in _libraries().values() for path in files)
    assert owned == sorted(_files('*.py'))


def test_libraries_depend_on_what_their_files_import():
    libraries = _libraries()
    library_of = {path: label for label, (files, _) in libraries.items() for path in files}
    for label, (files, deps) in libraries.items():
        if files:
            imported = {library_of[path] for file in files for path in _imported_files(file)} - {label}
            assert deps == imported, f'{label}: missing {imported - deps}, not imported {deps - imported}'


def test_every_test_file_is_a_bazel_target():
    for folder in {path.parent for path in (ROOT / 'tests').rglob('test_*.py')}:
        (call,) = _calls(folder / 'BUILD', 'python_tests')
        assert _sources(folder, call['srcs']) >= set(folder.glob('test_*.py')), folder
