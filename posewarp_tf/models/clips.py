"""Clips of a few frames: how the windows are judged that a model of videos makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import tensorflow as tf

# Frames between two updates of the weights. Gradients flow through all of them, and not into those before.
WINDOW_FRAMES = 6

# Windows of one example of training, all with the same reference.
TRAINING_WINDOWS = 5

# Frames of one example of training, and of test videos unless more are asked for.
CLIP_FRAMES = TRAINING_WINDOWS * WINDOW_FRAMES


class ClipForm(NamedTuple):
    """What a discriminator of clips sees, and what flows from the frame before are compared with.

    Attributes:
        num_frames: consecutive frames, at most `WINDOW_FRAMES`.
        as_differences: the differences of neighbouring frames, one behind the other in the channels, instead of the
            frames.
        compares_true_previous: whether the correctness of previous flows moves the true frame before, or the generated
            one.
    """

    num_frames: int
    as_differences: bool = False
    compares_true_previous: bool = True

    def shape(self, size: tuple[int, int]) -> tuple[int, ...]:
        """Without the batch: (num_frames, H, W, 3), or (H, W, 3 * (num_frames - 1)) of differences."""
        return (*size, 3 * (self.num_frames - 1)) if self.as_differences else (self.num_frames, *size, 3)

    @property
    def num_places(self) -> int:
        """How many clips a window has, one for each first frame."""
        return WINDOW_FRAMES - self.num_frames + 1

    def cut(self, frames: tf.Tensor, start: tf.Tensor | int) -> tf.Tensor:
        """The clip of a window [B, WINDOW_FRAMES, H, W, 3] that begins with frame `start`: [B, ...] as in `shape`.

        A difference is a frame minus the one after it.
        """
        import tensorflow as tf

        clip = tf.stack([frames[:, start + index] for index in range(self.num_frames)], axis=1)
        if not self.as_differences:
            return clip
        return tf.concat(tf.unstack(clip[:, :-1] - clip[:, 1:], axis=1), axis=-1)
