"""The folder of one experiment, and the only code that knows what lies where in it.

config.json                      the Config it was made with
person_frame.json                how people stand in the training's pictures (posewarp_tf/photos/person_frame.py)
notes.json                       what a reader of its numbers must know (for example random VGG weights)
checkpoints/<stage>/step-N.*     the latest checkpoints of a stage
checkpoints/<stage>/best/step-N.*    the best one on the validation pairs
checkpoints/<stage>/step-N.npz   instead, in a packed run folder: the weights alone (packed.py)
logs/                            TensorBoard
samples/<stage>-N.png            pictures of a few test pairs, while a stage trains
samples/evaluate-N.png           others, from evaluation
metrics.json                     written by evaluation
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from typing import TYPE_CHECKING

from posewarp_tf import files
from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.photos.person_frame import PersonFrame, default_person_frame
from posewarp_tf.runs import packed
from posewarp_tf.settings.config import Config, config_fields

if TYPE_CHECKING:
    from posewarp_tf.models.base import ReposingModel


# What a model whose `material` is one of these does.
_MAKES = {
    'pictures': 'makes pictures of people',
    'views': 'turns objects',
    'skeletons': 'cleans skeletons',
    'dance_clips': 'animates persons',
    'face_clips': 'animates faces',
}

# The note that says under what terms the weights are.
LICENCE = 'licence'
# Raised by hand whenever the same weights give other answers: what was kept of them is made anew.
REVISION = '3'


class RunFolder:
    """Paths and contents of a run folder; the folder need not exist yet."""

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        self.config_path = self.path / 'config.json'
        self.person_frame_path = self.path / 'person_frame.json'
        self.notes_path = self.path / 'notes.json'
        self.checkpoint_dir = self.path / 'checkpoints'
        self.log_dir = self.path / 'logs'
        self.sample_dir = self.path / 'samples'
        self.metrics_path = self.path / 'metrics.json'

    def load_model(self, stage: str | None = None, which: str = 'best', config: Config | None = None) -> ReposingModel:
        """The trained model, built and restored; with the averaged weights where an average was kept.

        Args:
            stage: one of the model's stages; None: the last one that has a checkpoint.
            which: 'best' (by validation; the latest where no validation has happened yet) or 'latest'.
            config: to build another form of the model that has the same weights; None: the run's own.

        Raises:
            RunError: no config, no checkpoint, a damaged one, or one of other networks.
        """
        from posewarp_tf.models import registry
        from posewarp_tf.runs import checkpoints

        config = config or self.load_config()
        model = registry.build_model(config)
        path = self.checkpoint_path(model.stages if stage is None else (stage,), which)
        role = checkpoints.AVERAGE if config.training.ema_decay else checkpoints.MODEL
        checkpoints.restore_weights(model, path, role)
        return model

    def load_config(self) -> Config:
        if not self.path.is_dir():
            raise RunError(f'{self.path}: no such run folder')
        if not self.config_path.exists():
            raise RunError(f'{self.config_path}: missing: this is not a run folder, or training never started in it')
        return Config.load(self.config_path)

    @property
    def is_trained(self) -> bool:
        """Whether there is any checkpoint."""
        return bool(self.weight_files())

    def weight_files(self) -> list[pathlib.Path]:
        """Small files of which another one is there for every other state of the weights."""
        suffixes = ('*.index', f'*{packed.SUFFIX}')
        return sorted(path for suffix in suffixes for path in self.checkpoint_dir.rglob(suffix))

    def fingerprint(self) -> str:
        """Another one for every other config and every other weight; 32 hexadecimal digits.

        SHA-256 over `REVISION`, config.json and the files that tell weights apart.
        """
        digest = hashlib.sha256(REVISION.encode())
        for path in (self.config_path, *self.weight_files()):
            contents = path.read_bytes()
            digest.update(f'{path.relative_to(self.path).as_posix()} {len(contents)}\n'.encode() + contents)
        return digest.hexdigest()[:32]

    def load_config_of(self, *materials: str) -> Config:
        """The config of a run whose model has one of these `material`s.

        Raises:
            RunError: not a run folder, or one of another model.
        """
        config = self.load_config()
        if config.model.material not in materials:
            expected = ' or '.join(_MAKES[material] for material in materials)
            raise RunError(f'{self.path}: holds --model={config.model.model}, expected a model that {expected}')
        return config

    def save_config(self, config: Config) -> None:
        """Writes the config; once something is trained, only another one of the same experiment.

        Raises:
            ConfigError: the folder holds another experiment; every setting that differs is listed.
        """
        if self.config_path.exists() and self.is_trained:
            kept, given = self.load_config().settings(), config.settings()
            may_change = {field.name for field, _ in config_fields() if field.metadata['may_change']}
            differing = [name for name in given if name not in may_change and given[name] != kept.get(name)]
            if differing:
                lines = ''.join(
                    f'\n  --{name}: got {json.dumps(given[name])}, expected {json.dumps(kept.get(name))}'
                    for name in differing
                )
                raise ConfigError(
                    f'{self.path}: a run folder of another config; '
                    f'give the same settings, or another --run_dir (--init_from takes over its weights):{lines}'
                )
        files.write_text(self.config_path, config.to_json())

    def notes(self) -> dict[str, str]:
        """What a reader of this run's numbers must know; empty if nothing."""
        if not self.notes_path.exists():
            return {}
        return json.loads(self.notes_path.read_text(encoding='utf-8'))

    def add_notes(self, notes: dict[str, str]) -> None:
        files.write_text(self.notes_path, json.dumps({**self.notes(), **notes}, indent=2, sort_keys=True) + '\n')

    def save_person_frame(self, frame: PersonFrame) -> None:
        """Keeps how people stand in the pictures that this run is trained on."""
        files.write_text(self.person_frame_path, frame.to_json())

    def person_frame(self) -> PersonFrame:
        """How people stand in the training's pictures; `default_person_frame` of a run that was not measured.

        Raises:
            DataError: a damaged file.
            RunError: not a run folder.
        """
        if not self.person_frame_path.exists():
            return default_person_frame(self.load_config().model.image_size)
        return PersonFrame.load(self.person_frame_path)

    def stage_dir(self, stage: str) -> pathlib.Path:
        return self.checkpoint_dir / stage

    def best_dir(self, stage: str) -> pathlib.Path:
        return self.stage_dir(stage) / 'best'

    def checkpoint_path(self, stages: tuple[str, ...], which: str) -> str:
        from posewarp_tf.runs import checkpoints

        if which not in ('best', 'latest'):
            raise ValueError(f"which: got {which!r}, expected 'best' or 'latest'")
        for stage in reversed(stages):
            found = checkpoints.list_checkpoints(self.best_dir(stage)) if which == 'best' else []
            found = found or checkpoints.list_checkpoints(self.stage_dir(stage))
            if found:
                return found[-1]
        places = ', '.join(str(self.stage_dir(stage)) for stage in stages)
        raise RunError(f'{self.path}: no checkpoint in {places}: train first')

    def stage_of(self, checkpoint_path: str) -> str:
        """The stage that a checkpoint of this folder belongs to."""
        return pathlib.Path(checkpoint_path).relative_to(self.checkpoint_dir).parts[0]
