"""Training:

for each stage of the model
    continue from its latest checkpoint, or start from the weights of the stage before it
    do the steps that are left                                  (stage.py)
"""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
from collections.abc import Iterator, Sequence

import tensorflow as tf

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.losses.windows import objective_of
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.precision import chosen_precision, computing_in
from posewarp_tf.models.registry import build_model
from posewarp_tf.runs import checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.runs.starter import STARTER, starter_folder
from posewarp_tf.settings.config import Config
from posewarp_tf.training import distribution
from posewarp_tf.training.interruption import Interruption
from posewarp_tf.training.plan import plan_training, with_chosen_precision
from posewarp_tf.training.stage import StageTraining
from posewarp_tf.training.train_step import Networks


class Trainer:
    """Trains the stages that `--stage` names in a run folder, from wherever it was left.

    Args:
        config: the experiment.
        run_folder: new, or one of the same experiment.
        devices: one replica on each, for example ('CPU:0', 'CPU:1'); None: what `--distribution` and `--num_gpus` say.
        init_from: a run folder, a checkpoint or 'starter'; if the first stage has not begun, it starts from its
            weights.

    Raises:
        ConfigError: settings that cannot work, or not those of the run folder or of another worker.
        RunError: another worker has ended.
    """

    def __init__(
        self,
        config: Config,
        run_folder: RunFolder,
        devices: Sequence[str] | None = None,
        init_from: str | os.PathLike | None = None,
    ):
        self._stages = tuple(plan_training(config))
        self._config = config = with_chosen_precision(config, run_folder)
        self._run_folder = run_folder
        self._init_from = init_from
        self._workers = distribution.make_workers(config.training, devices)
        with self._workers.together():
            self._workers.check_settings(config)
            with self._building():
                self.model = build_model(config)
                self.average = build_model(config) if config.training.ema_decay else None
        if self._workers.is_chief:
            self._refuse_steps_that_are_lost()
            run_folder.save_config(config)

    def train(self) -> int:
        """Trains until everything is done or somebody stops it; the exit code of the process: 0, 130 or 143.

        Raises:
            RunError: a loss is not finite, a checkpoint cannot be read or written, or another worker has ended.
        """
        with Interruption() as interruption, self._workers.together():
            for stage in self._stages:
                if self._workers.told_by_chief(self._workers.is_chief and self._has_to_train(stage)):
                    self._train_stage(stage, interruption)
                if self._workers.agree_to_stop(interruption):
                    print(f'{self._run_folder.path}: stopped; nothing is lost, the same command continues', flush=True)
                    return interruption.exit_code
        longer = f'--stage_steps={self._stages[-1]}=...'
        print(f'{self._run_folder.path}: complete; a larger {longer} would continue it', flush=True)
        return 0

    def _train_stage(self, stage: str, interruption: Interruption) -> None:
        if self._workers.is_chief and not checkpoints.list_checkpoints(self._run_folder.stage_dir(stage)):
            self._take_over_weights(stage)
        training = self._make_stage(stage)
        step = training.restore()
        if self._workers.is_chief:
            print(f'stage {stage}: {step} of {self._config.training.stage_steps[stage]} steps are done', flush=True)
        training.train(step, interruption)

    def _has_to_train(self, stage: str) -> bool:
        """Whether there is anything left to do; says so if not."""
        num_steps = self._config.training.stage_steps[stage]
        saved = checkpoints.list_checkpoints(self._run_folder.stage_dir(stage))
        if saved and checkpoints.checkpoint_step(saved[-1]) >= num_steps:
            print(f'stage {stage}: {num_steps} steps are done', flush=True)
            return False
        if not saved and self._has_begun_later(stage):
            print(f'stage {stage}: left out, a later stage has begun; --stage={stage} would train it', flush=True)
            return False
        return True

    def _refuse_steps_that_are_lost(self) -> None:
        """--stage=all never goes back: more steps of a stage would not reach the later ones that began without them."""
        for stage in self._stages:
            num_steps = self._config.training.stage_steps[stage]
            saved = checkpoints.list_checkpoints(self._run_folder.stage_dir(stage))
            done = checkpoints.checkpoint_step(saved[-1]) if saved else num_steps
            if done < num_steps and self._has_begun_later(stage):
                raise ConfigError(
                    f'--stage_steps: got {stage}={num_steps}, but the next stage has begun from its step {done}: '
                    f'expected {stage}={done}, or another --run_dir with --init_from={saved[-1]}'
                )

    def _has_begun_later(self, stage: str) -> bool:
        """Whether --stage=all finds weights of a later stage: trained from this one, or imported without it."""
        later = self.model.stages[self.model.stages.index(stage) + 1 :]
        return self._config.training.stage == 'all' and any(
            checkpoints.list_checkpoints(self._run_folder.stage_dir(name)) for name in later
        )

    def _make_stage(self, stage: str) -> StageTraining:
        with self._building():
            objective = objective_of(self._config, stage)
            discriminators = {output: build_discriminator(self._config, output) for output in objective.judges}
            if self._workers.is_chief:
                self._run_folder.add_notes(objective.notes())
            networks = Networks(self.model, self.average, discriminators)
            return StageTraining(self._config, stage, self._run_folder, objective, networks, self._workers)

    def _take_over_weights(self, stage: str) -> None:
        """What a stage without a checkpoint starts from: --init_from, else the stage before it, else fresh weights."""
        earlier = [
            path
            for name in self.model.stages[: self.model.stages.index(stage)]
            for path in checkpoints.list_checkpoints(self._run_folder.stage_dir(name))
        ]
        if self._init_from and stage == self._stages[0]:
            path = _find_checkpoint(self._init_from, self.model.stages)
            restored, fresh = checkpoints.restore_matching_weights(self.model, path)
            print(f'stage {stage} starts from {path}\n  restored: {_listed(restored)}\n  fresh: {_listed(fresh)}')
        elif earlier:
            checkpoints.restore_weights(self.model, earlier[-1])
            print(f'stage {stage} starts from {earlier[-1]}')
        else:
            print(f'stage {stage} starts from fresh weights')
        if self.average is not None:
            for mean, weight in zip(self.average.weights, self.model.weights):
                mean.assign(weight)

    @contextlib.contextmanager
    def _building(self) -> Iterator[None]:
        """Where networks are made: seeded, so that a stage begins alike in a run that was interrupted before it."""
        tf.keras.utils.set_random_seed(self._config.training.seed)
        precision = chosen_precision(self._config.training.precision)
        with computing_in(precision), self._workers.strategy.scope():
            yield


def _find_checkpoint(place: str | os.PathLike, stages: tuple[str, ...]) -> str:
    path = os.fspath(place)
    if path == STARTER and not os.path.exists(path):
        path = os.fspath(starter_folder())
    path = checkpoints.without_suffix(path)
    if checkpoints.identifying_file(path).exists():
        return path
    if pathlib.Path(path).is_dir():
        return RunFolder(path).checkpoint_path(stages, 'latest')
    raise RunError(
        f'--init_from: got {path}, expected a run folder, a checkpoint such as runs/x/checkpoints/flow/step-600 or '
        f'{STARTER!r}'
    )


def _listed(names: list[str]) -> str:
    """Numbers of weights by part of the model."""
    counts = collections.Counter(name.split('/')[1] for name in names)
    return ', '.join(f'{part} ({count})' for part, count in counts.items()) or 'none'
