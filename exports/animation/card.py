"""What must be known about an exported network of animation: metadata.json and MODEL_CARD.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from posewarp_tf.inference.animating import Animator

from ..model_card import common_metadata, metrics_of_weights, shown_specs
from .signature import FIRST_STATE, NAME


class _Words(NamedTuple):
    """What is said of the models of one material."""

    does: str
    poses: str
    known: str


_WORDS = {
    'dance_clips': _Words(
        'Makes the person of one picture move as poses say, one frame after the other.',
        "17 heat maps, 0 to 1, and a drawn skeleton of three channels, 0 to 255: `pose_maps` of posewarp_tf's "
        "poses/dance_maps.py. reference_pose is of joints as found, in COCO's order; target_pose of clean ones, in "
        "Human3.6M's.",
        'persons, clothes and movements',
    ),
    'face_clips': _Words(
        'Makes the face of one picture move as landmarks say, one frame after the other.',
        'curves of 68 landmarks, distances to 14 of them, and the parts of the face: `to_pose` of `make_face_maps` of '
        "posewarp_tf's faces/face_maps.py.",
        'faces and expressions',
    ),
}


def make_metadata(
    animator: Animator, signatures: Mapping[str, Any], check: Mapping[str, Any], custom: list[str]
) -> dict[str, Any]:
    """The contents of metadata.json; arguments as of `model_card.common_metadata`."""
    model, size = animator.config.model, animator.size
    metrics = metrics_of_weights(animator)
    if metrics and metrics['protocol']['resolution'] != f'{size[0]}x{size[1]}':
        metrics = None
    return {
        **common_metadata(animator, signatures, check, custom),
        'image_size': list(size),
        'material': model.material,
        'does': _WORDS[model.material].does,
        # What comes out of a step goes into the next one under the same name; before the first frame it is this.
        'recurrent': {'signature': NAME, 'state': FIRST_STATE},
        'poses': _WORDS[model.material].poses,
        'face_background_edges': animator.config.data.face_background_edges,
        'ranges': {'reference_image, image': 'uint8 RGB, 0 to 255', 'previous_image': 'RGB, -1 to 1, not rounded'},
        'metrics': metrics,
    }


def model_card(metadata: Mapping[str, Any]) -> str:
    """MODEL_CARD.md for the contents of metadata.json."""
    config, weights, check = metadata['config'], metadata['weights'], metadata['check']
    height, width = metadata['image_size']
    words = _WORDS[metadata['material']]
    specs = metadata['signatures'][NAME]
    state = ', '.join(f'`{name}` is {first}' for name, first in metadata['recurrent']['state'].items())
    differences = ', '.join(f'{name} {value:g}' for name, value in check['max_difference'].items())
    notes = ''.join(f'- {name}: {note}\n' for name, note in weights['notes'].items())
    custom = ', '.join(metadata['custom_operations'])
    operations = f'Needs the operations {custom}.' if custom else "TensorFlow's own operations only."
    return f"""# {config['model']['model']}, {height}x{width}

{words.does} Exported by posewarp_tf from the run
`{weights['run']}`, step {weights['step']}{', moving average of the weights' if weights['moving_average'] else ''}.

## Interface

- `{NAME}`: {shown_specs(specs['inputs'])} -> {shown_specs(specs['outputs'])}

The model is recurrent: {', '.join(f'`{name}`' for name in metadata['recurrent']['state'])} of one step go into the
next. Before the first frame, {state}.
A pose is {words.poses}
{operations}

## Data

Trained on `{config['data']['data_dir'] or 'unknown'}`. The model knows no other {words.known} than are in there.
{notes}
## Numbers

{_metrics_table(metadata['metrics'])}
Export and network were compared on {check['num_pairs']} frames of {check['num_clips']} {check['pairs']}, each made from
the one before; largest difference, in levels of 255 and in parts of the range -1 to 1: {differences}.

## Licence

{metadata['licence']}

## Limits

- It is only as good as its poses, which come from somewhere else.
- What the picture does not show is invented, and errors stay: each frame is made from the one before. The result is no
  evidence of anything, and must not be passed off as a recording of a person who did not agree to it.
- One person, at {height}x{width}: pictures are squashed to that size.
"""


def _metrics_table(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None:
        return 'No metrics: these weights were not evaluated (python -m posewarp_tf.evaluate --run_dir=...).\n'
    columns = ('model', 'copy_reference', 'copy_previous')
    rows = ['| region | metric | model | the reference | true frame before |', '|---|---|---|---|---|']
    for region, values in metrics['image'].items():
        for name, numbers in values.items():
            cells = ('-' if numbers.get(column) is None else f'{numbers[column]:.4g}' for column in columns)
            rows.append(f'| {region} | {name} | {" | ".join(cells)} |')
    return (
        '\n'.join(rows) + f'\n\nTest videos of `{metrics["protocol"]["data_dir"]}`; the protocol is in metadata.json.\n'
    )
