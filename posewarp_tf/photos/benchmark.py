"""How long the work at the photo's resolution takes, and how much memory: `python -m posewarp_tf.photos.benchmark`.

A photo of random colours and a smooth flow that is trusted everywhere, the most work there can be, of three layers and
a head. The window is the whole photo; one person in its middle is taken out of the background. Then the network itself,
which works at its own size whatever the photo's: what it does once for a photo, and for each pose. Medians of
`--repeats`, in milliseconds of processor time; all but the network runs on one.
"""

from __future__ import annotations

import functools
import resource
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import flags

from posewarp_tf.conventions import NUM_JOINTS
from posewarp_tf.photos.background import compose
from posewarp_tf.photos.cutout import before_white, continued
from posewarp_tf.photos.full_resolution import full_resolution
from posewarp_tf.photos.head import HeadMotion
from posewarp_tf.photos.matte import person_matte
from posewarp_tf.photos.plate import background_plate, person_area
from posewarp_tf.photos.windows import Window
from posewarp_tf.runs.starter import RUN_DIR_HELP, chosen_run
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import size_from_flag

if TYPE_CHECKING:
    from posewarp_tf.inference.predictor import Predictor

FLAGS = flags.FLAGS


def time_steps(size: tuple[int, int], model_size: tuple[int, int], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each step, in order, {'crop': [...], ...}."""
    seconds: dict[str, list[float]] = {}

    def timed(name: str, step: Callable) -> Any:
        start = time.process_time()
        answer = step()
        seconds.setdefault(name, []).append(time.process_time() - start)
        return answer

    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    window = Window.whole(size)
    rows, columns = np.mgrid[: model_size[0] // 4, : model_size[1] // 4].astype(np.float32)
    flow = np.stack([2 * np.sin(rows / 9), 2 * np.cos(columns / 7)], axis=-1)
    mask = np.ones((*flow.shape[:2], 1), np.float32)
    joints = standing_person(size)
    layers = np.ones(model_size, int) + np.arange(model_size[1]) * 3 // model_size[1]
    head = HeadMotion.of_poses(joints, joints, np.zeros(model_size, np.uint8), size)
    assert head is not None
    person = functools.partial(full_resolution, layers=layers, head=head)
    for _ in range(repeats):
        answer = timed('crop of the window', lambda: window.crop(photo, model_size))
        # The picture that a perfect model would make of this flow.
        answer = full_resolution(photo, window, window, flow, mask, answer, model_size).image
        sharp = timed(
            'answer at full resolution',
            lambda a=answer: person(photo, window, window, flow, mask, a),
        )
        area = timed('person found', lambda: person_area(size, joints))
        timed('person alone', lambda a=area: (before_white(photo, a), continued(photo, a)))
        plate = timed('background filled', lambda a=area: background_plate(photo, a))
        matte = timed('matte', lambda a=area, s=sharp: person_matte(a, s.positions, joints))
        matte = timed("the head's matte", lambda a=area, s=sharp, m=matte: head.matte(m, a, s.positions))
        timed('composition', lambda s=sharp, m=matte, p=plate: compose(photo, s.image, m, window, p))
    return seconds


def time_network(predictor: Predictor, size: tuple[int, int], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of the network's two parts, in order, after one run that is not timed."""
    photo, joints = np.full((*size, 3), 128, np.uint8), standing_person(size)
    source = predictor.source_inputs(photo, joints)
    target = predictor.target_inputs(joints, Window.whole(size))
    seconds: dict[str, list[float]] = {'network, for a photo': [], 'network, for a pose': []}
    for _ in range(repeats + 1):
        start = time.process_time()
        state = predictor.start(source)
        between = time.process_time()
        predictor.step(state, target)
        for values, value in zip(seconds.values(), (between - start, time.process_time() - between)):
            values.append(value)
    return {name: values[1:] for name, values in seconds.items()}


def standing_person(size: tuple[int, int]) -> np.ndarray:
    """Joints [18, 2] of somebody who stands in the middle of a picture."""
    x = [0.5, 0.5, 0.38, 0.33, 0.3, 0.62, 0.67, 0.7, 0.42, 0.42, 0.42, 0.58, 0.58, 0.58, 0.48, 0.52, 0.45, 0.55]
    y = [0.12, 0.2, 0.2, 0.35, 0.5, 0.2, 0.35, 0.5, 0.5, 0.7, 0.9, 0.5, 0.7, 0.9, 0.1, 0.1, 0.11, 0.11]
    assert len(x) == len(y) == NUM_JOINTS
    return np.stack([np.multiply(x, size[1]), np.multiply(y, size[0])], axis=-1).astype(np.float32)


def define_flags() -> None:
    flags.DEFINE_string('photo_size', '1101,750', 'height,width of the photo.')
    flags.DEFINE_string('run_dir', None, RUN_DIR_HELP)
    flags.DEFINE_integer('repeats', 5, 'Timed repeats.', lower_bound=1)


def main() -> None:
    from posewarp_tf.inference.predictor import Predictor

    size = size_from_flag('photo_size')
    assert size is not None
    predictor = Predictor(chosen_run(FLAGS.run_dir))
    model_size = predictor.image_size
    seconds = time_steps(size, model_size, FLAGS.repeats) | time_network(predictor, size, FLAGS.repeats)
    print(f'a photo of {size[0]}x{size[1]}, a model of {model_size[0]}x{model_size[1]}, median of {FLAGS.repeats}:')
    for name, values in seconds.items():
        print(f'  {name:<28} {statistics.median(values) * 1e3:8.0f} ms')
    print(f'  {"all":<28} {sum(statistics.median(values) for values in seconds.values()) * 1e3:8.0f} ms')
    # Linux counts in KiB.
    print(f'peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB')


if __name__ == '__main__':
    command_line.run(define_flags, main)
