"""The rooms of the package: what lies on a floor knows the floors below, and nothing of its own or above."""

import ast

import pytest

from tests.source_code import ROOT, imported_modules, is_main, sources

# From the ground up. Rooms beside each other on one floor do not know each other.
FLOORS = (
    ('errors', 'conventions'),
    ('files', 'lanes', 'settings.options'),
    ('ops', 'tensor_files'),
    ('pictures', 'layers'),
    ('poses', 'video', 'faces'),
    ('photos', 'detection'),
    ('models',),
    ('settings',),
    ('runs', 'losses', 'synthetic'),
    ('data', 'pytorch_files', 'inference', 'page_server'),
    ('training', 'metrics'),
)
# The public name `build_model` takes the name of a shipped config.
ALLOWED = {('posewarp_tf/models/registry.py', 'posewarp_tf.settings.flags')}


def room_of(module):
    """The room of a module such as posewarp_tf.poses.joints; None for the package itself."""
    inside = module.split('.')[1:]
    if inside[:2] == ['settings', 'options']:
        return 'settings.options'
    return inside[0] if inside else None


def floor_of(room):
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), None)


def module_of(path):
    return path.removesuffix('.py').replace('/', '.').removesuffix('.__init__')


# Mains and what lies beside the package may know everything.
LOWER = [path for path in sources() if path.startswith('posewarp_tf/') and not is_main(path)]
LOWER = [path for path in LOWER if room_of(module_of(path))]


def test_every_room_has_a_floor_and_no_module_lies_in_the_hall():
    rooms = {path.name for path in (ROOT / 'posewarp_tf').iterdir() if (path / '__init__.py').exists()}
    assert rooms == {room for rooms in FLOORS for room in rooms if '.' not in room} - {'errors', 'conventions'}
    hall = {path for path in sources() if path.startswith('posewarp_tf/') and path.count('/') == 1}
    assert {path for path in hall if not is_main(path)} == {
        'posewarp_tf/__init__.py', 'posewarp_tf/conventions.py', 'posewarp_tf/errors.py'
    }  # fmt: skip


@pytest.mark.parametrize('path', LOWER)
def test_a_module_knows_only_the_floors_below(path):
    here = room_of(module_of(path))
    for module in imported_modules(path):
        there = room_of(module) if module.startswith('posewarp_tf') else 'exports or custom_ops'
        if there not in (None, here) and (path, module) not in ALLOWED:
            assert floor_of(there) is not None, f'{path} imports {module}, a main'
            assert floor_of(there) < floor_of(here), f'{path} imports {module}'


def test_public_names_are_imports_that_an_editor_sees():
    tree = sources()['posewarp_tf/__init__.py']
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    import posewarp_tf

    assert set(posewarp_tf.__all__) <= imported
    for name in posewarp_tf.__all__:
        assert getattr(posewarp_tf, name) is not None
