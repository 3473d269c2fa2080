"""Random numbers of examples, of any shape, hang on nothing around the example."""

import numpy as np
import tensorflow as tf

from posewarp_tf.ops.randomness import example_uniform


def test_random_numbers_belong_to_the_example_the_step_and_the_seed():
    images = np.random.default_rng(5).uniform(-1, 1, (4, 8, 8, 3)).astype(np.float32)
    numbers = example_uniform(images, 7, 10, seed=1).numpy()
    assert numbers.shape == (4, 10)
    np.testing.assert_array_equal(example_uniform(images[2:3], tf.constant(7), 10, seed=1), numbers[2:3])
    assert len(np.unique(numbers)) == 40
    for step, seed in ((8, 1), (7, 2)):
        assert not np.intersect1d(example_uniform(images, step, 10, seed=seed), numbers).size


def test_examples_and_numbers_may_have_any_shape():
    sequences = np.random.default_rng(5).uniform(-1, 1, (2, 9, 34)).astype(np.float32)
    numbers = example_uniform(sequences, 3, tf.constant([4, 5]))
    assert numbers.shape == (2, 4, 5) and len(np.unique(numbers)) == 40
