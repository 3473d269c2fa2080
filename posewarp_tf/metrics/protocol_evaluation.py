"""Scores of a folder of pictures under the protocol of a paper: `evaluate --images=DIR --protocol=NAME`."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from posewarp_tf import files
from posewarp_tf.data.datasets import (
    PairDataset,
    find_files,
    find_pictures,
    has_borders,
    load_dataset,
    match_names,
    shorten,
)
from posewarp_tf.data.prepared import find_prepared
from posewarp_tf.errors import ConfigError, DataError
from posewarp_tf.metrics.frechet import Moments
from posewarp_tf.metrics.lpips import Lpips
from posewarp_tf.metrics.protocol_scores import ProtocolScores
from posewarp_tf.metrics.protocols import PROTOCOLS
from posewarp_tf.metrics.released import AnswerFolder
from posewarp_tf.metrics.torch_inception import TorchInception
from posewarp_tf.metrics.training_moments import batches, training_moments
from posewarp_tf.pictures.picture_files import picture_size
from posewarp_tf.poses.annotations import read_pairs
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.sections import DataConfig

_ROWS = {
    'fid': ('FID', 'lower', '{:.3f}'),
    'lpips': ('LPIPS', 'lower', '{:.4f}'),
    'mask_lpips': ('LPIPS, mask', 'lower', '{:.4f}'),
    'ssim': ('SSIM', 'higher', '{:.4f}'),
    'ssim_256': ('SSIM_256', 'higher', '{:.4f}'),
    'mask_ssim': ('SSIM_256, mask', 'higher', '{:.4f}'),
    'psnr': ('PSNR [dB]', 'higher', '{:.3f}'),
    'l1': ('L1', 'lower', '{:.4f}'),
    'mae': ('MAE', 'lower', '{:.4f}'),
}


@dataclasses.dataclass(frozen=True)
class Networks:
    """Paths of weights that the user has: of LPIPS (lpips.py), and of Inception (torch_inception.py)."""

    lpips_weights: Sequence[str] | None = None
    lpips_version: str = '0.1'
    inception_weights: str | None = None


def evaluate_images(
    images: str | os.PathLike,
    name: str,
    data: DataConfig,
    output_dir: str | os.PathLike,
    networks: Networks,
    max_pairs: int | None = None,
    batch_size: int = 8,
) -> dict[str, Any]:
    """Scores pictures beside the true ones of `data`; writes metrics.json and returns what it holds.

    Args:
        images: folder of answers, one for each test pair (released.py).
        name: one of `PROTOCOLS`.
        data: the data set, whose pairs count, and whose training pictures FID compares with.
        output_dir: where metrics.json goes.
        networks: scores without weights are left out.
        max_pairs: that many, spread evenly over the test pairs; None: all.
        batch_size: pictures that networks see at once; changes the speed and nothing else.

    Returns:
        {'images': {score: value}, 'protocol': what these numbers mean}.

    Raises:
        DataError: the data set or the folder cannot be used, or an answer is missing.
        ConfigError: the protocol has no such layout, or is of another Inception.
        RunError: weights that cannot be read.
    """
    sizes = PROTOCOLS[name].sizes
    if data.dataset not in sizes:
        raise ConfigError(f'--dataset: got {data.dataset}, --protocol={name} knows {", ".join(sizes)}')
    if networks.inception_weights and find_prepared(data.data_dir):
        raise ConfigError(
            f'--inception_weights: {data.data_dir} is a prepared folder, which holds the pictures of pairs alone: '
            'expected the folder that it was made of'
        )
    answers = AnswerFolder(images)
    examples = load_dataset(data, 'test', sizes[data.dataset][0]).spread(max_pairs)
    pairs = _answered(answers, examples)
    answer_size = picture_size(pairs[0][0])
    padded = has_borders(data, 'test', examples.paths)
    scores = ProtocolScores(name, data.dataset, answer_size, padded, *_open(networks, name))
    num_used = scores.num_used(len(pairs))
    for number, batch in enumerate(tqdm(list(batches(pairs, batch_size)), desc='pictures', unit='batch')):
        scores.add(batch, num_used - number * batch_size)
    training, moments = _training(scores, data, networks.inception_weights, [name, scores.size, padded], batch_size)
    said = {
        'name': name,
        'images': os.fspath(images),
        'dataset': data.dataset,
        'data_dir': data.data_dir,
        'split': 'test',
        'num_pairs': len(pairs),
        'num_pairs_of_networks': num_used,
        'num_training_pictures': len(training),
        'resolution': 'x'.join(map(str, scores.size)),
        'resolution_of_answers': 'x'.join(map(str, answer_size)),
        'true_pictures': _said_of_truths(name, padded),
        'inception_weights': networks.inception_weights,
        **scores.protocol(),
        'unknown': list(PROTOCOLS[name].unknown),
    }
    result = {'images': scores.result(moments), 'protocol': said}
    text = json.dumps(result, indent=2, allow_nan=False) + '\n'
    files.write_text(RunFolder(output_dir).metrics_path, text)
    return result


def format_scores(metrics: dict[str, Any]) -> str:
    """What `evaluate_images` returns as lines for people; under them of which networks, and what is not known."""
    found, said = metrics['images'], metrics['protocol']
    lines = [
        f'{title:<16}{better:<8}{form.format(found[score]):>10}'
        for score, (title, better, form) in _ROWS.items()
        if score in found
    ]
    lines += [f'{score}: {said[score]}' for score in ('lpips', 'fid') if score in said]
    return '\n'.join(lines + [f'not known: {words}' for words in said['unknown']])


def _open(networks: Networks, name: str) -> tuple[Lpips | None, TorchInception | None]:
    lpips = inception = None
    if networks.lpips_weights:
        lpips = Lpips(networks.lpips_weights, networks.lpips_version)
    if networks.inception_weights:
        inception = TorchInception(networks.inception_weights, PROTOCOLS[name].transforms_input)
    return lpips, inception


def _answered(answers: AnswerFolder, examples: PairDataset) -> list[tuple[str, str, np.ndarray]]:
    """(answer, true picture, the target's joints) of every pair, in the order of the answers' names."""
    found, missing = [], []
    for source, target in examples.rows:
        path = answers.path(examples.names[source], examples.names[target])
        if path is None:
            missing.append(f'{examples.names[source]} -> {examples.names[target]}')
        else:
            found.append((path, examples.paths[target], examples.keypoints[target]))
    if missing:
        raise DataError(f'--images: {answers.folder} has no answer to {shorten(missing)}')
    return sorted(found, key=lambda pair: os.path.basename(pair[0]))


def _training(
    scores: ProtocolScores, data: DataConfig, weights: str | None, way: Any, batch_size: int
) -> tuple[list[str], Moments | None]:
    """The training pictures that FID compares with, and what Inception sees in them; neither without weights."""
    if weights is None:
        return [], None
    paths = _training_pictures(data)
    paths = paths[: scores.num_used(len(paths))]
    return paths, training_moments(paths, scores.features, scores.read, batch_size, weights, way)


def _training_pictures(data: DataConfig) -> list[str]:
    """All of the folder of the training split; of a folder that both splits share, those of the training's pairs."""
    folder, names = find_pictures(data, 'train')
    if folder == find_pictures(data, 'test')[0]:
        pairs = read_pairs(find_files(data).pairs_of('train'))
        matched = match_names((name for pair in pairs for name in pair), names, f'{folder}: no picture')
        names = sorted(set(matched.values()))
    return [os.path.join(folder, name) for name in names]


def _said_of_truths(name: str, padded: bool) -> str:
    quality = PROTOCOLS[name].jpeg_quality
    crop = 'columns 40 to 216 of 256, ' if padded else ''
    return f'{crop}resized by Pillow, bicubic, kept as {"PNG" if quality is None else f"JPEG of quality {quality}"}'
