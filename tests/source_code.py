"""The package's own source, parsed: for tests of what holds over all of it."""

from __future__ import annotations

import ast
import functools
import pathlib
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parent.parent
PACKAGES = ('posewarp_tf', 'exports', 'custom_ops')


def read(path: str) -> str:
    """A text file of the repository."""
    return (ROOT / path).read_text(encoding='utf-8')


@functools.cache
def sources() -> dict[str, ast.Module]:
    """Every module by its path from the root."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob('*.py'))]
    named = {path.relative_to(ROOT).as_posix(): path for path in paths if 'node_modules' not in path.parts}
    return {name: ast.parse(path.read_text(encoding='utf-8')) for name, path in named.items()}


def docstring(path: str) -> str:
    """Of the module, on one line."""
    return ' '.join((ast.get_docstring(sources()[path]) or '').split())


def walk(nodes: type | tuple[type, ...], outside: tuple[str, ...] = ()) -> Iterator[tuple[str, ast.AST]]:
    """(path, node) of every node of these types in files whose path begins with none of `outside`."""
    for path, tree in sources().items():
        if not path.startswith(outside or ('\0',)):
            yield from ((path, node) for node in ast.walk(tree) if isinstance(node, nodes))


def code_strings(tree: ast.Module) -> set[str]:
    """String constants that are no docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose)
    return {node.value for node in found if isinstance(node.value, str)}


def name_of(node: ast.AST) -> str:
    """The last part of a dotted name, of what is indexed, or of what is called."""
    while isinstance(node, (ast.Subscript, ast.Call)):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return getattr(node, 'attr', getattr(node, 'id', ''))


def imported_modules(path: str) -> set[str]:
    """Modules of these packages that a module imports, by their dotted names."""
    names = set()
    for node in ast.walk(sources()[path]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # One dot is the module's own package, every further dot one package up.
            package = path.split('/')[: -node.level] if node.level else []
            module = '.'.join([*package, *([node.module] if node.module else [])])
            names |= {module, *(f'{module}.{alias.name}' for alias in node.names)}
    modules = {name.removesuffix('.py').replace('/', '.').removesuffix('.__init__') for name in sources()}
    return names & modules


def is_main(path: str) -> bool:
    return path.endswith('__main__.py') or any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in sources()[path].body
    )
