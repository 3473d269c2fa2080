"""Scores a run folder on its test pairs: `python -m posewarp_tf.evaluate --run_dir=...`.

Writes metrics.json (values and their protocol) and samples/evaluate-*.png into the run folder and prints a table. The
starter, which comes with posewarp_tf, is scored on pairs of --data_dir; its numbers go to
runs/starter_evaluation. With --images a folder of pictures is scored instead, as the paper named by --protocol does.
"""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.metrics.protocols import PROTOCOLS
from posewarp_tf.models.config import PAIR_MATERIALS
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import define_precision_flag

if TYPE_CHECKING:
    from posewarp_tf.runs.run_folder import RunFolder

# The package itself is not written to.
STARTER_OUTPUT = 'runs/starter_evaluation'
IMAGES_OUTPUT = 'runs/images_evaluation'

# What runs are of that are not scored by networks, by their material.
_SUBJECTS = {'skeletons': 'skeletons', 'views': 'objects', 'dance_clips': 'videos', 'face_clips': 'videos'}


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_string('output_dir', None, f'Folder to write to; default: --run_dir, or {STARTER_OUTPUT}.')
    flags.DEFINE_string('data_dir', None, 'Folder of the test pairs, if it is not the one of training.')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to evaluate.')
    flags.DEFINE_integer(
        'max_pairs',
        None,
        'Only that many, spread evenly over the test pairs (of skeletons: sequences; of animation: videos).',
        lower_bound=1,
    )
    flags.DEFINE_integer(
        'batch_size',
        8,
        'Pairs at once (of animation: videos, by default 1); changes the speed and nothing else.',
        lower_bound=1,
    )
    flags.DEFINE_integer('num_frames', 30, 'Of animation: frames of each video, from its beginning.', lower_bound=2)
    flags.DEFINE_bool(
        'landmark_errors', False, 'Of faces: also how far landmarks are from the true ones, as a detector sees both.'
    )
    flags.DEFINE_string('pose_model', None, "Of --landmark_errors: the detector's networks, as of `posewarp pose`.")
    define_precision_flag()
    flags.DEFINE_string(
        'inception_weights',
        None,
        "Also the Inception score and the Frechet distance, with the weights 'imagenet' (downloaded), 'random' (of no "
        'meaning, said so in the results), of a .h5 file of tf.keras.applications, or of a .pth or .safetensors file: '
        "pt_inception-2015-12-05, which FID is defined with, or torchvision's.",
    )
    flags.DEFINE_integer('inception_splits', 10, 'Parts that the Inception score is averaged over.', lower_bound=1)
    flags.DEFINE_list(
        'lpips_weights',
        None,
        "Also LPIPS, with the weights of a file of lpips.LPIPS(...).state_dict(), or of two: torchvision's alexnet, "
        "vgg16 or squeezenet1_1, and the package lpips' own; .pth, .safetensors or .npz.",
    )
    flags.DEFINE_enum('lpips_version', '0.1', ['0.1', '0.0'], 'Version of LPIPS, which its weights do not tell.')

    flags.DEFINE_string(
        'save_images', None, 'Folder for every answer as PNG, by its pair: source_2_target_vis.png. Of people only.'
    )
    flags.DEFINE_string('images', None, 'Folder of such pictures, of any method, to be scored in place of a run.')
    flags.DEFINE_enum('protocol', None, list(PROTOCOLS), 'Whose way to score --images (docs/evaluating.md).')
    flags.DEFINE_enum('dataset', 'deepfashion', ['deepfashion', 'market'], 'Of --images: the layout of --data_dir.')


def main() -> None:
    from posewarp_tf.runs.run_folder import RunFolder

    given = flags.FLAGS
    if _scores_images():
        _print_images()
        return
    run_dir = chosen_run(given.run_dir)
    output = RunFolder(os.path.expanduser(given.output_dir or given.run_dir or STARTER_OUTPUT))
    material = RunFolder(run_dir).load_config().model.material
    _refuse_what_does_not_go_with(material, run_dir)
    others = {
        'skeletons': _print_skeletons,
        'views': _print_views,
        'dance_clips': _print_clips,
        'face_clips': _print_clips,
    }
    if material in others:
        others[material](run_dir, output)
        return

    from posewarp_tf.metrics.evaluation import evaluate
    from posewarp_tf.metrics.networks import NetworkMetrics
    from posewarp_tf.metrics.table import format_table

    networks = None
    if given.inception_weights or given.lpips_weights:
        networks = NetworkMetrics(
            given.inception_weights, given.inception_splits, given.lpips_weights, given.lpips_version
        )
    images_dir = os.path.expanduser(given.save_images) if given.save_images else None
    metrics = evaluate(
        run_dir,
        given.data_dir,
        given.checkpoint,
        given.max_pairs,
        given.batch_size,
        networks,
        output.path,
        images_dir,
        given.precision,
    )
    protocol = metrics['protocol']
    weights = protocol['weights']
    print(
        f'\n{protocol["num_pairs"]} test pairs at {protocol["resolution"]}, {weights["checkpoint"]} weights: '
        f'stage {weights["stage"]}, step {weights["step"]}'
    )
    print(format_table(metrics))
    for name, note in protocol['notes'].items():
        print(f'note: {name}={note}')
    if given.inception_weights == 'random':
        print('note: --inception_weights=random: the Inception score and Frechet distance mean nothing')
    print(f'metrics: {output.metrics_path}')
    print(f'pictures: {output.sample_dir}/evaluate-*.png' + (f', {images_dir}/*.png' if images_dir else ''))


def _scores_images() -> bool:
    """Whether a folder of pictures is to be scored.

    Raises:
        ConfigError: a flag is missing, or does not go with the others.
    """
    given = flags.FLAGS
    for name, of in (
        ('lpips_version', 'lpips_weights'),
        ('inception_splits', 'inception_weights'),
        ('pose_model', 'landmark_errors'),
    ):
        if given[name].present and not given[of].value:
            raise ConfigError(f'--{name}: given without --{of}, which it is about')
    if given.images is None:
        for name in ('protocol', 'dataset'):
            if given[name].present:
                raise ConfigError(f'--{name}: given without --images, whose pictures it is about')
        return False
    for name in ('protocol', 'data_dir'):
        if given[name].value is None:
            raise ConfigError(f'--{name}: missing, which --images needs')
    for name in (
        'run_dir',
        'checkpoint',
        'num_frames',
        'landmark_errors',
        'precision',
        'inception_splits',
        'save_images',
    ):
        if given[name].present:
            raise ConfigError(f'--{name}: given beside --images, which are scored without a run')
    return True


def _print_images() -> None:
    """Scores of --images as a paper computes them."""
    from posewarp_tf.metrics.protocol_evaluation import Networks, evaluate_images, format_scores
    from posewarp_tf.settings.sections import DataConfig

    given = flags.FLAGS
    images = pathlib.Path(os.path.expanduser(given.images))
    output = os.path.expanduser(given.output_dir or f'{IMAGES_OUTPUT}/{images.resolve().name}_{given.protocol}')
    metrics = evaluate_images(
        images,
        given.protocol,
        DataConfig(dataset=given.dataset, data_dir=os.path.expanduser(given.data_dir)),
        output,
        Networks(given.lpips_weights, given.lpips_version, given.inception_weights),
        given.max_pairs,
        given.batch_size,
    )
    protocol = metrics['protocol']
    print(f'\n{protocol["num_pairs"]} test pairs at {protocol["resolution"]}, --protocol={given.protocol}')
    print(format_scores(metrics))
    print(f'metrics: {output}/metrics.json')


def _refuse_what_does_not_go_with(material: str, run_dir: str | os.PathLike) -> None:
    given = flags.FLAGS
    if given['num_frames'].present and not material.endswith('_clips'):
        raise ConfigError(f'--num_frames: given for {run_dir}, which animates nothing')
    if given.landmark_errors and material != 'face_clips':
        raise ConfigError(f'--landmark_errors: given for {run_dir}, which animates no faces')
    if given['precision'].present and material not in PAIR_MATERIALS:
        raise ConfigError(
            f'--precision: given for {run_dir}, a run of {_SUBJECTS[material]}, which computes in float32'
        )
    for name in ('inception_weights', 'lpips_weights', 'save_images') if material in _SUBJECTS else ():
        if given[name].present:
            raise ConfigError(f'--{name}: given for {run_dir}, a run of {_SUBJECTS[material]}, expected one of people')


def _print_skeletons(run_dir: str | os.PathLike, output: RunFolder) -> None:
    """The same of motion extraction, which makes no pictures."""
    from posewarp_tf.metrics.skeletons import evaluate_skeletons, format_skeleton_table

    given = flags.FLAGS
    metrics = evaluate_skeletons(run_dir, given.data_dir, given.checkpoint, given.max_pairs, output.path)
    protocol = metrics['protocol']
    print(f'\n{protocol["num_sequences"]} test sequences, {protocol["num_frames"]} frames, {protocol["unit"]}')
    print(format_skeleton_table(metrics))
    print(f'moving average: {protocol["moving_average"]}')
    print(f'metrics: {output.metrics_path}')


def _print_views(run_dir: str | os.PathLike, output: RunFolder) -> None:
    """The same of novel views, beside the most similar object of the training."""
    from posewarp_tf.metrics.table import format_table
    from posewarp_tf.metrics.views import evaluate_views, format_turns

    given = flags.FLAGS
    choice = given.data_dir, given.checkpoint, given.max_pairs, given.batch_size
    metrics = evaluate_views(run_dir, *choice, output.path, given.precision)
    protocol = metrics['protocol']
    weights = protocol['weights']
    print(f'\n{protocol["num_pairs"]} test pairs at {protocol["resolution"]}, stage {weights["stage"]}, ', end='')
    print(f'step {weights["step"]}')
    print(format_table(metrics))
    print(format_turns(metrics))
    print(f'metrics: {output.metrics_path}')
    print(f'pictures: {output.sample_dir}/evaluate-*.png')


def _print_clips(run_dir: str | os.PathLike, output: RunFolder) -> None:
    """The same of animation, beside two copies: of the reference, and of the true frame before."""
    from posewarp_tf.metrics.clips import evaluate_clips, format_steadiness
    from posewarp_tf.metrics.face_landmarks import LandmarkErrors
    from posewarp_tf.metrics.table import format_table

    given = flags.FLAGS
    # A video fills memory as many pairs do.
    at_once = given.batch_size if given['batch_size'].present else 1
    landmarks = LandmarkErrors(given.pose_model) if given.landmark_errors else None
    choice = given.data_dir, given.checkpoint, given.max_pairs, at_once, given.num_frames
    metrics = evaluate_clips(run_dir, *choice, output.path, landmarks)
    protocol = metrics['protocol']
    weights = protocol['weights']
    print(
        f'\n{protocol["num_videos"]} test videos, {protocol["num_frames"]} frames at {protocol["resolution"]}, ', end=''
    )
    print(f'{weights["checkpoint"]} weights: step {weights["step"]}')
    print(format_table(metrics))
    print(format_steadiness(metrics))
    print(f'metrics: {output.metrics_path}')
    print(f'pictures: {output.sample_dir}/evaluate-*.png')


if __name__ == '__main__':
    command_line.run(define_flags, main)
