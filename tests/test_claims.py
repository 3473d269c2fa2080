"""What docstrings claim of the whole source, held against the source: "only", "nothing else", "every".

A claim is a sentence that stands in a module's docstring, and a function that lists what contradicts it.
`test_no_claim_to_be_the_only_one_goes_unchecked` fails for such a sentence that is not in `CLAIMS`.
"""

from __future__ import annotations

import ast
import re

import pytest

from posewarp_tf.losses.needs import NEEDS
from posewarp_tf.metrics.protocols import PROTOCOLS
from tests.source_code import code_strings, docstring, imported_modules, is_main, name_of, sources, walk

# Claims to be the one place for something, which the next change elsewhere can make false.
ONLY_ONE = re.compile(
    r'only (\w+ )?(place|file|code|function|way)s?\b|[Oo]nly (here|mains)|[Nn]othing (here|else of)|know nothing else'
)


def readers_of_flags() -> set[str]:
    allowed = {'posewarp_tf/settings/flags.py', 'posewarp_tf/settings/command_line.py'}
    readers = {path for path, node in walk((ast.Name, ast.Attribute)) if name_of(node) == 'FLAGS'}
    return {path for path in readers - allowed if not is_main(path)}


def imports_of_models() -> set[str]:
    shared = ('base', 'clips', 'config', 'inputs', 'kinds', 'outputs', 'panels', 'precision', 'registry')
    allowed = {'posewarp_tf.models', *(f'posewarp_tf.models.{name}' for name in shared)}
    found = set()
    for folder in ('posewarp_tf/losses/', 'posewarp_tf/training/', 'posewarp_tf/metrics/', 'exports/'):
        for path in (path for path in sources() if path.startswith(folder)):
            modules = {name for name in imported_modules(path) if name.startswith('posewarp_tf.models')}
            modules = {name for name in modules - allowed if '.discriminators' not in name}
            found |= {f'{path}: {name}' for name in modules}
    return found


def unnamed_outputs() -> set[str]:
    """Keys by which the outputs of a model are read outside of models/: neither every model's nor a declared one's."""
    found = set()
    for path, node in walk((ast.Subscript, ast.Call, ast.Compare), outside=('posewarp_tf/models/',)):
        if isinstance(node, ast.Subscript):
            # What is inside an output, such as outputs['motions']['source'], is no output.
            if not isinstance(node.value, ast.Subscript) and name_of(node.value) == 'outputs':
                found.add((path, node.slice))
        elif isinstance(node, ast.Compare) and name_of(node.comparators[0]) == 'outputs':
            found.add((path, node.left))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == 'outputs.get':
            found.add((path, node.args[0]))
    read = {(path, key.value) for path, key in found if isinstance(getattr(key, 'value', None), str)}
    assert {'image', 'motions'} <= {key for _, key in read}
    # Terms of the objective are about one output each, which losses/needs.py says.
    of_terms = {needs.output for needs in NEEDS.values()}
    read = {(path, key) for path, key in read if not (path.startswith('posewarp_tf/losses/') and key in of_terms)}
    return {f'{path}: {key}' for path, key in read if key not in ('image', 'images', 'motions')}


def names_in_reposer() -> set[str]:
    from posewarp_tf.models.inputs import raw_input_specs
    from posewarp_tf.models.registry import MODELS, model_config

    model = model_config('pfl', use_garment=True, pose_representation='both')
    named = {*MODELS, *raw_input_specs(model), *(output.name for output in model.outputs)}
    return code_strings(sources()['posewarp_tf/inference/reposer.py']) & named


def own_changes_of_range() -> set[str]:
    found = {path for path, node in walk(ast.Call) if name_of(node) == 'convert_image_dtype'}
    for path, node in walk(ast.BinOp, outside=('posewarp_tf/ops/image_range.py',)):
        operands = [node.left, node.right]
        factors = [operand for operand in operands if isinstance(operand, ast.Constant)]
        # A quotient of two numbers is a number, not a picture.
        if len(factors) == 1 and factors[0].value == 127.5:
            found.add(f'{path}: {ast.unparse(node)}')
    return found


def own_resizing_of_flows() -> set[str]:
    def is_flow(node: ast.AST) -> bool:
        names = [name_of(part) for part in ast.walk(node) if isinstance(part, (ast.Name, ast.Attribute))]
        return not any(isinstance(part, ast.Call) for part in ast.walk(node)) and any('flow' in name for name in names)

    def picks(index: ast.AST) -> bool:
        """Whether an index names pixels one by one, or leaves some out."""
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        chosen = [part for part in parts if not isinstance(part, (ast.Slice, ast.Constant))]
        return len(chosen) > 1 or any(isinstance(part, ast.Slice) and part.step for part in parts)

    found = set()
    for path, node in walk((ast.Call, ast.Subscript), outside=('posewarp_tf/ops/warp.py',)):
        if isinstance(node, ast.Call):
            is_resize = re.search('resize|zoom|upsample|repeat|avg_pool', name_of(node))
            bad = is_resize and name_of(node) != 'resize_flow' and any(map(is_flow, node.args))
        else:
            bad = isinstance(node.ctx, ast.Load) and is_flow(node.value) and picks(node.slice)
        if bad:
            found.add(f'{path}: {ast.unparse(node)}')
    return found


def names_of_models() -> set[str]:
    from posewarp_tf.models.registry import MODELS

    own = {name: config.__module__.rpartition('.')[0].replace('.', '/') + '/' for name, config in MODELS.items()}
    found = {(path, name) for path, tree in sources().items() for name in code_strings(tree) & {*MODELS}}
    # A stage may be called as another model is.
    stages = {(own[model] + 'config.py', stage.name) for model in MODELS for stage in MODELS[model].all_stages}
    # So is the way in which its paper scores pictures, of any model.
    protocols = {('posewarp_tf/metrics/protocols.py', name) for name in PROTOCOLS}
    elsewhere = {path for path, name in found - stages - protocols if not path.startswith(own[name])}
    return elsewhere - {'posewarp_tf/models/registry.py'}


def places_in_run_folders() -> set[str]:
    places = {'person_frame.json', 'notes.json', 'checkpoints', 'logs', 'samples', 'metrics.json'}
    found = {path for path, tree in sources().items() if code_strings(tree) & places}
    assert 'posewarp_tf/runs/run_folder.py' in found
    return found - {'posewarp_tf/runs/run_folder.py'}


def calls_of_ops_without_a_choice() -> set[str]:
    found = set()
    for path, node in walk(ast.FunctionDef):
        called = {ast.unparse(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
        if 'kernel_library.call' in called and 'kernel_library.use_kernel' not in called:
            found.add(f'{path}: {node.name}')
    return found


def networks_with_pytorch_names() -> set[str]:
    named = set(re.findall(r'\b[A-Z]\w+\b', docstring('posewarp_tf/models/pytorch_names.py').partition(' have a ')[0]))
    classes = [node for _, node in walk(ast.ClassDef)]
    having = {c.name for c in classes if any(getattr(part, 'name', '') == 'pytorch_names' for part in c.body)}
    return having - named


def blocks_without_pytorch_parts() -> set[str]:
    classes = [node for node in sources()['posewarp_tf/layers/blocks.py'].body if isinstance(node, ast.ClassDef)]
    methods = {c.name: {getattr(part, 'name', '') for part in c.body} for c in classes}
    return {name for name, own in methods.items() if '__init__' in own and 'pytorch_parts' not in own} - {'Block'}


CLAIMS = [
    ('posewarp_tf/settings/flags.py', "Only mains, command_line.py and this file read absl's FLAGS", readers_of_flags),
    (
        'posewarp_tf/models/base.py',
        'Training, metrics and exports import nothing else of models/ than this file, clips.py, config.py, inputs.py, '
        'kinds.py, outputs.py, panels.py, precision.py, discriminators/ and registry.py',
        imports_of_models,
    ),
    ('posewarp_tf/models/base.py', 'by the names in the docstring of `ReposingModel`', unnamed_outputs),
    ('posewarp_tf/models/registry.py', 'The name of a model stands only here and in its own folder', names_of_models),
    ('posewarp_tf/inference/reposer.py', 'No model, input or output is named here', names_in_reposer),
    (
        'posewarp_tf/conventions.py',
        '`to_float_image` and `to_uint8_image` are the only two ways across',
        own_changes_of_range,
    ),
    ('posewarp_tf/ops/image_range.py', 'The only two ways between', own_changes_of_range),
    (
        'posewarp_tf/conventions.py',
        "`ops.resize_flow` is the only function that changes a flow's resolution",
        own_resizing_of_flows,
    ),
    ('posewarp_tf/ops/warp.py', "the only function that changes a flow's resolution", own_resizing_of_flows),
    ('posewarp_tf/runs/run_folder.py', 'the only code that knows what lies where in it', places_in_run_folders),
    ('posewarp_tf/ops/kernel_library.py', '`use_kernel` is the only place that chooses', calls_of_ops_without_a_choice),
    ('posewarp_tf/models/pytorch_names.py', 'have a method `pytorch_names()`', networks_with_pytorch_names),
    ('posewarp_tf/layers/blocks.py', 'made of others has a table `pytorch_parts`', blocks_without_pytorch_parts),
]


@pytest.mark.parametrize(
    ('path', 'sentence', 'contradictions'), CLAIMS, ids=[f'{path}: {sentence}' for path, sentence, _ in CLAIMS]
)
def test_what_a_docstring_claims_is_so(path, sentence, contradictions):
    assert sentence in docstring(path)
    assert contradictions() == set()


def test_no_claim_to_be_the_only_one_goes_unchecked():
    unchecked = {}
    for path in sources():
        text = docstring(path)
        for claimed_in, sentence, _ in CLAIMS:
            text = text.replace(sentence, '') if claimed_in == path else text
        if ONLY_ONE.search(text):
            unchecked[path] = text
    assert unchecked == {}
