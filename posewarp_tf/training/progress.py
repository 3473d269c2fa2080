"""What a person sees of a stage while it trains: progress bar, scalars and pictures."""

from __future__ import annotations

import math
import pathlib
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from posewarp_tf.errors import RunError
from posewarp_tf.models.outputs import Output
from posewarp_tf.models.panels import sample_grid
from posewarp_tf.pictures.picture_files import save_image

_NOT_LOSSES = ('images_per_second', 'input_share', 'learning_rate')


class Progress:
    """Gathers the losses of each step on the device and reads them once per interval.

    Reading waits for the device, so it is not done at every step; yet every step's losses are looked at, always
    before a checkpoint is saved. Without a `log_dir` nothing is shown or written.
    """

    def __init__(self, stage: str, step: int, num_steps: int, batch_size: int, log_dir: pathlib.Path | None):
        self._stage = stage
        self._batch_size = batch_size
        self._writer = (
            tf.summary.create_file_writer(str(log_dir / stage)) if log_dir else tf.summary.create_noop_writer()
        )
        self._bar = tqdm(
            total=num_steps,
            initial=step,
            desc=stage,
            unit='step',
            dynamic_ncols=True,
            disable=log_dir is None,
            mininterval=0.5 if sys.stderr.isatty() else 30.0,
        )
        self._pending: list[tuple[int, Mapping[str, tf.Tensor]]] = []
        self.restart_clock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
        self._writer.close()

    def add(
        self, step: int, losses: Mapping[str, tf.Tensor], input_seconds: float, images_per_example: int = 1
    ) -> None:
        """Notes one step, without waiting for it.

        Args:
            input_seconds: how long its batch was waited for.
            images_per_example: of clips the number of frames.
        """
        self._pending.append((step, losses))
        self._timed_images += self._batch_size * images_per_example
        self._input_seconds += input_seconds
        self._bar.update()

    def read(self, last_good: str) -> dict[str, float]:
        """The mean losses since the last call, and the speed: images_per_second, input_share in [0, 1].

        Raises:
            RunError: a loss is not finite; names the step, all its losses and, in the words of `last_good`, where
                the run can be continued from.
        """
        steps = [(step, {name: float(loss) for name, loss in losses.items()}) for step, losses in self._pending]
        seconds = time.perf_counter() - self._clock_start
        self._pending = []
        for step, losses in steps:
            if not all(map(math.isfinite, losses.values())):
                listed = ', '.join(f'{name}={loss:.4g}' for name, loss in losses.items())
                raise RunError(
                    f'stage {self._stage}, step {step}: the losses are not finite: {listed}; nothing of this is saved, '
                    f'{last_good}; try a smaller --learning_rate or a --gradient_clip_norm'
                )
        values = {name: float(np.mean([losses[name] for _, losses in steps])) for name in steps[0][1]} if steps else {}
        if self._timed_images:
            values['images_per_second'] = self._timed_images / seconds
            values['input_share'] = self._input_seconds / seconds
        self.restart_clock()
        return values

    def restart_clock(self) -> None:
        """Leaves everything since the last `read` out of the speed: compiling, saving, validating."""
        self._timed_images = 0
        self._input_seconds = 0.0
        self._clock_start = time.perf_counter()

    def show(self, step: int, values: Mapping[str, float]) -> None:
        """Puts losses and speed behind the progress bar, and everything into TensorBoard."""
        shown = [f'{name} {value:.4g}' for name, value in values.items() if name not in _NOT_LOSSES]
        if 'images_per_second' in values:
            shown.append(f'{values["images_per_second"]:.4g} images/s')
        self._bar.set_postfix_str(', '.join(shown), refresh=False)
        self.write_scalars(step, values)

    def write_scalars(self, step: int, values: Mapping[str, float], folder: str = 'training') -> None:
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(f'{folder}/{name}', value, step=step)
        self._writer.flush()

    def write_pictures(
        self,
        step: int,
        batch: Mapping[str, Any],
        outputs: Mapping[str, Any],
        path: pathlib.Path,
        declared: Sequence[Output] = (),
    ) -> None:
        """One row of pictures per example, into TensorBoard and a PNG; `declared`: what the model declares."""
        batch, outputs = tf.nest.map_structure(np.asarray, (dict(batch), dict(outputs)))
        grid = sample_grid(batch, outputs, len(next(iter(batch.values()))), declared)
        save_image(path, grid)
        with self._writer.as_default():
            tf.summary.image('pictures', grid[None], step=step)
        self._writer.flush()

    def say(self, line: str) -> None:
        """Prints a line without tearing the progress bar."""
        self._bar.write(line)
