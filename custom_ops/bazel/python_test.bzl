"""Runs one pytest file with the Python that has TensorFlow and with the ops of this build, under every Bazel alike.

Bazel's own py_test would bring a Python of its own, or a virtual environment without TensorFlow.
"""

load("@local_tensorflow//:definitions.bzl", "PYTHON")

_LAUNCHER = """#!/usr/bin/env bash
set -euo pipefail
export HOME="$TEST_TMPDIR" PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$PWD"
export POSEWARP_OPS_LIBRARY="$PWD/{library}"
# 5: the file has no tests but those left out here, which need time, PyTorch or a browser.
'{python}' -m pytest -q -p no:cacheprovider -m 'not slow and not pytorch and not browser and not package and not docs' \\
    --basetemp="$TEST_TMPDIR/pytest" --junitxml="$XML_OUTPUT_FILE" '{test}' || [ $? = 5 ]
"""

def _python_test_impl(ctx):
    launcher = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        launcher,
        _LAUNCHER.format(
            library = ctx.file.ops_library.short_path,
            python = PYTHON,
            test = ctx.file.src.short_path,
        ),
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = [ctx.file.src, ctx.file.ops_library] + ctx.files.data)
    for target in ctx.attr.deps + ctx.attr.data:
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = launcher, runfiles = runfiles)]

python_test = rule(
    implementation = _python_test_impl,
    attrs = {
        "src": attr.label(allow_single_file = [".py"], mandatory = True),
        "deps": attr.label_list(doc = "py_library targets"),
        "data": attr.label_list(allow_files = True),
        "ops_library": attr.label(allow_single_file = [".so"], default = "//custom_ops/cc:libposewarp_ops.so"),
    },
    test = True,
)

def python_tests(deps = ["//custom_ops", "//exports", "//posewarp_tf"]):
    """One test for each test_*.py of the folder, named like it, with the helpers beside it."""
    helpers = native.glob(["*.py"], exclude = ["test_*.py"])
    for src in native.glob(["test_*.py"]):
        python_test(name = src[:-len(".py")], src = src, data = helpers + ["//tests:common"], deps = deps)
