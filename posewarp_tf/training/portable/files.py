"""The names of the files of a portable step; imports no TensorFlow."""

PROGRAM, STATE, DESCRIPTION = 'step.hlo', 'state.npz', 'step.json'
