"""The installed TensorFlow for Bazel 7 and newer; Debian's 4.2.3 knows no module extensions and reads WORKSPACE."""

load("//custom_ops/bazel:local_tensorflow.bzl", "local_tensorflow")

def _tensorflow_extension_impl(_ctx):
    local_tensorflow(name = "local_tensorflow")

tensorflow_extension = module_extension(implementation = _tensorflow_extension_impl)
