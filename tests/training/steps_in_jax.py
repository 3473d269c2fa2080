"""Run by an interpreter that has JAX and no TensorFlow: steps_in_jax.py STEP_DIR BATCH.npz NUM_STEPS OUTPUT_DIR

Makes steps of a portable step on one batch; writes the state, and losses.npy [steps, losses], into the output folder.
"""

import pathlib
import sys

import numpy as np

from posewarp_tf.training.portable.compiled import CompiledStep


def main(step_dir, batch, num_steps, output_dir):
    step = CompiledStep(pathlib.Path(step_dir))
    with np.load(batch) as arrays:
        placed = step.put_batch(dict(arrays))
    losses = [[float(np.asarray(loss)) for loss in step(placed)] for _ in range(int(num_steps))]
    step.save(pathlib.Path(output_dir))
    np.save(pathlib.Path(output_dir) / 'losses.npy', np.array(losses))
    assert 'tensorflow' not in sys.modules


if __name__ == '__main__':
    main(*sys.argv[1:])
