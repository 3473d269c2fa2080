"""What the compiled ops compute with a number of threads and on two devices, and how much memory they take, as JSON.

    python -m tests.ops.kernel_program number-of-threads

A program of its own because threads and logical devices are fixed once TensorFlow runs.
"""

import hashlib
import json
import re
import sys

import numpy as np
import tensorflow as tf

from posewarp_tf.ops import bilinear_sample, gaussian_sample, local_attention_sample


def main(num_threads):
    tf.config.threading.set_intra_op_parallelism_threads(int(num_threads))
    cpu = tf.config.list_physical_devices('CPU')[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    digest = hashlib.sha256()
    for dtype in (tf.float16, tf.bfloat16, tf.float32, tf.float64):
        for result in everything(*inputs(batch=2, size=24, channels=37, kernel=5, dtype=dtype)):
            digest.update(tf.cast(result, tf.float64).numpy().tobytes())
    grown = peak_memory(kernel=9) - peak_memory(kernel=1)
    print(json.dumps({'digest': digest.hexdigest(), 'replicas_differ_by': replicas(), 'memory_grows_by': grown}))


def inputs(batch, size, channels, kernel, dtype):
    rng = np.random.default_rng(0)
    shapes = (size, size, channels), (size, size, 2), (size, size, kernel * kernel)
    source, flow, attention = (rng.standard_normal((batch, *shape)) for shape in shapes)
    return tf.constant(source, dtype), *(tf.constant(array, tf.float32) for array in (3 * flow, attention))


def everything(source, flow, attention):
    """Every sampler's result and gradients."""
    watched = [source, flow, attention]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        samples = [
            local_attention_sample(source, flow, attention, impl='kernel'),
            bilinear_sample(source, flow, impl='kernel'),
            gaussian_sample(source, flow, impl='kernel'),
        ]
        total = tf.add_n([tf.reduce_sum(tf.cast(sample, tf.float64) ** 2) for sample in samples])
    return [*samples, *tape.gradient(total, watched)]


def replicas():
    """The largest difference between two examples on two devices and the same two on one."""
    source, flow, attention = inputs(batch=2, size=8, channels=5, kernel=3, dtype=tf.float32)
    strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])

    def share(context):
        one = slice(context.replica_id_in_sync_group, context.replica_id_in_sync_group + 1)
        return source[one], flow[one], attention[one]

    values = strategy.experimental_distribute_values_from_function(share)
    split = strategy.run(tf.function(everything), args=(values,) if not isinstance(values, tuple) else values)
    joined = [tf.concat(strategy.experimental_local_results(result), axis=0) for result in split]
    whole = tf.function(everything)(source, flow, attention)
    return max(float(tf.reduce_max(tf.abs(one - other))) for one, other in zip(joined, whole))


def peak_memory(kernel):
    """MB at the peak of a forward and backward pass over 4 MB of features, beyond what was there before."""
    arrays = inputs(batch=1, size=64, channels=256, kernel=kernel, dtype=tf.float32)
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')
    before = process_memory('VmRSS')
    with tf.GradientTape() as tape:
        tape.watch(arrays)
        out = local_attention_sample(*arrays, impl='kernel')
    tape.gradient(out, arrays)
    return process_memory('VmHWM') - before


def process_memory(name):
    with open('/proc/self/status') as file:
        return int(re.search(rf'{name}:\s*(\d+) kB', file.read())[1]) / 1024


if __name__ == '__main__':
    main(*sys.argv[1:])
