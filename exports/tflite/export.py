"""Writes a run folder as TFLite files, each compared with the Keras model first."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

from posewarp_tf.errors import ConfigError, RunError

from ..trained_run import TrainedRun

ALL_PRECISIONS = ('float32', 'float16', 'dynamic', 'int8')


def export_tflite(
    run: TrainedRun,
    output_dir: str | os.PathLike,
    precisions: Sequence[str] = ALL_PRECISIONS,
    check_pairs: int = 8,
    calibration_pairs: int = 32,
    timed_runs: int = 10,
) -> dict[str, Any]:
    """Writes the files and returns the contents of results.json.

    Args:
        run: whose model is exported.
        output_dir: holds one export; files of an earlier one are replaced or removed.
        precisions: some of ALL_PRECISIONS.
        check_pairs: how many held-out pairs to compare on.
        calibration_pairs: from how many other ones int8 takes its ranges.
        timed_runs: of which each time is the median.

    Raises:
        RunError: the run cannot be exported, or a file is too far from the model (report.py has the limits).
        ConfigError: an unknown precision, an impossible size, or operations that TFLite has not.
        DataError: the test pairs cannot be used.
    """
    from posewarp_tf.models.inputs import raw_inputs

    from ..held_out import num_pairs
    from .convert import Converter, make_signature
    from .metadata import with_metadata
    from .report import conditions, measure, model_answers, shortfall

    unknown = [precision for precision in precisions if precision not in ALL_PRECISIONS]
    if unknown or not precisions:
        raise ConfigError(f'--precision: got {",".join(precisions)!r}, expected some of {", ".join(ALL_PRECISIONS)}')
    output_dir = pathlib.Path(output_dir)
    reposer = run.portable
    compared, ranges, whose = _split_pairs(run, check_pairs, calibration_pairs)
    expected = model_answers(run.original, compared)
    signature = make_signature(reposer)
    report: dict[str, Any] = {
        'run': reposer.run.path.resolve().name,
        'image_size': list(reposer.config.model.image_size),
        'compared_on': {'num_pairs': len(expected), 'pairs': whose},
        'ranges_from': {'num_pairs': num_pairs(ranges), 'pairs': whose, 'same': ranges is compared},
        'conditions': conditions(timed_runs),
        'files': {},
    }
    metadata = _metadata(reposer, signature, report)
    given = raw_inputs(reposer.config.model.inputs)
    output_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.writing-', dir=output_dir) as temporary:
        folder = pathlib.Path(temporary) / 'finished'
        folder.mkdir()
        converter = Converter(reposer, signature, temporary, ranges)
        for precision in precisions:
            contents = with_metadata(converter.convert(precision), precision, metadata, given)
            measured = measure(contents, compared, expected, timed_runs)
            report['files'][precision] = {'file': f'posewarp_{precision}.tflite', **measured}
            (folder / f'posewarp_{precision}.tflite').write_bytes(contents)
        misses = [shortfall(precision, measured) for precision, measured in report['files'].items()]
        if any(misses):
            raise RunError(
                f'{reposer.run.path}: too far from the model on {len(expected)} {whose}: '
                f'{"; ".join(filter(None, misses))}; nothing was written'
            )
        _publish(folder, output_dir, report, metadata)
    return report


def _split_pairs(run: TrainedRun, check_pairs: int, calibration_pairs: int) -> tuple[Any, Any, str]:
    """Pairs to compare on, others (the same if there are none) to take ranges from, and whose they are, in words."""
    from ..held_out import num_pairs

    pairs, whose = run.held_out_pairs(check_pairs + calibration_pairs)
    found = num_pairs(pairs)
    # Every n-th one, so that both see many people; too few pairs do for both.
    stride = max(1, found // check_pairs)
    compared = list(range(0, found, stride))[:check_pairs]
    others = [i for i in range(found) if i not in compared]
    to_compare = {name: array[compared] for name, array in pairs.items()}
    return to_compare, {name: array[others] for name, array in pairs.items()} if others else to_compare, whose


def _metadata(reposer: Any, signature: Any, report: dict[str, Any]) -> dict[str, Any]:
    """The contents of metadata.json."""
    from ..model_card import make_metadata
    from .litert import SIGNATURE

    check = {'results': 'results.json', **report['compared_on']}
    metadata = make_metadata(reposer, {SIGNATURE: signature}, check, [])
    metadata = {**metadata, 'kind': 'posewarp_tf TFLite', 'name': report['run']}
    if 'joints' not in metadata:
        return metadata
    # A page cuts people out of photos as they stand in the pictures of the training.
    frame = dataclasses.asdict(reposer.run.person_frame())
    return {**metadata, 'joint_names': metadata['joints'], 'person_frame': frame}


def _publish(folder: pathlib.Path, output_dir: pathlib.Path, report: dict, metadata: dict) -> None:
    """Renames files into place once all are written, so that a full disk leaves the earlier export as it was.

    Descriptions come last; files of other precisions no longer fit to them and are removed.
    """
    from .report import markdown

    for name, contents in (('metadata.json', metadata), ('results.json', report)):
        (folder / name).write_text(json.dumps(contents, indent=2) + '\n', encoding='utf-8')
    (folder / 'results.md').write_text(markdown(report), encoding='utf-8')
    for path in sorted(folder.iterdir(), key=lambda path: path.suffix != '.tflite'):
        os.replace(path, output_dir / path.name)
    for precision in ALL_PRECISIONS:
        if precision not in report['files']:
            (output_dir / f'posewarp_{precision}.tflite').unlink(missing_ok=True)
