"""Parts of a batch, as several workers make them."""

import numpy as np

from posewarp_tf.data.shard import Shard


def assert_parts_are_the_whole(make_dataset, count=2):
    """The parts of `count` workers one behind the other are the batch of one; `make_dataset` takes a shard."""
    whole = next(iter(make_dataset(Shard())))
    parts = [next(iter(make_dataset(Shard(index, count)))) for index in range(count)]
    for name, values in whole.items():
        assert all(part[name].shape[0] == values.shape[0] // count for part in parts)
        np.testing.assert_array_equal(values, np.concatenate([part[name] for part in parts]), err_msg=name)
