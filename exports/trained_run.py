"""A trained run as the exports see it: its model as it was trained, and in stock operations, each built once."""

from __future__ import annotations

import functools
import os
import pathlib
from typing import TYPE_CHECKING

import numpy as np

from posewarp_tf.errors import ConfigError
from posewarp_tf.models.config import CLIP_MATERIALS

if TYPE_CHECKING:
    from posewarp_tf.inference.animating import Animator
    from posewarp_tf.inference.cleaning import SkeletonCleaner
    from posewarp_tf.inference.reposer import Reposer

    from .skeletons.held_out import HeldOut


class TrainedRun:
    """What is exported, and what the exports are compared with.

        run = TrainedRun('runs/quickstart')
        export_saved_model(run, 'models/posewarp')
        export_tflite(run, 'models/mobile')

    Args:
        run_dir, checkpoint, image_size: as in `Reposer`.
        data_dir: folder with test pairs to compare on, if not the run's own.
        precision: what an export computes in; the model that it is compared with is in float32.
    """

    def __init__(
        self,
        run_dir: str | os.PathLike,
        checkpoint: str = 'best',
        image_size: tuple[int, int] | None = None,
        data_dir: str | None = None,
        precision: str = 'float32',
    ):
        self._run_dir, self._checkpoint = run_dir, checkpoint
        self._image_size, self._data_dir = image_size, data_dir
        self.precision = precision

    @property
    def path(self) -> pathlib.Path:
        """The run folder."""
        return pathlib.Path(self._run_dir)

    @property
    def material(self) -> str:
        """What the run's model is trained on; RunError: not a run folder."""
        from posewarp_tf.runs.run_folder import RunFolder

        return RunFolder(self._run_dir).load_config().model.material

    @functools.cached_property
    def original(self) -> Reposer:
        """The run's own model, with whatever implementation of the sampler it has.

        Raises:
            RunError, ConfigError: as of `Reposer`.
        """
        from posewarp_tf.inference.reposer import Reposer

        return Reposer(self._run_dir, self._checkpoint, self._image_size)

    @functools.cached_property
    def portable(self) -> Reposer:
        """The same weights in stock operations, which run everywhere; errors as of `original`."""
        return self.with_sampler('gather')

    def with_sampler(self, sampler_impl: str) -> Reposer:
        """The same weights with an implementation of the sampler, 'gather' or 'kernel'; errors as of `original`."""
        from posewarp_tf.inference.reposer import Reposer

        return Reposer(self._run_dir, self._checkpoint, self._image_size, sampler_impl, precision=self.precision)

    def held_out_pairs(self, num_pairs: int) -> tuple[dict[str, np.ndarray], str]:
        """Raw inputs of test pairs, and whose they are in words; as `held_out.held_out_pairs`.

        Raises:
            DataError: the test pairs cannot be used.
        """
        from .held_out import held_out_pairs

        return held_out_pairs(self.portable.config, num_pairs, self._data_dir)

    @functools.cached_property
    def original_animator(self) -> Animator:
        """As `original`, of a run of animation; errors as of `Animator`."""
        portable = self.portable_animator
        # Such a run is built once.
        is_portable = portable.run.load_config().model.sampler_impl == portable.config.model.sampler_impl
        return portable if is_portable else self.animator(None)

    @functools.cached_property
    def portable_animator(self) -> Animator:
        """As `portable`, of a run of animation; errors as of `Animator`."""
        return self.animator('gather')

    def animator(self, sampler_impl: str | None) -> Animator:
        """The weights of a run of animation with an implementation of the sampler, the run's own if None."""
        from posewarp_tf.inference.animating import Animator

        animator = Animator(self._run_dir, CLIP_MATERIALS, self._checkpoint, self._image_size, sampler_impl)
        if 'previous' not in animator.config.model.families:
            raise ConfigError(
                f'{self._run_dir}: trained with --frame_sources=reference, expected both: what is exported is a step '
                'from frame to frame'
            )
        return animator

    def held_out_clips(self, num_clips: int) -> tuple[dict[str, np.ndarray], str]:
        """Test clips, and whose they are in words, of a run of animation; as `animation.held_out.held_out_clips`."""
        from .animation.held_out import held_out_clips

        return held_out_clips(self.portable_animator.config, num_clips, self._data_dir)

    @functools.cached_property
    def cleaner(self) -> SkeletonCleaner:
        """The network of a run of motion extraction.

        Raises:
            RunError: as of `SkeletonCleaner`.
            ConfigError: a size of pictures, of which there are none.
        """
        from posewarp_tf.inference.cleaning import SkeletonCleaner

        if self._image_size is not None:
            raise ConfigError(f'--image_size: given for {self._run_dir}, a run of skeletons, which has no pictures')
        return SkeletonCleaner(self._run_dir, self._checkpoint)

    def held_out_skeletons(self, num_pieces: int) -> HeldOut:
        """As `skeletons.held_out.held_out_skeletons`, of a run of motion extraction."""
        from .skeletons.held_out import held_out_skeletons

        return held_out_skeletons(self.cleaner.config, num_pieces, self._data_dir)
