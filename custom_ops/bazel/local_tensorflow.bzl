"""The installed TensorFlow as a repository: headers, library, compiler flags and its Python.

The Python is $PYTHON_BIN if that is set, else .venv/bin/python of this folder, else python3 on PATH.
"""

_QUERY = """
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf
print('\\n'.join([
    tf.sysconfig.get_include(),
    tf.sysconfig.get_lib(),
    ' '.join(
        [flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith('-I')]
        + ['-DPOSEWARP_TENSORFLOW_VERSION=' + tf.__version__]
    ),
    next(flag[3:] for flag in tf.sysconfig.get_link_flags() if flag.startswith('-l:')),
]))
"""

_BUILD = """
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "tensorflow",
    srcs = ["lib/{library}"],
    hdrs = glob([
        "include/**/*.h",
        "include/**/*.inc",
        "include/unsupported/Eigen/**",
        "include/Eigen/**",
    ]),
    includes = ["include"],
)
"""

_DEFINITIONS = """
PYTHON = "{python}"
TENSORFLOW_COPTS = {copts}
"""

def _find_python(ctx):
    if ctx.os.environ.get("PYTHON_BIN"):
        return ctx.path(ctx.os.environ["PYTHON_BIN"])
    virtual = ctx.path(Label("//:BUILD")).dirname.get_child(".venv").get_child("bin").get_child("python")
    if virtual.exists:
        return virtual
    python = ctx.which("python3")
    if python == None:
        fail("no Python: set PYTHON_BIN to one that has TensorFlow, or run `make .venv/installed`")
    return python

def _local_tensorflow_impl(ctx):
    python = _find_python(ctx)
    result = ctx.execute([python, "-c", _QUERY])
    if result.return_code:
        fail("%s cannot import tensorflow; name another with PYTHON_BIN:\n%s" % (python, result.stderr))
    include, lib, flags, library = result.stdout.strip().split("\n")[-4:]
    ctx.symlink(include, "include")
    ctx.symlink(lib + "/" + library, "lib/" + library)
    ctx.file("BUILD", _BUILD.format(library = library))
    ctx.file("definitions.bzl", _DEFINITIONS.format(python = python, copts = repr(flags.split(" "))))

local_tensorflow = repository_rule(
    implementation = _local_tensorflow_impl,
    environ = ["PATH", "PYTHON_BIN"],
    local = True,
)
