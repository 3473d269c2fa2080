"""A trained run of motion extraction as a function from noisy skeletons to clean ones."""

from __future__ import annotations

import os

import numpy as np
import tensorflow as tf

from posewarp_tf.models.inputs import SkeletonsInput
from posewarp_tf.poses.skeletons import clean_in_pieces, cleaned_keypoints, fill_skeletons, noisy_skeletons
from posewarp_tf.runs.checkpoints import checkpoint_step
from posewarp_tf.runs.run_folder import RunFolder


class SkeletonCleaner:
    """The network of a run folder.

    Args:
        run_dir: a run folder of a model that makes skeletons.
        checkpoint: 'best' or 'latest'.

    Attributes:
        run: the RunFolder.
        config: its Config.
        model: the ReposingModel.
        checkpoint_path: where the weights are.
        trained_steps: their training step.

    Raises:
        RunError: not a run folder, one of another model, or weights that cannot be read.
    """

    def __init__(self, run_dir: str | os.PathLike, checkpoint: str = 'best') -> None:
        self.run = RunFolder(run_dir)
        self.config = self.run.load_config_of('skeletons')
        self.model = model = self.run.load_model(which=checkpoint, config=self.config)
        self.checkpoint_path = self.run.checkpoint_path(model.stages, checkpoint)
        self.trained_steps = checkpoint_step(self.checkpoint_path)
        shape = SkeletonsInput().shape(self.config.model.image_size)
        # One graph for any number of pieces.
        self._answer = tf.function(
            lambda skeletons: model({'skeletons': skeletons})['skeletons'],
            input_signature=[tf.TensorSpec((None, *shape))],
            autograph=False,
        )

    def clean(self, skeletons: np.ndarray) -> np.ndarray:
        """A whole video, float32 [frames, 34] -> [frames, 34], as poses/skeletons.py has them."""
        if self.config.model.fills_skeletons:
            skeletons = fill_skeletons(skeletons)
        return clean_in_pieces(skeletons, lambda pieces: self._answer(tf.constant(pieces)).numpy())

    def clean_poses(self, keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Poses [frames, 18, 2] in pixels of pictures of `size` (height, width): neck and limbs cleaned, not the face.

        What nobody found for a while is filled; a joint that is never found stays missing.
        """
        return cleaned_keypoints(keypoints, self.clean(noisy_skeletons(keypoints, size)), size)
