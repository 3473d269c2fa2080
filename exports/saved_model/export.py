"""Writes a run folder as the next version of a SavedModel, compared with the model first."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import CLIP_MATERIALS

from ..trained_run import TrainedRun

if TYPE_CHECKING:
    import tensorflow as tf

# As in serving/batching.config.
BATCH_SIZES = (1, 2, 4, 8)


def export_saved_model(
    run: TrainedRun,
    output_dir: str | os.PathLike,
    sampler_impl: str = 'gather',
    batch_sizes: Sequence[int] = BATCH_SIZES,
    check_pairs: int = 4,
) -> pathlib.Path:
    """Writes the next version and returns its folder; nothing is left behind if it is not equal to the model.

    Args:
        run: whose model is exported, in `run.precision`; skeletons/signatures.py has the signatures of motion
            extraction, animation/signature.py that of animation.
        output_dir: holds the versions 1, 2, ...; its name is the model's.
        sampler_impl: 'gather' for stock operations only; 'kernel' for a server that has the compiled ones.
        batch_sizes: of the warm-up requests.
        check_pairs: how many held-out pairs to compare on; of animation at least so many frames, in clips.

    Raises:
        RunError: the run cannot be exported, or the export differs from the model by more than its precision may.
        ConfigError: a batch size below 1, skeletons or clips in another precision than float32, or operations that a
            stock runtime does not have, though sampler_impl is 'gather'.
        DataError: the test pairs cannot be used.
    """
    from posewarp_tf.models.inputs import raw_inputs

    from ..held_out import num_pairs
    from ..model_card import make_metadata, model_card
    from ..operations import custom_operations, operations_of, require_stock_operations
    from .parity import checked_differences
    from .signatures import make_signatures
    from .warm_up import write_warm_up

    if min(batch_sizes, default=1) < 1:
        raise ConfigError(f'--batch_sizes: got {min(batch_sizes)}, expected 1 or more')
    output_dir = pathlib.Path(output_dir)
    if run.precision != 'float32' and run.material in ('skeletons', *CLIP_MATERIALS):
        raise ConfigError(f'--precision: got {run.precision} for {run.path}, a run of {run.material}: expected float32')
    if run.material == 'skeletons':
        from ..skeletons.saved_model import export_cleaner

        return export_cleaner(run, output_dir, batch_sizes, check_pairs)
    if run.material in CLIP_MATERIALS:
        from ..animation.saved_model import export_animator

        return export_animator(run, output_dir, sampler_impl, batch_sizes, check_pairs)
    reposer = run.portable if sampler_impl == 'gather' else run.with_sampler(sampler_impl)
    signatures = make_signatures(reposer)
    if sampler_impl == 'gather':
        for function in signatures.values():
            require_stock_operations(function)
    pairs, whose = run.held_out_pairs(check_pairs)

    def describe(folder: pathlib.Path) -> tuple[dict[str, Any], str]:
        differences = checked_differences(folder, run.original, pairs, run.precision)
        model = reposer.config.model
        check = {'pairs': whose, 'num_pairs': num_pairs(pairs), 'max_difference': differences}
        write_warm_up(
            folder, raw_inputs(model.inputs), model.image_size, list(signatures), batch_sizes, output_dir.name
        )
        operations = set().union(*(operations_of(function.graph.as_graph_def()) for function in signatures.values()))
        metadata = make_metadata(reposer, signatures, check, custom_operations(operations))
        metadata['precision'] = run.precision
        return metadata, model_card(metadata)

    return write_version(output_dir, reposer.model.variables, signatures, describe)


def write_version(
    output_dir: pathlib.Path,
    variables: Sequence[tf.Variable],
    signatures: Mapping[str, Any],
    describe: Callable[[pathlib.Path], tuple[dict[str, Any], str]],
) -> pathlib.Path:
    """Writes the next version and returns its folder.

    Args:
        variables: all that the signatures use.
        signatures: concrete functions by name.
        describe: compares what was saved in a folder, may add files to it, and returns the contents of metadata.json
            and MODEL_CARD.md; if it raises, nothing is left behind.
    """
    import tensorflow as tf

    output_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.writing-', dir=output_dir) as temporary:
        folder = pathlib.Path(temporary) / 'version'
        # Only the weights: a whole Keras model would add functions of every layer that nobody calls.
        module = tf.Module()
        module.weights = list(variables)
        # Gradients of a served model would double its functions.
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(module, str(folder), signatures=dict(signatures), options=options)
        metadata, card = describe(folder)
        (folder / 'metadata.json').write_text(json.dumps(metadata, indent=2, sort_keys=True) + '\n', encoding='utf-8')
        (folder / 'MODEL_CARD.md').write_text(card, encoding='utf-8')
        return _publish(folder, output_dir)


def _publish(folder: pathlib.Path, output_dir: pathlib.Path) -> pathlib.Path:
    """Renames a finished version to the next number, so that a server that watches never sees half of one."""
    while True:
        taken = [int(path.name) for path in output_dir.iterdir() if path.name.isdigit()]
        version = output_dir / str(max(taken, default=0) + 1)
        try:
            folder.rename(version)
        except OSError as error:
            # Another export was faster: what Linux says of a folder with something in it, and what others say.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return version
