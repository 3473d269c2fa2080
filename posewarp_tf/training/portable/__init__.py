"""A training step as one compiled program, for machines that have accelerators but no TensorFlow."""
