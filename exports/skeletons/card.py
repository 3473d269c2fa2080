"""What must be known about an exported network of motion extraction: metadata.json and MODEL_CARD.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posewarp_tf.inference.cleaning import SkeletonCleaner
from posewarp_tf.poses.skeletons import COCO_17, HUMAN36M_17, PIECE, REACH

from ..model_card import common_metadata, metrics_of_weights, shown_specs

_NOT_FOUND = 'a joint that was not found is (-1, -1), all joints of a frame that shows nobody are (0, 0)'


def make_metadata(
    cleaner: SkeletonCleaner, signatures: Mapping[str, Any], check: Mapping[str, Any], custom: list[str]
) -> dict[str, Any]:
    """The contents of metadata.json; arguments as of `model_card.common_metadata`."""
    fills = cleaner.config.model.fills_skeletons
    before = ' serving_default wants gaps filled before, in straight lines over the whole video.' if fills else ''
    return {
        **common_metadata(cleaner, signatures, check, custom),
        'joints_in': list(COCO_17),
        'joints_out': list(HUMAN36M_17),
        'coordinates': '17 y, then 17 x, -1 to 1 over the picture',
        'missing_joint': f'As found, {_NOT_FOUND}.{before}',
        'fills_gaps_before': fills,
        'frames': {'piece': PIECE, 'before_and_behind': REACH},
        'metrics': metrics_of_weights(cleaner),
    }


def model_card(metadata: Mapping[str, Any]) -> str:
    """MODEL_CARD.md for the contents of metadata.json."""
    weights, check, frames = metadata['weights'], metadata['check'], metadata['frames']
    inputs = '\n'.join(
        f'- `{name}`: {shown_specs(spec["inputs"])} -> {shown_specs(spec["outputs"])}'
        for name, spec in metadata['signatures'].items()
    )
    differences = ', '.join(f'{name} {value:.2g}' for name, value in check['max_difference'].items())
    notes = ''.join(f'- {name}: {note}\n' for name, note in weights['notes'].items())
    return f"""# Motion extraction

Cleans the joints that an estimator found in the frames of a video. Exported by posewarp_tf from the run
`{weights['run']}`, step {weights['step']}{', moving average of the weights' if weights['moving_average'] else ''}.

## Interface

{inputs}

A skeleton is 34 numbers: {metadata['coordinates']}. {metadata['missing_joint']}
In: {', '.join(metadata['joints_in'])}.
Out: {', '.join(metadata['joints_out'])}.

`serving_default` makes {2 * frames['before_and_behind']} frames fewer than it gets, and its answer for a frame depends
on how many there are: give pieces of {frames['piece']} with {frames['before_and_behind']} more on each side, at the
ends of a video its first and its last frame again. `clean` does that for whole videos.

## Data

Trained on `{metadata['config']['data']['data_dir'] or 'unknown'}`: single people seen whole. Human3.6M, for which this
network was published, may be used for academic purposes only.
{notes}
## Numbers

{_metrics_table(metadata['metrics'])}
Export and network were compared on {check['num_pairs']} {check['pairs']}; largest difference of a coordinate, in parts
of the range -1 to 1: {differences}.

## Licence

{metadata['licence']}

## Limits

- One person. Who is followed from frame to frame has to be decided before.
- What was not seen is guessed from the frames around: long gaps get something plausible, not the truth.
- Other movements, cameras and frame rates than those of the training come out worse; how much was not measured.
"""


def _metrics_table(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None:
        return 'No metrics: these weights were not evaluated (python -m posewarp_tf.evaluate --run_dir=...).\n'
    columns = ('model', 'moving_average', 'noisy')
    rows = [f'| {metrics["protocol"]["unit"]} | model | best moving average | as found |', '|---|---|---|---|']
    for name, values in metrics['joints'].items():
        rows.append(f'| {name.replace("_", " ")} | {" | ".join(f"{values[column]:.4g}" for column in columns)} |')
    return (
        '\n'.join(rows)
        + f'\n\nTest sequences of `{metrics["protocol"]["data_dir"]}`; the protocol is in metadata.json.\n'
    )
