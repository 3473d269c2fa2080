"""What must be known about an exported model, for programs (metadata.json) and for people (MODEL_CARD.md)."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from posewarp_tf.conventions import JOINT_NAMES, MISSING
from posewarp_tf.inference.reposer import Reposer
from posewarp_tf.runs.run_folder import LICENCE

if TYPE_CHECKING:
    from posewarp_tf.inference.animating import Animator
    from posewarp_tf.inference.cleaning import SkeletonCleaner


class _Words(NamedTuple):
    """What is said of the models of one material."""

    does: str
    inputs: str
    limits: str


_PLACES = 'x, y in pixels; of the model size for tensors, of the source picture for files (serve_bytes)'
_JOINTS = f'Joints are (x, y), -1 if missing, in this order: {", ".join(JOINT_NAMES)}.'
_WORDS = {
    'pictures': _Words(
        'Puts the person of one photo into another pose, given the joints of both.',
        _JOINTS,
        """- It needs the joints of both poses from somewhere else, and is only as good as these.
- What the photo does not show is invented: backs, hidden limbs, faces at a new angle. The result is no evidence of
  anything, and must not be passed off as a photograph of a person who did not agree to it.
- One person, at {size}: pictures are squashed to that size. Hands, faces, patterns and writing suffer most.
- Public pictures of fashion show few kinds of bodies, ages, skin colours, clothes and poses; others come out worse, and
  how much worse has not been measured.""",
    ),
    'views': _Words(
        'Shows the object of one picture from another side, given from where it is seen in both.',
        'A view is 21 numbers: one-hot of 18 azimuths, 20 degrees apart, then of 3 elevations, 10 degrees apart.',
        """- One object on white, at {size}: pictures are squashed to that size.
- What the picture does not show is invented. Of other kinds of objects than it was trained on it knows nothing.""",
    ),
}

CC_BY_NC = 'https://creativecommons.org/licenses/by-nc/4.0/'


def make_metadata(
    reposer: Reposer, signatures: Mapping[str, Any], check: Mapping[str, Any], custom: list[str]
) -> dict[str, Any]:
    """The contents of metadata.json.

    Args:
        reposer: what was exported.
        signatures: concrete functions by name.
        check: how the export was compared with the model.
        custom: operations that a stock runtime does not have.
    """
    config = reposer.config
    metrics, metrics_note = _metrics(reposer)
    has_joints = config.model.material == 'pictures'
    return {
        **common_metadata(reposer, signatures, check, custom),
        'image_size': list(config.model.image_size),
        'material': config.model.material,
        'does': _WORDS[config.model.material].does,
        **({'joints': list(JOINT_NAMES), 'missing_joint': MISSING} if has_joints else {}),
        'ranges': {
            'pictures': 'uint8 RGB, 0 to 255',
            'float_image': '-1 to 1',
            **({'joints': _PLACES} if has_joints else {}),
            'flow': 'backward: target pixel (x, y) shows source (x + dx, y + dy), in pixels of the flow; coarse first',
            'mask': '0 to 1; 1 = warped source, 0 = invented',
            **{output.name: output.description for output in config.model.outputs},
        },
        'metrics': metrics,
        'metrics_note': metrics_note,
    }


def common_metadata(
    exported: Reposer | Animator | SkeletonCleaner,
    signatures: Mapping[str, Any],
    check: Mapping[str, Any],
    custom: list[str],
) -> dict[str, Any]:
    """What is said of every model; arguments as of `make_metadata`."""
    run, config = exported.run, exported.config
    # Where data and weights lay on the machine that trained is nobody's business.
    config = config.replace(data_dir=last_part(config.data.data_dir), vgg_weights=last_part(config.loss.vgg_weights))
    return {
        'kind': 'posewarp_tf SavedModel',
        'config': json.loads(config.to_json()),
        'weights': {
            'run': run.path.resolve().name,
            'step': exported.trained_steps,
            'moving_average': bool(config.training.ema_decay),
            'notes': run.notes(),
        },
        'signatures': {name: _signature(function) for name, function in signatures.items()},
        'custom_operations': custom,
        'check': dict(check),
        'licence': licence(run.notes()),
        'versions': {name: importlib.metadata.version(name) for name in ('tensorflow', 'numpy')},
    }


def metrics_of_weights(exported: Animator | SkeletonCleaner) -> dict[str, Any] | None:
    """metrics.json of the run, if it is about the exported weights."""
    path = exported.run.metrics_path
    if not path.exists():
        return None
    metrics = json.loads(path.read_text(encoding='utf-8'))
    protocol = metrics['protocol']
    if protocol['weights']['file'] != os.path.relpath(exported.checkpoint_path, exported.run.path):
        return None
    protocol['data_dir'] = last_part(protocol['data_dir'])
    return metrics


def licence(notes: Mapping[str, str]) -> str:
    """What the terms of the weights are, as far as the run folder tells; and that the code has others."""
    if LICENCE in notes:
        return notes[LICENCE]
    code = 'posewarp_tf itself, the code, is under Apache-2.0, which does not cover weights.'
    inherited = f'The weights that were released for GFLA are under CC BY-NC 4.0 ({CC_BY_NC}): no commercial use'
    if 'imported_from' in notes:
        return (
            f'Weights imported from {notes["imported_from"]}; the terms of that file hold. {inherited}, also of '
            f'weights trained on from them. {code}'
        )
    return (
        'Weights trained with posewarp_tf; the terms of the training data hold. DeepFashion and Market-1501 are for '
        f'research only. {inherited}; that holds here too if training started from them (--init_from). {code}'
    )


def model_card(metadata: Mapping[str, Any]) -> str:
    """MODEL_CARD.md for the contents of metadata.json."""
    config, weights, check = metadata['config'], metadata['weights'], metadata['check']
    model, data = config['model'], config['data']
    height, width = metadata['image_size']
    differences = ', '.join(f'{name} {value:g}' for name, value in check['max_difference'].items())
    inputs = '\n'.join(
        f'- `{name}`: {shown_specs(spec["inputs"])} -> {shown_specs(spec["outputs"])}'
        for name, spec in metadata['signatures'].items()
    )
    notes = ''.join(f'- {name}: {note}\n' for name, note in weights['notes'].items())
    custom = ', '.join(metadata['custom_operations'])
    words = _WORDS[metadata['material']]
    is_of_people = metadata['material'] == 'pictures'
    layout = f' (layout {data["dataset"]})' if is_of_people else ''
    known = 'person or pose' if is_of_people else 'object or view'
    operations = f'Needs the operations {custom}.' if custom else "TensorFlow's own operations only."
    return f"""# {model['model']}, {height}x{width}

{words.does} Exported by posewarp_tf from the run
`{weights['run']}`, step {weights['step']}{', moving average of the weights' if weights['moving_average'] else ''}.

## Interface

{inputs}

{words.inputs} {operations}

## Data

Trained on `{data['data_dir'] or 'unknown'}`{layout}. The model knows no other kind of picture,
{known} than is in there.
{notes}
## Numbers

{_metrics_table(metadata)}
Export and model were compared on {check['num_pairs']} {check['pairs']}; largest difference: {differences}
(levels of 255 for pictures, parts of the range -1 to 1 for `float_image`).

## Licence

{metadata['licence']}

## Limits

{words.limits.format(size=f'{height}x{width}')}
"""


def _metrics(reposer: Reposer) -> tuple[dict[str, Any] | None, str]:
    """metrics.json with its protocol, if it is about the exported weights at the exported size."""
    path = reposer.run.metrics_path
    if not path.exists():
        return None, 'not evaluated: python -m posewarp_tf.evaluate --run_dir=...'
    metrics = json.loads(path.read_text(encoding='utf-8'))
    protocol = metrics['protocol']
    size = 'x'.join(map(str, reposer.config.model.image_size))
    if (protocol['weights']['step'], protocol['resolution']) != (reposer.trained_steps, size):
        return None, f'evaluated at step {protocol["weights"]["step"]} and {protocol["resolution"]}, exported at others'
    protocol['data_dir'] = last_part(protocol['data_dir'])
    return metrics, 'of the run, as posewarp_tf.evaluate measured them'


def _metrics_table(metadata: Mapping[str, Any]) -> str:
    if metadata['metrics'] is None:
        return f'No metrics: {metadata["metrics_note"]}.\n'
    rows = ['| region | metric | model | copy of the source |', '|---|---|---|---|']
    for region, metrics in metadata['metrics']['image'].items():
        for name, values in metrics.items():
            cells = ('-' if values[key] is None else f'{values[key]:.4g}' for key in ('model', 'copy_source'))
            rows.append(f'| {region} | {name} | {" | ".join(cells)} |')
    protocol = metadata['metrics']['protocol']
    return '\n'.join(rows) + f'\n\nTest pairs of `{protocol["data_dir"]}`; the protocol is in metadata.json.\n'


def _signature(function: Any) -> dict[str, Any]:
    def described(specs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: {'dtype': spec.dtype.name, 'shape': list(spec.shape)} for name, spec in sorted(specs.items())}

    return {
        'inputs': described(function.structured_input_signature[1]),
        'outputs': described(function.structured_outputs),
    }


def shown_specs(specs: Mapping[str, Any]) -> str:
    """The inputs or outputs of a signature, as metadata.json has them, in one line."""

    def shape(spec: Mapping[str, Any]) -> str:
        sizes = ('any' if size is None else str(size) for size in spec['shape'])
        return ', '.join('B' if not place and size == 'any' else size for place, size in enumerate(sizes))

    return ', '.join(f'{name} {spec["dtype"]} [{shape(spec)}]' for name, spec in specs.items())


def last_part(path: str) -> str:
    """The name of a file or folder alone."""
    return os.path.basename(path.rstrip('/'))
