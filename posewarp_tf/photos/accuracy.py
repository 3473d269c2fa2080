"""How near answers at a photo's resolution are to the truth: `python -m posewarp_tf.photos.accuracy`.

Held-out drawn people are rendered at `--scale` times the model's size, source and target. Two ways of bringing the
model's picture to that size are compared with the true picture: stretching it (Lanczos), and the full resolution of
full_resolution.py, for every number of `--octaves`. The picture and the flow are, in turn,

    exact       the true picture at the model's size, and the exact flow on a map of half the model's size
    blurred     the same at half the model's size, stretched: no model is as sharp as its own size
    --run_dir   what a trained run makes of the source

With --data_dir the pairs are the test pairs of that folder, and only the run, by default the starter, is measured.

ssim, and of the person alone (where the part map is above 0) ssim, l1, the PSNR of the high band: of what a picture of
the model's size cannot hold, and the energy of fine detail, the source's being 1 (metrics/detail.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tqdm
from absl import flags
from PIL import Image

from posewarp_tf.conventions import VISIBILITY_OCCLUDED
from posewarp_tf.data.photo_pairs import Photo, PhotoPairs
from posewarp_tf.errors import ConfigError
from posewarp_tf.metrics.detail import detail_energy
from posewarp_tf.metrics.image import image_metrics
from posewarp_tf.photos.full_resolution import OCTAVES, full_resolution
from posewarp_tf.photos.windows import Window
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag
from posewarp_tf.synthetic.dataset import draw_person
from posewarp_tf.synthetic.drawn.render import Picture, exact_flow
from posewarp_tf.synthetic.settings import Settings

FLAGS = flags.FLAGS
Size = tuple[int, int]


class Answer(NamedTuple):
    """The model's picture uint8 [h, w, 3], finest flow [h', w', 2] and mask [h', w', 1]."""

    picture: np.ndarray
    flow: np.ndarray
    mask: np.ndarray


def exact_answer(source: Picture, target: Picture, model_size: Size, blurs: bool) -> Answer:
    """What a perfect model would answer; or one that blurs to half of its size."""
    size = model_size[0] // 2, model_size[1] // 2
    whole = Window.whole(target.size)
    flow, visibility = exact_flow(source, target)
    cells = [whole.crop_classes(values, size) for values in (*np.moveaxis(flow, -1, 0), visibility)]
    ratio = np.array([size[1] / target.size[1], size[0] / target.size[0]])
    picture = whole.crop(target.image, size if blurs else model_size)
    if blurs:
        picture = np.asarray(Image.fromarray(picture).resize(model_size[::-1], Image.Resampling.BICUBIC))
    mask = (cells[2] != VISIBILITY_OCCLUDED).astype(np.float32)[..., np.newaxis]
    return Answer(picture, (np.stack(cells[:2], axis=-1) * ratio).astype(np.float32), mask)


def trained_answer(predictor: Any, source: Photo | Picture, target: Photo | Picture) -> Answer:
    """What a trained run answers."""
    size = predictor.image_size
    whole = Window.whole(source.size)
    joints = [whole.to_window(picture.keypoints, size) for picture in (source, target)]
    prediction = predictor.predict(whole.crop(source.image, size), *joints)
    return Answer(prediction.image, prediction.flows[-1], prediction.masks[-1])


def scores(
    source: Photo | Picture, target: Photo | Picture, answer: Answer, octaves: list[int]
) -> dict[str, list[float]]:
    """By the way of bringing the answer to the size of the target: the numbers of `COLUMNS`, the last of them being an
    energy, and the same energy of the source."""
    whole, size = Window.whole(target.size), target.size
    found = {'stretched': np.asarray(Image.fromarray(answer.picture).resize(size[::-1], Image.Resampling.LANCZOS))}
    for number in octaves:
        full = full_resolution(source.image, whole, whole, answer.flow, answer.mask, answer.picture, octaves=number)
        found[f'full resolution, {number} octaves'] = full.image
    person, model_size = target.parts > 0, (answer.picture.shape[0], answer.picture.shape[1])
    detail_of_source = detail_energy(source.image, source.parts > 0)
    answers = {}
    for name, image in found.items():
        metrics = image_metrics(image, target.image, person)
        difference = high_band(image, model_size) - high_band(target.image, model_size)
        psnr = 10 * np.log10(255**2 / max(float(np.mean(difference[person] ** 2)), 1e-9))
        regions = metrics['whole']['ssim_gaussian'], metrics['foreground']['ssim_gaussian'], metrics['foreground']['l1']
        energies = detail_energy(image, person), detail_of_source
        answers[name] = [float(value or 0.0) for value in (*regions, psnr, *energies)]
    return answers


COLUMNS = ('ssim', 'ssim of the person', 'l1 of the person', 'high band, dB', 'detail of source')


def high_band(image: np.ndarray, model_size: Size) -> np.ndarray:
    """An image minus what a picture of the model's size holds of it."""
    low = Image.fromarray(Window.whole(image.shape).crop(image, model_size))
    return image - np.asarray(low.resize((image.shape[1], image.shape[0]), Image.Resampling.BICUBIC), np.float32)


def drawn_pairs(num_people: int, size: Size, max_yaw: float, white_background: bool) -> Iterator[tuple]:
    """Two pictures each of people of the test split, who are in no training."""
    settings = Settings(0, num_people, 2, 1, size, max_yaw=max_yaw, white_background=white_background)
    for index in range(num_people):
        yield tuple(draw_person(settings, 'test', index))


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Also what this trained run answers, at its own size.')
    flags.DEFINE_string('data_dir', None, f'Folder of test pairs in place of drawn people. Its run: {RUN_DIR_HELP}')
    flags.DEFINE_integer('max_pairs', None, 'Of --data_dir: only so many, spread evenly.', lower_bound=1)
    flags.DEFINE_string('model_size', '96,64', "height,width of the model, if no run's.")
    flags.DEFINE_integer('scale', 4, 'The photos are so many times as large as the model.', lower_bound=1)
    flags.DEFINE_integer('num_people', 20, 'Drawn people, with one pair of pictures each.', lower_bound=1)
    flags.DEFINE_list('octaves', [str(OCTAVES)], "Octaves below the model's finest detail that the photo replaces.")
    flags.DEFINE_float('max_yaw', 35.0, 'As of `posewarp synthetic`; the default is that of the demo.')
    flags.DEFINE_boolean('white_background', True, 'As of `posewarp synthetic`; the default is that of the demo.')


# Of drawn people.
_DRAWN = ('model_size', 'num_people', 'max_yaw', 'white_background')


def main() -> None:
    for name in _DRAWN if FLAGS.data_dir else ('max_pairs',):
        if FLAGS[name].present:
            raise ConfigError(
                f'--{name}: of no use ' + ('beside --data_dir' if FLAGS.data_dir else 'without --data_dir')
            )
    model_size = size_from_flag('model_size')
    predictor = None
    if FLAGS.run_dir or FLAGS.data_dir:
        from posewarp_tf.inference.predictor import Predictor

        predictor = Predictor(chosen_run(FLAGS.run_dir))
        model_size = predictor.image_size
    assert model_size is not None
    size = model_size[0] * FLAGS.scale, model_size[1] * FLAGS.scale
    octaves = [int(number) for number in FLAGS.octaves]
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for source, target, answers in _pairs_and_answers(predictor, size, model_size):
        for model, answer in answers.items():
            for way, values in scores(source, target, answer, octaves).items():
                rows.setdefault((model, way), []).append(values)
    people = f'of {FLAGS.data_dir}' if FLAGS.data_dir else 'of drawn people'
    number = len(next(iter(rows.values())))
    print(f'{number} pairs {people} at {size[0]}x{size[1]}, a model of {model_size[0]}x{model_size[1]}')
    print(f'{"":8s} {"":28s} ' + ' '.join(f'{name:>18s}' for name in COLUMNS))
    for (model, way), of_pairs in rows.items():
        *means, energy, of_source = np.mean(of_pairs, axis=0)
        print(f'{model:8s} {way:28s} ' + ' '.join(f'{value:18.4f}' for value in (*means, energy / of_source)))


def _pairs_and_answers(predictor: Any, size: Size, model_size: Size) -> Iterator[tuple]:
    """Source and target, and by their names the answers that are to be brought to this size."""
    if FLAGS.data_dir:
        for source, target in tqdm.tqdm(
            PhotoPairs(os.path.expanduser(FLAGS.data_dir), size, FLAGS.max_pairs), unit='pair'
        ):
            yield source, target, {'run': trained_answer(predictor, source, target)}
        return
    pairs = drawn_pairs(FLAGS.num_people, size, FLAGS.max_yaw, FLAGS.white_background)
    for source, target in tqdm.tqdm(pairs, total=FLAGS.num_people, unit='pair'):
        answers = {name: exact_answer(source, target, model_size, name == 'blurred') for name in ('exact', 'blurred')}
        if predictor is not None:
            answers['run'] = trained_answer(predictor, source, target)
        yield source, target, answers


if __name__ == '__main__':
    command_line.run(define_flags, main)
