"""From released PyTorch checkpoints to models and run folders."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import tensorflow as tf

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.models.base import ReposingModel
from posewarp_tf.models.checkpoint_shapes import is_flow_alone
from posewarp_tf.models.config import ModelConfig, judged
from posewarp_tf.models.discriminators.build import DISCRIMINATORS, build_discriminator
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, misfits
from posewarp_tf.models.registry import MODELS, build_model, model_section
from posewarp_tf.pytorch_files import architecture
from posewarp_tf.runs import checkpoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.flags import load_config
from posewarp_tf.tensor_files.pytorch import read_tensors, release_pages

Path = Union[str, os.PathLike]
AUTO = 'auto'


class PytorchWeights:
    """The arrays of a checkpoint by the plain keys of its network.

    Attributes:
        tensors: without the `module.` of DataParallel in front of the keys, and without what no network computes
            with (`num_batches_tracked`).
        kind: see architecture.py.
        notes: what was done to them, and what is odd about them, in sentences.
    """

    def __init__(self, path: Path) -> None:
        self.path = os.fspath(path)
        self.tensors = read_tensors(path)
        self.notes: list[str] = []
        if all(key.startswith('module.') for key in self.tensors):
            self.tensors = {key[len('module.') :]: array for key, array in self.tensors.items()}
            self.notes.append('the prefix module. of DataParallel was removed from every key')
        unused = [key for key in self.tensors if key.rpartition('.')[2] == 'num_batches_tracked']
        for key in unused:
            del self.tensors[key]
        if unused:
            self.notes.append(f'ignored, because nothing is computed with it: {", ".join(unused)}')
        dtypes = sorted({array.dtype.name for array in self.tensors.values()} - {'float32'})
        if dtypes:
            self.notes.append(f'converted from {", ".join(dtypes)} to float32')
        self.kind = self._told(architecture.kind_of)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {key: array.shape for key, array in self.tensors.items()}

    @property
    def is_flow_alone(self) -> bool:
        return is_flow_alone(self.shapes)

    def infer_config(self) -> Config:
        return self._told(architecture.infer_config)

    def add_settings(self, config: Config) -> Config:
        """`config` with what this file of a discriminator tells."""
        if self.kind not in DISCRIMINATORS:
            raise RunError(f'{self.path}: holds a network {self.kind!r}, expected a discriminator of single pictures')
        return config.replace(**self._told(lambda shapes: architecture.discriminator_settings(shapes, config.model)))

    def assign_to(self, network: Any, config: ModelConfig | None = None) -> None:
        """Gives a network with `pytorch_names()` its weights; all, or of a flow estimator's file those of the flow.

        Args:
            config: what the network was made of; the error then says what the file's is made of instead.

        Raises:
            RunError: listing every key that does not fit; the network is unchanged.
        """
        entries = network.pytorch_names()
        if self.is_flow_alone:
            entries = [entry for entry in entries if entry[0].startswith('flow_net.')]
        try:
            assign_pytorch_weights(entries, self.tensors, release_pages)
        except RunError as error:
            hint = self._other_settings(config) if config and misfits(entries, self.tensors) else ''
            raise RunError(f'{self.path}: {error}{hint}') from error
        self._note_differing_names(entries)

    def check_kind_for(self, config: ModelConfig) -> None:
        """Raises RunError when this file is not of the model of `config`, as a whole or as a flow estimator."""
        if self.kind in MODELS or config.checkpoint_key:
            self._told(lambda shapes: architecture.told_settings(shapes, config))
        elif self.kind not in architecture.GENERATORS:
            raise RunError(f"{self.path}: holds a discriminator ('{self.kind}'), expected a generator")

    def _told(self, function: Any) -> Any:
        try:
            return function(self.shapes)
        except (RunError, ConfigError) as error:
            raise RunError(f'{self.path}: {error}') from error

    def _other_settings(self, config: ModelConfig) -> str:
        """The settings that the file's shapes tell and that are not those of the config."""
        try:
            if self.kind in (*DISCRIMINATORS, 'temporal'):
                told = architecture.discriminator_settings(self.shapes, config)
            else:
                told = architecture.told_settings(self.shapes, config)
        except RunError as error:
            return f'\nits shapes tell no settings of a published network: {error}'
        lines = [
            f'\n  --{name}: the file has {_shown(value)}, the config {_shown(getattr(config, name))}'
            for name, value in told.items()
            if getattr(config, name) != value
        ]
        return '\nit is another network than that of the config:' + ''.join(lines) if lines else ''

    def _note_differing_names(self, entries: list[tuple[str, tf.Variable, str]]) -> None:
        last = {id(variable): key for key, variable, _ in entries}
        pairs = [(key, last[id(variable)]) for key, variable, _ in entries if last[id(variable)] != key]
        differing = [(key, used) for key, used in pairs if not np.array_equal(self.tensors[key], self.tensors[used])]
        if differing:
            (first, used), more = differing[0], len(differing) - 1
            self.notes.append(
                f'{first} and {used} are one array and differ (so do {more} more pairs); '
                'the second is used, as PyTorch does'
            )


def import_pytorch(path: Path, config: Config | ModelConfig | str = AUTO) -> ReposingModel:
    """The generator of a PyTorch checkpoint (`latest_net_G.pth`), or motion extraction: built, with its weights.

    A checkpoint of the flow estimator alone gives a generator whose other weights are fresh.

    Args:
        path: a file that `torch.save(net.state_dict(), path)` wrote, in either container; no code in it runs.
        config: a config, the name of a shipped one, a flagfile, or 'auto': the architecture that the file's keys
            and shapes tell, with the published image size.

    Raises:
        RunError: naming the file: unreadable, damaged, or of another network than that of the config.
        ConfigError: no such config, or one of a network without released weights.
    """
    weights = PytorchWeights(path)
    return make_generator(weights, weights.infer_config() if config == AUTO else config)


def make_generator(weights: PytorchWeights, config: Config | ModelConfig | str) -> ReposingModel:
    """A model of `config` with the weights of a generator, a flow estimator or motion extraction."""
    model_config = model_section(config)
    model_config.check_released()
    weights.check_kind_for(model_config)
    model = build_model(model_config)
    weights.assign_to(model, model_config)
    return model


def make_discriminator(weights: PytorchWeights, config: Config, subject: str = 'image') -> tf.keras.Model:
    """A discriminator of `config` with the weights of one; `subject`: 'image', or 'clip' of a model of clips."""
    discriminator = build_discriminator(config, subject)
    expected = judged(config.model).discriminator
    said = f'the config has --discriminator={expected}'
    form = config.model.clip_form if subject == 'clip' else None
    if form is not None and not form.as_differences:
        expected, said = 'temporal', f"clips of --model={config.model.model} are judged by 'temporal'"
    if weights.kind != expected:
        raise RunError(f'{weights.path}: holds a network {weights.kind!r}, {said}')
    weights.assign_to(discriminator, config.model)
    return discriminator


def write_run(
    run_dir: Path,
    config: Config,
    weights: PytorchWeights,
    discriminator: PytorchWeights | None,
    clip_discriminator: PytorchWeights | None = None,
) -> None:
    """Makes a run folder of imported weights, from which everything works that works from a trained one.

    Raises:
        RunError: see `make_generator`; or the folder holds checkpoints already.
        ConfigError: a discriminator of clips is given, and the model makes none.
    """
    run = RunFolder(run_dir)
    if run.is_trained:
        raise RunError(f'{run.path}: holds checkpoints already, give another --run_dir')
    model = make_generator(weights, config)
    parts = {checkpoints.MODEL: model}
    if config.training.ema_decay:
        parts[checkpoints.AVERAGE] = model
    if discriminator is not None:
        parts[checkpoints.DISCRIMINATOR] = make_discriminator(discriminator, config)
    if clip_discriminator is not None:
        parts[checkpoints.CLIP_DISCRIMINATOR] = make_discriminator(clip_discriminator, config, 'clip')
    stage = model.stages[0] if weights.is_flow_alone else model.stages[-1]
    run.save_config(config)
    run.add_notes({'imported_from': pathlib.Path(weights.path).name})
    checkpoints.CheckpointFolder(run.stage_dir(stage), config.training.keep_checkpoints, parts).save(
        checkpoints.IMPORTED_STEP
    )


def choose_config(
    name: str, image_size: Sequence[str] | None, weights: PytorchWeights, discriminator: PytorchWeights | None
) -> Config:
    """A shipped config, a flagfile, or with 'auto' what the files tell; with `image_size` (height, width) if given."""
    if name == AUTO:
        config = weights.infer_config()
        if discriminator is not None:
            config = discriminator.add_settings(config)
    else:
        config = load_config(name)
    if image_size is None:
        return config
    if not all(number.strip().isdecimal() for number in image_size):
        raise ConfigError(f'--image_size: got {",".join(image_size)}, expected height,width')
    return config.replace(image_size=tuple(int(number) for number in image_size))


def description(config: Config, weights: PytorchWeights) -> str:
    """What `config` says of the networks and the file tells, in one line."""
    told = architecture.told_settings(weights.shapes, config.model)
    values = {name: getattr(config.model, name) for name in sorted(told)}
    return ' '.join(f'--{name}={_shown(value)}' for name, value in values.items())


def _shown(value: Any) -> str:
    return ','.join(f'{key}={item}' for key, item in value.items()) if isinstance(value, dict) else str(value)
