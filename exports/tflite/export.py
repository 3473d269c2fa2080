"""Writes a run folder as TFLite files, each compared with the Keras model first."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.config import CLIP_MATERIALS

from ..trained_run import TrainedRun

if TYPE_CHECKING:
    from posewarp_tf.inference.animating import Animator
    from posewarp_tf.inference.cleaning import SkeletonCleaner
    from posewarp_tf.inference.reposer import Reposer
    from posewarp_tf.models.kinds import RawInput

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
        check_pairs: how many held-out pairs to compare on; of animation at least so many frames, in clips.
        calibration_pairs: from how many other ones int8 takes its ranges; likewise.
        timed_runs: of which each time is the median.

    Raises:
        RunError: the run cannot be exported, or a file is too far from the model (report.py has the limits).
        ConfigError: an unknown precision, an impossible size, or operations that TFLite has not.
        DataError: the test pairs cannot be used.
    """
    unknown = [precision for precision in precisions if precision not in ALL_PRECISIONS]
    if unknown or not precisions:
        raise ConfigError(f'--precision: got {",".join(precisions)!r}, expected some of {", ".join(ALL_PRECISIONS)}')
    if run.material == 'skeletons':
        from ..skeletons.tflite import files_of_cleaner

        return write_files(files_of_cleaner(run, check_pairs, calibration_pairs, timed_runs), output_dir, precisions)
    if run.material in CLIP_MATERIALS:
        from ..animation.tflite import files_of_animator

        return write_files(files_of_animator(run, check_pairs, calibration_pairs, timed_runs), output_dir, precisions)
    return write_files(_files_of_reposer(run, check_pairs, calibration_pairs, timed_runs), output_dir, precisions)


class Exported(NamedTuple):
    """What the files of an export are made of, and how they are judged.

    Attributes:
        model: whose weights `signature` uses.
        signature: the concrete function of a file, a batch of one.
        name: of the signature.
        inputs: what it takes.
        ranges: raw inputs [N, ...] of typical examples, whose ranges int8 uses.
        report: the beginning of results.json; `files` is empty, `compared_on` has `num_pairs` and `pairs` in words.
        metadata: the contents of metadata.json.
        measure: contents of a file -> its numbers.
        shortfall: (precision, numbers) -> how the file misses its limits; empty if it keeps them.
        markdown: report -> results.md.
    """

    model: Reposer | SkeletonCleaner | Animator
    signature: Any
    name: str
    inputs: Sequence[RawInput]
    ranges: Mapping[str, Any]
    report: dict[str, Any]
    metadata: dict[str, Any]
    measure: Callable[[bytes], dict[str, Any]]
    shortfall: Callable[[str, Mapping[str, Any]], str]
    markdown: Callable[[Mapping[str, Any]], str]


def write_files(exported: Exported, output_dir: str | os.PathLike, precisions: Sequence[str]) -> dict[str, Any]:
    """Converts, measures and writes; see `export_tflite`."""
    from .convert import Converter
    from .metadata import with_metadata

    output_dir, report = pathlib.Path(output_dir), exported.report
    output_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.writing-', dir=output_dir) as temporary:
        folder = pathlib.Path(temporary) / 'finished'
        folder.mkdir()
        converter = Converter(exported.model, exported.signature, temporary, exported.ranges, exported.name)
        for precision in precisions:
            contents = with_metadata(converter.convert(precision), precision, exported.metadata, exported.inputs)
            report['files'][precision] = {'file': f'posewarp_{precision}.tflite', **exported.measure(contents)}
            (folder / f'posewarp_{precision}.tflite').write_bytes(contents)
        misses = [exported.shortfall(precision, measured) for precision, measured in report['files'].items()]
        if any(misses):
            compared = report['compared_on']
            raise RunError(
                f'{exported.model.run.path}: too far from the model on {compared["num_pairs"]} {compared["pairs"]}: '
                f'{"; ".join(filter(None, misses))}; nothing was written'
            )
        _publish(folder, output_dir, exported)
    return report


def _files_of_reposer(run: TrainedRun, check_pairs: int, calibration_pairs: int, timed_runs: int) -> Exported:
    from posewarp_tf.models.inputs import raw_inputs

    from .convert import make_signature
    from .litert import SIGNATURE
    from .report import begun_report, markdown, measure, model_answers, shortfall

    reposer = run.portable
    compared, ranges, whose = _split_pairs(run, check_pairs, calibration_pairs)
    expected = model_answers(run.original, compared)
    signature = make_signature(reposer)
    size = list(reposer.config.model.image_size)
    report = begun_report(reposer.run, len(expected), whose, ranges, ranges is compared, timed_runs, image_size=size)
    return Exported(
        reposer,
        signature,
        SIGNATURE,
        raw_inputs(reposer.config.model.inputs),
        ranges,
        report,
        _metadata(reposer, signature, report),
        lambda contents: measure(contents, compared, expected, timed_runs),
        shortfall,
        markdown,
    )


def _split_pairs(run: TrainedRun, check_pairs: int, calibration_pairs: int) -> tuple[Any, Any, str]:
    """Pairs to compare on, others (the same if there are none) to take ranges from, and whose they are, in words."""
    pairs, whose = run.held_out_pairs(check_pairs + calibration_pairs)
    return *split_examples(pairs, check_pairs), whose


def split_examples(examples: Mapping[str, Any], num_compared: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Examples [N, ...] to compare on, and all others, or the same if there are none."""
    from ..held_out import num_pairs

    found = num_pairs(examples)
    # Every n-th one, so that both see many people; too few do for both.
    stride = max(1, found // num_compared)
    compared = list(range(0, found, stride))[:num_compared]
    others = [i for i in range(found) if i not in compared]
    to_compare = {name: array[compared] for name, array in examples.items()}
    return to_compare, {name: array[others] for name, array in examples.items()} if others else to_compare


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


def _publish(folder: pathlib.Path, output_dir: pathlib.Path, exported: Exported) -> None:
    """Renames files into place once all are written, so that a full disk leaves the earlier export as it was.

    Descriptions come last; files of other precisions no longer fit to them and are removed.
    """
    report = exported.report
    for name, contents in (('metadata.json', exported.metadata), ('results.json', report)):
        (folder / name).write_text(json.dumps(contents, indent=2) + '\n', encoding='utf-8')
    (folder / 'results.md').write_text(exported.markdown(report), encoding='utf-8')
    for path in sorted(folder.iterdir(), key=lambda path: path.suffix != '.tflite'):
        os.replace(path, output_dir / path.name)
    for precision in ALL_PRECISIONS:
        if precision not in report['files']:
            (output_dir / f'posewarp_{precision}.tflite').unlink(missing_ok=True)
